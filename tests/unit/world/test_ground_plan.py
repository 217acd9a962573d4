import json
import math

import numpy as np
import pytest
import torch

from shared_world.world.agents import Agent, Agents, Body
from shared_world.world.encounters import encounter
from shared_world.world.ground_plan import describe_ground_plan, view_bearings
from shared_world.world.paths import upright_poses
from shared_world.world.rigs import rig_from_yaws


def looking(heading: float, rig, body: Body | None = None) -> Agent:
    return Agent("car", upright_poses(torch.tensor([[3.0, 0.0, 5.0]]), heading), rig, body)


def test_bearings_are_where_the_edges_of_the_picture_look():
    agents = encounter("left_turn_meeting", frames=9)
    for agent in agents.members:
        found = view_bearings(agent)
        assert found.shape == (9, 4, 2)
        cameras, lenses = agent.extrinsics().numpy(), agent.intrinsics().numpy()
        for frame, view, edge in np.ndindex(9, 4, 2):
            pixel = np.array([edge * agent.rig.width, lenses[frame, view, 1, 2], 1.0])
            ray = cameras[frame, view, :3, :3] @ np.linalg.solve(lenses[frame, view], pixel)
            difference = found[frame, view, edge].item() - math.atan2(ray[0], ray[2])
            assert math.remainder(difference, math.tau) == pytest.approx(0.0, abs=1e-9)
        assert (found[..., 1] - found[..., 0]).numpy() == pytest.approx(math.pi / 2)


def test_a_wedge_opens_to_the_right_of_its_left_edge_across_the_back():
    agent = looking(180.0, rig_from_yaws({"front": 0.0}, 64, 48, 100.0))
    left, right = view_bearings(agent)[0, 0].tolist()
    assert right - left == pytest.approx(math.radians(100.0))


def test_a_camera_that_looks_up_has_no_wedge():
    agent = looking(0.0, rig_from_yaws({"front": 0.0, "up": 0.0}, 64, 48, pitch=[0.0, 90.0]))
    plan = describe_ground_plan(Agents((agent,), 8.0))
    front, up = plan["agents"][0]["views"]
    assert up == {"name": "up", "wedges": [None]}
    assert front["wedges"][0] is not None


def test_the_plan_says_where_agents_are_and_where_they_look():
    agent = looking(90.0, rig_from_yaws({"front": 0.0}, 64, 48, 90.0, (0.0, -1.0, 2.0)), Body((2, 1, 4), (0, 0, 0.5)))
    plan = describe_ground_plan(Agents((agent,), 12.5))
    (car,) = plan["agents"]
    assert car["name"] == "car"
    assert car["body"] == [2.0, 4.0, 0.0, 0.5]
    assert car["track"][0] == pytest.approx([3.0, 5.0, math.pi / 2], abs=1e-4)
    assert car["views"][0]["wedges"][0] == pytest.approx([5.0, 5.0, math.pi / 4, 3 * math.pi / 4], abs=1e-4)
    assert plan["frame_rate"] == 12.5
    assert plan["low"][0] < 3.0 < plan["high"][0]
    assert json.loads(json.dumps(plan, allow_nan=False)) == plan
