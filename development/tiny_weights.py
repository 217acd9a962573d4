"""Random values for networks of any kind."""

import torch
from torch import Tensor, nn

RANDOM = "none: random weights"
"""What the metadata of a random checkpoint say about its training."""


def random_weights(network: nn.Module, seed: int) -> dict[str, Tensor]:
    """A state dict of random values that keep activations near one."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, parameter in network.state_dict().items():
        fan_in = parameter[0].numel() if parameter.ndim > 1 else 100
        weights[name] = torch.randn(parameter.shape, generator=generator) / fan_in**0.5
        if name.endswith("gamma") or ("norm" in name and name.endswith("weight") and parameter.ndim == 1):
            weights[name] = torch.ones(parameter.shape)
    return weights
