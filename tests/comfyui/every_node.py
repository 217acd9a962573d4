"""A graph that holds every node of the pack, and the files that it reads."""

from __future__ import annotations

from shared_world.development.comfyui_server import ComfyServer
from shared_world.development.tiny_checkpoints import FRAMES as PATH_FRAMES
from shared_world.models.published_files import PUBLISHED_FILES
from shared_world.tests.comfyui.graphs import (
    EXTEND,
    Graph,
    combine,
    evaluated,
    path,
    pocket_town,
    pocket_vae,
    split,
    two_agents,
)
from shared_world.tests.comfyui.multiworld_graphs import (
    FRAMES,
    HEIGHT,
    IT_TAKES_TWO_MODEL,
    VGGT,
    WAN_VAE,
    WIDTH,
    keys_script,
)
from shared_world.tests.comfyui.test_agents_files import write_input_agents
from shared_world.world.actions import parse_action_script, write_actions
from shared_world.world.actions.it_takes_two import LAYOUT

ROLLOUT = {
    "chunks": 1,
    "chunk_frames": FRAMES,
    "seed": 0,
    "steps": 1,
    "cfg": 1.0,
    "sampler_name": "euler",
    "scheduler": "multiworld",
    "agents_at_a_time": 0,
    "filename_prefix": "rollout/every",
    "continue_from": "",
}
TINY_TWIN = "multiworld_480p_toydata.safetensors"
"""A published file's name under which the example models have a tiny one, so that there is nothing to download."""


def write_inputs(server: ComfyServer) -> None:
    """Write the files that the graph reads."""
    write_input_agents(server)
    write_actions(parse_action_script("left: 0-8: W", LAYOUT), server.input / "actions.json")


def every_node() -> Graph:
    """A graph that holds every node of the pack and runs."""
    graph = split(two_agents())
    path(graph, "path", "0 0 0\n2 0 8")
    combine(graph, "combined", ["agents", "path"])
    graph.add(
        "rig",
        "SharedWorldCameraRig",
        agents=["combined", 0],
        rig="custom",
        **{"rig.views": "front 0\nup 0 45"},
        width=360,
        height=240,
        horizontal_fov=90.0,
        mount_up=1.6,
        mount_forward=0.0,
    )
    graph.add("map", "SharedWorldPreviewAgents", agents=["rig", 0], frame=0, size=256)
    graph.add(
        "saved", "SharedWorldSaveAgentsFile", agents=["rig", 0], filename_prefix="all", format="shared_world_json"
    )
    graph.add("loaded", "SharedWorldLoadAgentsFile", file="agents.json", format="recognise", frames=0, frame_rate=0.0)
    graph.add("loaded_map", "SharedWorldPreviewAgents", agents=["loaded", 0], frame=-1, size=256)
    graph.add("extended", "SharedWorldExtendBaseModel", **EXTEND)
    views = {view: ["picture_1", 0] for view in ("front", "rear", "left", "right")}
    graph.add("tile", "SharedWorldFourViewJoiner", **views, layout="1x4")
    graph.add("untiled", "SharedWorldFourViewSplitter", tile=["tile", 0], layout="1x4")
    graph.add("preview", "PreviewImage", images=["untiled", 3])
    pocket_vae(graph)
    graph.add("pocket_preview", "PreviewImage", images=["decoded", 0])
    evaluated(pocket_town(graph, "town"), "town")
    player = {"frame_rate": 8.0, "compare_name": "ground truth", "keep": False, "filename_prefix": "player/every"}
    shown = {"videos": ["views", 1], "labels": ["views", 2], "compare": ["town", 2], "curves": ["numbers", 2]}
    graph.add("player", "SharedWorldAgentsPlayer", agents=["agents", 0], **shown, **player)
    drawing = {"frames": PATH_FRAMES, "frame_rate": 8.0, "drawing": ""}
    graph.add("drawn", "SharedWorldDrawAgents", **drawing, agents=["rig", 0], scene=["photo_scene", 0])
    graph.add("drawn_map", "SharedWorldPreviewAgents", agents=["drawn", 0], frame=0, size=256)
    multiworld(graph)
    scenes(graph)
    cameras(graph)
    return graph.add("grid_preview", "PreviewImage", images=["grid", 0])


