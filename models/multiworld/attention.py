"""The block's cross-attention: one query, one softmax over action tokens and one over global-state tokens."""

from dataclasses import dataclass
from typing import Any

import torch
from comfy.ldm.modules.attention import attention_pytorch, optimized_attention
from comfy.ldm.wan.model import WanAttentionBlock, WanSelfAttention
from torch import Tensor

from ..layers import Layers

RECALLED = "shared_world_multiworld"
"""Key in transformer_options: `Recalled`."""

TENSORS_PER_BLOCK = 4


@dataclass(frozen=True)
class Recalled:
    """What the blocks of one evaluation attend to.

    Attributes:
        memory: per block the action tokens' keys and values and the global-state tokens' keys and values, each
            (batch, tokens, dim).
        action_mask: (video tokens, action tokens), True where a video token sees an action; None for everywhere.
    """

    memory: tuple[Tensor, ...]
    action_mask: Tensor | None = None

    def of_block(self, index: int) -> tuple[Tensor, ...]:
        return self.memory[TENSORS_PER_BLOCK * index : TENSORS_PER_BLOCK * (index + 1)]


class ActionCrossAttention(WanSelfAttention):
    """Wan's cross-attention with a second key and value (`*_ctx`) for the global state.

    Both parts share the query and the output projection; their results are added with equal weight.
    """

    def __init__(self, dim: int, heads: int, eps: float, operation_settings: dict[str, Any]) -> None:
        super().__init__(dim, heads, eps=eps, operation_settings=operation_settings)
        layers = Layers(**operation_settings)
        self.k_ctx = layers.linear(dim, dim)
        self.v_ctx = layers.linear(dim, dim)
        self.norm_k_ctx = layers.rms_norm(dim, eps)

    def memory(self, actions: Tensor, environment: Tensor) -> list[Tensor]:
        """Keys and values, none of which depend on the timestep.

        Args:
            actions, environment: (batch, tokens, dim); the batches may differ.
        """
        return [
            self.norm_k(self.k(actions)),
            self.v(actions),
            self.norm_k_ctx(self.k_ctx(environment)),
            self.v_ctx(environment),
        ]

    def forward(self, x: Tensor, context: Any, transformer_options: dict[str, Any], **_: Any) -> Tensor:
        """(batch, video tokens, dim) in and out; what is attended to comes with `transformer_options`."""
        recalled: Recalled = transformer_options[RECALLED]
        key, value, environment_key, environment_value = recalled.of_block(transformer_options["block_index"])
        query = self.norm_q(self.q(x))
        if recalled.action_mask is None:
            acted = optimized_attention(query, key, value, self.num_heads, transformer_options=transformer_options)
        else:
            # Several of ComfyUI's kernels, and overrides by other packs, drop a mask without a word.
            acted = attention_pytorch(query, key, value, self.num_heads, mask=recalled.action_mask)
        seen = optimized_attention(
            query, environment_key, environment_value, self.num_heads, transformer_options=transformer_options
        )
        return self.o(acted + seen)


class MultiWorldBlock(WanAttentionBlock):
    """Wan's block with the cross-attention replaced."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cross_attn = ActionCrossAttention(self.dim, self.num_heads, self.eps, kwargs["operation_settings"])


def block_causal_mask(frames: int, tokens_per_frame: int, actions: int, device: torch.device) -> Tensor:
    """Video tokens of latent frame f see the actions 0 to f: (frames * tokens_per_frame, actions), True where seen.

    Raises:
        ValueError: if there is not one action per latent frame.
    """
    if actions != frames:
        raise ValueError(
            f"The conditioning holds actions for {actions} latent frames, the latents have {frames}; connect the "
            "LATENT of the conditioning node, or give actions for as many frames as the video has."
        )
    frame = torch.arange(frames, device=device)
    return (frame[None] <= frame[:, None]).repeat_interleave(tokens_per_frame, dim=0)
