"""v-prediction on CogVideoX's noise schedule.

At timestep t a latent x and noise e are mixed to a_t x + s_t e with a_t^2 + s_t^2 = 1, and the network predicts the
velocity a_t e - s_t x. Zero terminal SNR means that a = 0 at the last timestep. The mean squared error of velocities,
uniform over timesteps, is CogVideoX's own loss: its error of x weighted by 1 / s_t^2.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..models.cogvideox.noise_schedule import signal_levels


@dataclass(frozen=True)
class NoiseSchedule:
    """How much signal and noise there is at every timestep.

    Attributes:
        signal: (1000,) float32, a_t.
        noise: (1000,) float32, s_t.
    """

    signal: Tensor
    noise: Tensor

    def to(self, device: torch.device | str) -> "NoiseSchedule":
        return NoiseSchedule(self.signal.to(device), self.noise.to(device))

    def at(self, timesteps: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        """Signal and noise at timesteps (batch,), shaped to multiply a tensor whose first axis is the batch."""
        shape = (-1,) + (1,) * (like.ndim - 1)
        return self.signal[timesteps].view(shape), self.noise[timesteps].view(shape)

    def noisy(self, clean: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """a_t x + s_t e for clean latents and noise (batch, ...)."""
        signal, deviation = self.at(timesteps, clean)
        return signal * clean + deviation * noise

    def velocity(self, clean: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """a_t e - s_t x, what the network has to predict."""
        signal, deviation = self.at(timesteps, clean)
        return signal * noise - deviation * clean

    def clean(self, noisy: Tensor, velocity: Tensor, timesteps: Tensor) -> Tensor:
        """The clean latents x that a velocity stands for: a_t x_t - s_t v."""
        signal, deviation = self.at(timesteps, noisy)
        return signal * noisy - deviation * velocity

    def added_noise(self, noisy: Tensor, velocity: Tensor, timesteps: Tensor) -> Tensor:
        """The noise e that a velocity stands for: s_t x_t + a_t v."""
        signal, deviation = self.at(timesteps, noisy)
        return deviation * noisy + signal * velocity


def noise_schedule(snr_shift_scale: float = 1.0) -> NoiseSchedule:
    """CogVideoX's schedule: scaled-linear betas, a shift of the signal-to-noise ratio, zero terminal SNR.

    Args:
        snr_shift_scale: divides the signal-to-noise ratio; 1 for the 5B model.
    """
    signal = signal_levels(snr_shift_scale)
    return NoiseSchedule(signal.float(), (1.0 - signal**2).sqrt().float())
