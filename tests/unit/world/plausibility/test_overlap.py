import pytest
import torch

from shared_world.world.agents import Agent, Agents
from shared_world.world.plausibility.overlap import overlap_shares, seen_shares
from shared_world.world.poses import rigid, yaw_rotation
from shared_world.world.rigs import four_view_rig, front_rig


def standing(name, x, z, yaw, rig):
    return Agent(name, rigid(yaw_rotation(yaw), torch.tensor([x, 0.0, z], dtype=torch.float64))[None], rig)


def pair(x, z, yaw, rig=None):
    rig = rig or front_rig(64, 48)
    return Agents((standing("a", 0.0, 0.0, 0.0, rig), standing("b", x, z, yaw, rig)), 8.0)


def test_one_who_looks_away_is_seen_and_does_not_see():
    assert seen_shares(pair(0.0, 10.0, 0.0)).tolist() == [[0, 1], [0, 0]]
    assert seen_shares(pair(0.0, 10.0, 180.0)).tolist() == [[0, 1], [1, 0]]
    assert seen_shares(pair(0.0, 10.0, 0.0, four_view_rig(64, 48))).tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("x", "z", "yaw", "low", "high"),
    [(0.0, 0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 180.0, 0.0, 0.0), (4.0, 0.0, 0.0, 0.5, 0.95), (0.0, -100.0, 0.0, 0.0, 0.0)],
    ids=["same", "back to back", "side by side", "too far"],
)
def test_share_of_what_both_have_in_view(x, z, yaw, low, high):
    shares = overlap_shares(pair(x, z, yaw))
    assert shares.diagonal().tolist() == [1.0, 1.0]
    assert low <= shares[0, 1] <= high
    assert low <= shares[1, 0] <= high
