"""The parts of a CogVideoX block: adaptive norm, attention with normalised queries and keys, feed-forward.

Text and video tokens go through the same weights, with their own shift, scale and gate. Module names are those of the
diffusers files.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..layers import Layers


@dataclass(frozen=True)
class Modulation:
    """Shift, scale and gate (..., 1, dim) that the time embedding asks for."""

    shift: Tensor
    scale: Tensor
    gate: Tensor

    def apply(self, normed: Tensor) -> Tensor:
        return normed * (1 + self.scale) + self.shift

    def of(self, agents: slice) -> "Modulation":
        """The modulation of some agents, where the tensors are (worlds, agents, 1, dim)."""
        return Modulation(self.shift[:, agents], self.scale[:, agents], self.gate[:, agents])


class AdaptiveNorm(nn.Module):
    """LayerNorm whose shift, scale and gate come from the time embedding, three for video and three for text."""

    def __init__(self, time_dim: int, dim: int, layers: Layers) -> None:
        super().__init__()
        self.linear = layers.linear(time_dim, 6 * dim)
        self.norm = layers.layer_norm(dim, eps=1e-5)

    def modulations(self, time_embedding: Tensor) -> tuple[Modulation, Modulation]:
        """Modulation of the video and of the text, from a time embedding (..., time_dim)."""
        parts = self.linear(functional.silu(time_embedding))[..., None, :].chunk(6, dim=-1)
        return Modulation(*parts[:3]), Modulation(*parts[3:])


class Attention(nn.Module):
    """Multi-head attention with a LayerNorm on every head's query and key, and rotary positions."""

    def __init__(self, dim: int, head_dim: int, layers: Layers) -> None:
        super().__init__()
        self.head_dim = head_dim
        self.kernels = layers.kernels
        self.to_q = layers.linear(dim, dim)
        self.to_k = layers.linear(dim, dim)
        self.to_v = layers.linear(dim, dim)
        self.norm_q = layers.layer_norm(head_dim, eps=1e-6)
        self.norm_k = layers.layer_norm(head_dim, eps=1e-6)
        self.to_out = nn.ModuleList([layers.linear(dim, dim)])

    def _heads(self, features: Tensor) -> Tensor:
        return features.unflatten(-1, (-1, self.head_dim)).transpose(1, 2)

    def query(self, tokens: Tensor, rotation: Tensor) -> Tensor:
        """(batch, heads, tokens, head_dim) from tokens (batch, tokens, dim) and their rotations."""
        return self.kernels.rotate(self.norm_q(self._heads(self.to_q(tokens))), rotation)

    def key_value(self, tokens: Tensor, rotation: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values, each (batch, heads, tokens, head_dim)."""
        key = self.kernels.rotate(self.norm_k(self._heads(self.to_k(tokens))), rotation)
        return key, self._heads(self.to_v(tokens))

    def attend(self, query: Tensor, key: Tensor, value: Tensor, transformer_options: dict[str, Any]) -> Tensor:
        """Output (batch, tokens, dim) of `query` over `key` and `value`."""
        return self.to_out[0](self.kernels.attention(query, key, value, transformer_options))

    def forward(self, tokens: Tensor, rotation: Tensor, transformer_options: dict[str, Any]) -> Tensor:
        return self.attend(self.query(tokens, rotation), *self.key_value(tokens, rotation), transformer_options)


class _ExpandAndActivate(nn.Module):
    def __init__(self, dim: int, hidden: int, layers: Layers) -> None:
        super().__init__()
        self.proj = layers.linear(dim, hidden)

    def forward(self, tokens: Tensor) -> Tensor:
        return functional.gelu(self.proj(tokens), approximate="tanh")


class FeedForward(nn.Module):
    """Linear to 4 * dim, GELU (tanh), linear back; `net.1` keeps the place of the dropout in the published files."""

    def __init__(self, dim: int, layers: Layers) -> None:
        super().__init__()
        self.net = nn.ModuleList([_ExpandAndActivate(dim, 4 * dim, layers), nn.Identity(), layers.linear(4 * dim, dim)])

    def forward(self, tokens: Tensor) -> Tensor:
        for layer in self.net:
            tokens = layer(tokens)
        return tokens


class Block(nn.Module):
    """One CogVideoX block: joint attention over text and video, then feed-forward, both with gated residuals."""

    def __init__(self, dim: int, head_dim: int, time_dim: int, layers: Layers) -> None:
        super().__init__()
        self.norm1 = AdaptiveNorm(time_dim, dim, layers)
        self.attn1 = Attention(dim, head_dim, layers)
        self.norm2 = AdaptiveNorm(time_dim, dim, layers)
        self.ff = FeedForward(dim, layers)

    def forward(
        self, text: Tensor, video: Tensor, time_embedding: Tensor, rotation: Tensor, transformer_options: dict[str, Any]
    ) -> tuple[Tensor, Tensor]:
        """Both kinds of tokens after the block.

        Args:
            text: (batch, text tokens, dim).
            video: (batch, video tokens, dim).
            time_embedding: (batch, time_dim).
            rotation: (text + video tokens, head_dim / 2, 2, 2); the text's part is the identity.
        """
        text_tokens = text.shape[1]
        for_video, for_text = self.norm1.modulations(time_embedding)
        joint = torch.cat([for_text.apply(self.norm1.norm(text)), for_video.apply(self.norm1.norm(video))], dim=1)
        update = self.attn1(joint, rotation, transformer_options)
        text = text + for_text.gate * update[:, :text_tokens]
        video = video + for_video.gate * update[:, text_tokens:]

        for_video, for_text = self.norm2.modulations(time_embedding)
        joint = torch.cat([for_text.apply(self.norm2.norm(text)), for_video.apply(self.norm2.norm(video))], dim=1)
        update = self.ff(joint)
        text = text + for_text.gate * update[:, :text_tokens]
        return text, video + for_video.gate * update[:, text_tokens:]
