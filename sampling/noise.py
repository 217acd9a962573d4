"""Noise of several agents, one seed each."""

from collections.abc import Sequence

import torch
from torch import Tensor

SEEDS = 2**64


def agent_seeds(
    seed: int, agents: int, own_seeds: Sequence[int] = (), batch_index: Sequence[int] | None = None
) -> list[int]:
    """One seed per agent, modulo 2^64.

    Args:
        seed: agent i has seed + i.
        agents: number of seeds.
        own_seeds: seeds of the first agents instead.
        batch_index: agent i has seed + batch_index[i] instead; equal entries have equal noise, as in ComfyUI.

    Raises:
        ValueError: if `batch_index` is of another length.
    """
    offsets = range(agents) if batch_index is None else batch_index
    if len(offsets) != agents:
        raise ValueError(
            f"The LATENT's batch_index has {len(offsets)} entries for {agents} items; connect the LATENT of the "
            "conditioning node without changing its batch."
        )
    own = dict(enumerate(own_seeds))
    return [own.get(index, (seed + offset) % SEEDS) for index, offset in enumerate(offsets)]


def agent_noise(latents: Tensor, seeds: Sequence[int]) -> Tensor:
    """Standard normal noise shaped like `latents` (agents, ...).

    Each agent's noise comes from its own seed, on the CPU: it depends neither on the other agents nor on the device.
    """
    noise = [
        torch.randn(latents.shape[1:], generator=torch.Generator().manual_seed(seed), dtype=torch.float32)
        for seed in seeds
    ]
    return torch.stack(noise).to(latents.dtype)
