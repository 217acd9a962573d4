"""Pictures, paths and latents that do not fit: the node that notices says what to change, and the server goes on."""

import json
import math
import re

import pytest

from shared_world.tests.comfyui.failures import failure
from shared_world.tests.comfyui.graphs import Graph, crossing_agents, preset, stock_sampled, two_agents

pytestmark = pytest.mark.usefixtures("next_run_works")

ONE_PICTURE = {"first_frames.agent1": None}


@pytest.mark.oldest
def test_missing_first_frame_names_its_agent(server):
    graph = two_agents().change("conditioning", **ONE_PICTURE)
    assert re.search(
        r"first frame of agent 'agent 2' is missing.*2 agents.*given 1", failure(server, graph, "conditioning")
    )


def test_more_pictures_than_agents_are_not_cut_silently(server):
    graph = two_agents().change("picture_2", batch_size=2)
    assert re.search(r"3 first frames.*2 agents.*agent 1, agent 2", failure(server, graph, "conditioning"))


def test_first_frame_of_another_size_names_agent_and_both_sizes(server):
    graph = two_agents().change("picture_2", width=64, height=96)
    assert re.search(r"agent 'agent 2' is 64x96.*96x64.*resize", failure(server, graph, "conditioning"))


@pytest.mark.parametrize(("frames", "nearest"), [(18, "17 or 21"), (16, "13 or 17"), (2, "1 or 5")])
def test_frame_count_that_is_not_4k_plus_1_names_the_nearest(server, frames, nearest):
    graph = two_agents().change("agents", frames=frames)
    assert re.search(rf"4k\+1 frames, given {frames}.*{nearest}", failure(server, graph, "raymaps"))


def test_more_frames_than_the_learned_positions(server):
    graph = two_agents().change("agents", frames=21)
    assert re.search(r"96x64 pixels and at most 17 frames, given 96x64 and 21", failure(server, graph, "sampler"))


def test_another_size_than_the_learned_positions(server):
    graph = two_agents().change("raymaps", width=128)
    for picture in ("picture_1", "picture_2"):
        graph.change(picture, width=128)
    assert re.search(r"96x64 pixels.*given 128x64", failure(server, graph, "sampler"))


def test_agents_of_different_length_in_one_world(server):
    graph = crossing_agents([0, 1]).change("path_1", frames=13)
    assert re.search(r"agent 'path_1' has 13 frames.*'path_0' has 17", failure(server, graph, "agents"))


def test_waypoint_that_is_no_number_names_line_and_field(server):
    graph = crossing_agents([0, 1]).change("path_1", waypoints="0 0 0\n1 zero 8")
    assert re.search(r"line 2, field 2 \(x\): 'zero'", failure(server, graph, "path_1"))


@pytest.mark.parametrize("longer", ["front", "rear", "left", "right"])
def test_views_of_different_length_are_not_joined(server, longer):
    graph = Graph().add("square", "EmptyImage", width=64, height=64, batch_size=1, color=0)
    graph.add("longer", "EmptyImage", width=64, height=64, batch_size=2, color=0)
    sources = {view: ["longer" if view == longer else "square", 0] for view in ("front", "rear", "left", "right")}
    graph.add("tile", "SharedWorldFourViewJoiner", **sources, layout="2x2")
    graph.add("preview", "PreviewImage", images=["tile", 0])
    message = failure(server, graph, "tile")
    assert re.search(r"view '\w+' has \d frames of 64x64, view 'front' \d of 64x64", message)
    assert longer == "front" or f"view '{longer}' has 2 frames" in message


def test_tile_that_does_not_split_evenly_names_the_nearest_width(server):
    graph = Graph().add("odd", "EmptyImage", width=65, height=64, batch_size=1, color=0)
    graph.add("views", "SharedWorldFourViewSplitter", tile=["odd", 0], layout="2x2")
    graph.add("preview", "PreviewImage", images=["views", 0])
    assert re.search(r"width 65.*multiple of 2, nearest 64 or 66", failure(server, graph, "views"))


def rig_graph(**choice):
    cameras = {"width": 360, "height": 240, "horizontal_fov": 90.0, "mount_up": 1.6, "mount_forward": 0.0}
    graph = preset(Graph()).add("rig", "SharedWorldCameraRig", agents=["agents", 0], **(choice | cameras))
    return graph.add("map", "SharedWorldPreviewAgents", agents=["rig", 0], frame=0, size=128)


def test_rig_of_another_name_is_not_taken_for_four_views(server):
    message = failure(server, rig_graph(rig="five views"), "rig")
    assert "choose four views, front only or custom" in message


