from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch
from pytransform3d.transformations import concat

from shared_world.world.agents import Agent, Agents, Body, combine_agents
from shared_world.world.poses import rigid, yaw_rotation
from shared_world.world.rigs import four_view_rig, front_rig

RIG = four_view_rig(64, 48, mount=(0.1, -1.5, 0.3))


def path(frames: int = 5, shift: float = 0.0) -> torch.Tensor:
    steps = torch.arange(frames, dtype=torch.float64)
    positions = torch.stack([steps + shift, 0.1 * steps, 2.0 * steps], dim=-1)
    return rigid(yaw_rotation(10.0 * steps), positions)


def world(*names: str, frames: int = 5, frame_rate: float = 8.0) -> Agents:
    return Agents(tuple(Agent(name, path(frames, shift=i), RIG) for i, name in enumerate(names)), frame_rate)


def test_extrinsics_chain_camera_to_agent_to_world():
    agent = Agent("red", path(), RIG)
    extrinsics = agent.extrinsics()
    assert extrinsics.shape == (5, 4, 4, 4)
    for frame in range(5):
        for view in range(4):
            expected = concat(RIG.view_to_agent[view].numpy(), agent.poses[frame].numpy())
            np.testing.assert_allclose(extrinsics[frame, view], expected, atol=1e-12)


def test_stacked_tensors_have_the_agents_first():
    agents = world("red", "blue", "green")
    assert agents.poses().shape == (3, 5, 4, 4)
    assert agents.extrinsics().shape == (3, 5, 4, 4, 4)
    assert agents.intrinsics().shape == (3, 5, 4, 3, 3)
    assert torch.equal(agents.extrinsics()[1], agents.members[1].extrinsics())
    assert (len(agents), agents.names, agents.frame_count) == (3, ("red", "blue", "green"), 5)


def test_a_zoom_replaces_the_intrinsics_of_the_rig():
    zoom = RIG.intrinsics.repeat(5, 1, 1, 1)
    zoom[3, :, 0, 0] *= 2.0
    agent = Agent("red", path(), RIG, frame_intrinsics=zoom)
    assert torch.equal(agent.intrinsics(), zoom)
    assert torch.equal(Agent("red", path(), RIG).intrinsics()[3], RIG.intrinsics)


def test_agents_cannot_be_changed_from_outside():
    poses = path()
    agent = Agent("red", poses, RIG)
    poses[0, 0, 3] = 99.0
    assert torch.equal(agent.poses, path())
    with pytest.raises(FrozenInstanceError):
        agent.name = "blue"


def test_poses_given_as_float32_lists_become_float64():
    agent = Agent("red", path().float(), RIG)
    assert agent.poses.dtype == torch.float64
    assert Agent("red", path().tolist(), RIG).poses.dtype == torch.float64


def test_equality_compares_all_fields():
    zoom = RIG.intrinsics.repeat(5, 1, 1, 1)
    agent = Agent("red", path(), RIG)
    assert agent == Agent("red", path(), RIG)
    assert agent != Agent("blue", path(), RIG)
    assert agent != Agent("red", path(shift=1.0), RIG)
    assert agent != Agent("red", path(), front_rig(64, 48))
    assert agent != Agent("red", path(), RIG, body=Body((1, 1, 1)))
    assert agent != Agent("red", path(), RIG, frame_intrinsics=zoom)
    assert Agent("red", path(), RIG, frame_intrinsics=zoom) == Agent("red", path(), RIG, frame_intrinsics=zoom.clone())
    assert agent != "red"
    assert world("red", "blue") == world("red", "blue")
    assert world("red", "blue") != world("blue", "red")
    assert world("red") != world("red", frame_rate=9.0)
    assert world("red") != "red"


@pytest.mark.parametrize("size", [(1, 0, 1), (1, -1, 1), (1, 1), (1, 1, float("nan")), (1, 1, float("inf"))])
def test_a_body_of_impossible_size_is_refused_with_the_size(size):
    with pytest.raises(ValueError, match=r"three positive sizes in metres, given \(1\.0, "):
        Body(size)


@pytest.mark.parametrize("centre", [(0, 0), (0, float("nan"), 0), (float("inf"), 0, 0)])
def test_a_body_with_an_impossible_centre_is_refused_with_the_centre(centre):
    with pytest.raises(ValueError, match=r"centre of three finite numbers, given \("):
        Body((1, 1, 1), centre)


def test_an_agent_without_a_name_or_frames_is_refused():
    with pytest.raises(ValueError, match="needs a name"):
        Agent("  ", path(), RIG)
    with pytest.raises(ValueError, match="agent 'red' has no frames"):
        Agent("red", path(0), RIG)


