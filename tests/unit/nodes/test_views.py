import pytest
import torch

from shared_world.nodes.views import view_labels
from shared_world.world.agents import Agent, Agents
from shared_world.world.rigs import four_view_rig
from shared_world.world.tiles import SINGLE_VIEW, TWO_BY_TWO


def agents(*names):
    poses = torch.eye(4, dtype=torch.float64).expand(5, 4, 4)
    return Agents(tuple(Agent(name, poses, four_view_rig(96, 64)) for name in names), 8.0)


@pytest.mark.parametrize(
    ("world", "expected"),
    [
        (None, ["agent 1", "agent 2", "agent 3"]),
        (agents("red", "blue"), ["red", "blue", "agent 3"]),
        (agents("red", "blue", "green", "black"), ["red", "blue", "green"]),
    ],
)
def test_every_latent_has_labels_however_many_agents_are_connected(world, expected):
    assert view_labels(SINGLE_VIEW, 3, world) == [[name] for name in expected]
    four = view_labels(TWO_BY_TWO, 3, world)
    assert four == [[f"{name} {view}" for view in ("front", "rear", "left", "right")] for name in expected]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("left, right", ["left", "right", "agent 3"]),
        ("", ["agent 1", "agent 2", "agent 3"]),
        ("a,b,c,d", ["a", "b", "c"]),
    ],
)
def test_typed_names_stand_in_where_no_agents_are_connected(typed, expected):
    assert view_labels(SINGLE_VIEW, 3, None, typed) == [[name] for name in expected]
    assert view_labels(SINGLE_VIEW, 2, agents("red", "blue"), typed) == [["red"], ["blue"]]
