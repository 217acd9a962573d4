"""Calling a ShareVerse network, in training and without ComfyUI in evaluation."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..models.shareverse.transformer import Coupling
from .objective import NoiseSchedule
from .sampling import sample


def predict(
    network: nn.Module, noisy: Tensor, first: Tensor, timesteps: Tensor, text: Tensor, raymaps: Tensor
) -> Tensor:
    """The velocity that a ShareVerse predicts.

    Args:
        network: a `ShareVerseTransformer`, perhaps wrapped.
        noisy: (worlds, agents, channels, frames, height, width).
        first: (worlds, agents, channels, 1, height, width) clean latents of the first frames.
        timesteps: (worlds,).
        text: (text tokens, text_dim).
        raymaps: (worlds * agents, 24, frames, height, width).

    Returns:
        As `noisy`.
    """
    agents, frames = noisy.shape[1], noisy.shape[3]
    condition = functional.pad(first, (0, 0, 0, 0, 0, frames - 1))
    latents = torch.cat([noisy, condition], dim=2).flatten(0, 1)
    velocity = network(
        latents,
        timesteps.repeat_interleave(agents),
        text.expand(len(latents), -1, -1),
        raymaps=raymaps,
        coupling=Coupling(agents),
    )
    return velocity.unflatten(0, (-1, agents))


def sample_worlds(
    network: nn.Module,
    first: Tensor,
    text: Tensor,
    raymaps: Tensor,
    noise: Tensor,
    schedule: NoiseSchedule,
    steps: int,
) -> Tensor:
    """Latents of all agents' videos, sampled together by DDIM.

    Args:
        network, first, text, raymaps: as in `predict`; latents are scaled by the network's `latent_scale`.
        noise: (worlds, agents, channels, frames, height, width) standard normal.
        schedule: of the network's `snr_shift_scale`, on the device of `noise`.
        steps: forward passes.

    Returns:
        As `noise`, still scaled.
    """
    return sample(
        lambda noisy, timesteps: predict(network, noisy, first, timesteps, text, raymaps), noise, schedule, steps
    )
