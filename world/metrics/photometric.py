"""Cross-agent photometric consistency: do two agents give one point of the world one colour?"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .pictures import decibels
from .shared_points import SharedPoints

POINTS_AT_A_TIME = 1 << 20


@dataclass(frozen=True)
class Consistency:
    """Differences of colour between agents at the points that both see; NaN where there are none.

    Attributes:
        points: how many points were compared.
        error: mean absolute difference over points and channels, in 0..1.
        psnr: from the mean squared difference, in dB.
    """

    points: int
    error: float
    psnr: float


@torch.no_grad()
def photometric_consistency(pictures: Tensor, points: SharedPoints, truth: Tensor | None = None) -> Consistency:
    """Compare what two agents show at the points that both see in the same frame.

    One point has different colours in true pictures, too: there is more fog before the agent that is farther away, and
    its pixels cover more of a wall. With `truth` these differences are taken off, |(a - b) - (true a - true b)|, which
    is how far the errors of the two agents differ: 0 for the truth, and 0 where both agents are wrong in the same way.
    Without `truth`, keep to points that both see alike (`SharedPoints.seen_alike`), and read the result beside PSNR:
    grey pictures agree perfectly.

    Args:
        pictures: (agents, frames, views, height, width, 3) in 0..1.
        points: from `find_shared_points`, for pictures of this size.
        truth: the true pictures.

    Raises:
        ValueError: if the points belong to pictures of another shape.
    """
    for compared in (pictures,) if truth is None else (pictures, truth):
        if compared.shape[:-1] != points.shape:
            raise ValueError(
                f"Shared points were found in pictures of shape {points.shape}, given {tuple(compared.shape[:-1])}; "
                "find the points anew."
            )
    if not len(points):
        return Consistency(0, math.nan, math.nan)
    errors = pictures if truth is None else pictures - truth
    absolute = squared = 0.0
    for part in points.split(POINTS_AT_A_TIME):
        difference = errors.reshape(-1, 3)[part.pixels] - part.interpolate(errors)
        absolute += difference.abs().sum().item()
        squared += difference.square().sum().item()
    count = 3 * len(points)
    return Consistency(len(points), absolute / count, decibels(torch.tensor(squared / count)).item())