def test_custom_rig_with_a_bad_line_names_it(server):
    message = failure(server, rig_graph(rig="custom", **{"rig.views": "front 0\nrear back"}), "rig")
    assert re.search(r"line 2: .*'rear back'", message)


def path_file(server, name, change):
    """Write agents of two frames into the input folder after `change` has been at the first agent's second pose."""
    identity = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    moved = [[1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 1.0, 2.0], [0, 0, 0, 1]]
    change(moved)
    view = {"name": "front", "view_to_agent": identity, "intrinsics": [[180, 0, 180], [0, 180, 120], [0, 0, 1]]}
    rig = {"width": 360, "height": 240, "views": [view]}
    agent = {"name": "red", "poses": [identity, moved], "rig": rig}
    document = {"format": "shared_world_agents", "version": 1, "frame_rate": 8.0, "agents": [agent]}
    (server.input / name).write_text(json.dumps(document))
    graph = Graph().add("agents", "SharedWorldLoadAgentsFile", file=name, format="recognise", frames=0, frame_rate=0.0)
    return graph.add("map", "SharedWorldPreviewAgents", agents=["agents", 0], frame=0, size=128)


def test_nan_in_a_path_file_names_file_agent_and_frame(server):
    def not_a_number(pose):
        pose[0][3] = math.nan

    message = failure(server, path_file(server, "nan.json", not_a_number), "agents")
    assert re.search(r"nan\.json: agent 'red', frame 1\b.*(nan|finite)", message, re.IGNORECASE)


def test_left_handed_matrix_names_agent_and_frame(server):
    def mirrored(pose):
        pose[0][0] = -1.0

    message = failure(server, path_file(server, "mirrored.json", mirrored), "agents")
    assert re.search(r"mirrored\.json: agent 'red', frame 1\b.*left-handed", message)


def test_path_file_that_is_cut_off_says_so(server):
    graph = path_file(server, "whole.json", lambda pose: None)
    text = (server.input / "whole.json").read_text()
    (server.input / "cut.json").write_text(text[: len(text) // 2])
    graph.change("agents", file="cut.json")
    assert re.search(r"cut\.json: line 1: the JSON ends too early", failure(server, graph, "agents"))


def with_nan_picture(graph, number):
    """Replace a first frame by one of NaN, which a solid mask lets through."""
    graph.add("nan", "SolidMask", value=math.nan, width=96, height=64)
    return graph.add(f"picture_{number}", "MaskToImage", mask=["nan", 0])


@pytest.mark.oldest
def test_nan_in_a_first_frame_stops_the_run_and_names_agent_and_step(server):
    message = failure(server, with_nan_picture(two_agents(steps=50, topology="none"), 2), "sampler")
    assert re.search(
        r"agent 2 holds values that are not finite after step 1 of 50, computed in torch\.float32", message
    )


def test_nan_of_one_agent_reaches_all_agents_that_see_it(server):
    message = failure(server, with_nan_picture(two_agents(steps=3), 2), "sampler")
    assert re.search(r"agent 1 holds values that are not finite after step 1 of 3", message)


def test_nan_in_the_last_step_is_noticed_too(server):
    message = failure(server, with_nan_picture(two_agents(steps=1), 1), "sampler")
    assert "after step 1 of 1" in message


def latent_batch(graph, node, latent_input):
    """Take one agent out of the LATENT between conditioning and sampler."""
    graph.add("first", "LatentFromBatch", samples=["conditioning", 2], batch_index=0, length=1)
    return graph.change(node, **{latent_input: ["first", 0]})


@pytest.mark.oldest
def test_latent_of_fewer_agents_is_not_sampled(server):
    ours = latent_batch(two_agents(), "sampler", "latent")
    assert re.search(r"batch has 1 items.*2 agents", failure(server, ours, "sampler"))


def test_latent_of_fewer_agents_is_not_sampled_by_a_stock_sampler_either(server):
    graph = two_agents()
    del graph["sampler"], graph["latent"]
    stock = latent_batch(stock_sampled(graph), "sampler", "latent_image")
    assert re.search(r"first frames of 2 agents.*latent batch of 1", failure(server, stock, "sampler"))


@pytest.mark.parametrize(
    ("size", "says"),
    [
        ({"width": 128}, r"first frames have \(8, 12\).*latents \(8, 16\)"),
        ({"length": 13}, r"Raymaps have \(5, 8, 12\).*latents \(4, 8, 12\)"),
    ],
)
def test_latent_of_another_size_than_the_conditioning(server, size, says):
    graph = two_agents().change("sampler", latent=["empty", 0])
    given = {"width": 96, "height": 64, "length": 17, "batch_size": 2} | size
    graph.add("empty", "EmptyHunyuanLatentVideo", **given)
    assert re.search(says, failure(server, graph, "sampler"))
