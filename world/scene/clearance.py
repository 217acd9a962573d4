"""Whether a camera path has room in a scene."""

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from .scene import PointCloud

CLEARANCE = 0.25
"""Metres around a camera in which there should be no background."""

FEWEST_POINTS = 10
"""Fewer points this near are taken for noise of the depth."""

_MOST_PLACES = 10_000


def narrowest_frame(
    cloud: PointCloud, positions: Tensor, clearance: float = CLEARANCE, fewest: int = FEWEST_POINTS
) -> tuple[int, int] | None:
    """Where a path comes closest to the background, as a path through a wall does.

    The path is followed along straight lines between its frames, so that a thin wall between two frames is found.

    Args:
        cloud: the background.
        positions: (frames, 3) metres in the world frame, of the camera.
        clearance: metres; points this near are counted.
        fewest: of points from which on a place counts as blocked.

    Returns:
        The frame and the number of points around the most crowded place, at the frame or between it and the next; None
        if no place is blocked.
    """
    places, frames = _along(positions.double().cpu().numpy(), clearance)
    low, high = places.min(0) - clearance, places.max(0) + clearance
    points = cloud.points.cpu().double()
    around = ((points >= torch.from_numpy(low)) & (points <= torch.from_numpy(high))).all(1)
    if int(around.sum()) < fewest:
        return None
    counts = cKDTree(points[around].numpy()).query_ball_point(places, clearance, return_length=True)
    worst = int(counts.argmax())
    return (int(frames[worst]), int(counts[worst])) if counts[worst] >= fewest else None


def _along(positions: np.ndarray, spacing: float) -> tuple[np.ndarray, np.ndarray]:
    """Places (n, 3) along a path, at most `spacing` apart, and the frame (n,) at or before each."""
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    parts = np.maximum(np.ceil(steps / max(spacing, steps.sum() / _MOST_PLACES)), 1.0).astype(np.int64)
    times = [frame + np.arange(count) / count for frame, count in enumerate(parts)]
    time = np.concatenate([*times, [len(positions) - 1.0]])
    every = np.arange(len(positions))
    return np.stack([np.interp(time, every, axis) for axis in positions.T], axis=1), np.floor(time).astype(np.int64)
