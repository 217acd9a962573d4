"""One clip's numbers beside those of its controls, to be read and to be computed with."""

import json
import math
from collections.abc import Iterable, Mapping

from torch import Tensor

from .controls import frozen_first_frame, own_frame_oracle
from .evaluation import Perceptual, evaluate_variants
from .known_clip import KnownClip
from .table import COLUMNS, MISSING

GENERATED, RECONSTRUCTION, FROZEN, ORACLE = "generated", "VAE alone", "frozen first frame", "own-frame oracle"

SMALLEST_FOR_LPIPS = 31
"""Pixels of the shorter side below which nothing is left of a picture within the network of LPIPS."""

NOTES = {
    RECONSTRUCTION: "the known pictures, encoded and decoded: no model with this VAE can do better.",
    FROZEN: "the given first frame all the time.",
    ORACLE: "perfect geometry and the agent's own first frame: the truth without other agents, where buildings that "
    "the agent did not see at first have the mean colour of buildings. That colour is fitted to this very clip, which "
    "flatters the oracle.",
}
"""What the controls are, for a note below a table."""


def evaluate_with_controls(
    generated: Tensor,
    known: KnownClip,
    lpips: Perceptual | None = None,
    reconstruction: Tensor | None = None,
    known_as: str = "ground truth",
) -> dict[str, dict[str, float]]:
    """`evaluate_clip` of generated frames and of the controls that need no other network.

    Args:
        generated: (agents, frames, views, height, width, 3) in 0..1.
        known: the clip, with as many frames.
        lpips: from `perceptual.find_lpips`; left out for views that are too small for it.
        reconstruction: the true frames as a VAE gives them back, same shape.
        known_as: name of the known frames, which are measured too: their flicker is the best, not the highest.

    Returns:
        Name -> numbers: the generated frames, then the controls, at last the known frames themselves.

    Raises:
        ValueError: as `evaluate_clip`.
    """
    variants = {GENERATED: generated}
    if reconstruction is not None:
        variants[RECONSTRUCTION] = reconstruction
    variants[FROZEN] = frozen_first_frame(known.truth)
    if known.instances is not None and known.without_others is not None:
        variants[ORACLE] = own_frame_oracle(known)
    variants[known_as] = known.truth
    large_enough = min(known.truth.shape[3:5]) >= SMALLEST_FOR_LPIPS
    return evaluate_variants(variants, known, lpips if large_enough else None)


def clip_table(results: Mapping[str, Mapping[str, float]]) -> str:
    """Markdown with one row per metric and one column per variant, padded so that it also reads as plain text.

    Metrics of a region say how many pixels it has. Missing numbers are dashes.
    """
    rows = [["", *results]]
    for key, column in COLUMNS.items():
        values = [numbers.get(key, math.nan) for numbers in results.values()]
        if not any(key in numbers for numbers in results.values()):
            continue
        pixels = max((numbers.get(column.weight or "", math.nan) for numbers in results.values()), default=math.nan)
        title = column.title if math.isnan(pixels) else f"{column.title} ({pixels:.0f} px)"
        rows.append([title, *(MISSING if math.isnan(value) else f"{value:.{column.digits}f}" for value in values)])
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [[row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in (rows[0], rule, *rows[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in padded)


def clip_notes(variants: Iterable[str]) -> str:
    """What the controls among the variants are, one line each."""
    return "\n".join(f"{name}: {NOTES[name]}" for name in dict.fromkeys(variants) if name in NOTES)


def to_json(values: Mapping[str, object]) -> str:
    """JSON of nested numbers; what was not measured (NaN) is null."""

    def plain(value: object) -> object:
        if isinstance(value, Mapping):
            return {name: plain(part) for name, part in value.items()}
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return json.dumps(plain(values), indent=1, allow_nan=False)
