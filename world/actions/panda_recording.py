"""Recordings of Panda arms: an npy file with joint positions, and one npy file with the camera of each view."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .actions import Actions, warn_of_unusual_values
from .numpy_files import read_npy
from .panda import LAYOUT

CAMERA_NUMBERS = len(LAYOUT.extras[0].fields)


def read_panda_recording(path: Path, frame_rate: float | None = None, cameras: Tensor | None = None) -> Actions:
    """Actions of arms named "agent 1", "agent 2", ...

    Args:
        path: npy file (agents, frames, 8): seven joint positions in radians and the gripper, at video rate.
        frame_rate: frames per second; the layout's if None.
        cameras: (views, 16) from `read_cameras`.

    Raises:
        OSError: if the file cannot be opened.
        ValueError: if the array has another shape, or a value is not finite.
    """
    array = read_npy(path)
    channels = len(LAYOUT.axes)
    if array.ndim != 3 or array.shape[2] != channels or 0 in array.shape:
        raise ValueError(
            f"expected joint positions of shape (agents, frames, {channels}), given {array.shape}"
            f"{'; add an axis for the one agent' if array.ndim == 2 else ''}."
        )
    actions = Actions(
        LAYOUT,
        tuple(f"agent {number}" for number in range(1, len(array) + 1)),
        LAYOUT.frame_rate if frame_rate is None else frame_rate,
        torch.zeros(*array.shape[:2], 0),
        torch.from_numpy(array.astype(np.float64)),
        {} if cameras is None else {"camera": cameras},
    )
    warn_of_unusual_values(actions, path)
    return actions


def read_cameras(paths: Sequence[Path]) -> Tensor:
    """(views, 16) float64 of camera files, in the order of the files.

    A file holds 16 numbers for one view, or several rows of them, in any number of leading axes: fx, fy, cx, cy in
    pixels, then twelve extrinsic numbers, which are used as they are.

    Raises:
        OSError: if a file cannot be opened.
        ValueError: naming the file, if it holds other counts of numbers.
    """
    views = []
    for path in paths:
        try:
            array = read_npy(path)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        if array.ndim == 0 or array.shape[-1] != CAMERA_NUMBERS or 0 in array.shape:
            raise ValueError(
                f"{path}: expected {CAMERA_NUMBERS} numbers per view (shape (1, 1, {CAMERA_NUMBERS})), "
                f"given shape {array.shape}."
            )
        views.append(torch.from_numpy(array.astype(np.float64)).reshape(-1, CAMERA_NUMBERS))
    if not views:
        raise ValueError("No camera files given: name one per view.")
    return torch.cat(views)
