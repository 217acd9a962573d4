"""A simulated clip through a model to its numbers, as a user connects it."""

import pytest

from shared_world.development.tiny_checkpoints import FRAMES, WIDTH
from shared_world.tests.comfyui.failures import failure
from shared_world.tests.comfyui.graphs import Graph, conditioned, evaluated, loaders, pocket_town, sampled, split


def from_pocket_town(**changes: object) -> Graph:
    """Two agents of a simulated clip, sampled from its first frames and measured."""
    graph = conditioned(pocket_town(loaders(), **changes), [])
    graph.change("conditioning", **{"first_frames.agent0": ["agents", 1]})
    return evaluated(split(sampled(graph)))


def test_a_simulated_clip_goes_through_a_model_to_its_numbers(server):
    graph = from_pocket_town()
    graph.add("true_grid", "SharedWorldAgentsGrid", images=["agents", 2], labels=["agents", 3], columns=4)
    graph.add("shown", "PreviewImage", images=["true_grid", 0])
    outputs = server.run(graph)
    (table,) = outputs["numbers"]["text"]
    heading = table.splitlines()[2]
    for variant in ("generated", "VAE alone", "frozen first frame", "own-frame oracle", "ground truth"):
        assert variant in heading
    assert "other car" in table
    assert len(outputs["shown"]["images"]) == FRAMES


def test_a_photograph_reaches_the_views(server):
    graph = Graph()
    graph.add("picture", "EmptyImage", width=64, height=48, batch_size=1, color=0xFF00FF)
    for name, photograph in (("plain", None), ("painted", ["picture", 0])):
        pocket_town(graph, name)
        graph.change(name, photograph=photograph, photograph_seen_by="agent 1", building=0)
        graph.add(f"{name}_numbers", "SharedWorldEvaluate", images=[name, 2], reference=["plain", 2], layout="2x2")
    outputs = server.run(graph)
    psnr = {
        name: float(outputs[f"{name}_numbers"]["text"][0].splitlines()[4].split("|")[2])
        for name in ("plain", "painted")
    }
    assert psnr["plain"] == 100.0
    assert psnr["painted"] < 40.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layout": "straight", "preset": "crossing"}, "no place for crossing over 30 m"),
        ({"town": 100_000}, "has the towns 0 to 99999"),
    ],
)
def test_an_impossible_town_fails_in_its_node(server, changes, message):
    assert message in failure(server, from_pocket_town(**changes), "agents")


def test_a_clip_of_another_size_fails_in_the_evaluation(server):
    graph = from_pocket_town()
    pocket_town(graph, "larger", view_width=WIDTH)
    graph.change("numbers", truth=["larger", 4])
    assert f"is 48x32 pixels, the ground truth {WIDTH}x32" in failure(server, graph, "numbers")
