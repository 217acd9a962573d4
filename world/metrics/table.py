"""Numbers of many clips as tables: means with standard errors, and differences from a control."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .pictures import HIGHEST_PSNR
from .regions import NOBODY_SAW, OTHER_CAR, PARTNER_SAW, SEEN

Results = Mapping[str, Sequence[Mapping[str, float]]]
"""Variant -> one flat dict per clip, clips in the same order for all variants."""

Array = NDArray[np.float64]

MISSING = "-"


@dataclass(frozen=True)
class Column:
    """A metric in a table.

    Attributes:
        title: heading with unit.
        digits: decimals.
        weight: key of the pixel count with which PSNR is pooled over clips; None to average clips alike.
    """

    title: str
    digits: int = 2
    weight: str | None = None


COLUMNS = {
    "psnr": Column("PSNR dB ↑"),
    "ssim": Column("SSIM ↑", 3),
    "lpips": Column("LPIPS ↓", 3),
    "psnr_last_frame": Column("last frame dB ↑"),
    f"psnr_{SEEN}": Column("seen dB ↑", weight=f"pixels_{SEEN}"),
    f"psnr_{PARTNER_SAW}": Column("new, partner saw dB ↑", weight=f"pixels_{PARTNER_SAW}"),
    f"psnr_{NOBODY_SAW}": Column("new, nobody saw dB ↑", weight=f"pixels_{NOBODY_SAW}"),
    f"psnr_{OTHER_CAR}": Column("other car dB ↑", weight=f"pixels_{OTHER_CAR}"),
    "car_hit_rate": Column("car hit ↑", 3),
    "car_overlap": Column("car overlap ↑", 3),
    "car_centroid_error": Column("car off px ↓"),
    "car_colour_error": Column("car colour off ↓", 3),
    "consistency_error": Column("agents differ beyond truth ↓", 4),
    "raw_consistency_error": Column("agents differ, seen alike", 4),
    "temporal_flicker": Column("flicker (truth's is best)", 4),
}
"""Columns of the tables, in order; a metric that no clip has is left out."""


@dataclass(frozen=True)
class Estimate:
    """A number over clips.

    Attributes:
        value: mean, or PSNR of the pooled squared error; NaN if no clip has it.
        error: its standard error over clips; NaN for fewer than two clips.
        clips: clips that have it.
    """

    value: float
    error: float
    clips: int


def summarise(clips: Sequence[Mapping[str, float]], metric: str, weight: str | None = None) -> Estimate:
    """Mean of a metric over clips; clips where it is missing (absent or NaN) do not count.

    With `weight`, the key of a pixel count, the metric is a PSNR whose squared error is pooled over the pixels of all
    clips: a clip with three pixels in a region then says little. The standard error is the jackknife's over clips,
    which for a plain mean is the usual one.
    """
    values, weights = _gather(clips, metric, weight)
    present = ~np.isnan(values)
    total, left_out = _leave_one_out(values[present], weights[present], weight is not None)
    return Estimate(total, _jackknife_error(left_out), int(present.sum()))


def compare(
    clips: Sequence[Mapping[str, float]],
    others: Sequence[Mapping[str, float]],
    metric: str,
    weight: str | None = None,
) -> Estimate:
    """Difference of a metric between two variants over the same clips (first minus second).

    Paired by clip, so that what makes a clip hard for both does not count as spread. Only clips where both have it.

    Raises:
        ValueError: if the numbers of clips differ.
    """
    if len(clips) != len(others):
        raise ValueError(f"Variants are compared clip by clip, given {len(clips)} and {len(others)} clips.")
    (values, weights), (other_values, other_weights) = (_gather(part, metric, weight) for part in (clips, others))
    present = ~np.isnan(values) & ~np.isnan(other_values)
    pooled = weight is not None
    total, left_out = _leave_one_out(values[present], weights[present], pooled)
    other_total, other_left_out = _leave_one_out(other_values[present], other_weights[present], pooled)
    return Estimate(total - other_total, _jackknife_error(left_out - other_left_out), int(present.sum()))


def markdown_table(results: Results, columns: Mapping[str, Column] | None = None) -> str:
    """One row per variant, one column per metric: `value ± standard error`.

    A number that not all clips have says in brackets how many do. Missing numbers are dashes.
    """
    clips = max((len(rows) for rows in results.values()), default=0)
    chosen = _present(results, columns or COLUMNS)
    rows = [
        [name, *(_cell(summarise(rows, key, column.weight), column, clips) for key, column in chosen.items())]
        for name, rows in results.items()
    ]
    return _markdown([f"{clips} clips", *(column.title for column in chosen.values())], rows)


def markdown_differences(results: Results, baseline: str, columns: Mapping[str, Column] | None = None) -> str:
    """Every other variant minus the baseline, clip by clip.

    Raises:
        ValueError: if there is no such variant, or the variants have different numbers of clips.
    """
    if baseline not in results:
        raise ValueError(f"There is no variant '{baseline}' to compare with; there are {', '.join(results)}.")
    reference = results[baseline]
    chosen = _present(results, columns or COLUMNS)
    rows = [
        [
            name,
            *(
                _cell(compare(rows, reference, key, column.weight), column, len(rows), "+")
                for key, column in chosen.items()
            ),
        ]
        for name, rows in results.items()
        if name != baseline
    ]
    return _markdown([f"minus {baseline}", *(column.title for column in chosen.values())], rows)


def _gather(clips: Sequence[Mapping[str, float]], metric: str, weight: str | None) -> tuple[Array, Array]:
    values = np.array([clip.get(metric, np.nan) for clip in clips], dtype=np.float64)
    weights = np.array([1.0 if weight is None else clip.get(weight, np.nan) for clip in clips], dtype=np.float64)
    return np.where(weights > 0.0, values, np.nan), weights


def _leave_one_out(values: Array, weights: Array, pooled: bool) -> tuple[float, Array]:
    """The number over all clips, and with each clip left out in turn."""
    if not len(values):
        return float("nan"), values
    terms = 10.0 ** (-values / 10.0) if pooled else values
    total, weight = (terms * weights).sum(), weights.sum()
    whole = total / weight
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = (total - terms * weights) / (weight - weights)
    if not pooled:
        return float(whole), parts
    floor = 10.0 ** (-HIGHEST_PSNR / 10.0)
    return float(-10.0 * np.log10(whole)), -10.0 * np.log10(np.maximum(parts, floor))


def _jackknife_error(left_out: Array) -> float:
    clips = len(left_out)
    if clips < 2:
        return float("nan")
    return float(np.sqrt((clips - 1) / clips * np.square(left_out - left_out.mean()).sum()))


def _present(results: Results, columns: Mapping[str, Column]) -> dict[str, Column]:
    known = {key for rows in results.values() for clip in rows for key in clip}
    return {key: column for key, column in columns.items() if key in known}


def _cell(estimate: Estimate, column: Column, clips: int, sign: str = "") -> str:
    if np.isnan(estimate.value):
        return MISSING
    text = f"{estimate.value:{sign}.{column.digits}f}"
    if not np.isnan(estimate.error):
        text += f" ± {estimate.error:.{column.digits}f}"
    return text if estimate.clips == clips else f"{text} ({estimate.clips})"


def _markdown(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heading, ["---", *("---:" for _ in heading[1:])], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
