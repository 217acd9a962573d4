"""Agents' rotation and mixing against direct evaluation in float64."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from shared_world.models.layers import Layers
from shared_world.models.multiworld.agent_mixing import HEADS, AgentPooling
from shared_world.models.multiworld.identity import identity_base_from_tables, rotate_by_agent

DIM = 16


def rotated(features, base):
    """One number after the other."""
    result = features.clone()
    worlds, agents, frames, dim = features.shape
    for world in range(worlds):
        for agent in range(agents):
            for frame in range(frames):
                for pair in range(dim // 2):
                    angle = agent * base ** (-2 * pair / dim)
                    x, y = features[world, agent, frame, 2 * pair : 2 * pair + 2].tolist()
                    result[world, agent, frame, 2 * pair] = x * math.cos(angle) - y * math.sin(angle)
                    result[world, agent, frame, 2 * pair + 1] = x * math.sin(angle) + y * math.cos(angle)
    return result


def mixed(pooling, features):
    """Attention among the agents of a frame, and the sum of their results, frame by frame and head by head."""
    attention, size = pooling.agent_attn, DIM // HEADS
    turned = rotated(features, attention.identity_base)
    result = torch.zeros(features.shape[0], features.shape[2], DIM, dtype=torch.float64)
    for world in range(features.shape[0]):
        for frame in range(features.shape[2]):
            projected = turned[world, :, frame] @ attention.qkv.weight.T + attention.qkv.bias
            query, key, value = projected.split(DIM, dim=1)
            attended = torch.zeros_like(query)
            for head in range(HEADS):
                part = slice(head * size, (head + 1) * size)
                scores = query[:, part] @ key[:, part].T / size**0.5
                attended[:, part] = scores.softmax(dim=1) @ value[:, part]
            attended = attended @ attention.out_proj.weight.T + attention.out_proj.bias
            weights = torch.ones(len(attended), 1, dtype=torch.float64)
            if pooling.weight_proj is not None:
                weights = pooling.weight_proj(attended).softmax(dim=0)
            result[world, frame] = (weights * attended).sum(dim=0)
    return result


def random_features(agents, seed=0, worlds=2, frames=3):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(worlds, agents, frames, DIM, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("agents", [1, 2, 9, 12])
@pytest.mark.parametrize("base", [2.0, 20.0])
def test_rotation(agents, base):
    features = random_features(agents)
    torch.testing.assert_close(rotate_by_agent(features, base), rotated(features, base), rtol=0, atol=1e-12)


def test_first_agent_is_left_alone_and_others_keep_their_length():
    features = random_features(5)
    turned = rotate_by_agent(features, 20.0)
    assert torch.equal(turned[:, 0], features[:, 0])
    torch.testing.assert_close(turned.norm(dim=-1), features.norm(dim=-1))
    assert (turned[:, 1:] - features[:, 1:]).abs().min(dim=-1).values.max() > 0


def test_tables_are_rounded_to_the_precision_of_the_features():
    ones = torch.ones(1, 2, 1, DIM)
    assert rotate_by_agent(ones.bfloat16(), 2.0).dtype == torch.bfloat16
    cosine, sine = (torch.tensor(value).bfloat16() for value in (math.cos(1), math.sin(1)))
    assert rotate_by_agent(ones.bfloat16(), 2.0)[0, 1, 0, 0] == cosine - sine


@pytest.mark.parametrize("agents", [1, 2, 4, 9])
@pytest.mark.parametrize("weighting_dim", [0, 4])
@pytest.mark.parametrize("base", [2.0, 20.0])
def test_mixing(agents, weighting_dim, base):
    torch.manual_seed(0)
    pooling = AgentPooling(DIM, weighting_dim, base, Layers(dtype=torch.float64))
    features = random_features(agents)
    with torch.no_grad():
        torch.testing.assert_close(pooling(features), mixed(pooling, features), rtol=0, atol=1e-12)


@given(base=st.floats(1.5, 100), agents=st.integers(2, 8), dtype=st.sampled_from([torch.float32, torch.bfloat16]))
def test_base_is_read_back_from_tables(base, agents, dtype):
    angles = torch.arange(agents, dtype=torch.float64)[:, None] * base ** (-torch.arange(64, dtype=torch.float64) / 64)
    found = identity_base_from_tables(angles.cos().to(dtype), angles.sin().to(dtype))
    assert found == pytest.approx(base, rel=0.03 if dtype == torch.bfloat16 else 3e-4)


@pytest.mark.parametrize("base", [2, 20])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_published_bases_are_read_back_exactly(base, dtype):
    angles = torch.arange(8, dtype=torch.float64)[:, None] * float(base) ** (-torch.arange(1536) / 1536)
    assert identity_base_from_tables(angles.cos().to(dtype), angles.sin().to(dtype)) == base
