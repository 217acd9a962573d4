"""DDIM without ComfyUI, for validation and for networks that are not in a form that ComfyUI loads."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..models.cogvideox.noise_schedule import TIMESTEPS
from .objective import NoiseSchedule


def trailing_timesteps(steps: int) -> list[int]:
    """Falling timesteps that begin with the last one, as ComfyUI's scheduler `simple` chooses them.

    Raises:
        ValueError: if `steps` is not in 1..1000.
    """
    if not 1 <= steps <= TIMESTEPS:
        raise ValueError(f"Sampling takes 1 to {TIMESTEPS} steps, given {steps}.")
    return [TIMESTEPS - 1 - int(step * TIMESTEPS / steps) for step in range(steps)]


@torch.no_grad()
def sample(
    velocity_of: Callable[[Tensor, Tensor], Tensor], noise: Tensor, schedule: NoiseSchedule, steps: int
) -> Tensor:
    """Clean latents from noise.

    Args:
        velocity_of: (noisy latents (batch, ...), timesteps (batch,)) -> velocity.
        noise: (batch, ...) standard normal.
        schedule: on the device of `noise`.
        steps: forward passes.
    """
    latents = noise
    timesteps = trailing_timesteps(steps)
    for now, following in zip(timesteps, [*timesteps[1:], None], strict=True):
        batch = torch.full((len(latents),), now, device=latents.device)
        velocity = velocity_of(latents, batch)
        clean = schedule.clean(latents, velocity, batch)
        if following is None:
            return clean
        added = schedule.added_noise(latents, velocity, batch)
        latents = schedule.noisy(clean, added, torch.full_like(batch, following))
    return latents