def test_a_broken_pose_is_refused_with_agent_frame_and_value():
    poses = path()
    poses[3, 2, 3] = float("nan")
    with pytest.raises(ValueError, match="agent 'red', frame 3: the pose holds nan"):
        Agent("red", poses, RIG)


def test_frame_intrinsics_of_another_shape_are_refused_with_both_shapes():
    with pytest.raises(ValueError, match=r"agent 'red': .* \(5, 4, 3, 3\) .* given \(4, 4, 3, 3\)"):
        Agent("red", path(), RIG, frame_intrinsics=RIG.intrinsics.repeat(4, 1, 1, 1))


@pytest.mark.parametrize(("value", "message"), [(float("nan"), "not finite"), (-3.0, "positive pixels, given -3")])
def test_broken_frame_intrinsics_are_refused_with_agent_frame_and_value(value, message):
    zoom = RIG.intrinsics.repeat(5, 1, 1, 1)
    zoom[2, 1, 1, 1] = value
    with pytest.raises(ValueError, match=f"agent 'red', frame 2: .*{message}"):
        Agent("red", path(), RIG, frame_intrinsics=zoom)


def test_a_world_without_agents_is_refused():
    with pytest.raises(ValueError, match="at least one agent"):
        Agents((), 8.0)


@pytest.mark.parametrize("frame_rate", [0.0, -8.0, float("nan"), float("inf")])
def test_an_impossible_frame_rate_is_refused_with_its_value(frame_rate):
    with pytest.raises(ValueError, match=f"positive frames per second, given {frame_rate}"):
        world("red", frame_rate=frame_rate)


def test_equal_names_are_refused():
    with pytest.raises(ValueError, match="different names, given red, blue, red"):
        world("red", "blue", "red")


def test_different_frame_counts_are_refused_with_both_agents_and_counts():
    members = (Agent("red", path(5), RIG), Agent("blue", path(6), RIG))
    with pytest.raises(ValueError, match="agent 'blue' has 6 frames, agent 'red' has 5; resample"):
        Agents(members, 8.0)


@pytest.mark.parametrize(
    ("rig", "message"),
    [
        (front_rig(64, 48), "agent 'blue' has views front, agent 'red' has front, rear, left, right"),
        (RIG.resized(128, 96), "agent 'blue' has pictures of 128x96, agent 'red' of 64x48"),
    ],
)
def test_cameras_that_do_not_stack_are_refused_with_both_agents(rig, message):
    agents = Agents((Agent("red", path(), RIG), Agent("blue", path(), rig)), 8.0)
    for stack in (agents.extrinsics, agents.intrinsics, agents.require_equal_rigs):
        with pytest.raises(ValueError, match=message):
            stack()


def test_a_new_rig_replaces_all_cameras_and_zooms():
    zoom = RIG.intrinsics.repeat(5, 1, 1, 1)
    agents = Agents((Agent("red", path(), RIG, Body((1, 1, 1)), zoom),), 8.0).with_rig(front_rig(32, 32))
    assert agents.members[0] == Agent("red", path(), front_rig(32, 32), Body((1, 1, 1)))


def test_selected_frames_keep_their_order_zoom_and_rate():
    zoom = RIG.intrinsics.repeat(5, 1, 1, 1)
    zoom[4] *= torch.tensor([2.0, 2.0, 1.0])[:, None]
    chosen = Agents((Agent("red", path(), RIG, frame_intrinsics=zoom),), 8.0).select_frames([4, 0])
    assert torch.equal(chosen.members[0].poses, path()[[4, 0]])
    assert torch.equal(chosen.members[0].intrinsics(), zoom[[4, 0]])
    assert chosen.frame_rate == 8.0


def test_combined_agents_keep_order_and_get_numbered_names():
    combined = combine_agents([world("red", "blue"), world("red"), world("red", "green")])
    assert combined.names == ("red", "blue", "red 2", "red 3", "green")
    assert torch.equal(combined.members[2].poses, path())


def test_a_numbered_name_that_is_taken_is_skipped():
    assert combine_agents([world("red", "red 2"), world("red")]).names == ("red", "red 2", "red 3")


def test_worlds_that_do_not_fit_are_not_combined():
    with pytest.raises(ValueError, match="Nothing to combine"):
        combine_agents([])
    with pytest.raises(ValueError, match="agents 1 run at 20 frames per second, agents 0 at 8"):
        combine_agents([world("red"), world("blue", frame_rate=20.0)])
    with pytest.raises(ValueError, match="agent 'blue' has 7 frames, agent 'red' has 5"):
        combine_agents([world("red"), world("blue", frames=7)])
