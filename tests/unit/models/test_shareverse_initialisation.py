from dataclasses import replace

import pytest
import torch

from shared_world.models.shareverse.initialisation import initialise_from_scratch
from shared_world.models.shareverse.options import ShareVerseOptions
from shared_world.models.shareverse.transformer import Coupling, ShareVerseTransformer
from shared_world.tests.tiny_networks import TINIEST, random_inputs

TWO_AGENTS = Coupling(agents=2)
GRID = (2, 2, 3)


def from_scratch(seed=0, options=None, config=TINIEST):
    network = ShareVerseTransformer(config, options)
    initialise_from_scratch(network, torch.Generator().manual_seed(seed))
    return network


def test_untrained_network_predicts_zero_for_any_input():
    velocity = random_inputs(4, GRID, TINIEST).run(from_scratch(), TWO_AGENTS)
    assert velocity.shape == (4, TINIEST.out_channels, 2, 4, 6)
    assert not velocity.any()


def test_seed_decides_all_weights():
    first, same, other = from_scratch(1).state_dict(), from_scratch(1).state_dict(), from_scratch(2).state_dict()
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not torch.equal(
        first["transformer_blocks.0.attn1.to_q.weight"], other["transformer_blocks.0.attn1.to_q.weight"]
    )


@pytest.mark.parametrize("cross_agent", ["attention", "full_block", "none"])
def test_every_weight_is_reached_by_training(cross_agent):
    """A zero gate behind a zero projector would keep the cross-agent attention untrained for ever."""
    network = from_scratch(options=ShareVerseOptions(cross_agent=cross_agent))
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.01)
    inputs = random_inputs(4, GRID, TINIEST)
    target = torch.randn(4, TINIEST.out_channels, 2, 4, 6, generator=torch.Generator().manual_seed(3))
    unreached = {name for name, _ in network.named_parameters()}
    for _ in range(4):
        optimizer.zero_grad()
        velocity = network(inputs.latents, inputs.timesteps, inputs.text, raymaps=inputs.raymaps, coupling=TWO_AGENTS)
        (velocity - target).square().mean().backward()
        unreached -= {name for name, parameter in network.named_parameters() if parameter.grad.any()}
        optimizer.step()
    assert unreached == set()


def test_network_without_a_position_table_is_filled():
    network = from_scratch(config=replace(TINIEST, learned_grid=None))
    assert all(parameter.isfinite().all() for parameter in network.parameters())
