"""The sizes of a CogVideoX-I2V transformer, read from its weights."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

PUBLISHED_GRID = (13, 30, 45)
"""Tokens (frames, rows, columns) of 49 frames at 480x720, the only size that CogVideoX-5B-I2V was trained for."""

PUBLISHED_TEXT_TOKENS = 226


@dataclass(frozen=True)
class CogVideoXConfig:
    """Sizes of a CogVideoX-I2V transformer; the defaults are those of the published 5B model.

    Attributes:
        layers: number of blocks.
        dim: width of a token.
        head_dim: width of an attention head.
        time_dim: width of the time embedding.
        text_dim: width of the text encoder's output.
        in_channels: noisy latent plus first-frame latent.
        out_channels: channels of a latent.
        patch_size: side of the square of latent pixels that makes a token.
        text_tokens: rows of the learned position table that belong to the text.
        learned_grid: (frames, rows, columns) of tokens that the learned position table holds; None without a table.
    """

    layers: int = 42
    dim: int = 3072
    head_dim: int = 64
    time_dim: int = 512
    text_dim: int = 4096
    in_channels: int = 32
    out_channels: int = 16
    patch_size: int = 2
    text_tokens: int = PUBLISHED_TEXT_TOKENS
    learned_grid: tuple[int, int, int] | None = PUBLISHED_GRID

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def config_from_shapes(
    shapes: Mapping[str, tuple[int, ...]], metadata: Mapping[str, Any] | None = None
) -> CogVideoXConfig:
    """Sizes of a transformer with diffusers' parameter names.

    Args:
        shapes: parameter name -> shape.
        metadata: the checkpoint's own record of sizes that shapes do not tell (`text_tokens`, `learned_grid`).

    Raises:
        KeyError: if a parameter is missing.
        ValueError: if the position table has another length than the metadata, or the published grid, say, or if the
            patch embedding is not that of CogVideoX 1.0.
    """
    patch = shapes["patch_embed.proj.weight"]
    if len(patch) != 4:
        raise ValueError(
            f"patch_embed.proj.weight has shape {tuple(patch)}, but only CogVideoX 1.0, with 4 axes, is read."
        )
    dim, in_channels, patch_size, _ = patch
    blocks = {int(match[1]) for name in shapes if (match := re.match(r"transformer_blocks\.(\d+)\.", name))}
    text_tokens, grid = _recorded_positions(metadata or {})
    learned_grid = None
    if "patch_embed.pos_embedding" in shapes:
        learned_grid = grid
        frames, rows, columns = grid
        expected = text_tokens + frames * rows * columns
        given = shapes["patch_embed.pos_embedding"][1]
        if given != expected:
            raise ValueError(
                f"The learned position table has {given} rows, but {frames} x {rows} x {columns} video tokens and "
                f"{text_tokens} text tokens need {expected}; record its grid as 'learned_grid' in the metadata."
            )
    return CogVideoXConfig(
        layers=max(blocks, default=0) + 1,
        dim=dim,
        head_dim=shapes["transformer_blocks.0.attn1.norm_q.weight"][0],
        time_dim=shapes["time_embedding.linear_1.weight"][0],
        text_dim=shapes["patch_embed.text_proj.weight"][1],
        in_channels=in_channels,
        out_channels=shapes["proj_out.weight"][0] // patch_size**2,
        patch_size=patch_size,
        text_tokens=text_tokens,
        learned_grid=learned_grid,
    )


def _recorded_positions(recorded: Mapping[str, Any]) -> tuple[int, tuple[int, int, int]]:
    """Text tokens and (frames, rows, columns) of the learned position table."""
    text_tokens = recorded.get("text_tokens", PUBLISHED_TEXT_TOKENS)
    grid = recorded.get("learned_grid") or PUBLISHED_GRID
    try:
        frames, rows, columns = (int(size) for size in grid)
        return int(text_tokens), (frames, rows, columns)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The metadata must record 'text_tokens' as a number and 'learned_grid' as [frames, rows, columns], given "
            f"{text_tokens!r} and {grid!r}."
        ) from error
