"""Wan's block with World-State Alignment, whose per-agent parts can run a few agents at a time."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import comfy.model_management
import torch
from comfy.ldm.wan.model import WanAttentionBlock, repeat_e
from torch import Tensor

from ..grouping import in_groups
from .alignment import Coupling, WorldStateAlignment
from .options import MetaWorldOptions

EVALUATION = "shared_world_metaworld"
"""Key in transformer_options: `Evaluation`."""


@dataclass(frozen=True)
class Evaluation:
    """What the blocks of one evaluation need to know.

    Attributes:
        coupling: who shares a world, and how.
        sources: (agents, sources) integers, see `Coupling.sources`; None where agents are independent.
        frames: latent frames of the video; what follows them are identity frames.
        condition: (batch, video tokens, dim), added before the first block.
    """

    coupling: Coupling
    sources: Tensor | None
    frames: int
    condition: Tensor | None = None


class MetaWorldBlock(WanAttentionBlock):
    """Wan's block and World-State Alignment.

    Args:
        args, kwargs: Wan's.
        options: whether agents are aligned, and where.
    """

    def __init__(self, *args: Any, options: MetaWorldOptions, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.place = options.alignment_place
        self.wsa = (
            WorldStateAlignment(
                self.dim, self.num_heads, options.alignment_qk_norm, self.eps, kwargs["operation_settings"]
            )
            if options.alignment
            else None
        )

    def forward(
        self,
        x: Tensor,
        e: Tensor,
        freqs: Tensor,
        context: Tensor,
        context_img_len: int | None = None,
        transformer_options: dict[str, Any] | None = None,
    ) -> Tensor:
        """Tokens (batch, tokens, dim) in and out; arguments as in Wan's block."""
        options = transformer_options or {}
        evaluation: Evaluation = options[EVALUATION]
        if evaluation.condition is not None and options["block_index"] == 0:
            x = with_condition(x, evaluation.condition)
        group = evaluation.coupling.agents_at_a_time
        whole = partial(self._unaligned, freqs=freqs, context_img_len=context_img_len, options=options)
        if self.wsa is None or evaluation.sources is None:
            return in_groups(whole, group, x, e, context)
        align = partial(self._aligned, freqs=freqs, evaluation=evaluation, options=options)
        if self.place == "before_self_attention":
            return in_groups(whole, group, align(x), e, context)
        if self.place == "after_block":
            return align(in_groups(whole, group, x, e, context))
        x = align(in_groups(partial(self._until_self_attention, freqs=freqs, options=options), group, x, e))
        after = partial(self._from_cross_attention, context_img_len=context_img_len, options=options)
        return in_groups(after, group, x, e, context)

    def _unaligned(
        self,
        x: Tensor,
        e: Tensor,
        context: Tensor,
        freqs: Tensor,
        context_img_len: int | None,
        options: dict[str, Any],
    ) -> Tensor:
        return super().forward(x, e, freqs, context, context_img_len, transformer_options=options)

    def _modulation(self, x: Tensor, e: Tensor) -> tuple[Tensor, ...]:
        """Shift, scale and gate of self-attention and of the feed-forward; `e` is (batch, times, 6, dim)."""
        own = comfy.model_management.cast_to(self.modulation, dtype=x.dtype, device=x.device)
        return tuple(repeat_e(part, x) for part in (own.unsqueeze(0) + e).unbind(2))

    def _until_self_attention(self, x: Tensor, e: Tensor, freqs: Tensor, options: dict[str, Any]) -> Tensor:
        """The first half of Wan's block, operation by operation, so that results are equal to the last bit."""
        shift, scale, gate = self._modulation(x, e)[:3]
        x = x.contiguous()
        modulated = torch.addcmul(shift, self.norm1(x), 1 + scale)
        return torch.addcmul(x, self.self_attn(modulated, freqs, transformer_options=options), gate)

    def _from_cross_attention(
        self, x: Tensor, e: Tensor, context: Tensor, context_img_len: int | None, options: dict[str, Any]
    ) -> Tensor:
        """The second half, likewise."""
        shift, scale, gate = self._modulation(x, e)[3:]
        x = x + self.cross_attn(self.norm3(x), context, context_img_len=context_img_len, transformer_options=options)
        for patch in options.get("patches", {}).get("attn2_patch", ()):
            x = patch({"x": x, "transformer_options": options})
        return torch.addcmul(x, self.ffn(torch.addcmul(shift, self.norm2(x), 1 + scale)), gate)

    def _aligned(self, x: Tensor, freqs: Tensor, evaluation: Evaluation, options: dict[str, Any]) -> Tensor:
        """Tokens (worlds * agents, tokens, dim) with what others add to the video; identities stay as they are."""
        assert self.wsa is not None
        assert evaluation.sources is not None
        coupling, frames = evaluation.coupling, evaluation.frames
        _, rows, columns = options["grid_sizes"]
        tokens = rows * columns

        def video_of(sequence: Tensor) -> Tensor:
            video = sequence[:, : frames * tokens].unflatten(1, (frames, tokens))
            return video.unflatten(0, (-1, coupling.agents))

        features, aligned = video_of(x), x.clone()
        updated = video_of(aligned)
        size = coupling.frames_at_a_time(frames)
        for start in range(0, frames, size):
            some = slice(start, start + size)
            updated[:, :, some] += self.wsa(features[:, :, some], freqs[:, :tokens], evaluation.sources, options)
        return aligned


def with_condition(x: Tensor, condition: Tensor) -> Tensor:
    """The tokens (batch, tokens, dim) with the condition added to the first ones, which are those of the video."""
    conditioned = x.clone()
    conditioned[:, : condition.shape[1]] += condition
    return conditioned
