"""A picture with depth through a scene to every agent's condition videos, as a user connects it."""

import numpy
import pytest
from PIL import Image

from shared_world.tests.comfyui.failures import failure, refusal
from shared_world.tests.comfyui.graphs import FRAMES, Graph, combine, path, pocket_town
from shared_world.tests.comfyui.test_agents_files import agents_of

WIDTH, HEIGHT = 96, 64

RENDER = {
    "width": WIDTH,
    "height": HEIGHT,
    "show_agents": True,
    "marker_colours": "blue",
    "opacity_threshold": 0.003,
    "point_size": 0.03,
    "grey_first_frame": False,
}
"""Inputs of Render Condition Videos."""

PLACED = {
    "depth_values": "grey is distance",
    "depth_values.white_is": 8.0,
    "depth_values.black_is": 0.0,
    "horizontal_fov": 90.0,
    "metric_scale": "as given",
    "camera_height": 1.6,
    "camera_pitch": 0.0,
    "farthest": 0.0,
}
"""Inputs that both kinds of scene have."""


def photographed(graph, **changes):
    """Node `scene`: a red wall 8 m before the camera."""
    graph.add("photograph", "EmptyImage", width=WIDTH, height=HEIGHT, batch_size=1, color=0xFF0000)
    graph.add("distance", "SolidMask", value=1.0, width=WIDTH, height=HEIGHT)
    links = {"image": ["photograph", 0], "depth": ["distance", 0]}
    return graph.add("scene", "SharedWorldSceneFromImage", **(links | PLACED | changes))


def depth_picture(server, name):
    """A file of depth from 2 m (white) at the bottom to 50 m (black) at the top."""
    rows = numpy.linspace(0, 255, HEIGHT).astype("uint8")
    Image.fromarray(numpy.repeat(rows[:, None], WIDTH, 1)).save(server.input / name)


def pair(graph):
    """Node `agents`, with bodies, made of `seen_through`: one walks ahead of the other."""
    path(graph, "behind", "0 0 0\n2 0 1")
    path(graph, "ahead", "0 0 4\n2 0 5")
    combine(graph, "walkers", ["behind", "ahead"])
    graph.add(
        "seen_through",
        "SharedWorldCameraRig",
        agents=["walkers", 0],
        rig="front only",
        width=WIDTH,
        height=HEIGHT,
        horizontal_fov=90.0,
        mount_up=1.6,
        mount_forward=0.0,
    )
    return graph.add(
        "agents",
        "SharedWorldAgentBody",
        agents=["seen_through", 0],
        width=0.6,
        height=1.7,
        length=0.5,
        bottom_up=0.0,
        names="",
    )


def conditions(graph, **changes):
    """Node `videos`, and `rgb` and `depth`, which show them."""
    graph.add(
        "videos", "SharedWorldRenderConditionVideos", scene=["scene", 0], agents=["agents", 0], **(RENDER | changes)
    )
    for number, kind in ((1, "rgb"), (2, "depth")):
        graph.add(f"{kind}_grid", "SharedWorldAgentsGrid", images=["videos", number], labels=["videos", 3], columns=1)
        graph.add(kind, "PreviewImage", images=["videos", number])
    return graph.add("grid", "PreviewImage", images=["rgb_grid", 0])


def pictures(server, entries):
    """(frames, height, width, 3) uint8."""
    opened = []
    for entry in entries:
        with Image.open(server.folder / entry["type"] / entry["subfolder"] / entry["filename"]) as image:
            opened.append(numpy.asarray(image.convert("RGB")).astype(int))
    return numpy.stack(opened)


