"""A new, untrained ShareVerse: what is written, what it does, and that nothing is replaced."""

import json

import pytest
import safetensors
import torch

from shared_world.tests.comfyui.graphs import BASE, EXTEND, Graph, latents, two_agents


def extension(save_as, **choices):
    return Graph().add("extended", "SharedWorldExtendBaseModel", **EXTEND | {"save_as": save_as} | choices)


def with_file(graph, name):
    return graph.change("model", model_name=name, base_model=BASE)


@pytest.mark.oldest
def test_extension_is_offered_and_loads_with_its_base(server):
    outputs = server.run(extension("new/one"))
    assert outputs["extended"]["text"] == ["new/one.safetensors"]
    for name in ("model_name", "base_model"):
        offered = server.object_info()["SharedWorldLoadModel"]["input"]["required"][name][1]["options"]
        assert "new/one.safetensors" in offered
    assert latents(server, with_file(two_agents(), "new/one.safetensors")).isfinite().all()


@pytest.mark.oldest
def test_untrained_extension_behaves_as_the_base_model(server):
    """Zero projectors: agents do not influence each other. Zero raymap encoders: cameras have no influence either."""
    server.run(extension("untrained"))
    expected = latents(server, with_file(two_agents(topology="none"), "untrained.safetensors"))
    coupled = with_file(two_agents(topology="all"), "untrained.safetensors")
    assert torch.equal(latents(server, coupled), expected)
    assert torch.equal(latents(server, coupled.change("agents", preset="crossing")), expected)
    trained = latents(server, two_agents(topology="all"))
    assert not torch.allclose(trained, expected, atol=0.1)


def test_model_of_the_node_is_the_model_in_the_file(server):
    from_file = (
        latents(server, with_file(two_agents(), "direct.safetensors")) if server.run(extension("direct")) else None
    )
    graph = two_agents()
    del graph["model"]
    graph |= extension("direct_again")
    graph.change("raymaps", model=["extended", 0]).change("sampler", model=["extended", 0])
    assert torch.equal(latents(server, graph), from_file)


def test_existing_file_is_kept_and_the_new_one_gets_a_number(server):
    written = {}
    for number, choice in enumerate(("consecutive", "shared"), start=1):
        outputs = server.run(extension("kept", agent_positions=choice))
        (name,) = outputs["extended"]["text"]
        assert name == ("kept.safetensors" if number == 1 else "kept_2.safetensors")
        file = server.diffusion_models / name
        written[file] = file.read_bytes()
    assert {file: file.read_bytes() for file in written} == written
    assert sorted(server.diffusion_models.glob("*kept*")) == sorted(written)


@pytest.mark.parametrize(
    "choices",
    [
        {"cross_agent": "full_block"},
        {"text_in_cross_agent": True},
        {"agent_positions": "shared"},
        {"cross_agent": "full_block", "text_in_cross_agent": True, "agent_positions": "shared"},
    ],
)
def test_choices_are_recorded_and_load(server, choices):
    name = "_".join(f"{key}-{value}" for key, value in choices.items())
    server.run(extension(name, **choices))
    with safetensors.safe_open(server.diffusion_models / f"{name}.safetensors", framework="pt") as file:
        record = json.loads(file.metadata()["shared_world"])
        has_feed_forward = any(".ff." in key for key in file.keys())  # noqa: SIM118
    assert {key: record["options"][key] for key in choices} == choices
    assert record["base_model"] == BASE
    assert has_feed_forward is (choices.get("cross_agent") == "full_block")
    assert latents(server, with_file(two_agents(), f"{name}.safetensors")).isfinite().all()
