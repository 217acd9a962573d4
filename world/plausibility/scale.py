"""Whether lengths can be metres: how fast agents move, how high their cameras are, how far apart they stand."""

import math
from dataclasses import dataclass
from typing import Literal

import torch

from ..agents import Agent, Agents
from .costs import SHORTEST_PATH, STEADY

USUAL = {"speed": (0.1, 60.0), "height": (0.1, 60.0), "distance": (0.2, 500.0)}
"""Metres per second, of cameras above one ground, and between agents, of most worlds; ours."""

FACTORS = {0.01: "centimetres", 0.001: "millimetres", 0.3048: "feet", 100.0: "", 1000.0: ""}
"""Lengths of units that poses may have been written in, and their names."""

DECADES = 0.5
"""How far outside the usual, in powers of ten and all together, lengths must be before another unit is suggested."""

RATIO = 1.1
"""Measured and known lengths that differ by less than this factor count as equal."""

KnownKind = Literal["height of a camera", "path of an agent", "distance between agents"]


@dataclass(frozen=True)
class KnownLength:
    """A length in the world that the user knows.

    Attributes:
        kind: what is measured: the mean height of an agent's first camera above y = 0, the way that its origin goes,
            or the distance from it to another agent in the first frame.
        metres: how long it is.
        agent, other: names; empty for the first and the second agent.
    """

    kind: KnownKind
    metres: float
    agent: str = ""
    other: str = ""

    def __post_init__(self) -> None:
        if not 0.0 < self.metres < math.inf:
            raise ValueError(f"A known length must be positive metres, given {self.metres}.")

    def measured(self, agents: Agents) -> float:
        """The same length in the world. Raises ValueError naming an agent that there is not."""
        agent = _find(agents, self.agent, 0)
        if self.kind == "height of a camera":
            return 0.0 - agent.extrinsics()[:, 0, 1, 3].mean().item()
        if self.kind == "path of an agent":
            return path_length(agent)
        other = _find(agents, self.other, 1)
        if other is agent:
            raise ValueError(f"The distance from '{agent.name}' to itself is no length; name another agent.")
        return (agent.poses[0, :3, 3] - other.poses[0, :3, 3]).norm().item()


def path_length(agent: Agent) -> float:
    """Metres that an agent's origin goes."""
    return agent.poses[:, :3, 3].diff(dim=0).norm(dim=1).sum().item()


def median_speed(agent: Agent, frame_rate: float) -> float:
    """Metres per second of an agent while it moves; 0 for one that stands."""
    if path_length(agent) <= SHORTEST_PATH:
        return 0.0
    steps = agent.poses[:, :3, 3].diff(dim=0).norm(dim=1)
    return steps[steps > 0.1 * steps.max()].median().item() * frame_rate


def steady_height(agent: Agent) -> float | None:
    """Mean height in metres of an agent's cameras above y = 0 if they keep it, else None."""
    heights = -agent.extrinsics()[..., 1, 3]
    mean = heights.mean()
    return mean.item() if mean.abs() > STEADY * heights.std(correction=0) else None


def unit_warning(agents: Agents) -> str | None:
    """One sentence if lengths are far from usual in metres and usual in another unit."""
    lengths = _lengths(agents)
    present = _decades(lengths, 1.0)
    if present <= DECADES:
        return None
    best = min(FACTORS, key=lambda factor: (_decades(lengths, factor), abs(math.log(factor))))
    remaining = _decades(lengths, best)
    if remaining > present - DECADES:
        return None
    told = ", ".join(f"{name} {value:.3g} m{'/s' if name == 'speed' else ''}" for name, value in lengths)
    unit = f", as for {FACTORS[best]}," if FACTORS[best] else ""
    usual = "more usual" if remaining > 0.0 else "usual"
    return f"Lengths can hardly be metres ({told}): metres_per_unit {best:g}{unit} would make them {usual}."


def known_length_lines(agents: Agents, known: KnownLength) -> tuple[str, str | None]:
    """What was measured, and a warning if it is not what is known."""
    measured = known.measured(agents)
    line = f"{known.kind}: {measured:.3g} m measured, {known.metres:g} m known"
    if measured > 0.0 and 1.0 / RATIO < known.metres / measured < RATIO:
        return line, None
    if measured > 0.0:
        remedy = f"metres_per_unit {known.metres / measured:.4g} would fit"
    else:
        remedy = "up and down may be swapped" if measured < 0.0 else "no unit can make up for that"
    return line, f"The {known.kind} is {measured:.3g} m, not {known.metres:g} m: {remedy}."


def _lengths(agents: Agents) -> list[tuple[str, float]]:
    lengths = []
    for agent in agents.members:
        speed = median_speed(agent, agents.frame_rate)
        lengths.append(("speed", speed))
        lengths.append(("height", abs(steady_height(agent) or 0.0)))
    if len(agents) > 1:
        places = agents.poses()[:, 0, :3, 3]
        lengths.append(("distance", torch.pdist(places).median().item()))
    # Lengths of poses that overflow are infinite or NaN, of which no unit makes anything.
    return [(name, value) for name, value in lengths if 0.0 < value < math.inf]


def _decades(lengths: list[tuple[str, float]], factor: float) -> float:
    """Powers of ten outside of the usual, each kind of length averaged, and all kinds together."""
    total = 0.0
    for name, (low, high) in USUAL.items():
        sizes = [math.log10(factor) + math.log10(value) for kind, value in lengths if kind == name]
        outside = [max(math.log10(low) - size, size - math.log10(high), 0.0) for size in sizes]
        total += sum(outside) / len(outside) if outside else 0.0
    return total


def _find(agents: Agents, name: str, index: int) -> Agent:
    if not name:
        if index >= len(agents):
            raise ValueError("There is only one agent, so no distance between two; combine it with others.")
        return agents.members[index]
    for agent in agents.members:
        if agent.name == name:
            return agent
    raise ValueError(f"There is no agent '{name}'; the agents are {', '.join(agents.names)}.")
