import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from shared_world.tests.unit.world.formats.random_worlds import worlds
from shared_world.world.dialects.cameractrl import agent_from_cameractrl, cameractrl_rows
from shared_world.world.dialects.cameras import camera_of

SIZE = (640, 480)


def row(rotation, translation, lens=(0.5, 0.9, 0.5, 0.5), original=(0, 0)):
    pose = np.column_stack([rotation, translation])
    return [0.0, *lens, *original, *pose.flatten()]


def preset(moves, frames=16):
    """Rows as AnimateDiff-Evolved makes them for a preset: no turn, a translation that grows to 1.5 times `moves`."""
    return [row(np.eye(3), 1.5 * frame / frames * np.array(moves)) for frame in range(frames)]


@pytest.mark.parametrize(
    ("moves", "axis", "sign"),
    [((1, 0, 0), 0, -1), ((-1, 0, 0), 0, 1), ((0, 1, 0), 1, -1), ((0, 0, -2), 2, 1), ((0, 0, 2), 2, -1)],
    ids=["Pan Left", "Pan Right", "Pan Up", "Zoom In", "Zoom Out"],
)
def test_presets_of_the_packs_that_make_these_rows_go_where_their_names_say(moves, axis, sign):
    agent = agent_from_cameractrl(preset(moves), "camera", SIZE)
    way = agent.poses[-1, :3, 3] - agent.poses[0, :3, 3]
    assert way.abs().argmax() == axis
    assert math.copysign(1, way[axis]) == sign


def test_comfyuis_own_presets_are_the_other_reading():
    # Zoom In of ComfyUI's Wan node has T = (0, 0, 2), camera-to-world.
    agent = agent_from_cameractrl(preset((0, 0, 2)), "camera", SIZE, "camera-to-world")
    assert agent.poses[-1, 2, 3] > 0


@settings(max_examples=15, deadline=None)
@given(worlds(centred=False), st.sampled_from(["world-to-camera", "camera-to-world"]))
def test_rows_read_back_give_the_same_camera(agents, direction):
    camera = camera_of(agents.members[-1], agents.members[-1].rig.view_names[-1])
    size = (camera.width, camera.height)
    read = camera_of(agent_from_cameractrl(cameractrl_rows(camera, direction), "read", size, direction))
    torch.testing.assert_close(read.poses, camera.poses, rtol=0, atol=1e-9)
    lens = camera.intrinsics.clone()
    torch.testing.assert_close(read.intrinsics, lens, rtol=1e-12, atol=1e-9)


def test_world_to_camera_maps_a_point_as_scipy_says():
    rng = np.random.default_rng(3)
    turn, place = Rotation.random(random_state=4), rng.normal(size=3)
    w2c = turn.inv().as_matrix()
    agent = agent_from_cameractrl([row(w2c, -w2c @ place)], "camera", SIZE)
    np.testing.assert_allclose(agent.poses[0, :3, 3], place, atol=1e-12)
    np.testing.assert_allclose(agent.poses[0, :3, :3], turn.as_matrix(), atol=1e-12)


@pytest.mark.parametrize(
    ("size", "original", "focal"),
    [
        ((1280, 720), (0, 0), (640, 648)),
        # The sides of a 16:9 picture are cut to 4:3, so it was 853.3 wide at this height.
        ((640, 480), (1280, 720), (0.5 * 480 * 16 / 9, 0.9 * 480)),
        # Of a square one top and bottom are cut.
        ((640, 360), (512, 512), (0.5 * 640, 0.9 * 640)),
    ],
)
def test_focal_length_is_of_the_picture_that_is_cut_out(size, original, focal):
    agent = agent_from_cameractrl([row(np.eye(3), np.zeros(3), original=original)], "camera", size)
    lens = agent.intrinsics()[0, 0]
    assert (lens[0, 0].item(), lens[1, 1].item()) == pytest.approx(focal)
    assert (lens[0, 2].item(), lens[1, 2].item()) == (size[0] / 2, size[1] / 2)


def test_rows_with_the_last_row_of_the_pose_are_read_too():
    short = row(np.eye(3), (1, 2, 3))
    agents = [agent_from_cameractrl([rows], "camera", SIZE) for rows in (short, [*short, 0, 0, 0, 1])]
    assert agents[0] == agents[1]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "the list is empty"),
        (None, "the list is empty or none"),
        ([[1.0] * 12], "row 0: expected 19 numbers (or 23, with the last row of the pose), given 12"),
        ([row(np.eye(3), (0, 0, 0)), [1.0]], "row 1: expected 19 numbers as in row 0, given 1"),
        ([row(np.eye(3), (0, math.nan, 0))], "row 0: number 15 is nan"),
        ([row(2 * np.eye(3), (0, 0, 0))], "agent 'camera', frame 0: the rotation is not orthonormal"),
        ([row(np.eye(3), (0, 0, 0), lens=(0.0, 1, 0.5, 0.5))], "focal lengths must be positive"),
    ],
)
def test_what_is_no_row_is_told(rows, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        agent_from_cameractrl(rows, "camera", SIZE)


def test_unknown_direction_is_refused():
    with pytest.raises(ValueError, match="must be one of world-to-camera, camera-to-world, given 'both'"):
        agent_from_cameractrl([row(np.eye(3), (0, 0, 0))], "camera", SIZE, "both")
