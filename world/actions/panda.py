"""Actions of Franka Panda arms: seven joint positions and a gripper per arm, as MultiWorld's robots network takes them.

Limits, order of steps and the camera's numbers are those of the data that MultiWorld (arXiv 2604.18564) was trained on.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .actions import Actions
from .layout import ActionLayout, Axis, Extra

JOINT_LIMITS = (
    (-2.8973, 2.8973),
    (-1.7628, 1.7628),
    (-2.8973, 2.8973),
    (-3.0718, -0.0698),
    (-2.8973, 2.8973),
    (-0.0175, 3.7525),
    (-2.8973, 2.8973),
)
"""Lowest and highest position of each joint, in radians."""

READY_POSE = (0.0, -math.pi / 4, 0.0, -3 * math.pi / 4, 0.0, math.pi / 2, math.pi / 4)
"""The pose in which the maker's software parks the arm, in radians."""

LAYOUT = ActionLayout(
    name="panda",
    title="Franka Panda arms",
    axes=(
        *(
            Axis(f"joint_{number}", "position of the joint in radians", low, high, idle, "linear", (f"j{number}",))
            for number, ((low, high), idle) in enumerate(zip(JOINT_LIMITS, READY_POSE, strict=True), start=1)
        ),
        Axis("gripper", "1 open, -1 closed", idle=1.0, between="hold"),
    ),
    groups=(("joints", tuple(f"joint_{number}" for number in range(1, 8))),),
    extras=(Extra("camera", "view", ("fx", "fy", "cx", "cy", *(f"extrinsic_{number}" for number in range(1, 13)))),),
    frame_rate=20.0,
)
"""Its frame rate is a guess, which no network uses: the published data do not state one."""

FRAMES_PER_TOKEN = 4
"""Video frames per action token, as per latent frame."""

AGENT_SLOTS = 4
"""Agents to which the network's batches are padded with zeros."""


@dataclass(frozen=True)
class PandaInputs:
    """What MultiWorld's robots network takes.

    Attributes:
        tokens: (max(agents, 4), latent frames, 8) float32, normalised; zero for agents that do not exist.
        agent_count: how many agents are real.
        cameras: (views, 16) float32, None where the actions hold no camera.
    """

    tokens: Tensor
    agent_count: int
    cameras: Tensor | None


def token_frames(frame_count: int) -> list[int]:
    """The video frames whose actions become tokens: every fourth from 0, and the last one if it is not among them."""
    frames = list(range(0, frame_count, FRAMES_PER_TOKEN))
    return frames if (frame_count - 1) % FRAMES_PER_TOKEN == 0 else [*frames, frame_count - 1]


def normalised_joints(joints: Tensor) -> Tensor:
    """(..., 8) joint positions in radians and gripper to -1..1 over their limits, without clipping; float64."""
    low = torch.tensor([axis.low for axis in LAYOUT.axes], dtype=torch.float64, device=joints.device)
    high = torch.tensor([axis.high for axis in LAYOUT.axes], dtype=torch.float64, device=joints.device)
    return 2.0 * (joints.double() - low) / (high - low) - 1.0


def camera_vectors(cameras: Tensor) -> Tensor:
    """(views, 16) float32 of (views, 16) fx, fy, cx, cy in pixels and twelve extrinsic numbers.

    The first four become fx/cx, fy/cy, fx/cx, fy/cy, the others stay as they are.

    Raises ValueError if a view's cx or cy is zero.
    """
    cameras = cameras.double()
    focal, centre = cameras[:, :2], cameras[:, 2:4]
    if (centre == 0).any():
        view, side = (centre == 0).nonzero()[0].tolist()
        raise ValueError(
            f"camera of view {view}: {'cx' if side == 0 else 'cy'} is 0, expected the middle of the picture in pixels."
        )
    ratios = focal / centre
    return torch.cat([ratios, ratios, cameras[:, 4:]], dim=-1).float()


def panda_inputs(actions: Actions) -> PandaInputs:
    """Tokens, their agent count and cameras of actions at video rate, 21 tokens for 81 frames.

    Raises ValueError if the actions are of another layout.
    """
    actions.require_layout(LAYOUT, "MultiWorld's robots network")
    joints = actions.continuous[:, token_frames(actions.frame_count)]
    tokens = normalised_joints(joints).float()
    missing = max(0, AGENT_SLOTS - len(actions))
    camera = actions.extras.get("camera")
    return PandaInputs(
        tokens=torch.cat([tokens, tokens.new_zeros(missing, *tokens.shape[1:])]),
        agent_count=len(actions),
        cameras=None if camera is None else camera_vectors(camera),
    )
