"""Noise levels of the released program, and their entry in ComfyUI's list of schedulers."""

from typing import Any

import torch
from torch import Tensor

SHIFT = 5.0

MULTIWORLD_SCHEDULER = "multiworld"
"""Its name in the list."""


def official_sigmas(steps: int, shift: float = SHIFT) -> Tensor:
    """Noise levels from 1 to 0, (steps + 1,) float32: evenly spaced, then shifted.

    ComfyUI's scheduler `simple` picks from 1000 levels and equals them only where `steps` divides 1000.

    Args:
        steps: number of evaluations.
        shift: s becomes shift * s / (1 + (shift - 1) * s).

    Raises:
        ValueError: for fewer than one step or a shift that is not positive.
    """
    if steps < 1 or shift <= 0:
        raise ValueError(f"A schedule needs at least 1 step and a positive shift, given {steps} and {shift}.")
    level = torch.linspace(1, 0, steps + 1)
    return shift * level / (1 + (shift - 1) * level)


def multiworld_scheduler(model_sampling: Any, steps: int) -> Tensor:
    """Noise levels for a MODEL, as ComfyUI calls its schedulers: `official_sigmas` with the model's shift.

    Models without a shift get levels that are evenly spaced in their own time.
    """
    shift = getattr(model_sampling, "shift", None)
    if shift is not None:
        return official_sigmas(steps, float(shift))
    between = [float(model_sampling.percent_to_sigma(step / steps)) for step in range(1, steps)]
    return torch.tensor([float(model_sampling.sigma_max), *between, 0.0])
