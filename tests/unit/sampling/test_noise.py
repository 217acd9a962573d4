import comfy.sample
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from shared_world.sampling.noise import SEEDS, agent_noise, agent_seeds

seeds = st.integers(0, SEEDS - 1)


@given(seed=seeds, agents=st.integers(1, 16), own=st.lists(seeds, max_size=20))
def test_every_agent_has_a_seed_that_does_not_depend_on_the_number_of_agents(seed, agents, own):
    chosen = agent_seeds(seed, agents, own)
    assert len(chosen) == agents
    assert all(0 <= value < SEEDS for value in chosen)
    assert agent_seeds(seed, agents + 1, own)[:agents] == chosen
    assert chosen[: len(own)] == own[:agents]


def test_seeds_go_on_from_zero_after_the_largest():
    assert agent_seeds(SEEDS - 1, 3) == [SEEDS - 1, 0, 1]


def test_views_with_equal_batch_index_share_a_seed():
    assert agent_seeds(5, 3, batch_index=[0, 0, 2]) == [5, 5, 7]
    assert agent_seeds(5, 3, own_seeds=[9], batch_index=[0, 0, 0]) == [9, 5, 5]


def test_batch_index_of_another_length_is_refused_with_both_lengths():
    with pytest.raises(ValueError, match="batch_index has 2 entries for 3 items"):
        agent_seeds(5, 3, batch_index=[0, 0])


@pytest.mark.parametrize("seed", [0, 7, SEEDS - 1])
def test_first_agent_has_the_noise_of_the_stock_sampler(seed):
    latents = torch.zeros(3, 16, 2, 4, 6)
    assert torch.equal(agent_noise(latents, agent_seeds(seed, 3))[0], comfy.sample.prepare_noise(latents, seed)[0])


def test_noise_of_an_agent_depends_on_its_own_seed_alone():
    latents = torch.zeros(3, 16, 2, 4, 6)
    noise = agent_noise(latents, [5, 6, 7])
    for agent, seed in enumerate([5, 6, 7]):
        assert torch.equal(agent_noise(latents[:1], [seed])[0], noise[agent])
    assert not torch.equal(noise[0], noise[1])
    assert torch.equal(*agent_noise(latents[:2], [5, 5]))


def test_noise_leaves_the_global_generator_alone():
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    agent_noise(torch.zeros(2, 16, 2, 4, 6), [0, 1])
    assert torch.equal(torch.rand(4), expected)