def test_a_photograph_becomes_two_agents_condition_videos(server):
    outputs = server.run(conditions(pair(photographed(Graph()))))
    rgb, depth = (pictures(server, outputs[kind]["images"]) for kind in ("rgb", "depth"))
    assert rgb.shape == depth.shape == (2 * FRAMES, HEIGHT, WIDTH, 3)
    behind, ahead = rgb[:FRAMES], rgb[FRAMES:]
    assert (behind[..., 2] > 200).any((1, 2)).all()
    assert not (ahead[..., 2] > 200).any()
    assert (behind[0, HEIGHT // 2, WIDTH // 4] == [255, 0, 0]).all()
    # The body is 4 m away, the wall 8 m.
    assert (depth[:FRAMES, HEIGHT // 2 + 4, WIDTH // 2, 0] > depth[:FRAMES, HEIGHT // 2, WIDTH // 4, 0] + 50).all()
    assert len(outputs["grid"]["images"]) == FRAMES


@pytest.mark.oldest
def test_the_preview_is_a_picture_and_a_file_for_comfyuis_own_nodes(server):
    graph = pair(photographed(Graph()))
    graph.add("preview", "SharedWorldScenePreview", scene=["scene", 0], agents=["agents", 0], size=128, frame=0)
    viewport = {"image": "", "normal": "", "mask": "", "camera_info": None, "recording": "", "model_3d_info": []}
    graph.add("turned", "PreviewPointCloud", model_3d=["preview", 1], viewport_state=viewport, width=256, height=256)
    outputs = server.run(graph)
    seen = pictures(server, outputs["preview"]["images"])
    assert seen.shape == (2, 128, 128, 3)
    assert ((seen[0, ..., 0] > 200) & (seen[0, ..., 2] < 50)).any()
    assert (seen[0, ..., 2] > 200).any()
    file = server.folder / "temp" / outputs["turned"]["result"][0]
    # Two paths of 500 points and two bodies of 2000 beside the picture's pixels.
    assert f"element vertex {WIDTH * HEIGHT + 5000}\n".encode() in file.read_bytes()


def lidar_wall(server):
    """Node `scene` of a file that ComfyUI's Load 3D reads: a red wall 8 m ahead, in centimetres with z up."""
    right, up = numpy.meshgrid(numpy.arange(-1000, 1000, 10), numpy.arange(0, 600, 10))
    points = numpy.stack([right, numpy.full(right.shape, 800), up], -1).reshape(-1, 3)
    axes = "".join(f"property float {axis}\n" for axis in "xyz")
    colours = "".join(f"property uchar {channel}\n" for channel in ("red", "green", "blue"))
    header = f"ply\nformat ascii 1.0\nelement vertex {len(points)}\n{axes}{colours}end_header\n"
    (server.input / "3d").mkdir(exist_ok=True)
    (server.input / "3d" / "wall.ply").write_text(header + "".join(f"{x} {y} {z} 255 0 0\n" for x, y, z in points))
    depth_picture(server, "viewport.png")
    # What the viewer of the page sends with the file's name.
    viewport = dict.fromkeys(("image", "mask", "normal"), "viewport.png") | {"recording": "", "camera_info": None}
    graph = Graph().add("file", "Load3D", model_file="3d/wall.ply", image=viewport, width=64, height=64)
    read = {"points": ["file", 6], "point_axes": "z up", "metres_per_unit": 0.01, "voxel": 0.0}
    return graph.add("scene", "SharedWorldSceneFromPoints", **read)


def test_a_point_cloud_of_another_program_becomes_two_agents_condition_videos(server):
    graph = conditions(pair(lidar_wall(server)))
    graph.add("preview", "SharedWorldScenePreview", scene=["scene", 0], agents=["agents", 0], size=128, frame=0)
    outputs = server.run(graph)
    rgb, depth = (pictures(server, outputs[kind]["images"]) for kind in ("rgb", "depth"))
    behind = rgb[:FRAMES]
    assert (behind[..., 2] > 200).any((1, 2)).all()
    # The wall is 8 m away and 6 m high, the camera 1.6 m high: it fills the picture above the middle and ends below it.
    middle, foot = HEIGHT // 2, HEIGHT // 2 + round(1.6 / 8.0 * WIDTH / 2)
    red = (behind[0] == [255, 0, 0]).all(-1)
    assert red[middle - 20 : foot - 2, 5:30].mean() > 0.99
    assert not red[foot + 2 :].any()
    # The body is 4 m away.
    assert (depth[:FRAMES, middle + 4, WIDTH // 2, 0] > depth[:FRAMES, middle, WIDTH // 4, 0] + 50).all()
    assert pictures(server, outputs["preview"]["images"]).shape == (2, 128, 128, 3)


def test_a_town_picture_with_depth_from_a_file_becomes_a_scene(server):
    depth_picture(server, "depth.png")
    graph = pocket_town(Graph(), "agents", view_width=WIDTH, view_height=HEIGHT)
    graph.add("views", "SharedWorldFourViewSplitter", tile=["agents", 1], layout="2x2")
    graph.add("first", "ImageFromBatch", image=["views", 0], batch_index=0, length=1)
    graph.add("file", "LoadImage", image="depth.png")
    grey = {"depth_values": "grey is inverse distance", "depth_values.white_is": 2.0, "depth_values.black_is": 50.0}
    sources = {"images": ["first", 0], "depth": ["file", 0], "subjects": ["file", 1]}
    fusion = {"voxel": 0.05, "neighbours": 20, "deviations": 2.0}
    graph.add("scene", "SharedWorldSceneFromVideo", **(sources | PLACED | grey | fusion))
    graph.add("preview", "SharedWorldScenePreview", scene=["scene", 0], size=128, frame=0)
    assert len(server.run(graph)["preview"]["images"]) == 2


def test_a_body_is_measured_at_the_distance_that_was_chosen(server):
    """A mask of 12x24 pixels, which shrinks by 2 pixels on each side, through a lens of 48 pixels 4 m away."""
    known = {"metric_scale": "known distance", "metric_scale.distance": 4.0}
    graph = photographed(Graph(), **known, **{"metric_scale.column": WIDTH // 2, "metric_scale.row": HEIGHT // 2})
    graph.add("nothing", "SolidMask", value=0.0, width=WIDTH, height=HEIGHT)
    graph.add("block", "SolidMask", value=1.0, width=12, height=24)
    sources = {"destination": ["nothing", 0], "source": ["block", 0]}
    graph.add("mask", "MaskComposite", **sources, x=42, y=20, operation="add")
    pair(graph).change("agents", posed_depth=["scene", 1], mask=["mask", 0])
    saved = agents_of(server, graph, "agents")
    width, height, length = saved["agents"][0]["body"]["size"]
    assert width == pytest.approx(8 / 48 * 4.0, abs=0.1)
    assert height == pytest.approx(20 / 48 * 4.0, abs=0.1)
    assert length < 0.1


def test_wrong_pictures_and_agents_fail_in_their_node_with_one_sentence(server):
    graph = conditions(pair(photographed(Graph())))
    graph.change("scene", horizontal_fov=0.0)
    assert failure(server, graph, "scene").startswith("The lens is not known: the depth comes without one;")
    graph.change("scene", horizontal_fov=90.0, farthest=5.0)
    assert failure(server, graph, "scene").startswith("No pixel of 1 frames has a usable depth")
    graph.change("scene", farthest=0.0, depth=["photograph", 0])
    assert failure(server, graph, "scene").startswith("The depth is a coloured picture")
    graph.change("scene", depth=["distance", 0]).change("videos", agents=["seen_through", 0])
    assert failure(server, graph, "videos").startswith("agent 'behind' has no body that the others could see;")
    graph.change("videos", agents=["agents", 0], marker_colours="bluish")
    assert failure(server, graph, "videos").startswith("'bluish' is no colour;")
    graph.change("agents", names="nobody")
    assert failure(server, graph, "agents").startswith("There is no agent 'nobody' to give a body;")


def test_choices_that_do_not_exist_are_named(server):
    for name in ("metric_scale", "depth_values"):
        graph = conditions(pair(photographed(Graph(), **{name: "guess"})))
        assert failure(server, graph, "scene").startswith(f"The choice of {name} is none of those that there are;")


def test_a_scene_in_place_of_a_picture_is_refused_before_the_run(server):
    graph = conditions(pair(photographed(Graph())))
    graph.change("scene", depth=["agents", 0])
    assert "SHARED_WORLD_AGENTS" in refusal(server, graph, "scene")
