"""Noise of several agents, one seed each."""

from collections.abc import Sequence

import torch
from torch import Tensor

SEEDS = 2**64


def agent_seeds(seed: int, agents: int, own_seeds: Sequence[int] = ()) -> list[int]:
    """One seed per agent: those given, then seed, seed + 1, ... by the agent's index, modulo 2^64."""
    return [own_seeds[index] if index < len(own_seeds) else (seed + index) % SEEDS for index in range(agents)]


def agent_noise(latents: Tensor, seeds: Sequence[int]) -> Tensor:
    """Standard normal noise shaped like `latents` (agents, ...).

    Each agent's noise comes from its own seed, on the CPU: it depends neither on the other agents nor on the device.
    """
    noise = [
        torch.randn(latents.shape[1:], generator=torch.Generator().manual_seed(seed), dtype=torch.float32)
        for seed in seeds
    ]
    return torch.stack(noise).to(latents.dtype)
