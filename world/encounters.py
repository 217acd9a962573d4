"""Encounters: two cars that meet, from a handful of parameters.

ShareVerse (section 3) drives its two agents along six trajectory pairs on straight roads, crossroads and T-junctions,
and names only straight meeting and turning meeting. `head_on` is the first, `left_turn_meeting` and
`right_turn_meeting` are our readings of the second; `crossing`, `t_junction_merge` and `following_then_parting` are
ours, and so are all sizes. Random shifts of start and end points follow the paper; their size is ours too.

Traffic keeps to the right. Agent 1 comes along z; two roads cross at the world's origin, one along z, one along x.
"""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .agents import Agent, Agents, Body
from .collisions import body_separations, footprint, separation
from .paths import check_sampling, upright_poses
from .rigs import Rig, four_view_rig
from .routes import Route

logger = logging.getLogger(__name__)

CAR = Body(size=(2.0, 1.4, 4.2), centre=(0.0, -0.7, 0.0))
"""A small coupe with mirrors, about the size of the paper's Audi TT. The agent's origin is on the ground below it."""

CAMERA_HEIGHT = 1.6
"""Metres above the ground of the default rig: just above the roof, so that the car does not see itself."""

LONGEST_WAIT = 40.0
"""Metres that agent 2 may be put back to give way."""

SEARCH_STEP = 0.5
"""Metres between the positions that are tried and compared to find out how far."""


@dataclass(frozen=True)
class Encounter:
    """One of the presets.

    Attributes:
        summary: one sentence for a menu or tooltip.
        routes: routes of agent 1 and agent 2 from a lane offset and a turn radius in metres.
        gives_way: metres that agent 2 keeps clear of agent 1 by starting farther back; None for none.
    """

    summary: str
    routes: Callable[[float, float], tuple[Route, Route]]
    gives_way: float | None = None


def car_rig(width: int = 720, height: int = 480) -> Rig:
    """ShareVerse's four views of 90 degrees on a car, `CAMERA_HEIGHT` above the ground; size of each view in pixels."""
    return four_view_rig(width, height, mount=(0.0, -CAMERA_HEIGHT, 0.0))


def _straight(lane: float) -> Route:
    return Route((lane, 0.0), heading=0.0)


def _head_on(lane: float, radius: float) -> tuple[Route, Route]:
    return _straight(lane), Route((-lane, 0.0), heading=180.0)


def _left_turn(lane: float, radius: float) -> tuple[Route, Route]:
    turning = Route((lane, lane - radius), heading=0.0, angle=-90.0, radius=radius)
    return turning, Route((-lane, lane), heading=180.0)


def _right_turn(lane: float, radius: float) -> tuple[Route, Route]:
    turning = Route((lane, -lane - radius), heading=0.0, angle=90.0, radius=radius)
    beside = lane + radius * (1.0 - math.sqrt(0.5))
    return turning, Route((beside, lane), heading=-90.0)


def _crossing(lane: float, radius: float) -> tuple[Route, Route]:
    return Route((lane, lane), heading=0.0), Route((lane, lane), heading=-90.0)


def _merge(lane: float, radius: float) -> tuple[Route, Route]:
    return Route((lane, lane), heading=0.0), Route((lane + radius, lane), heading=-90.0, angle=90.0, radius=radius)


def _parting(lane: float, radius: float) -> tuple[Route, Route]:
    return _straight(lane), Route((lane, -lane - radius), heading=0.0, angle=90.0, radius=radius)


ENCOUNTERS = {
    "head_on": Encounter("The cars pass each other on a straight road.", _head_on),
    "left_turn_meeting": Encounter("Agent 1 turns left in front of the oncoming agent 2.", _left_turn, 1.0),
    "right_turn_meeting": Encounter("Agent 1 turns right and passes agent 2, coming out of that road.", _right_turn),
    "crossing": Encounter("Agent 2 crosses the road of agent 1 from the right, behind it.", _crossing, 1.0),
    "t_junction_merge": Encounter("Agent 2 turns right out of a side road and follows agent 1.", _merge, 3.0),
    "following_then_parting": Encounter("Agent 2 follows agent 1 and then turns off to the right.", _parting, 4.0),
}
"""Presets by name, in the order of a menu."""


