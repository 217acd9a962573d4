import numpy as np
import pytest
import torch

from shared_world.world.drawing import Drawing, DrawnAgent
from shared_world.world.encounters import CAMERA_HEIGHT
from shared_world.world.paths import Waypoint
from shared_world.world.poses import heading

DRIVING = (Waypoint(1, (0, 0, 0)), Waypoint(3, (8, 0, 0)))


def test_all_agents_share_one_clock_and_wait_for_their_first_waypoint():
    agents = Drawing((DrawnAgent("early", (Waypoint(0, (0, 0, 5)),)), DrawnAgent("late", DRIVING))).at_frames(7, 2.0)
    assert agents.frame_rate == 2.0
    ahead = agents.members[1].poses[:, 0, 3]
    assert ahead[:3].tolist() == [0.0, 0.0, 0.0]
    assert (ahead[3:] > ahead[2:-1]).all()
    assert ahead[-1] == pytest.approx(8.0)
    np.testing.assert_allclose(heading(agents.members[1].poses), 90.0)


def test_agents_without_a_rig_have_the_four_views_of_a_car():
    agent = Drawing((DrawnAgent("car", DRIVING),)).at_frames(3, 1.0).members[0]
    assert agent.rig.view_names == ("front", "rear", "left", "right")
    assert torch.allclose(agent.extrinsics()[0, :, 1, 3], torch.tensor(-CAMERA_HEIGHT, dtype=torch.float64))


def test_empty_drawing_says_what_to_do():
    with pytest.raises(ValueError, match="The drawing is empty; add an agent, or connect agents"):
        Drawing().at_frames(17, 8.0)


def test_waypoints_that_make_no_path_are_refused_with_the_agent():
    drawing = Drawing((DrawnAgent("car", (Waypoint(2, (0, 0, 0)), Waypoint(1, (1, 0, 0)))),))
    with pytest.raises(ValueError, match="agent 'car': Waypoint 3 at 1 s must come after waypoint 2 at 2 s"):
        drawing.at_frames(17, 8.0)


def test_two_agents_of_one_name_are_refused():
    with pytest.raises(ValueError, match="Agents must have different names"):
        Drawing((DrawnAgent("car", DRIVING), DrawnAgent("car", DRIVING))).at_frames(3, 1.0)
