"""When frames were taken: their rate from their times, and gaps in their numbers."""

import logging
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from torch import Tensor

logger = logging.getLogger(__name__)

UNEVEN_STEPS = 0.1
"""Relative difference of time steps from which frames count as unevenly spaced."""


def warn_of_gaps(numbers: Sequence[int], what: str, source: object) -> None:
    """Log the first place where numbers of `what`, in order, leave some out; time is taken to run on without them."""
    for before, after in pairwise(numbers):
        if after > before + 1:
            logger.warning(
                "%s: %s between %d and %d are missing; time runs on without them.", source, what, before, after
            )
            return


def frame_rate_from_times(
    seconds: Tensor, places: Sequence[str], source: object, rounding: float = 0.0
) -> float | None:
    """Frames per second, to 9 digits; None for a single frame, which has no rate.

    Uneven steps are taken at their mean, with a warning.

    Args:
        seconds: (frames) times.
        places: where each time is written, for messages ("line 3").
        source: for the warning.
        rounding: seconds to which the file rounds its times; a large time has fewer digits behind the point than that.
            Within what is left open, the rate is a whole number or 1000/1001 of one.

    Raises:
        ValueError: naming the place where time does not increase.
    """
    if len(seconds) < 2:
        return None
    steps = seconds.diff()
    if (steps <= 0).any():
        index = int((steps <= 0).nonzero()[0]) + 1
        raise ValueError(f"{places[index]}: time does not increase from the frame before.")
    if (steps.max() - steps.min()) / steps.mean() > UNEVEN_STEPS:
        logger.warning(
            "%s: time steps vary between %.4g and %.4g seconds; the mean frame rate is taken.",
            source,
            steps.min().item(),
            steps.max().item(),
        )
    rate = 1.0 / steps.mean().item()
    uncertainty = rate * rate * max(rounding, np.spacing(seconds.abs().max().item())) / len(steps)
    for usual in (float(round(rate)), round(rate * 1.001) * 1000.0 / 1001.0):
        if usual > 0.0 and abs(rate - usual) <= uncertainty:
            return usual
    return float(f"{rate:.9g}")