def encounter(
    preset: str,
    distance: float = 18.0,
    lane_offset: float = 1.75,
    speed: float = 6.0,
    turn_radius: float = 8.0,
    jitter: float = 0.4,
    seed: int = 0,
    frames: int = 49,
    frame_rate: float = 8.0,
    rig: Rig | None = None,
) -> Agents:
    """Two cars, "agent 1" and "agent 2", on one of the routes of `ENCOUNTERS`, at constant speed on the ground (y = 0).

    Args:
        preset: a key of `ENCOUNTERS`.
        distance: metres each car drives until the meeting point. Where agent 2 gives way it starts as much farther back
            as it needs to, so that the cars do not touch.
        lane_offset: metres from the middle of the road to the middle of a lane.
        speed: metres per second of both cars; the jitter changes it by a few percent.
        turn_radius: metres, of the turning car.
        jitter: largest random shift in metres, along x and along z, of each start point and each end point.
        seed: of the shifts; the same seed gives the same shifts in every preset.
        frames, frame_rate: length of the paths and frames per second.
        rig: cameras of both cars; None gives `car_rig()`.

    Raises:
        ValueError: naming the parameter and its value, if it is not usable. Cars that touch, or that do not reach the
            meeting point within the frames, are logged.
    """
    if preset not in ENCOUNTERS:
        raise ValueError(f"Unknown encounter '{preset}'; choose one of {', '.join(ENCOUNTERS)}.")
    _check_parameters(distance, lane_offset, speed, turn_radius, jitter)
    check_sampling(frames, frame_rate)
    kind = ENCOUNTERS[preset]
    rig = car_rig() if rig is None else rig

    shifts = _shifts(jitter, seed)
    driven = torch.arange(frames, dtype=torch.float64) * (speed / frame_rate) - distance
    first, second = kind.routes(lane_offset, turn_radius)
    waiting = 0.0
    if kind.gives_way is not None:
        waiting = _waiting(kind.gives_way, first, second, distance, shifts)
    paths = _poses(first, driven, distance, shifts[0]), _poses(second, driven - waiting, distance, shifts[1])
    agents = Agents((Agent("agent 1", paths[0], rig, CAR), Agent("agent 2", paths[1], rig, CAR)), frame_rate)
    _warn_about(agents, preset, lane_offset, driven[-1].item() - waiting, speed)
    return agents


def _check_parameters(distance: float, lane_offset: float, speed: float, turn_radius: float, jitter: float) -> None:
    positive = {"distance": distance, "speed": speed, "turn radius": turn_radius}
    for name, value in positive.items():
        if not 0.0 < value < math.inf:
            raise ValueError(f"The {name} of an encounter must be positive, given {value}.")
    for name, value in {"lane offset": lane_offset, "jitter": jitter}.items():
        if not 0.0 <= value < math.inf:
            raise ValueError(f"The {name} of an encounter must not be negative, given {value}.")


def _shifts(jitter: float, seed: int) -> Tensor:
    """(agents, 2, 2) shifts in metres of start and end, in x and z."""
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(2, 2, 2, generator=generator, dtype=torch.float64) * 2.0 - 1.0) * jitter


def _poses(route: Route, driven: Tensor, distance: float, shifts: Tensor) -> Tensor:
    """(..., 4, 4) poses on a route whose ends, `distance` before and after the meeting point, are shifted."""
    ground, headings = route.at(driven)
    share = ((driven / distance + 1.0) / 2.0).clamp(0.0, 1.0)
    blend = share * share * (3.0 - 2.0 * share)
    slope = 6.0 * share * (1.0 - share) / (2.0 * distance)
    start, end = shifts
    ground = ground + start + blend[..., None] * (end - start)
    radians = torch.deg2rad(headings)
    way = torch.stack([torch.sin(radians), torch.cos(radians)], dim=-1) + slope[..., None] * (end - start)
    positions = torch.stack([ground[..., 0], torch.zeros_like(driven), ground[..., 1]], dim=-1)
    return upright_poses(positions, torch.rad2deg(torch.atan2(way[..., 0], way[..., 1])))


def _waiting(clearance: float, first: Route, second: Route, distance: float, shifts: Tensor) -> float:
    """Fewest metres to put the second car back so that it stays `clearance` metres away; 0 if nothing helps.

    The whole meeting is searched, whatever part of it the frames show, so that frames only sample the paths.
    """
    end = distance + LONGEST_WAIT + first.bend_length + second.bend_length
    driven = torch.arange(-distance, end, SEARCH_STEP, dtype=torch.float64)
    metres = torch.arange(0.0, LONGEST_WAIT, SEARCH_STEP, dtype=torch.float64)
    leading = footprint(_poses(first, driven, distance, shifts[0]), CAR)
    following = footprint(_poses(second, driven - metres[:, None], distance, shifts[1]), CAR)
    clear = (separation(leading, following).amin(-1) >= clearance).nonzero()
    return metres[clear[0, 0]].item() if len(clear) else 0.0


def _warn_about(agents: Agents, preset: str, lane_offset: float, beyond: float, speed: float) -> None:
    gaps = body_separations(agents)[0, 1]
    if gaps.min() <= 0.0:
        logger.warning(
            "Encounter '%s': the cars touch at frame %d; a lane offset above %g m or less jitter keeps them apart.",
            preset, int(gaps.argmin()), lane_offset,
        )  # fmt: skip
    if beyond < 0.0:
        logger.warning(
            "Encounter '%s': the cars do not reach the meeting point, agent 2 is %.3g m short of it; "
            "%d more frames or a shorter distance would do.",
            preset, -beyond, math.ceil(-beyond / speed * agents.frame_rate),
        )  # fmt: skip
