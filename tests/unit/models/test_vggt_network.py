import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from shared_world.development.tiny_checkpoints import random_weights
from shared_world.models.kernels import torch_rotate
from shared_world.models.layers import Layers
from shared_world.models.vggt.config import AggregatorConfig
from shared_world.models.vggt.dinov2 import DINOv2
from shared_world.models.vggt.global_state import GlobalStateNetwork
from shared_world.models.vggt.rotary import neighbouring_pairs, rotary_table

TINY = AggregatorConfig(layers=2, patch_layers=1, dim=16, head_dim=8, hidden=24, learned_side=3, registers=2)


@pytest.fixture(scope="module")
def network():
    network = GlobalStateNetwork(TINY)
    network.load_state_dict(random_weights(network, seed=0))
    return network.eval().requires_grad_(False)


def pictures(views, rows=4, columns=4, worlds=1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(worlds, views, 3, 14 * rows, 14 * columns, generator=generator)


def rotated_by_hand(vector, row, column):
    """One head's features after VGGT's rotation: in each half, feature i turns with feature i + n towards it."""
    pairs = len(vector) // 4
    turned = list(vector)
    for half, place in enumerate((row, column)):
        for index in range(pairs):
            angle = place * 100.0 ** (-index / pairs)
            first, second = 2 * half * pairs + index, 2 * half * pairs + index + pairs
            turned[first] = vector[first] * math.cos(angle) - vector[second] * math.sin(angle)
            turned[second] = vector[second] * math.cos(angle) + vector[first] * math.sin(angle)
    return turned


def test_attention_sees_rows_and_columns_as_in_vggt():
    special, rows, columns, head_dim = 2, 3, 2, 16
    places = [(0, 0)] * special + [(row, column) for row in (1, 2, 3) for column in (1, 2)]
    query, key = torch.randn(2, len(places), head_dim, generator=torch.Generator().manual_seed(0))
    table = rotary_table(special, rows, columns, head_dim)
    given = torch_rotate(neighbouring_pairs(query), table) @ torch_rotate(neighbouring_pairs(key), table).T
    expected = torch.tensor(
        [
            [
                np.dot(rotated_by_hand(one, *here), rotated_by_hand(other, *there))
                for other, there in zip(key.double().tolist(), places, strict=True)
            ]
            for one, here in zip(query.double().tolist(), places, strict=True)
        ]
    )
    torch.testing.assert_close(given.double(), expected.double(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("views", [1, 2, 3, 5])
def test_state_has_one_size_for_any_number_of_views(network, views):
    state = network(pictures(views))
    assert state.shape == (1, 1 + 2 + 16, 32)
    assert state.std() > 0.1


def test_state_is_the_mean_over_views_and_layers(network):
    given = pictures(3)
    outputs = [torch.cat(pair, dim=-1) for pair in network.aggregator.layer_outputs(given)]
    assert [output.shape for output in outputs] == [(1, 3, 19, 32)] * 2
    torch.testing.assert_close(network(given), torch.stack(outputs).mean(dim=(0, 2)), atol=1e-5, rtol=1e-5)


def test_only_the_first_view_is_told_from_the_others(network):
    given = pictures(3)
    state = network(given)
    torch.testing.assert_close(network(given[:, [0, 2, 1]]), state, atol=1e-5, rtol=1e-5)
    assert (network(given[:, [1, 0, 2]]) - state).abs().max() > 1e-3


def test_every_view_counts(network):
    given = pictures(3)
    state = network(given)
    for view in range(3):
        changed = given.clone()
        changed[:, view] = 1 - changed[:, view]
        assert (network(changed) - state).abs().max() > 1e-3


def test_worlds_of_a_batch_know_nothing_of_each_other(network):
    given = pictures(2, worlds=3)
    alone = torch.cat([network(world[None]) for world in given])
    torch.testing.assert_close(network(given), alone, atol=1e-5, rtol=1e-5)


def test_learned_positions_are_used_as_they_are_at_their_own_size():
    embedding = DINOv2(TINY, Layers())
    torch.nn.init.normal_(embedding.pos_embed)
    given = embedding.patch_positions(3, 3, torch.device("cpu"))
    assert torch.equal(given, embedding.pos_embed[:, 1:])


def test_learned_positions_keep_rows_and_columns_apart_when_resized():
    embedding = DINOv2(replace(TINY, learned_side=6), Layers())
    side = torch.arange(6.0)
    with torch.no_grad():
        learned = embedding.pos_embed[0, 1:].unflatten(0, (6, 6))
        learned[..., 0] = side[:, None]
        learned[..., 1] = side
    rows, columns = embedding.patch_positions(4, 5, torch.device("cpu"))[0, :, :2].unflatten(0, (4, 5)).unbind(-1)
    torch.testing.assert_close(rows, rows[:, :1].expand(4, 5))
    torch.testing.assert_close(columns, columns[:1].expand(4, 5))
    assert (rows[:, 0].diff() > 1).all()
    assert (columns[0].diff() > 0.5).all()
    assert rows.mean().item() == pytest.approx(2.5, abs=1e-4)


def test_published_sizes_make_the_published_number_of_parameters():
    """VGGT-1B's aggregator has 909112320 in 1210 tensors, with the 1024 of DINOv2's mask token, which is not used."""
    network = GlobalStateNetwork(AggregatorConfig(), Layers(device=torch.device("meta")))
    tensors = network.state_dict()
    assert len(tensors) == 1210 - 1
    assert sum(tensor.numel() for tensor in tensors.values()) == 909_112_320 - 1024
    assert network(torch.empty(1, 2, 3, 224, 224, device="meta")).shape == (1, 261, 2048)
