import logging

import numpy as np
import pytest
import torch

from shared_world.world.agents import Agent, Agents
from shared_world.world.drawing import drawing_from_agents, drawing_text, read_drawing
from shared_world.world.encounters import CAR, ENCOUNTERS, car_rig, encounter
from shared_world.world.paths import upright_poses
from shared_world.world.poses import heading, pitch_rotation, rigid
from shared_world.world.rigs import front_rig


def worst(agents: Agents, drawn: Agents) -> tuple[float, float]:
    """Largest distance in metres and largest angle in degrees between two sets of paths."""
    first, second = agents.poses(), drawn.poses()
    metres = torch.linalg.vector_norm(first[..., :3, 3] - second[..., :3, 3], dim=-1).max()
    degrees = ((heading(first) - heading(second) + 180.0) % 360.0 - 180.0).abs().max()
    return metres.item(), degrees.item()


@pytest.mark.parametrize("preset", ENCOUNTERS)
def test_drawing_of_an_encounter_follows_it_with_few_waypoints(preset):
    agents = encounter(preset, seed=3)
    drawing = read_drawing(drawing_text(drawing_from_agents(agents, metres=0.1, degrees=2.0)))
    metres, degrees = worst(agents, drawing.at_frames(agents.frame_count, agents.frame_rate))
    assert metres <= 0.1
    assert degrees <= 2.0
    assert all(len(agent.waypoints) <= 14 for agent in drawing.agents)
    assert [(agent.body, agent.rig) for agent in drawing.agents] == [(CAR, None)] * 2


def test_agent_that_looks_elsewhere_than_it_goes_gets_yaws():
    frames = torch.arange(33, dtype=torch.float64)
    positions = torch.stack([torch.sin(frames / 6.0) * 5.0, torch.zeros(33), frames * 0.4], dim=-1)
    agents = Agents((Agent("walker", upright_poses(positions, 4.0 * frames - 60.0), front_rig(64, 64)),), 8.0)
    drawing = drawing_from_agents(agents)
    metres, degrees = worst(agents, drawing.at_frames(33, 8.0))
    assert metres <= 0.1
    assert degrees <= 2.0
    assert drawing.agents[0].rig == front_rig(64, 64)


def test_standing_agent_is_one_waypoint():
    poses = upright_poses(torch.tensor([[1.0, 0.0, 2.0]]).expand(9, 3), 40.0)
    drawing = drawing_from_agents(Agents((Agent("still", poses, car_rig()),), 8.0))
    (waypoint,) = drawing.agents[0].waypoints
    assert waypoint.position == (1.0, 0.0, 2.0)
    assert waypoint.yaw == pytest.approx(40.0)


def test_tilt_and_zoom_are_left_out_and_logged(caplog):
    rotation = pitch_rotation(torch.tensor([0.0, 20.0]))
    poses = rigid(rotation, torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 3.0]], dtype=torch.float64))
    rig = front_rig(64, 64)
    agent = Agent("drone", poses, rig, frame_intrinsics=rig.intrinsics.expand(2, 1, 3, 3))
    with caplog.at_level(logging.WARNING):
        drawing = drawing_from_agents(Agents((agent,), 8.0))
    np.testing.assert_allclose(drawing.at_frames(2, 8.0).members[0].poses[1, 1, 1], 1.0)
    assert "tilted by 20 degrees at frame 1" in caplog.text
    assert "zooms" in caplog.text