def cameras(graph: Graph) -> Graph:
    """Cameras of other nodes: those of `agents` out and back, checked, and drawn in a town and in a splat."""
    chosen = {"agents": ["agents", 0], "names": "agent 1", "view": ""}
    graph.add(
        "to_cameras", "SharedWorldAgentsToCameras", **chosen, direction="world-to-camera", frame=0, frames_per_pose=4
    )
    wan = {"width": 96, "height": 64, "units_per_metre": 0.1}
    graph.add("to_wan", "SharedWorldAgentsToWanCamera", **chosen, **wan)
    graph.add("wan_labels", "PreviewAny", source=["to_wan", 4])
    graph.add(
        "from_cameras",
        "SharedWorldAgentsFromCameras",
        source="CameraCtrl poses",
        **{"source.poses": ["to_cameras", 0], "source.direction": "world-to-camera"},
        **{"source.width": 96, "source.height": 64},
        name="camera",
        frames=5,
        frame_rate=8.0,
    )
    graph.add(
        "checked", "SharedWorldCheckAgents", agents=["from_cameras", 0], known_length="nothing", frame=0, size=256
    )
    tracked = {"agents": ["agents", 0], "viewer": "", "view": "", "width": 96, "height": 64, "points": "corners"}
    graph.add("to_tracks", "SharedWorldAgentsToTracks", **tracked)
    lines = {"line_resolution": 8, "circle_size": 4, "opacity": 0.75, "line_width": 2}
    graph.add("tracks_drawn", "WanMoveVisualizeTracks", images=["film", 0], tracks=["to_tracks", 0], **lines)
    graph.add("tracks_preview", "PreviewImage", images=["tracks_drawn", 0])
    town = {"split": "test", "town": 0, "layout": "straight", "weather": "sunny", "width": 48, "samples": 1}
    graph.add("in_town", "SharedWorldRenderInPocketTown", agents=["from_cameras", 0], car_colours="red", **town)
    graph.add("in_town_preview", "PreviewImage", images=["in_town", 0])
    graph.add("splat", "File3DToSplat", model_3d=["scene_preview", 1])
    drawn = {
        "splat_axes": "y up",
        "metres_per_unit": 1.0,
        "splat_scale": 1.0,
        "sharpen": 2.0,
        "background": "#000000",
    }
    seen_by = {"agents": ["from_cameras", 0], "names": "", "view": "", "width": 48, "height": 32}
    graph.add("splat_views", "SharedWorldRenderSplat", splat=["splat", 0], **seen_by, **drawn)
    return graph.add("splat_preview", "PreviewImage", images=["splat_views", 0])


def multiworld(graph: Graph) -> Graph:
    """MultiWorld's nodes; picture_1 and picture_2 are the first frames."""
    graph.add("wan", "SharedWorldLoadModel", model_name=IT_TAKES_TWO_MODEL, base_model="none", weight_dtype="default")
    graph.add("wan_vae", "SharedWorldLoadVAE", vae_name=WAN_VAE)
    graph.add("encoder", "SharedWorldLoadGlobalStateEncoder", model_name=VGGT, weight_dtype="default")
    graph["typed"] = keys_script(Graph())["actions"]
    graph.add(
        "recorded", "SharedWorldLoadActionsFile", file="actions.json", start_frame=0, frames=FRAMES, frame_rate=0.0
    )
    graph.add("keys", "SharedWorldPreviewActions", actions=["recorded", 0], mark_frame=-1, width=960)
    clip = {
        "vae": ["wan_vae", 0],
        "global_state_encoder": ["encoder", 0],
        "actions": ["typed", 0],
        "first_frames.view0": ["picture_1", 0],
        "first_frames.view1": ["picture_2", 0],
        "split_screen": False,
        "width": WIDTH,
        "height": HEIGHT,
        "guidance_against": "nothing",
    }
    graph.add("told", "SharedWorldMultiWorldConditioning", **clip, frames=FRAMES)
    graph.add("told_latent", "SaveLatent", samples=["told", 2], filename_prefix="told")
    graph.add("rollout", "SharedWorldWorldRollout", model=["wan", 0], **(clip | ROLLOUT))
    title = next(title for title, file in PUBLISHED_FILES.items() if file.name == TINY_TWIN)
    return graph.add("fetched", "SharedWorldDownloadFile", file=title, accept_licence=True)


