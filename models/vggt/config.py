"""The sizes of VGGT's aggregator, read from its weights."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

PREFIX = "aggregator."
"""What the names of the aggregator's parameters start with; VGGT's heads have other names."""


@dataclass(frozen=True)
class AggregatorConfig:
    """Sizes of an aggregator; the defaults are those of VGGT-1B.

    Attributes:
        layers: pairs of a frame block and a global block.
        patch_layers: blocks of the DINOv2 that embeds patches.
        dim: width of a token.
        head_dim: width of an attention head, a multiple of 4 that divides `dim`.
        hidden: width between the two linear layers of a block.
        patch_size: side in pixels of the square that makes a token.
        learned_side: rows and columns of tokens that DINOv2's position table holds.
        registers: register tokens of every view.
        patch_registers: register tokens inside DINOv2.
    """

    layers: int = 24
    patch_layers: int = 24
    dim: int = 1024
    head_dim: int = 64
    hidden: int = 4096
    patch_size: int = 14
    learned_side: int = 37
    registers: int = 4
    patch_registers: int = 4

    def __post_init__(self) -> None:
        if self.head_dim < 4 or self.head_dim % 4 or self.dim % self.head_dim:
            raise ValueError(
                f"Tokens of {self.dim} features cannot be split into heads of {self.head_dim}; that must be a multiple "
                "of 4 that divides them."
            )

    @property
    def special_tokens(self) -> int:
        """Tokens of a view before its patches: the camera token and the registers."""
        return 1 + self.registers


def config_from_shapes(shapes: Mapping[str, tuple[int, ...]]) -> AggregatorConfig:
    """Sizes of an aggregator with the published parameter names.

    Shapes do not tell how many heads DINOv2 has; they are as wide as the aggregator's, as in VGGT-1B.

    Args:
        shapes: parameter name, with `PREFIX` -> shape.

    Raises:
        KeyError: if a parameter is missing that tells a size.
        ValueError: if such a parameter has another number of axes, or if sizes do not fit together.
    """

    def axes(name: str, count: int) -> tuple[int, ...]:
        shape = tuple(shapes[PREFIX + name])
        if len(shape) != count:
            raise ValueError(f"{PREFIX}{name} has shape {shape} instead of {count} axes.")
        return shape

    dim, _, patch_size, _ = axes("patch_embed.patch_embed.proj.weight", 4)
    places = axes("patch_embed.pos_embed", 3)[1] - 1
    if places != math.isqrt(max(places, 0)) ** 2:
        raise ValueError(f"{PREFIX}patch_embed.pos_embed holds {places} positions of patches, which form no square.")
    return AggregatorConfig(
        layers=max(_block_count(shapes, "frame_blocks"), _block_count(shapes, "global_blocks")),
        patch_layers=_block_count(shapes, "patch_embed.blocks"),
        dim=dim,
        head_dim=axes("frame_blocks.0.attn.q_norm.weight", 1)[0],
        hidden=axes("frame_blocks.0.mlp.fc1.weight", 2)[0],
        patch_size=patch_size,
        learned_side=math.isqrt(places),
        registers=axes("register_token", 4)[2],
        patch_registers=axes("patch_embed.register_tokens", 3)[1],
    )


def _block_count(shapes: Mapping[str, tuple[int, ...]], blocks: str) -> int:
    """Number of blocks up to the last one of which anything is there, at least one."""
    pattern = re.compile(re.escape(f"{PREFIX}{blocks}.") + r"(\d+)\.")
    return max((int(match[1]) for name in shapes if (match := pattern.match(name))), default=0) + 1
