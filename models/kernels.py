"""The two operations that ComfyUI replaces by faster ones: attention and the rotation of queries and keys."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


def torch_attention(query: Tensor, key: Tensor, value: Tensor, transformer_options: dict[str, Any]) -> Tensor:
    """Scaled dot-product attention, (batch, heads, tokens, head_dim) in, (batch, tokens, heads * head_dim) out."""
    return functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)


def torch_rotate(tokens: Tensor, rotation: Tensor) -> Tensor:
    """Rotate neighbouring feature pairs of (batch, heads, tokens, head_dim) by (tokens, head_dim / 2, 2, 2) matrices.

    Computed in the precision of `rotation` and returned in that of `tokens`.
    """
    pairs = tokens.to(rotation.dtype).unflatten(-1, (-1, 1, 2))
    rotated = rotation[..., 0] * pairs[..., 0] + rotation[..., 1] * pairs[..., 1]
    return rotated.flatten(-2).to(tokens.dtype)


@dataclass(frozen=True)
class Kernels:
    """How a network attends and rotates.

    Attributes:
        attention: (query, key, value, transformer_options) -> output, shapes as in `torch_attention`.
        rotate: (tokens, rotation) -> tokens, shapes as in `torch_rotate`.
    """

    attention: Callable[[Tensor, Tensor, Tensor, dict[str, Any]], Tensor] = torch_attention
    rotate: Callable[[Tensor, Tensor], Tensor] = torch_rotate


def float64_device(device: torch.device) -> torch.device:
    """Where to compute in float64 for a device: on itself, but for Apple's GPUs, which cannot, on the CPU."""
    return torch.device("cpu") if device.type == "mps" else device


def rotation_matrices(angles: Tensor) -> Tensor:
    """2x2 rotation matrices (..., 2, 2) for angles (...) in radians."""
    cosine, sine = angles.cos(), angles.sin()
    return torch.stack([cosine, -sine, sine, cosine], dim=-1).unflatten(-1, (2, 2))
