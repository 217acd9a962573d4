"""Which roads a town has."""

from collections.abc import Callable

import numpy as np
import torch

from .roads import Roads

REMOVED_STRETCHES = 3
"""Most stretches of road that a town of four junctions lacks."""


def _single(*arms: bool) -> Roads:
    return Roads((0.0,), (0.0,), torch.tensor(arms).reshape(1, 1, 4))


def _t_junction(random: np.random.Generator) -> Roads:
    arms = np.ones(4, dtype=bool)
    arms[random.integers(4)] = False
    return _single(*arms.tolist())


def _ends(lines: int, column: int, row: int, arm: int) -> list[tuple[int, int, int]]:
    """Both ends of a stretch of road, as (column, row, arm); one if it leads out of the town."""
    step_x, step_z = ((0, 1), (1, 0), (0, -1), (-1, 0))[arm]
    other = column + step_x, row + step_z
    ends = [(column, row, arm)]
    if all(0 <= index < lines for index in other):
        ends.append((*other, (arm + 2) % 4))
    return ends


def _town(random: np.random.Generator) -> Roads:
    """Four junctions about 60 m apart; one to three stretches of road are missing, which makes T-junctions of them.

    At least one crossroads and one T-junction are left.
    """
    half = [float(round(value)) for value in random.uniform(28.0, 34.0, 4).tolist()]
    arms = torch.ones(2, 2, 4, dtype=torch.bool)
    for _ in range(int(random.integers(1, REMOVED_STRETCHES + 1))):
        column, row, arm = (int(value) for value in random.integers((2, 2, 4)))
        ends = _ends(2, column, row, arm)
        crossroads = int(arms.all(-1).sum())
        if all(arms[end[0], end[1]].all() for end in ends) and crossroads > len(ends):
            for end in ends:
                arms[end] = False
    return Roads((-half[0], half[1]), (-half[2], half[3]), arms)


LAYOUTS: dict[str, Callable[[np.random.Generator], Roads]] = {
    "town": _town,
    "crossroads": lambda random: _single(True, True, True, True),
    "t_junction": _t_junction,
    "straight": lambda random: _single(True, False, True, False),
}
"""Road layouts by name: four junctions, or a single piece of road."""


def lay_out_roads(layout: str, random: np.random.Generator) -> Roads:
    """The roads of a layout. Raises ValueError if there is none of this name."""
    if layout not in LAYOUTS:
        raise ValueError(f"There is no road layout '{layout}'; choose one of {', '.join(LAYOUTS)}.")
    return LAYOUTS[layout](random)