def scenes(graph: Graph) -> Graph:
    """MetaWorld's nodes: a grey picture 8 m away, and the agents of `rig` in it."""
    graph.add("street", "EmptyImage", width=96, height=64, batch_size=1, color=0x808080)
    graph.add("flat", "SolidMask", value=1.0, width=96, height=64)
    placed = {
        "depth": ["flat", 0],
        "depth_values": "grey is distance",
        "depth_values.white_is": 8.0,
        "depth_values.black_is": 0.0,
        "horizontal_fov": 90.0,
        "metric_scale": "as given",
        "camera_height": 1.6,
        "camera_pitch": 0.0,
        "farthest": 0.0,
    }
    graph.add("photo_scene", "SharedWorldSceneFromImage", image=["street", 0], **placed)
    fusion = {"voxel": 0.05, "neighbours": 20, "deviations": 2.0}
    graph.add("video_scene", "SharedWorldSceneFromVideo", images=["street", 0], **placed, **fusion)
    size = {"width": 0.6, "height": 1.7, "length": 0.5, "bottom_up": 0.0, "names": ""}
    graph.add("bodies", "SharedWorldAgentBody", agents=["rig", 0], **size)
    graph.add(
        "scene_preview", "SharedWorldScenePreview", scene=["video_scene", 0], agents=["bodies", 0], size=128, frame=0
    )
    read = {"point_axes": "by source", "metres_per_unit": 1.0, "voxel": 0.1}
    graph.add("points_scene", "SharedWorldSceneFromPoints", points=["scene_preview", 1], **read)
    graph.add("points_preview", "SharedWorldScenePreview", scene=["points_scene", 0], size=128, frame=0)
    drawing = {"marker_colours": "blue", "opacity_threshold": 0.003, "point_size": 0.01}
    graph.add(
        "condition_videos",
        "SharedWorldRenderConditionVideos",
        scene=["photo_scene", 0],
        agents=["bodies", 0],
        width=96,
        height=64,
        show_agents=True,
        grey_first_frame=False,
        **drawing,
    )
    graph.add("film", "EmptyImage", width=96, height=64, batch_size=PATH_FRAMES, color=0x808080)
    film = placed | fusion | {"images": ["film", 0], "depth": ["flat_film", 0], "camera": ["rig", 0]}
    graph.add("film_scene", "SharedWorldSceneFromVideo", **film)
    graph.add("flat_film", "ImageToMask", image=["white_film", 0], channel="red")
    graph.add("white_film", "EmptyImage", width=96, height=64, batch_size=PATH_FRAMES, color=0xFFFFFF)
    graph.add("nothing", "SolidMask", value=0.0, width=96, height=64)
    graph.add("patch", "SolidMask", value=1.0, width=24, height=24)
    graph.add("spot", "MaskComposite", destination=["nothing", 0], source=["patch", 0], x=30, y=20, operation="add")
    graph.add("spot_picture", "MaskToImage", mask=["spot", 0])
    graph.add("spot_film", "RepeatImageBatch", image=["spot_picture", 0], amount=PATH_FRAMES)
    graph.add("subject", "ImageToMask", image=["spot_film", 0], channel="red")
    graph.add(
        "unrolled",
        "SharedWorldUnrollVideo",
        images=["film", 0],
        posed_depth=["film_scene", 1],
        frame_rate=25.0,
        smoothing=0.5,
        mask_growth=2,
        voxel=0.05,
        **{"subjects.subject0": ["subject", 0]},
    )
    saving = {"filename_prefix": "unrolled/every", "folder": "output"}
    graph.add("unrolled_file", "SharedWorldSaveUnrolledVideo", unrolled=["unrolled", 4], **saving)
    graph.add("unrolled_identity", "PreviewImage", images=["unrolled", 2])
    graph.add("identity", "SharedWorldAgentIdentity", image=["picture_1", 0], width=96, height=64)
    graph.add(
        "metaworld",
        "SharedWorldMetaWorldConditioning",
        vae=["pocket_vae", 0],
        condition_videos=["condition_videos", 0],
        guidance_against="no identities",
        with_depth=True,
        **{"identities.agent0": ["identity", 0]},
    )
    return graph.add("metaworld_latent", "SaveLatent", samples=["metaworld", 2], filename_prefix="metaworld")
