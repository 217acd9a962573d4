"""How implausible cameras are: upside down, rolled, driving backwards, climbing, under the ground.

People and cars carry their cameras upright and mostly level, move along the ground, and mostly where they look; a
camera that looks aside keeps doing so. None of this is a law, so a cost says nothing by itself: it is compared with
that of another reading of the same numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from ..agents import Agents
from .readings import AS_IT_IS, Reading, read_as

WEIGHTS = {
    "upside_down": 4.0,
    "rolled": 3.0,
    "steep": 0.3,
    "climbing": 0.3,
    "backwards": 1.0,
    "wandering": 0.6,
    "below": 0.6,
}
"""What one costs that is wholly so; ours.

Of random encounters none is then taken for misread, and of the same encounters misread in 10 ways every one is. Of
cameras that pan freely while they travel, 13 in 100 are taken for misread if their world begins at their first frame.
"""

SIDEWAYS = 0.3
"""Cost of moving sideways, where backwards costs 1."""

FORWARD = 0.7
"""Cosine of the angle between view and motion from which on an agent counts as moving forward."""

STANDING = 1e-3
"""Steps shorter than this share of the longest are taken for noise."""

SHORTEST_PATH = 0.05
"""Metres; agents that move less count as standing."""

BELOW = 0.2
"""Metres under the ground from which on a camera counts as being there."""

STEADY = 3.0
"""Heights are one height above one ground if their mean is this many times their standard deviation."""

MOST_FRAMES = 241
"""More are not looked at, but this many, evenly over the clip."""


@dataclass(frozen=True)
class Costs:
    """Shares in 0..1, averaged over agents.

    Attributes:
        upside_down: how far cameras have their up side down.
        rolled: how far their horizon is tilted (sine of the angle).
        steep: how far they look up or down (sine).
        climbing: how far the way goes up or down (sine).
        backwards: 1 for moving backwards, `SIDEWAYS` for sideways, 0 for forward.
        wandering: how much the direction of motion, seen by the agent, changes; 0 if it is always the same.
        below: share of the agents whose cameras keep one height under the ground (y = 0).
    """

    upside_down: float
    rolled: float
    steep: float
    climbing: float
    backwards: float
    wandering: float
    below: float

    @property
    def total(self) -> float:
        """Weighted sum."""
        return sum(weight * float(getattr(self, name)) for name, weight in WEIGHTS.items())


def costs(agents: Agents, readings: Sequence[Reading] = (AS_IT_IS,)) -> list[Costs]:
    """Costs of agents for each way to read their poses."""
    chosen = torch.linspace(0, agents.frame_count - 1, min(agents.frame_count, MOST_FRAMES)).round().long()
    every: list[dict[str, Tensor]] = []
    for agent in agents.select_frames(chosen).members:
        moving = bool(agent.poses[:, :3, 3].diff(dim=0).norm(dim=1).sum() > SHORTEST_PATH)
        cameras = read_as(readings, agent.extrinsics())
        every.append(_of_cameras(cameras) | (_of_motion(read_as(readings, agent.poses)) if moving else {}))
    zero = torch.zeros(len(readings), dtype=torch.float64)
    shares = {
        field.name: (sum((one.get(field.name, zero) for one in every), zero) / len(every)).tolist()
        for field in fields(Costs)
    }
    return [Costs(**{name: values[index] for name, values in shares.items()}) for index in range(len(readings))]


def _of_cameras(cameras: Tensor) -> dict[str, Tensor]:
    """Shares (readings,) of (readings, frames, views, 4, 4) camera-to-world."""
    vertical, heights = cameras[..., 1, :3], -cameras[..., 1, 3].flatten(1)
    steady = heights.mean(1).abs() > STEADY * heights.std(1, correction=0)
    return {
        "upside_down": (-vertical[..., 1]).clamp(min=0.0).flatten(1).mean(1),
        "rolled": vertical[..., 0].abs().flatten(1).mean(1),
        "steep": vertical[..., 2].abs().flatten(1).mean(1),
        "below": (steady & (heights.mean(1) < -BELOW)).double(),
    }


def _of_motion(poses: Tensor) -> dict[str, Tensor]:
    """Shares (readings,) of (readings, frames, 4, 4) of an agent that moves when read as it is.

    A reading in which it stands still gains nothing by that: it counts as moving sideways.
    """
    steps = poses[..., :3, 3].diff(dim=1)
    lengths = steps.norm(dim=-1)
    lengths = torch.where(lengths > STANDING * lengths.amax(1, keepdim=True), lengths, 0.0)
    stands = lengths.sum(1) <= SHORTEST_PATH
    weights = lengths / lengths.sum(1, keepdim=True).clamp(min=1e-12)
    ways = steps / lengths.clamp(min=1e-12)[..., None] * (lengths > 0.0)[..., None]
    seen = (poses[:, :-1, :3, :3].mT @ ways[..., None])[..., 0]
    ahead = seen[..., 2]
    sideways = SIDEWAYS * (1.0 - ahead / FORWARD).clamp(0.0, 1.0)
    backwards = torch.where(ahead >= 0.0, sideways, SIDEWAYS - (1.0 - SIDEWAYS) * ahead)
    wandering = 1.0 - (weights[..., None] * seen).sum(1).norm(dim=-1).clamp(max=1.0)
    return {
        "climbing": torch.where(stands, 0.0, (weights * ways[..., 1].abs()).sum(1)),
        "backwards": torch.where(stands, SIDEWAYS, (weights * backwards).sum(1)),
        "wandering": torch.where(stands, 0.0, wandering),
    }
