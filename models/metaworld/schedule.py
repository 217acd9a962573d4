"""Noise levels of the released program, and their entry in ComfyUI's list of schedulers."""

from typing import Any

import torch
from torch import Tensor

SHIFT = 5.0
TIMESTEPS = 1000

METAWORLD_SCHEDULER = "metaworld"
"""Its name in the list."""


def official_sigmas(steps: int, shift: float = SHIFT) -> Tensor:
    """Noise levels from 1 to 0, (steps + 1,) float32: `steps` timesteps evenly from 1000 to 1, then 0, all shifted.

    Args:
        steps: number of evaluations.
        shift: s becomes shift * s / (1 + (shift - 1) * s).

    Raises:
        ValueError: for fewer than one step or a shift that is not positive.
    """
    if steps < 1 or shift <= 0:
        raise ValueError(f"A schedule needs at least 1 step and a positive shift, given {steps} and {shift}.")
    level = torch.linspace(1, 1 / TIMESTEPS, steps, dtype=torch.float64)
    level = torch.cat([level, level.new_zeros(1)])
    return (shift * level / (1 + (shift - 1) * level)).float()


def metaworld_scheduler(model_sampling: Any, steps: int) -> Tensor:
    """Noise levels for a MODEL, as ComfyUI calls its schedulers: `official_sigmas` with the model's shift.

    Models without a shift get levels that are evenly spaced in their own time.
    """
    shift = getattr(model_sampling, "shift", None)
    if shift is not None:
        return official_sigmas(steps, float(shift))
    percents = torch.linspace(0, 1 - 1 / TIMESTEPS, steps, dtype=torch.float64).tolist()
    levels = [float(model_sampling.percent_to_sigma(percent)) for percent in percents[1:]]
    return torch.tensor([float(model_sampling.sigma_max), *levels, 0.0])
