"""Flow matching, as Wan is trained: a latent x and noise e are mixed to (1 - t) x + t e, the velocity is e - x."""

from collections.abc import Callable

import torch
from torch import Tensor


def drawn_times(count: int, shift: float, random: torch.Generator) -> Tensor:
    """(count,) times in 0..1 from a logit-normal distribution (MetaWorld, section 4.1), on the generator's device.

    Args:
        count: how many.
        shift: s; a time t becomes s t / (1 + (s - 1) t).
        random: source.
    """
    return shifted(torch.randn(count, generator=random, device=random.device).sigmoid(), shift)


def shifted(times: Tensor, shift: float) -> Tensor:
    """Times t in 0..1 as s t / (1 + (s - 1) t)."""
    return shift * times / (1.0 + (shift - 1.0) * times)


def noisy(clean: Tensor, noise: Tensor, times: Tensor) -> Tensor:
    """(1 - t) x + t e of latents (batch, ...) at times (batch,)."""
    return torch.lerp(clean, noise, times.view(-1, *[1] * (clean.ndim - 1)))


@torch.no_grad()
def sample(velocity_of: Callable[[Tensor, Tensor], Tensor], noise: Tensor, sigmas: Tensor) -> Tensor:
    """Clean latents from noise by Euler's method.

    Args:
        velocity_of: (noisy latents (batch, ...), times (batch,)) -> velocity.
        noise: (batch, ...) standard normal.
        sigmas: (steps + 1,) falling times from 1 to 0.
    """
    latents = noise
    for now, following in zip(sigmas[:-1].tolist(), sigmas[1:].tolist(), strict=True):
        times = torch.full((len(latents),), now, device=latents.device)
        latents = latents + (following - now) * velocity_of(latents, times)
    return latents
