"""Rotations from quaternions in files."""

from collections.abc import Sequence

import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

NORM_TOLERANCE = 0.05
"""How far the length of a quaternion may be from 1: rounding to two digits stays below it, wrong columns do not."""


def rotations_from_quaternions(quaternions: Tensor, places: Sequence[str]) -> Tensor:
    """(rotations, 3, 3) of (rotations, 4) quaternions x, y, z, w, which need not be exactly normalised.

    Raises:
        ValueError: naming the place (one per rotation) of a quaternion that is far from length 1.
    """
    # Infinite lengths of huge numbers are wrong too, hence the negation.
    norms = quaternions.norm(dim=-1)
    wrong = ~((norms - 1.0).abs() <= NORM_TOLERANCE)
    if wrong.any():
        index = int(wrong.nonzero()[0])
        raise ValueError(
            f"{places[index]}: the quaternion has length {norms[index].item():.3g}, expected 1; "
            "the columns may be in another order."
        )
    return torch.from_numpy(Rotation.from_quat(quaternions.numpy()).as_matrix())


def quaternions_from_rotations(rotations: Tensor) -> Tensor:
    """(rotations, 4) quaternions x, y, z, w with w >= 0 of (rotations, 3, 3)."""
    return torch.from_numpy(Rotation.from_matrix(rotations.numpy()).as_quat(canonical=True))
