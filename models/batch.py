"""Agents or views as consecutive items of the latent batch: the words that nodes, sampler and networks share."""

import torch
from torch import Tensor

AGENTS = "shared_world_agents"
"""Conditioning key: how many consecutive items of the latent batch share a world."""

COUPLING_OPTIONS = "shared_world"
"""Key in transformer_options: `topology` (of networks that couple agents) and `agents_at_a_time`."""


def agents_side_by_side(latents: Tensor) -> Tensor:
    """The last frame of every agent in one picture, for the live preview.

    Args:
        latents: (agents, channels, frames, height, width).

    Returns:
        (1, channels, 1, height, agents * width).
    """
    return torch.cat(list(latents[:, :, -1]), dim=-1)[None, :, None]


def spread_over_batch(given: Tensor, batch: int) -> Tensor:
    """One entry per batch item, from (worlds, ...): the items of a world follow each other."""
    return given if len(given) == batch else given.repeat_interleave(batch // len(given), dim=0)
