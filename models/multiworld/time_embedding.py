"""Wan's time embedding, of angles computed in float64 as released.

ComfyUI multiplies timestep and frequency in float32, which moves the velocity by 5e-5. Its embedding with one frequency
is (cos, sin) of what it is given; so it is given the angles.
"""

import math

import torch
from torch import Tensor, nn

from ..kernels import float64_device

LONGEST_PERIOD = 10000.0


def time_angles(timestep: Tensor, time_dim: int) -> Tensor:
    """Angles in 0..2 pi of all frequencies.

    Args:
        timestep: (batch,) or (batch, frames).
        time_dim: number of cosines and sines together.

    Returns:
        (batch, frames * time_dim / 2) float32.
    """
    device = float64_device(timestep.device)
    exponents = torch.arange(0, time_dim, 2, dtype=torch.float64, device=device) / time_dim
    angles = timestep.to(device, torch.float64)[..., None] * LONGEST_PERIOD**-exponents
    return angles.remainder(2 * math.pi).float().to(timestep.device).flatten(1)


class TimeEmbedding(nn.Sequential):
    """The layers of Wan's time embedding behind (cosine, sine) pairs of single angles.

    Args:
        time_dim: number of cosines and sines together.
        layers: Wan's.
    """

    def __init__(self, time_dim: int, *layers: nn.Module) -> None:
        super().__init__(*layers)
        self.frequencies = time_dim // 2

    def forward(self, pairs: Tensor) -> Tensor:
        """(times * time_dim / 2, 2) -> (times, dim): the first layer takes all cosines, then all sines, of a time."""
        return super().forward(pairs.unflatten(0, (-1, self.frequencies)).transpose(1, 2).flatten(1))
