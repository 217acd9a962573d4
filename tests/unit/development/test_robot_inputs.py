"""What the robots example loads: joints, cameras and pictures belong together."""

import numpy as np
import pytest
import torch
from PIL import Image

from shared_world.development.example_inputs import EXAMPLE_INPUTS
from shared_world.development.make_robot_inputs import (
    BLOCK,
    BLOCKS,
    CAMERAS,
    GRIP,
    HEIGHT,
    PLACES,
    WIDTH,
    base_pose,
    recording,
)
from shared_world.development.panda_arm import FINGERTIPS, FLANGE, hand_frame, joints_that_reach
from shared_world.development.robot_table import ball, box, cylinder
from shared_world.world.actions.panda import JOINT_LIMITS
from shared_world.world.actions.panda_recording import read_cameras, read_panda_recording

FASTEST = 2.175
"""Radians per second, the slowest joint's limit by the arm's maker."""
GRIPPED, RELEASED = 34, 75


@pytest.fixture(scope="module")
def actions():
    return read_panda_recording(EXAMPLE_INPUTS / "robots_joints.npy")


def fingertips(actions, arm, frame):
    joints = actions.continuous[arm, frame, :7].numpy()
    return (base_pose(arm) @ hand_frame(joints))[:3, 3]


class TestRecording:
    def test_it_is_what_the_command_makes(self, actions):
        np.testing.assert_allclose(actions.continuous.numpy(), recording(), atol=1e-3)

    def test_joints_stay_within_the_arms_limits(self, actions):
        assert tuple(actions.continuous.shape) == (2, 81, 8)
        joints = actions.continuous[..., :7]
        low, high = torch.tensor(JOINT_LIMITS).T
        assert ((joints >= low) & (joints <= high)).all()
        assert joints.diff(dim=1).abs().max() * actions.frame_rate < FASTEST

    @pytest.mark.parametrize("arm", [0, 1])
    def test_arm_grips_its_block_and_releases_it_in_its_place(self, actions, arm):
        assert actions.continuous[arm, GRIPPED, 7] == -1
        assert actions.continuous[arm, RELEASED, 7] == 1
        for frame, place in ((GRIPPED, list(BLOCKS)[arm]), (RELEASED, PLACES[arm])):
            np.testing.assert_allclose(fingertips(actions, arm, frame), [*place, GRIP], atol=0.01)


class TestPictures:
    @pytest.mark.parametrize("name", CAMERAS)
    def test_cameras_see_the_blocks_where_their_numbers_say(self, name):
        picture = np.asarray(Image.open(EXAMPLE_INPUTS / f"robots_{name}.png").convert("RGB"), dtype=float)
        assert picture.shape == (HEIGHT, WIDTH, 3)
        ((fx, fy, cx, cy, *extrinsics),) = read_cameras([EXAMPLE_INPUTS / f"robots_{name}.npy"]).tolist()
        for (x, y), colour in BLOCKS.items():
            right, down, forward = np.array(extrinsics).reshape(3, 4) @ [x, y, BLOCK / 2, 1.0]
            seen = picture[int(cy + fy * down / forward), int(cx + fx * right / forward)]
            expected = np.array(colour) / np.linalg.norm(colour)
            assert seen @ expected / np.linalg.norm(seen) > 0.95, f"block at {x}, {y}"

    def test_each_camera_sees_both_arms_white_links(self):
        for name in CAMERAS:
            picture = np.asarray(Image.open(EXAMPLE_INPUTS / f"robots_{name}.png").convert("RGB"), dtype=float)
            white = (picture.min(-1) > 175) & (np.ptp(picture, axis=-1) < 12)
            assert white[:, : WIDTH // 2].any()
            assert white[:, WIDTH // 2 :].any()


class TestArm:
    def test_flange_of_the_stretched_arm_is_where_its_maker_says(self):
        hand = hand_frame(np.zeros(7))
        flange = hand[:3, 3] - (FINGERTIPS - FLANGE) * hand[:3, 2]
        np.testing.assert_allclose(flange, [0.088, 0.0, 0.926], atol=1e-9)
        np.testing.assert_allclose(hand[:3, 2], [0.0, 0.0, -1.0], atol=1e-9)

    def test_a_place_out_of_reach_is_refused(self):
        with pytest.raises(ValueError, match=r"misses \[2.0, 0.0, 0.1\]"):
            joints_that_reach(np.array([2.0, 0.0, 0.1]))


class TestSolids:
    @pytest.mark.parametrize(
        ("solid", "depth", "normal"),
        [
            (ball((0, 0, 1), 0.5, (1, 1, 1)), 3.5, (0, 0, 1)),
            (box((0, 0, 1), (2, 2, 1), (1, 1, 1), turn=0.3), 3.5, (0, 0, 1)),
            (cylinder(np.array([0.0, -1.0, 1.0]), np.array([0.0, 1.0, 1.0]), 0.25, (1, 1, 1)), 3.75, (0, 0, 1)),
            (cylinder(np.array([0.0, 0.0, -1.0]), np.array([0.0, 0.0, 2.0]), 0.25, (1, 1, 1)), 3.0, (0, 0, 1)),
        ],
        ids=["ball", "box", "lying", "standing"],
    )
    def test_a_ray_from_above_meets_the_top(self, solid, depth, normal):
        origins, down = torch.tensor([[0.0, 0.0, 5.0], [9.0, 0.0, 5.0]]), torch.tensor([[1e-5, 1e-5, -1.0]] * 2)
        found = solid.depth(origins, down)
        torch.testing.assert_close(found, torch.tensor([depth, torch.inf]), atol=1e-4, rtol=0.0)
        torch.testing.assert_close(
            solid.normals(origins[:1] + found[0] * down[:1]), torch.tensor([normal]).float(), atol=1e-3, rtol=0.0
        )
