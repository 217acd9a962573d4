"""CogVideoX's noise schedule: scaled-linear betas, a shift of the signal-to-noise ratio, zero terminal SNR."""

import torch
from torch import Tensor

TIMESTEPS = 1000
BETA_START, BETA_END = 0.00085, 0.012


def signal_levels(snr_shift_scale: float = 1.0) -> Tensor:
    """(1000,) float64 a_t: at timestep t latents are a_t x + s_t e with a_t^2 + s_t^2 = 1; the last a_t is zero.

    Args:
        snr_shift_scale: divides the signal-to-noise ratio; 1 for the 5B model.
    """
    betas = torch.linspace(BETA_START**0.5, BETA_END**0.5, TIMESTEPS, dtype=torch.float64) ** 2
    variance = torch.cumprod(1.0 - betas, dim=0)
    variance = variance / (snr_shift_scale + (1.0 - snr_shift_scale) * variance)
    signal = variance.sqrt()
    first, last = signal[0], signal[-1]
    return (signal - last) * first / (first - last)
