import math

import pytest
import torch

from shared_world.world.scene import AgentGaussian, PointCloud, Scene


def gaussian(name="red", frames=3, **changes):
    values = {"means": torch.zeros(frames, 3), "covariances": torch.eye(3).repeat(frames, 1, 1), **changes}
    return AgentGaussian(name, **values)


CLOUD = PointCloud(torch.zeros(2, 3), torch.full((2, 3), 0.5))


def with_entry(tensor, index, value):
    changed = tensor.clone()
    changed[index] = value
    return changed


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"means": with_entry(torch.zeros(3, 3), (2, 1), math.nan)}, "agent 'red', frame 2: .* not finite"),
        ({"covariances": with_entry(torch.eye(3).repeat(3, 1, 1), (1, 0, 1), 0.5)}, "frame 1: .* symmetric"),
        ({"covariances": with_entry(torch.eye(3).repeat(3, 1, 1), (1, 0, 0), 0.0)}, "frame 1: .* positive definite"),
        ({"covariances": with_entry(torch.eye(3).repeat(3, 1, 1), (2, 1, 1), 1e-18)}, "frame 2: .* positive definite"),
        ({"covariances": torch.zeros(3, 3, 3)}, "frame 0: .* positive definite"),
        ({"covariances": -torch.eye(3).repeat(3, 1, 1)}, "frame 0: .* positive definite"),
        ({"covariances": torch.eye(3).repeat(2, 1, 1)}, r"agent 'red': expected means \(frames, 3\)"),
        ({"means": torch.zeros(0, 3), "covariances": torch.zeros(0, 3, 3)}, "at least one frame"),
        ({"colour": (0.0, 0.0, 2.0)}, "marker colour"),
    ],
)
def test_wrong_gaussians_are_refused_by_agent_and_frame(changes, message):
    with pytest.raises(ValueError, match=message):
        gaussian(**changes)


def test_agents_of_different_lengths_are_refused_by_name():
    with pytest.raises(ValueError, match="agent 'blue' has 4 frames, agent 'red' has 3"):
        Scene(CLOUD, (gaussian("red"), gaussian("blue", 4)))
    with pytest.raises(ValueError, match="different names"):
        Scene(CLOUD, (gaussian("red"), gaussian("red")))


def test_empty_or_broken_clouds_are_refused():
    with pytest.raises(ValueError, match="is empty"):
        PointCloud(torch.zeros(0, 3), torch.zeros(0, 3))
    with pytest.raises(ValueError, match="point 1 of 2: the points hold"):
        PointCloud(torch.tensor([[0, 0, 0], [0, math.inf, 0]]), torch.zeros(2, 3))
    with pytest.raises(ValueError, match="shape"):
        PointCloud(torch.zeros(2, 3), torch.zeros(3, 3))


def test_later_changes_of_the_inputs_do_not_reach_the_scene():
    points, means = torch.zeros(2, 3), torch.zeros(3, 3)
    scene = Scene(PointCloud(points, torch.zeros(2, 3)), (gaussian(means=means),))
    points += 1.0
    means += 1.0
    assert (scene.background.points == 0.0).all()
    assert (scene.agents[0].means == 0.0).all()


def test_an_agent_is_left_out_of_its_own_view():
    scene = Scene(CLOUD, (gaussian("red"), gaussian("blue")))
    assert scene.without("red").names == ("blue",)
    assert scene.without("nobody") == scene
    assert scene.frame_count == 3
    assert Scene(CLOUD).frame_count is None
