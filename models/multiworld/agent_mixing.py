"""Several agents' features become one: attention among the agents of a frame, then a sum or a weighted sum."""

import torch
from einops import rearrange
from torch import Tensor, nn

from ..kernels import torch_attention
from ..layers import Layers
from .identity import rotate_by_agent

HEADS = 8


class AgentAttention(nn.Module):
    """Attention among the agents of the same frame, without mask, norm or residual.

    The identity rotation acts on the features before the projections, on values too, and over the full width: the
    released program does so, where the paper says rotary embedding.
    """

    def __init__(self, dim: int, identity_base: float, layers: Layers) -> None:
        super().__init__()
        self.identity_base = identity_base
        self.qkv = layers.linear(dim, 3 * dim)
        self.out_proj = layers.linear(dim, dim)

    def forward(self, features: Tensor) -> Tensor:
        """(worlds, agents, frames, dim) in and out."""
        worlds = len(features)
        projected = self.qkv(rotate_by_agent(features, self.identity_base))
        query, key, value = rearrange(
            projected,
            "worlds agents frames (part heads dim) -> part (worlds frames) heads agents dim",
            part=3,
            heads=HEADS,
        )
        attended = torch_attention(query, key, value, {})
        return self.out_proj(
            rearrange(attended, "(worlds frames) agents dim -> worlds agents frames dim", worlds=worlds)
        )


class AgentPooling(nn.Module):
    """Attention among agents, then their sum; with `weighting_dim` a sum weighted by Adaptive Action Weighting.

    Weights are a softmax over the agents, as released.
    """

    def __init__(self, dim: int, weighting_dim: int, identity_base: float, layers: Layers) -> None:
        super().__init__()
        self.agent_attn = AgentAttention(dim, identity_base, layers)
        self.weight_proj = (
            nn.Sequential(layers.linear(dim, weighting_dim), nn.GELU(), layers.linear(weighting_dim, 1))
            if weighting_dim
            else None
        )

    def forward(self, features: Tensor) -> Tensor:
        """(worlds, agents, frames, dim) -> (worlds, frames, dim)."""
        mixed = self.agent_attn(features)
        if self.weight_proj is not None:
            mixed = mixed * torch.softmax(self.weight_proj(mixed), dim=1)
        return mixed.sum(dim=1)
