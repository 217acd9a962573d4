"""Values that a node's definition rules out are answered with HTTP 400 and the node and input, before anything runs."""

import pytest

from shared_world.development.comfyui_server import GraphRefused
from shared_world.tests.comfyui.every_node import every_node, write_inputs
from shared_world.tests.comfyui.failures import refusal
from shared_world.tests.comfyui.graphs import Graph, two_agents

CHECKED_BY_THE_NODE = {"loaded.file", "recorded.file", "typed.frames", "typed.layout"}
"""Inputs of which a node says itself what is wrong: a file that came after the list was made, parts of a script."""


def kinds_of(node, name, otherwise):
    """The kinds of errors that a value out of range or list is answered with."""
    return {"custom_validation_failed" if f"{node}.{name}" in CHECKED_BY_THE_NODE else otherwise}


def scalar_inputs(server):
    """(node, input, type, options) of every number and choice in the graph that holds every node."""
    descriptions = server.object_info()
    for node, entry in every_node().items():
        description = descriptions[entry["class_type"]]
        if not description["python_module"].endswith("shared-world"):
            continue
        for kind in ("required", "optional"):
            for name, (value_type, *options) in description["input"].get(kind, {}).items():
                if value_type in ("INT", "FLOAT", "COMBO"):
                    yield node, name, value_type, options[0]


def around(graph, node):
    """The part of a graph that a node has a say in: what follows from it, and what that needs. The rest would run."""
    sources = {
        name: {value[0] for value in entry["inputs"].values() if isinstance(value, list)}
        for name, entry in graph.items()
    }
    kept, count = {node}, 0
    while count < len(kept):
        count = len(kept)
        kept |= {name for name, links in sources.items() if links & kept}
    while missing := {link for name in kept for link in sources[name]} - kept:
        kept |= missing
    return Graph({name: graph[name] for name in kept})


def errors_of(server, values):
    """Kinds of the errors that one answer gives for each of these inputs: (node, input) -> kinds.

    ComfyUI asks a node itself only if it finds nothing wrong with it, so those that answer themselves are tried alone.
    """
    alone = {place: value for place, value in values.items() if ".".join(place) in CHECKED_BY_THE_NODE}
    together = {place: value for place, value in values.items() if place not in alone}
    found = {}
    for changes in [together, *({place: value} for place, value in alone.items())]:
        graph = every_node() if changes is together else around(every_node(), next(iter(changes))[0])
        for (node, name), value in changes.items():
            graph.change(node, **{name: value})
        with pytest.raises(GraphRefused) as refused:
            server.queue(graph)
        for node, name in changes:
            errors = refused.value.node_errors.get(node, {"errors": []})["errors"]
            found[node, name] = {error["type"] for error in errors if error["extra_info"].get("input_name") == name}
    return found


@pytest.mark.oldest
@pytest.mark.parametrize(
    ("end", "beyond", "kind"), [("min", -1, "value_smaller_than_min"), ("max", 1, "value_bigger_than_max")]
)
def test_every_number_out_of_range_is_refused(server, end, beyond, kind):
    write_inputs(server)
    numbers = {
        (node, name): options[end] + beyond
        for node, name, value_type, options in scalar_inputs(server)
        if value_type in ("INT", "FLOAT")
    }
    assert len(numbers) > 25
    assert errors_of(server, numbers) == {place: kinds_of(*place, kind) for place in numbers}


@pytest.mark.oldest
def test_every_value_of_a_wrong_type_is_refused(server):
    write_inputs(server)
    expected = {
        (node, name): kinds_of(node, name, "value_not_in_list") if value_type == "COMBO" else {"invalid_input_type"}
        for node, name, value_type, _ in scalar_inputs(server)
    }
    assert {kind for kinds in expected.values() for kind in kinds} >= {"value_not_in_list", "invalid_input_type"}
    assert errors_of(server, dict.fromkeys(expected, "no such value")) == expected


@pytest.mark.parametrize("value", [5, 0.5, True, None])
def test_file_name_that_is_no_text_is_refused(server, value):
    write_inputs(server)
    graph = every_node()
    graph["loaded"]["inputs"]["file"] = value
    assert "is not in ComfyUI's input folder" in refusal(server, graph, "loaded")


@pytest.mark.oldest
@pytest.mark.parametrize(
    ("seeds", "entry"), [("seven", 1), ("1,,2", 2), ("1, -1", 2), (f"{2**64}", 1), ("1.5", 1), ("1;2", 1)]
)
def test_own_seeds_that_are_no_seeds_are_refused_before_the_run(server, seeds, entry):
    message = refusal(server, two_agents(own_seeds=seeds), "sampler")
    assert f"own_seeds, entry {entry}:" in message
    assert "whole numbers from 0 to 2^64 - 1" in message


def test_socket_of_another_kind_is_refused(server):
    for node, name in [("raymaps", "agents"), ("conditioning", "raymaps"), ("sampler", "latent")]:
        message = refusal(server, two_agents().change(node, **{name: ["vae", 0]}), node)
        assert "mismatch" in message, message


def test_world_of_one_source_is_asked_for_another(server):
    write_inputs(server)
    message = refusal(server, every_node().change("combined", **{"sources.agents1": None}), "combined")
    assert "agents1" in message


def test_conditioning_without_any_picture_is_refused(server):
    pictures = {"first_frames.agent0": None, "first_frames.agent1": None}
    assert "agent0" in refusal(server, two_agents().change("conditioning", **pictures), "conditioning")
