"""Depth as the pictures that networks take: near is white, far is black."""

import math

import torch
from torch import Tensor

NEAR_SHARE, FAR_SHARE = 0.001, 0.99
"""Shares of all pixels with depth that are nearer than white and nearer than black (VerseCrafter)."""


SAMPLES = 1 << 24
"""Pixels of which the shares are counted."""


def depth_range(depth: Tensor, near_share: float = NEAR_SHARE, far_share: float = FAR_SHARE) -> tuple[float, float]:
    """Depths in metres with these shares of the finite, positive values nearer; (nan, nan) if there is none."""
    # Every second or third pixel of a video tells as much as all, and needs less memory.
    sampled = depth.flatten()[:: 1 + (depth.numel() - 1) // SAMPLES]
    values = sampled[torch.isfinite(sampled) & (sampled > 0.0)]
    if values.numel() == 0:
        return math.nan, math.nan
    ranks = [1 + round(share * (values.numel() - 1)) for share in (near_share, far_share)]
    near, far = (values.kthvalue(rank).values.item() for rank in ranks)
    return near, far


def depth_picture(depth: Tensor, limits: tuple[float, float] | None = None) -> Tensor:
    """Disparity (inverse depth), scaled linearly from the far limit (0) to the near limit (1), clamped.

    Args:
        depth: (frames, height, width) metres of a whole clip; inf, 0 or NaN where there is nothing, which becomes 0.
        limits: near and far depth in metres; those of `depth_range` over the clip if None.

    Returns:
        The shape of `depth`, float32 in 0..1. If both limits are the same, everything that has depth is white.
    """
    near, far = limits or depth_range(depth)
    there = torch.isfinite(depth) & (depth > 0.0)
    if math.isnan(near):
        return torch.zeros_like(depth, dtype=torch.float32)
    if near >= far:
        return there.float()
    picture = depth.to(torch.float32, copy=True).reciprocal_()
    picture.sub_(1.0 / far).div_(1.0 / near - 1.0 / far).clamp_(0.0, 1.0)
    return picture.masked_fill_(~there, 0.0)
