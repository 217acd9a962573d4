"""Graphs of MetaWorld in API format: a photograph with depth, agents on paths, and what each is told."""

from __future__ import annotations

import numpy as np
from PIL import Image

from shared_world.development.comfyui_server import ComfyServer
from shared_world.development.tiny_checkpoints import HEIGHT, WIDTH
from shared_world.tests.comfyui.graphs import POCKET_VAE, Graph, combine, path, sampled

METAWORLD = "metaworld_tiny.safetensors"
PHANTOM = "phantom_wan_tiny.safetensors"
ADDED = "metaworld_tiny_extension.safetensors"

PHOTOGRAPH = "metaworld_photograph.png"
PATHS = ("0 0 0\n2 0 4", "0 0.5 7\n2 0.5 5", "0 -2 0\n2 -1 4", "0 2 1\n2 2 3")
"""Time, x and z of waypoints: all look at the photograph but the second, who walks towards the first."""
FACES = (0xC03010, 0x1030C0, 0x10C030, 0xF0C020)
AS_RELEASED = {"scheduler": "metaworld", "topology": "ring"}


def write_photograph(server: ComfyServer) -> None:
    """Write the picture that scenes are made of where the server finds it."""
    levels = np.random.default_rng(0).integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
    Image.fromarray(levels).resize((WIDTH, HEIGHT)).save(server.input / PHOTOGRAPH)


def metaworld_loaders(model: str = METAWORLD, base: str = "none") -> Graph:
    """Nodes `model` and `vae`."""
    return (
        Graph()
        .add("model", "SharedWorldLoadModel", model_name=model, base_model=base, weight_dtype="default")
        .add("vae", "SharedWorldLoadVAE", vae_name=POCKET_VAE)
    )


def scene(graph: Graph) -> Graph:
    """Node `scene`: a photograph of a wall, 10 m away."""
    graph.add("photograph", "LoadImage", image=PHOTOGRAPH)
    graph.add("distance", "EmptyImage", width=WIDTH, height=HEIGHT, batch_size=1, color=0x808080)
    return graph.add(
        "scene",
        "SharedWorldSceneFromImage",
        image=["photograph", 0],
        depth=["distance", 0],
        depth_values="grey is distance",
        **{"depth_values.white_is": 20.0, "depth_values.black_is": 0.0},
        horizontal_fov=90.0,
        metric_scale="as given",
        camera_height=1.0,
        camera_pitch=0.0,
        farthest=0.0,
    )


def agents_with_bodies(graph: Graph, members: list[int]) -> Graph:
    """Nodes `agents` and `bodies`: some of the agents on `PATHS`, each with a camera 1 m above the ground."""
    for member in members:
        path(graph, f"path_{member}", PATHS[member])
    names = [f"path_{member}" for member in members]
    if len(names) > 1:
        combine(graph, "people", names)
    graph.add(
        "agents",
        "SharedWorldCameraRig",
        agents=["people" if len(names) > 1 else names[0], 0],
        rig="custom",
        **{"rig.views": "front 0"},
        width=WIDTH,
        height=HEIGHT,
        horizontal_fov=90.0,
        mount_up=1.0,
        mount_forward=0.0,
    )
    size = {"width": 0.6, "height": 1.7, "length": 0.5, "bottom_up": 0.0, "names": ""}
    return graph.add("bodies", "SharedWorldAgentBody", agents=["agents", 0], **size)


def rendered(graph: Graph, agents: list[object], **changes: object) -> Graph:
    """Node `videos`."""
    inputs = {
        "width": WIDTH,
        "height": HEIGHT,
        "show_agents": True,
        "marker_colours": "blue",
        "opacity_threshold": 0.003,
        "point_size": 0.05,
        "grey_first_frame": False,
    }
    return graph.add(
        "videos", "SharedWorldRenderConditionVideos", scene=["scene", 0], agents=agents, **(inputs | changes)
    )


def identity(graph: Graph, member: int, name: str = "identity") -> list[object]:
    """Nodes `face_N` and `identity_N`, and the link to the latter."""
    graph.add(f"face_{member}", "EmptyImage", width=40, height=50, batch_size=1, color=FACES[member])
    graph.add(f"{name}_{member}", "SharedWorldAgentIdentity", image=[f"face_{member}", 0], width=WIDTH, height=HEIGHT)
    return [f"{name}_{member}", 0]


def told(graph: Graph, identities: list[int | None] = [], **changes: object) -> Graph:  # noqa: B006  # never changed
    """Node `conditioning`, with an identity image for each socket that is not None."""
    links = {
        f"identities.agent{socket}": identity(graph, member)
        for socket, member in enumerate(identities)
        if member is not None
    }
    inputs = {"guidance_against": "no identities", "with_depth": True}
    return graph.add(
        "conditioning",
        "SharedWorldMetaWorldConditioning",
        vae=["vae", 0],
        condition_videos=["videos", 0],
        **(links | inputs | changes),
    )


def people(members: list[int], identities: list[int | None], show_agents: bool = True, **settings: object) -> Graph:
    """Some of the agents in the scene, told of each other and sampled; `settings` are the sampler's."""
    graph = agents_with_bodies(scene(metaworld_loaders()), members)
    told(rendered(graph, ["bodies", 0], show_agents=show_agents), identities)
    return sampled(graph, **(AS_RELEASED | settings))
