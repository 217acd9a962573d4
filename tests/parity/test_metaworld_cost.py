"""What alignment costs, counted from the shapes of the published sizes; nothing is computed."""

import comfy.ops
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from shared_world.models.batch import COUPLING_OPTIONS
from shared_world.models.metaworld.layout import WanLayout, expected_shapes
from shared_world.models.metaworld.options import MetaWorldOptions
from shared_world.models.metaworld.transformer import MetaWorldTransformer

LAYERS = 40
COUNTED = 2
"""Blocks are alike, so that few of them say what all cost."""

PAPER = {"frames": 21, "height": 60, "width": 104}
"""Latents of 81 frames of 480 x 832."""


def layout(layers):
    """Wan 2.1 14B."""
    return WanLayout(dim=5120, layers=layers, ffn_dim=13824, time_dim=256, text_dim=4096, channels=16)


def network(layers):
    wan = {"dim": 5120, "ffn_dim": 13824, "num_heads": 40, "num_layers": layers, "freq_dim": 256, "text_dim": 4096}
    meta = torch.device("meta")
    operations = comfy.ops.disable_weight_init
    return MetaWorldTransformer(
        layout(layers), MetaWorldOptions(), **wan, device=meta, dtype=torch.bfloat16, operations=operations
    )


def matrix_products(function, query, key, value, heads, *_, **__):
    """Attention as its two products, which is what counts."""
    query, key, value = (part.unflatten(2, (heads, -1)).transpose(1, 2) for part in (query, key, value))
    return ((query @ key.transpose(2, 3)) @ value).transpose(1, 2).flatten(2)


@pytest.fixture(scope="module")
def blocks():
    return network(COUNTED)


@pytest.fixture(scope="module")
def operations(blocks):
    """(agents, topology) -> floating-point operations of all 40 blocks with one identity frame, counted once each."""
    counted = {}

    def count(agents, topology, agents_at_a_time=0):
        if (agents, topology, agents_at_a_time) not in counted:
            counted[agents, topology, agents_at_a_time] = blocks_cost(blocks, agents, topology, agents_at_a_time)
        return counted[agents, topology, agents_at_a_time]

    return count


def blocks_cost(counted_network, agents, topology, agents_at_a_time):
    frames, height, width = PAPER.values()

    def latents(frames):
        return torch.empty(agents, 16, frames, height, width, dtype=torch.bfloat16, device="meta")

    options = {
        COUPLING_OPTIONS: {"topology": topology, "agents_at_a_time": agents_at_a_time},
        "optimized_attention_override": matrix_products,
    }
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        result = counted_network(
            latents(frames),
            torch.empty(agents, device="meta"),
            torch.empty(agents, 512, 4096, dtype=torch.bfloat16, device="meta"),
            time_dim_concat=latents(1),
            transformer_options=options,
            agents=agents,
        )
    assert result.shape == (agents, 16, frames, height, width)
    in_blocks = sum(
        sum(counter.flop_counts[f"MetaWorldTransformer.blocks.{index}"].values()) for index in range(COUNTED)
    )
    return in_blocks * LAYERS / COUNTED


def test_agents_alone_cost_what_the_formulas_say(operations):
    """Per block and token: 12 products of width with width, the feed-forward, two attentions; keys of the text."""
    dim, ffn, tokens, text = 5120, 13824, 22 * 30 * 52, 512
    block = 12 * tokens * dim**2 + 4 * text * dim**2 + 4 * tokens * dim * ffn
    block += 4 * tokens**2 * dim + 4 * tokens * text * dim
    assert operations(1, "none") == pytest.approx(LAYERS * block, rel=1e-3)
    assert operations(1, "ring") == operations(1, "none")


def test_alignment_costs_what_the_formula_says(operations):
    """Four products of width with width per token, and one attention per frame and source."""
    dim, frames, tokens = 5120, 21, 1560
    for agents, topology, sources in ((2, "ring", 1), (3, "all", 2)):
        extra = operations(agents, topology) - operations(agents, "none")
        alignment = 8 * frames * tokens * dim**2 + sources * 4 * frames * tokens**2 * dim
        assert extra == pytest.approx(LAYERS * agents * alignment, rel=1e-6)


def test_ring_is_linear_in_the_agents(operations):
    per_agent = [operations(agents, "ring") / agents for agents in (2, 3, 4)]
    assert per_agent == pytest.approx([per_agent[0]] * 3, rel=1e-9)
    assert operations(4, "all") > operations(4, "ring")


@pytest.mark.parametrize(("agents", "topology", "ratio"), [(2, "ring", 1.18), (4, "ring", 1.18), (4, "all", 1.22)])
def test_ratio_to_independent_agents_at_the_papers_size(operations, agents, topology, ratio):
    assert operations(agents, topology) / operations(agents, "none") == pytest.approx(ratio, abs=0.005)


@pytest.mark.parametrize("topology", ["ring", "all"])
@pytest.mark.parametrize("agents_at_a_time", [1, 3])
def test_groups_compute_nothing_twice(operations, topology, agents_at_a_time):
    assert operations(4, topology, agents_at_a_time) == operations(4, topology)


def test_size_of_the_published_network():
    """The condition branch and alignment as large as the release's and the paper's."""
    shapes = {name: tuple(tensor.shape) for name, tensor in network(LAYERS).state_dict().items()}
    assert shapes == expected_shapes(layout(LAYERS), MetaWorldOptions())

    def parameters(part):
        return sum(torch.Size(shape).numel() for name, shape in shapes.items() if part in name)

    assert parameters("cond_") == 32 * 4 * 5120 + 5120 + 3 * (5120**2 + 5120)
    assert parameters(".wsa.") == LAYERS * (4 * (5120**2 + 5120) + 2 * 5120)
    assert parameters(".wsa.") / 1e9 == pytest.approx(4.19, abs=0.01)
