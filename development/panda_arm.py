"""Forward and inverse kinematics of the Franka Panda arm, after the table of its maker's documentation.

Frames are z-up and in metres; angles are in radians.
"""

import math

import numpy as np
from scipy.optimize import least_squares

from ..world.actions.panda import JOINT_LIMITS, READY_POSE

JOINTS = len(JOINT_LIMITS)
RIGHT_ANGLE = math.pi / 2
LINKS = (
    (0.0, 0.333, 0.0),
    (0.0, 0.0, -RIGHT_ANGLE),
    (0.0, 0.316, RIGHT_ANGLE),
    (0.0825, 0.0, RIGHT_ANGLE),
    (-0.0825, 0.384, -RIGHT_ANGLE),
    (0.0, 0.0, RIGHT_ANGLE),
    (0.088, 0.0, RIGHT_ANGLE),
)
"""Craig's a, d and alpha of each joint."""
FLANGE = 0.107
"""From the last joint to the flange, along its axis."""
FINGERTIPS = FLANGE + 0.1034
"""From the last joint to between the fingertips."""
HAND_TURN = -math.pi / 4
"""The hand is mounted turned against the flange."""

STAY_NEAR = 0.02
"""How much a solution may be pulled towards the ready pose: the arm has one joint more than a hand needs."""


def joint_frames(joints: np.ndarray) -> np.ndarray:
    """Poses (8, 4, 4) of the base and of every joint's frame, relative to the base; joints are (7,)."""
    frames = [np.eye(4)]
    for (a, d, alpha), angle in zip(LINKS, joints, strict=True):
        cosine, sine, tilt_cosine, tilt_sine = math.cos(angle), math.sin(angle), math.cos(alpha), math.sin(alpha)
        step = np.array(
            [
                [cosine, -sine, 0.0, a],
                [sine * tilt_cosine, cosine * tilt_cosine, -tilt_sine, -d * tilt_sine],
                [sine * tilt_sine, cosine * tilt_sine, tilt_cosine, d * tilt_cosine],
                [0.0, 0.0, 0.0, 1.0],
            ]
        )
        frames.append(frames[-1] @ step)
    return np.stack(frames)


def hand_frame(joints: np.ndarray) -> np.ndarray:
    """Pose (4, 4) between the fingertips, relative to the base: the hand points along z, fingers move along y."""
    cosine, sine = math.cos(HAND_TURN), math.sin(HAND_TURN)
    mount = np.array(
        [[cosine, -sine, 0.0, 0.0], [sine, cosine, 0.0, 0.0], [0.0, 0.0, 1.0, FINGERTIPS], [0.0, 0.0, 0.0, 1.0]]
    )
    return joint_frames(joints)[-1] @ mount


def joints_that_reach(point: np.ndarray) -> np.ndarray:
    """Joints (7,) within their limits that bring the fingertips to a point (3,) of the base's frame, pointing down.

    Raises ValueError if the point is out of reach.
    """
    low, high = np.array(JOINT_LIMITS).T
    ready = np.array(READY_POSE)

    def errors(joints: np.ndarray) -> np.ndarray:
        hand = hand_frame(joints)
        turned = hand[:3, :3] - np.diag([1.0, -1.0, -1.0])
        return np.concatenate([10 * (hand[:3, 3] - point), turned.ravel(), STAY_NEAR * (joints - ready)])

    joints = least_squares(errors, ready, bounds=(low, high)).x
    miss = float(np.linalg.norm(hand_frame(joints)[:3, 3] - point))
    if miss > 0.01:
        raise ValueError(f"The arm misses {point.round(3).tolist()} by {miss:.3f} m.")
    return joints
