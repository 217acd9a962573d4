"""Calling a MetaWorld network, in training and without ComfyUI's sampler in evaluation."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ..models.batch import COUPLING_OPTIONS
from ..models.kernels import torch_attention
from ..models.metaworld.schedule import TIMESTEPS
from . import flow
from .attention import matrix_attention

ATTENTION = "optimized_attention_override"
"""ComfyUI's key in transformer_options for another attention."""


def predict(
    network: nn.Module,
    noisy: Tensor,
    times: Tensor,
    condition: Tensor,
    identities: Tensor,
    topology: str,
    attention: Callable[..., Tensor] | None = None,
) -> Tensor:
    """The velocity that a MetaWorld predicts.

    Args:
        network: a `MetaWorldTransformer`, perhaps wrapped.
        noisy: (worlds, agents, channels, frames, height, width).
        times: (worlds,) in 0..1.
        condition: (worlds, agents, channels of the condition, frames, height, width).
        identities: (worlds, agents, channels, identities, height, width), perhaps none.
        topology: how agents of a world are aligned.
        attention: see `comfyui_attention`; ComfyUI's own by default.

    Returns:
        As `noisy`.
    """
    agents = noisy.shape[1]
    options: dict[str, Any] = {COUPLING_OPTIONS: {"topology": topology}}
    if attention is not None:
        options[ATTENTION] = attention
    velocity = network(
        noisy.flatten(0, 1),
        times.repeat_interleave(agents) * TIMESTEPS,
        None,
        time_dim_concat=identities.flatten(0, 1) if identities.shape[3] else None,
        condition=condition.flatten(0, 1),
        agents=agents,
        transformer_options=options,
    )
    return velocity.unflatten(0, (-1, agents))


def comfyui_attention(device: torch.device) -> Callable[..., Tensor]:
    """Attention with gradients that torch.compile can look into, in the form in which ComfyUI asks for it."""
    own = matrix_attention if device.type == "cpu" else torch_attention

    def attention(
        replaced: Callable[..., Tensor], query: Tensor, key: Tensor, value: Tensor, heads: int, **kwargs: Any
    ) -> Tensor:
        if not kwargs.get("skip_reshape", False):
            query, key, value = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (query, key, value))
        return own(query, key, value, {})

    return attention


def sample_worlds(
    network: nn.Module,
    noise: Tensor,
    condition: Tensor,
    identities: Tensor,
    topology: str,
    sigmas: Tensor,
    guidance: float = 1.0,
    attention: Callable[..., Tensor] | None = None,
) -> Tensor:
    """Latents of all agents' videos, sampled together by Euler's method.

    Args:
        network, condition, identities, topology, attention: as in `predict`.
        noise: (worlds, agents, channels, frames, height, width) standard normal.
        sigmas: (steps + 1,) falling from 1 to 0, see `models.metaworld.schedule`.
        guidance: scale that pushes away from the prediction without identities, as released.

    Returns:
        As `noise`, scaled as the network's latents.
    """

    def velocity_of(noisy: Tensor, times: Tensor) -> Tensor:
        seen = predict(network, noisy, times, condition, identities, topology, attention)
        if guidance == 1.0:
            return seen
        unseen = predict(network, noisy, times, condition, torch.zeros_like(identities), topology, attention)
        return unseen + guidance * (seen - unseen)

    return flow.sample(velocity_of, noise, sigmas)
