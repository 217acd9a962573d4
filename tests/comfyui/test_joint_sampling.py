"""What couples agents, and what must not: seeds, topologies, memory saving and guidance, seen in the latents."""

import pytest
import torch

from shared_world.tests.comfyui.graphs import (
    CROSSING_PATHS,
    combine,
    conditioned,
    crossing_agents,
    latents,
    loaders,
    path,
    preset,
    sampled,
    two_agents,
)

ROUNDING = {"atol": 2e-3, "rtol": 1e-3}
"""Batches of another size round differently; the first step, where almost all is noise, makes that grow."""


def test_topology_none_samples_every_agent_as_if_it_were_alone(server):
    together = latents(server, crossing_agents([0, 1], topology="none"))
    for agent in (0, 1):
        alone = latents(server, crossing_agents([agent], topology="none", seed=7 + agent))
        torch.testing.assert_close(together[agent : agent + 1], alone, **ROUNDING)
    assert not torch.allclose(together[0], together[1], atol=0.1)


def test_noise_of_the_first_agents_does_not_depend_on_how_many_follow(server):
    two = latents(server, crossing_agents([0, 1], topology="none"))
    three = latents(server, crossing_agents([0, 1, 2], topology="none"))
    torch.testing.assert_close(three[:2], two, **ROUNDING)


@pytest.mark.oldest
def test_topology_all_lets_each_agent_see_the_other(server):
    def run(topology, first_colour, second_colour):
        graph = crossing_agents([0, 1], topology=topology)
        return latents(server, graph.change("picture_1", color=first_colour).change("picture_2", color=second_colour))

    for topology, sees in (("all", True), ("none", False)):
        before = run(topology, 0x000000, 0x000000)
        second_changed = run(topology, 0x000000, 0xFFFFFF)
        first_changed = run(topology, 0xFFFFFF, 0x000000)
        assert (not torch.equal(second_changed[0], before[0])) is sees
        assert (not torch.equal(first_changed[1], before[1])) is sees
        assert not torch.equal(second_changed[1], before[1])


@pytest.mark.parametrize("topology", ["all", "none"])
def test_fewer_agents_at_a_time_give_the_same_result(server, topology):
    all_at_once = latents(server, crossing_agents([0, 1, 2], topology=topology))
    for size in (1, 2):
        few = latents(server, crossing_agents([0, 1, 2], topology=topology, agents_at_a_time=size))
        torch.testing.assert_close(few, all_at_once, **ROUNDING)


def test_three_agents_run_on_the_checkpoint_of_two_and_see_each_other(server):
    graph = path(preset(loaders(), "pair"), "third", CROSSING_PATHS[2])
    graph = sampled(conditioned(combine(graph, "agents", ["pair", "third"]), [0, 1, 2]))
    result = latents(server, graph)
    assert result.shape == (3, 16, 5, 8, 12)
    assert result.isfinite().all()
    changed = latents(server, graph.change("picture_3", color=0))
    assert all(not torch.equal(changed[agent], result[agent]) for agent in range(3))


def test_agents_do_not_depend_on_the_order_in_which_a_graph_lists_their_pictures(server):
    graph = two_agents()
    expected = latents(server, graph)
    first = graph["conditioning"]["inputs"].pop("first_frames.agent0")
    graph["conditioning"]["inputs"]["first_frames.agent0"] = first
    assert torch.equal(latents(server, graph.change("sampler", agents_at_a_time=2)), expected)


def test_a_batch_of_pictures_counts_as_several_agents(server):
    expected = latents(server, two_agents())
    graph = two_agents().change("conditioning", **{"first_frames.agent0": ["both", 0], "first_frames.agent1": None})
    graph.add("both", "ImageBatch", image1=["picture_1", 0], image2=["picture_2", 0])
    assert torch.equal(latents(server, graph), expected)


def test_own_seeds_stand_in_for_those_of_the_first_agents(server):
    expected = latents(server, two_agents(seed=7))
    typed = two_agents(seed=6, own_seeds=["seeds", 0]).add("seeds", "PrimitiveString", value=" 7 , 8 ")
    assert torch.equal(latents(server, typed), expected)
    assert torch.equal(latents(server, two_agents(seed=7, own_seeds="7")), expected)
    assert not torch.equal(latents(server, two_agents(seed=8)), expected)


def test_seeds_go_on_from_the_largest_at_zero(server):
    expected = latents(server, two_agents(own_seeds=f"{2**64 - 1}, 0"))
    assert torch.equal(latents(server, two_agents(seed=2**64 - 1)), expected)


def test_two_worlds_in_one_batch_do_not_mix(server):
    graph = two_agents().change("sampler", latent=["twice", 0])
    graph.add("twice", "RepeatLatentBatch", samples=["conditioning", 2], amount=2)
    worlds = latents(server, graph)
    assert worlds.shape[0] == 4
    torch.testing.assert_close(worlds[:2], latents(server, two_agents()), **ROUNDING)
    torch.testing.assert_close(worlds[2:], latents(server, two_agents(seed=9)), **ROUNDING)


def test_guidance_against_an_equal_negative_changes_nothing(server):
    assert torch.equal(latents(server, two_agents(cfg=7.5)), latents(server, two_agents(cfg=1.0)))


@pytest.mark.oldest
def test_guidance_against_first_frames_and_raymaps_changes_the_pictures(server):
    results = {}
    for against in ("nothing", "no first frames", "no raymaps"):
        graph = two_agents(cfg=3.0).change("conditioning", guidance_against=against)
        results[against] = latents(server, graph)
        unguided = latents(server, graph.change("sampler", cfg=1.0))
        assert torch.equal(unguided, results["nothing"])
    assert not torch.allclose(results["no first frames"], results["nothing"], atol=0.01)
    assert not torch.allclose(results["no raymaps"], results["nothing"], atol=0.01)


def test_denoise_of_zero_leaves_the_latents_as_they_were(server):
    assert not latents(server, two_agents(denoise=0.0)).any()
