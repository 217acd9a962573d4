"""What can be told of agents from their numbers alone, as text, with warnings where another reading fits far better."""

import math
from dataclasses import asdict, dataclass

import torch

from ..agents import Agent, Agents
from .costs import BELOW, SHORTEST_PATH, WEIGHTS, Costs, costs
from .overlap import REACH, overlap_shares, seen_shares
from .readings import AS_IT_IS, Reading, other_readings
from .scale import KnownLength, known_length_lines, median_speed, path_length, steady_height, unit_warning

MARGIN, MARGIN_PER_CHANGE, MARGIN_OF_MIRRORS = 0.3, 0.15, 0.3
"""By how much another reading must cost less before it is named: the more it changes, and still more if it mirrors only
positions, which a camera that pans while it travels may look like."""

EQUAL = 0.05
"""Readings whose costs differ by less than this are named together."""

MOST_NAMED = 3

NOTICEABLE = 0.2
"""Weighted share from which on a cost is named as the reason."""

REASONS = {
    "upside_down": "cameras are upside down",
    "rolled": "horizons are tilted",
    "steep": "cameras look steeply up or down",
    "climbing": "the way goes up or down",
    "backwards": "the way goes backwards or sideways",
    "wandering": "cameras turn otherwise than the way does",
    "below": "cameras are under the ground",
}


@dataclass(frozen=True)
class Report:
    """What was found.

    Attributes:
        lines: of each agent, of each pair, of a known length.
        warnings: one sentence each; empty if nothing looks wrong.
    """

    lines: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it, warnings first."""
        found = [f"WARNING: {warning}" for warning in self.warnings] or ["Nothing looks wrong."]
        return "\n".join([*found, "", *self.lines])


def check_agents(agents: Agents, known: KnownLength | None = None) -> Report:
    """Check the conventions of agents.

    Nothing is changed, and no warning is a proof: a camera that is carried upside down, or a film of a car that backs,
    looks like a mistake here.

    Raises:
        ValueError: if a known length names an agent that there is not.
    """
    count = "1 agent" if len(agents) == 1 else f"{len(agents)} agents"
    lines = [f"{count}, {agents.frame_count} frames at {agents.frame_rate:g} per second"]
    lines += [_agent_line(agent, agents.frame_rate) for agent in agents.members]
    lines += _pair_lines(agents)
    warnings = reading_warnings(agents)
    unit = unit_warning(agents)
    warnings += [unit] if unit else []
    if known is not None:
        line, warning = known_length_lines(agents, known)
        lines.append(line)
        warnings += [warning] if warning else []
    return Report(tuple(lines), tuple(warnings))


def better_readings(agents: Agents) -> tuple[Costs, tuple[Reading, ...]]:
    """The costs of agents as they are, and the readings that fit far better, the simplest first; none if none does."""
    others = other_readings()
    present, *alternatives = costs(agents, (AS_IT_IS, *others))
    better = [
        (reading, one.total)
        for reading, one in zip(others, alternatives, strict=True)
        if present.total - one.total > _margin(reading)
    ]
    best = min((cost for _, cost in better), default=0.0)
    return present, tuple(reading for reading, cost in better if cost <= best + EQUAL)


def _margin(reading: Reading) -> float:
    mirrors = reading.mistake in ("mirrored x", "mirrored z")
    return MARGIN + MARGIN_PER_CHANGE * reading.changes + MARGIN_OF_MIRRORS * mirrors


def reading_warnings(agents: Agents) -> list[str]:
    """A sentence if another reading of all poses fits far better, or else one for each agent of which that holds."""
    present, better = better_readings(agents)
    if better:
        return [_warning("The poses" if len(agents) > 1 else f"The poses of '{agents.names[0]}'", present, better)]
    if len(agents) == 1:
        return []
    found = [(agent.name, *better_readings(Agents((agent,), agents.frame_rate))) for agent in agents.members]
    return [_warning(f"The poses of '{name}'", present, better) for name, present, better in found if better]


def _warning(whose: str, present: Costs, better: tuple[Reading, ...]) -> str:
    reasons = [REASONS[name] for name, share in asdict(present).items() if WEIGHTS[name] * share >= NOTICEABLE]
    named = ", or ".join(reading.phrase() for reading in better[:MOST_NAMED])
    return f"{whose} look wrong ({', '.join(reasons) or 'all in all'}). Far more plausible if read {named}."


def _agent_line(agent: Agent, frame_rate: float) -> str:
    cameras = agent.extrinsics()
    up = cameras[..., 1, 1].clamp(-1.0, 1.0).acos().mean()
    heights = -cameras[..., 1, 3]
    parts = [
        f"{agent.rig.view_count} views" if agent.rig.view_count > 1 else "1 view",
        f"cameras {heights.min().item():.2f} to {heights.max().item():.2f} m up{_ground(agent)}",
        f"their up {math.degrees(up.item()):.0f} degrees off the world's",
    ]
    length = path_length(agent)
    if length > SHORTEST_PATH:
        speed = median_speed(agent, frame_rate)
        parts.append(f"way {length:.2f} m, {speed:.2f} m/s, {_off_course(agent):.0f} degrees off where it looks")
    else:
        parts.append("stands still")
    return f"'{agent.name}': " + ", ".join(parts)


def _ground(agent: Agent) -> str:
    height = steady_height(agent)
    return " (under the ground)" if height is not None and height < -BELOW else ""


def _off_course(agent: Agent) -> float:
    """Mean angle in degrees between an agent's forward axis and its steps."""
    steps = agent.poses[:, :3, 3].diff(dim=0)
    lengths = steps.norm(dim=1)
    cosines = (agent.poses[:-1, :3, 2] * steps).sum(1) / lengths.clamp(min=1e-12)
    angles = torch.rad2deg(cosines.clamp(-1.0, 1.0).acos())
    return ((angles * lengths).sum() / lengths.sum()).item()


def _pair_lines(agents: Agents) -> list[str]:
    if len(agents) == 1:
        return []
    seen, shared = seen_shares(agents), overlap_shares(agents)
    places = agents.poses()[..., :3, 3]
    lines = []
    for first in range(len(agents)):
        for second in range(first + 1, len(agents)):
            gaps = (places[first] - places[second]).norm(dim=1)
            one, two = agents.names[first], agents.names[second]
            common = (shared[first, second] + shared[second, first]).item() / 2.0
            lines.append(
                f"'{one}' and '{two}': {gaps.min().item():.2f} to {gaps.max().item():.2f} m apart, "
                f"{100.0 * common:.0f}% of their fields of view in common up to {REACH:g} m; "
                f"'{one}' has '{two}' in view {100.0 * seen[first, second].item():.0f}% of the time, "
                f"'{two}' has '{one}' {100.0 * seen[second, first].item():.0f}%"
            )
    return lines
