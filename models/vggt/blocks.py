"""The transformer block of DINOv2 and of VGGT's aggregator.

As in the published model under automatic mixed precision, only linear layers, convolutions and attention compute in the
layers' `dtype`; norms, layer scales, rotations and the residual sum are float32.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..layers import Layers
from .rotary import neighbouring_pairs


def in_float32(layers: Layers) -> Layers:
    """The same layers with parameters in float32."""
    return replace(layers, dtype=torch.float32)


def free_parameter(layers: Layers, *shape: int) -> nn.Parameter:
    """A float32 parameter that belongs to no layer."""
    return nn.Parameter(torch.zeros(shape, device=layers.device, dtype=torch.float32))


class Attention(nn.Module):
    """Multi-head attention; where tokens have rotary positions, queries and keys are normalised in every head."""

    def __init__(self, dim: int, head_dim: int, rotary: bool, layers: Layers) -> None:
        super().__init__()
        self.head_dim = head_dim
        self.kernels = layers.kernels
        self.qkv = layers.linear(dim, 3 * dim)
        if rotary:
            self.q_norm = in_float32(layers).layer_norm(head_dim, eps=1e-5)
            self.k_norm = in_float32(layers).layer_norm(head_dim, eps=1e-5)
        self.proj = layers.linear(dim, dim)

    def _place(self, features: Tensor, norm: nn.Module, rotation: Tensor) -> Tensor:
        """Queries or keys (batch, heads, tokens, head_dim), normalised and rotated."""
        rotated = self.kernels.rotate(neighbouring_pairs(norm(features.float())), rotation)
        return rotated.to(features.dtype)

    def forward(self, tokens: Tensor, rotation: Tensor | None = None) -> Tensor:
        """Output (batch, tokens, dim).

        Args:
            tokens: (batch, tokens, dim) in the layers' dtype.
            rotation: (tokens, head_dim / 2, 2, 2) float32; None without rotary positions.
        """
        query, key, value = self.qkv(tokens).unflatten(-1, (3, -1, self.head_dim)).permute(2, 0, 3, 1, 4)
        if rotation is not None:
            query = self._place(query, self.q_norm, rotation)
            key = self._place(key, self.k_norm, rotation)
        return self.proj(self.kernels.attention(query, key, value, {}))


class LayerScale(nn.Module):
    """A learned factor for every feature of a residual."""

    def __init__(self, dim: int, layers: Layers) -> None:
        super().__init__()
        self.gamma = free_parameter(layers, dim)

    def forward(self, residual: Tensor) -> Tensor:
        return residual * self.gamma.to(residual.device, torch.float32)


class FeedForward(nn.Module):
    """Linear, exact GELU, linear."""

    def __init__(self, dim: int, hidden: int, layers: Layers) -> None:
        super().__init__()
        self.fc1 = layers.linear(dim, hidden)
        self.fc2 = layers.linear(hidden, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.fc2(functional.gelu(self.fc1(tokens)))


class Block(nn.Module):
    """Attention and feed-forward, each behind a norm and a layer scale.

    Args:
        dim: width of a token.
        head_dim: width of an attention head.
        hidden: width inside the feed-forward.
        eps: of the two norms.
        rotary: whether tokens have rotary positions.
        layers: how parameters are made and which kernels run.
    """

    def __init__(self, dim: int, head_dim: int, hidden: int, eps: float, rotary: bool, layers: Layers) -> None:
        super().__init__()
        self.dtype = layers.dtype or torch.float32
        self.norm1 = in_float32(layers).layer_norm(dim, eps)
        self.attn = Attention(dim, head_dim, rotary, layers)
        self.ls1 = LayerScale(dim, layers)
        self.norm2 = in_float32(layers).layer_norm(dim, eps)
        self.mlp = FeedForward(dim, hidden, layers)
        self.ls2 = LayerScale(dim, layers)

    def forward(self, tokens: Tensor, rotation: Tensor | None = None) -> Tensor:
        """Tokens (batch, tokens, dim) float32 after the block; `rotation` as in `Attention.forward`."""
        tokens = tokens + self.ls1(self.attn(self.norm1(tokens).to(self.dtype), rotation))
        return tokens + self.ls2(self.mlp(self.norm2(tokens).to(self.dtype)))
