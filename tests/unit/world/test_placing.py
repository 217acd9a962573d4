import math

import numpy as np
import pytest
import torch
from pytransform3d.rotations import active_matrix_from_angle

from shared_world.world.agents import Agent, Agents
from shared_world.world.placing import place_agents
from shared_world.world.poses import heading, inverse
from shared_world.world.rigs import front_rig

STILL = Agents((Agent("a", torch.eye(4)[None], front_rig(64, 48)),), 8.0)


def test_directions_are_those_of_the_words():
    moved = place_agents(STILL, right=1.0, up=2.0, forward=3.0, turn=90.0)
    pose = moved.members[0].poses[0]
    assert pose[:3, 3].tolist() == [1.0, -2.0, 3.0]
    assert heading(pose).item() == pytest.approx(90.0)
    # y points down, so a turn to the right is a positive one about it.
    np.testing.assert_allclose(pose[:3, :3], active_matrix_from_angle(1, math.radians(90)), atol=1e-12)


def test_agents_keep_their_places_relative_to_each_other():
    first, second = torch.eye(4, dtype=torch.float64)[None], torch.eye(4, dtype=torch.float64)[None].clone()
    second[0, :3, 3] = torch.tensor([4.0, -1.0, 2.0])
    rig = front_rig(64, 48)
    agents = Agents((Agent("a", first, rig), Agent("b", second, rig)), 8.0)
    moved = place_agents(agents, right=-5.0, forward=2.0, turn=30.0)
    relative = inverse(moved.members[0].poses) @ moved.members[1].poses
    torch.testing.assert_close(relative, inverse(first) @ second)


def test_no_move_changes_nothing():
    assert place_agents(STILL) == STILL


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="give finite numbers"):
        place_agents(STILL, right=math.nan)
