"""All nodes in one graph, and what those of `views` make of pictures."""

import numpy
import pytest
import torch
from PIL import Image

from shared_world.development.locations import PACK_NAME
from shared_world.tests.comfyui.every_node import every_node, write_inputs
from shared_world.tests.comfyui.graphs import Graph, split, two_agents


@pytest.mark.oldest
def test_graph_with_every_node_of_the_pack_runs(server):
    write_inputs(server)
    graph = every_node()
    outputs = server.run(graph)
    info = server.object_info()
    pack = {node for node, description in info.items() if description["python_module"] == f"custom_nodes.{PACK_NAME}"}
    assert {entry["class_type"] for entry in graph.values()} >= pack
    shown = {node for node, entry in graph.items() if info[entry["class_type"]]["output_node"]}
    assert shown == set(outputs)
    assert len(outputs["grid_preview"]["images"]) == 17


def colours(server, entry):
    with Image.open(server.output.parent / entry["type"] / entry["subfolder"] / entry["filename"]) as picture:
        return numpy.asarray(picture.convert("RGB"))


def test_views_are_joined_and_split_at_their_places(server):
    views = {"front": 0xFF0000, "rear": 0x00FF00, "left": 0x0000FF, "right": 0xFFFFFF}
    graph = Graph()
    for view, colour in views.items():
        graph.add(view, "EmptyImage", width=32, height=16, batch_size=1, color=colour)
    graph.add("tile", "SharedWorldFourViewJoiner", **{view: [view, 0] for view in views}, layout="2x2")
    graph.add("again", "SharedWorldFourViewSplitter", tile=["tile", 0], layout="2x2")
    graph.add("tile_picture", "SaveImage", images=["tile", 0], filename_prefix="tile")
    for output, view in enumerate(views):
        graph.add(f"{view}_picture", "SaveImage", images=["again", output], filename_prefix=view)
    outputs = server.run(graph)

    tile = colours(server, outputs["tile_picture"]["images"][0])
    corners = [tile[4, 8], tile[4, 24], tile[12, 8], tile[12, 24]]
    expected = [[colour >> 16, colour >> 8 & 255, colour & 255] for colour in views.values()]
    assert tile.shape == (16, 32, 3)
    assert numpy.array_equal(corners, expected)
    for view, colour in zip(views, expected, strict=True):
        picture = colours(server, outputs[f"{view}_picture"]["images"][0])
        assert picture.shape == (8, 16, 3)
        assert (picture == colour).all()


def test_every_agent_and_view_has_a_label_and_seventeen_frames_of_a_quarter_of_the_tile(server):
    graph = split(two_agents()).add("pictures", "SaveImage", images=["views", 0], filename_prefix="view")
    outputs = server.run(graph.add("text", "PreviewAny", source=["views", 2]))
    assert outputs["text"]["text"] == [
        f"agent {agent} {view}" for agent in (1, 2) for view in ("front", "rear", "left", "right")
    ]
    entries = outputs["pictures"]["images"]
    assert len(entries) == 2 * 4 * 17
    assert colours(server, entries[0]).shape == (32, 48, 3)
    assert torch.tensor(colours(server, entries[0])).any()
