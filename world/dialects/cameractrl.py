"""CAMERACTRL_POSES: a list with one row of numbers per frame, after RealEstate10K and CameraCtrl.

A row holds a number (unused), fx, fy, cx, cy as shares of the width and height of the original picture, that picture's
width and height (0 where unknown), and a pose row by row: 12 numbers, or 16 with the last row 0 0 0 1. OpenCV axes, no
unit. No frame rate.

Which way the pose maps is not written in it. AnimateDiff-Evolved, WanVideoWrapper and KJNodes, which pass this type
around, hold world-to-camera. ComfyUI's Wan camera nodes, which take no poses from outside, read the same row as
camera-to-world; so do those of VideoX-Fun, from which they come.

Readers cut the picture that they make out of the original one, so the focal length of the side that is cut is
rescaled: that is undone here, and for poses that go out the original picture is `ORIGINAL_SIZE`, which most assume.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from ..agents import Agent
from ..choices import check_choice
from ..formats.cameras import single_camera_agent
from ..poses import inverse
from .cameras import CameraPath

Direction = Literal["world-to-camera", "camera-to-world"]

ORIGINAL_SIZE = (1280, 720)
"""Width and height that a row is for where it does not say."""

ROW_LENGTHS = (19, 23)


def agent_from_cameractrl(
    rows: Sequence[Sequence[float]], name: str, size: tuple[int, int], direction: Direction = "world-to-camera"
) -> Agent:
    """An agent with one camera.

    Args:
        rows: one per frame.
        name: of the agent.
        size: (width, height) in pixels of the pictures that are to be made with these poses.
        direction: what the poses map, see above.

    Raises:
        ValueError: naming the row and what is wrong with it.
    """
    check_choice("The direction", direction, Direction)
    values = _checked(rows)
    poses = torch.eye(4, dtype=torch.float64).repeat(len(values), 1, 1)
    poses[:, :3] = values[:, 7:19].unflatten(1, (3, 4))
    intrinsics = _intrinsics(values, *size)
    agent = single_camera_agent(name, poses, intrinsics, size)
    return agent if direction == "camera-to-world" else single_camera_agent(name, inverse(poses), intrinsics, size)


def cameractrl_rows(camera: CameraPath, direction: Direction = "world-to-camera") -> list[list[float]]:
    """Rows of 19 numbers for one camera; `direction` as the node that reads them wants it."""
    check_choice("The direction", direction, Direction)
    poses = camera.poses if direction == "camera-to-world" else inverse(camera.poses)
    lens = torch.stack(
        [
            camera.intrinsics[:, 0, 0] / _fitted(camera.width, camera.height, *ORIGINAL_SIZE)[0],
            camera.intrinsics[:, 1, 1] / _fitted(camera.width, camera.height, *ORIGINAL_SIZE)[1],
            camera.intrinsics[:, 0, 2] / camera.width,
            camera.intrinsics[:, 1, 2] / camera.height,
        ],
        dim=1,
    )
    original = torch.tensor(ORIGINAL_SIZE, dtype=torch.float64).expand(len(poses), 2)
    numbers = torch.zeros(len(poses), 1, dtype=torch.float64)
    return torch.cat([numbers, lens, original, poses[:, :3].flatten(1)], dim=1).tolist()


def _fitted(width: int, height: int, original_width: float, original_height: float) -> tuple[float, float]:
    """Size to which an original picture is scaled so that it covers one of `width` x `height`."""
    ratio = original_width / original_height
    return (height * ratio, float(height)) if ratio > width / height else (float(width), width / ratio)


def _intrinsics(values: Tensor, width: int, height: int) -> Tensor:
    """(frames, 3, 3) in pixels."""
    originals = torch.where(
        (values[:, 5:7] > 0.0).all(1, keepdim=True), values[:, 5:7], values.new_tensor(ORIGINAL_SIZE)
    )
    covered = values.new_tensor([_fitted(width, height, *original) for original in originals.tolist()])
    intrinsics = torch.zeros(len(values), 3, 3, dtype=torch.float64)
    intrinsics[:, 0, 0] = values[:, 1] * covered[:, 0]
    intrinsics[:, 1, 1] = values[:, 2] * covered[:, 1]
    intrinsics[:, 0, 2] = values[:, 3] * width
    intrinsics[:, 1, 2] = values[:, 4] * height
    intrinsics[:, 2, 2] = 1.0
    return intrinsics


def _checked(rows: Sequence[Sequence[float]]) -> Tensor:
    """(frames, 19 or 23) float64."""
    if not isinstance(rows, Sequence) or isinstance(rows, str | bytes) or not rows:
        raise ValueError("CameraCtrl poses are a list of rows, one per frame; the list is empty or none.")
    length = len(rows[0])
    if length not in ROW_LENGTHS:
        raise ValueError(
            f"CameraCtrl poses, row 0: expected 19 numbers (or 23, with the last row of the pose), given {length}."
        )
    for number, row in enumerate(rows):
        if len(row) != length:
            raise ValueError(
                f"CameraCtrl poses, row {number}: expected {length} numbers as in row 0, given {len(row)}."
            )
    values = torch.tensor([[float(value) for value in row] for row in rows], dtype=torch.float64)
    wrong = ~torch.isfinite(values)
    if wrong.any():
        frame, column = (int(index) for index in wrong.nonzero()[0])
        raise ValueError(f"CameraCtrl poses, row {frame}: number {column + 1} is {values[frame, column].item()}.")
    return values
