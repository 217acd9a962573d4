"""Encounters of `world.encounters` on the roads of a town."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..world.agents import Agents, Body
from ..world.collisions import Footprint, body_separations, footprint, separation
from ..world.encounters import CAR, ENCOUNTERS, encounter
from ..world.poses import rigid, yaw_rotation
from ..world.rigs import Rig
from .buildings import REACH
from .roads import ARMS, JUNCTION, Roads
from .town import Town

CLEARANCE = 0.15
"""Metres that cars keep from each other and from everything that stands."""

LARGEST_OVERRUN = 0.3
"""Metres that the corner of a turning car may reach over the kerb."""

_FORWARD, _RIGHT, _BACK, _LEFT = range(4)
"""Arms of `roads.ARMS` as agent 1 sees them where the encounter lies as `world.encounters` defines it."""

STRAIGHT = "a straight road"
CROSSROADS = "crossroads"
T_JUNCTION = "a T-junction"


@dataclass(frozen=True)
class Fit:
    """Where a preset may take place: kinds of road, best first, and the arms that its routes use."""

    kinds: tuple[str, ...]
    arms: tuple[int, ...] = (_FORWARD, _BACK)


FITS = {
    "head_on": Fit((STRAIGHT,)),
    "left_turn_meeting": Fit((CROSSROADS, T_JUNCTION), (_FORWARD, _BACK, _LEFT)),
    "right_turn_meeting": Fit((CROSSROADS, T_JUNCTION), (_RIGHT, _BACK, _LEFT)),
    "crossing": Fit((CROSSROADS,), (_FORWARD, _RIGHT, _BACK, _LEFT)),
    "t_junction_merge": Fit((T_JUNCTION, CROSSROADS), (_FORWARD, _RIGHT, _BACK)),
    "following_then_parting": Fit((T_JUNCTION, CROSSROADS), (_FORWARD, _RIGHT, _BACK)),
}


@dataclass(frozen=True)
class Place:
    """A piece of road.

    Attributes:
        kind: `STRAIGHT`, `CROSSROADS` or `T_JUNCTION`.
        x, z: its middle in metres.
        turn: degrees to the right that the encounter is turned by, a multiple of 90.
    """

    kind: str
    x: float
    z: float
    turn: float

    def pose(self) -> Tensor:
        """(4, 4) from the frame of the encounter to the world."""
        position = torch.tensor([self.x, 0.0, self.z], dtype=torch.float64)
        return rigid(yaw_rotation(self.turn), position)


def _junctions(roads: Roads, fit: Fit) -> list[Place]:
    found = []
    for column, x in enumerate(roads.xs):
        for row, z in enumerate(roads.zs):
            arms = roads.node_arms(column, row)
            kind = {3: T_JUNCTION, 4: CROSSROADS}.get(sum(arms), STRAIGHT)
            if kind in fit.kinds:
                turns = [t for t in range(len(ARMS)) if all(arms[(arm + t) % len(ARMS)] for arm in fit.arms)]
                found += [Place(kind, x, z, 90.0 * turn) for turn in turns]
    return found


def _straights(roads: Roads) -> list[Place]:
    """Both directions of every straight stretch between junctions or out of the town."""
    found = []
    outwards = 0.5 * (JUNCTION + REACH)
    for column, x in enumerate(roads.xs):
        for row, z in enumerate(roads.zs):
            arms = roads.node_arms(column, row)
            if sum(arms) == 2:
                found += [Place(STRAIGHT, x, z, turn) for turn in ((0.0, 180.0) if arms[0] else (90.0, 270.0))]
                continue
            steps = _steps(roads, column, row, outwards)
            for arm, (step_x, step_z) in enumerate(steps):
                if arms[arm]:
                    turns = (0.0, 180.0) if arm % 2 == 0 else (90.0, 270.0)
                    found += [Place(STRAIGHT, x + step_x, z + step_z, turn) for turn in turns]
    unique = {(place.x, place.z, place.turn): place for place in found}
    return list(unique.values())


def _steps(roads: Roads, column: int, row: int, outwards: float) -> list[tuple[float, float]]:
    """From a node to the middle of the stretch of road along each arm."""
    x, z = roads.xs[column], roads.zs[row]
    last_column, last_row = len(roads.xs) - 1, len(roads.zs) - 1
    return [
        (0.0, (roads.zs[row + 1] - z) / 2.0 if row < last_row else outwards),
        ((roads.xs[column + 1] - x) / 2.0 if column < last_column else outwards, 0.0),
        (0.0, (roads.zs[row - 1] - z) / 2.0 if row > 0 else -outwards),
        ((roads.xs[column - 1] - x) / 2.0 if column > 0 else -outwards, 0.0),
    ]


def places(town: Town, preset: str) -> list[Place]:
    """All pieces of road of a town that fit a preset, the best kind first.

    Raises:
        ValueError: if the preset is unknown.
    """
    if preset not in FITS:
        raise ValueError(f"Unknown encounter '{preset}'; choose one of {', '.join(ENCOUNTERS)}.")
    fit = FITS[preset]
    found = _straights(town.roads) if STRAIGHT in fit.kinds else _junctions(town.roads, fit)
    return sorted(found, key=lambda place: fit.kinds.index(place.kind))


def moved(agents: Agents, pose: Tensor) -> Agents:
    """The agents with all poses multiplied from the left by `pose` (4, 4)."""
    return Agents(tuple(replace(agent, poses=pose @ agent.poses) for agent in agents.members), agents.frame_rate)


def place_encounter(
    town: Town,
    preset: str,
    seed: int = 0,
    *,
    distance: float = 18.0,
    speed: float = 6.0,
    jitter: float = 0.4,
    frames: int = 49,
    frame_rate: float = 8.0,
    rig: Rig | None = None,
) -> Agents:
    """Two cars that meet on a piece of road that fits, chosen at random among the best kind the town has.

    Args:
        town: where.
        preset: a key of `world.encounters.ENCOUNTERS`.
        seed: of the choice of the place and of the shifts of the paths.
        distance, speed, jitter, frames, frame_rate, rig: as `world.encounters.encounter`.

    Raises:
        ValueError: if the town has no such piece of road, or the cars would leave the road or touch anything on all of
            them.
    """
    candidates = places(town, preset)
    if not candidates:
        raise ValueError(
            f"The encounter '{preset}' needs {' or '.join(FITS[preset].kinds)}, and the town of seed {town.seed} with "
            f"layout '{town.layout}' has none; choose another seed, layout or encounter."
        )
    agents = encounter(
        preset, distance=distance, speed=speed, jitter=jitter, seed=seed, frames=frames, frame_rate=frame_rate, rig=rig
    )
    order = np.random.default_rng((seed, 11)).permutation(len(candidates)).tolist()
    best = [candidates[number] for number in order]
    best.sort(key=lambda place: FITS[preset].kinds.index(place.kind))
    problem = ""
    for place in best:
        placed = moved(agents, place.pose())
        problem = obstruction(town, placed)
        if not problem:
            return placed
    raise ValueError(
        f"The encounter '{preset}' over {distance:g} m at {speed:g} m/s fits nowhere in the town of seed {town.seed}: "
        f"{problem}; choose a shorter distance, a lower speed or another seed."
    )


def _standing(town: Town) -> Footprint:
    """Footprints (boxes, 1) of everything that a car could run into."""
    low, high = town.box_low.double(), town.box_high.double()
    reachable = (high[:, 1] > -CAR.size[1]).nonzero().squeeze(-1)
    low, high = low[reachable][:, (0, 2)], high[reachable][:, (0, 2)]
    forward = torch.tensor([0.0, 1.0], dtype=torch.float64).expand(len(low), 1, 2)
    return Footprint((low + high)[:, None] / 2.0, forward, (high - low)[:, None] / 2.0)


def obstruction(town: Town, agents: Agents) -> str:
    """What is wrong with the agents' paths in a town, in half a sentence; empty if nothing is.

    Their bodies must stay on the carriageway (a corner may reach `LARGEST_OVERRUN` over the kerb), and `CLEARANCE`
    away from buildings, trees, lamps and each other.
    """
    standing = _standing(town)
    for agent in agents.members:
        body: Body = agent.body or CAR
        driven = footprint(agent.poses, body)
        corners = driven.corners()
        over = town.roads.distance_to_kerb(corners[..., 0], corners[..., 1]).amax(-1)
        if over.max() > LARGEST_OVERRUN:
            return f"agent '{agent.name}' leaves the road at frame {int(over.argmax())}"
        gaps = separation(Footprint(driven.centre, driven.forward, driven.half_size), standing)
        if gaps.min() < CLEARANCE:
            return f"agent '{agent.name}' runs into something at frame {int(gaps.amin(0).argmin())}"
    return _collision(agents)


def _collision(agents: Agents) -> str:
    if len(agents) < 2 or any(agent.body is None for agent in agents.members):
        return ""
    gaps = body_separations(agents).amin((0, 1))
    return f"the cars touch at frame {int(gaps.argmin())}" if gaps.min() < CLEARANCE else ""


def fitting_presets(town: Town, presets: Sequence[str] = tuple(ENCOUNTERS)) -> list[str]:
    """Those of the presets that the town has a road for."""
    return [preset for preset in presets if places(town, preset)]
