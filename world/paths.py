"""Paths: an agent's poses over time, from waypoints, and joined one after another.

All functions return agent-to-world poses (frames, 4, 4) in float64. Agents stay upright: only their heading (yaw about
the y axis, degrees, 0 along z, +90 along x) changes. The ground plane is x-z, up is -y, metres, seconds.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline, CubicSpline, PchipInterpolator
from torch import Tensor

from .poses import check_poses, inverse, rigid, yaw_rotation

logger = logging.getLogger(__name__)

Easing = Literal["constant", "ease_in", "ease_out", "ease_in_out"]
"""How an agent gets going and stops: at once, from rest, to rest, or both."""

STANDING = 1e-6
"""Waypoints closer than this many metres are the same place."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Waypoint:
    """A place to be at a time.

    Attributes:
        time: seconds.
        position: (x, y, z) in metres; up is -y.
        yaw: heading in degrees to look at there; None looks along the path.
        speed: metres per second there; None takes what a smooth drive between the times gives.
    """

    time: float
    position: tuple[float, float, float]
    yaw: float | None = None
    speed: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", float(self.time))
        object.__setattr__(self, "position", tuple(float(value) for value in self.position))
        object.__setattr__(self, "yaw", None if self.yaw is None else float(self.yaw))
        object.__setattr__(self, "speed", None if self.speed is None else float(self.speed))
        if len(self.position) != 3:
            raise ValueError(f"A waypoint needs a position of three numbers (x, y, z), given {self.position}.")
        numbers = (self.time, *self.position, self.yaw or 0.0, self.speed or 0.0)
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"A waypoint needs finite numbers, given {self}.")
        if self.speed is not None and self.speed < 0.0:
            raise ValueError(f"The speed at a waypoint must not be negative, given {self.speed:g} m/s.")


def check_sampling(frames: int, frame_rate: float) -> None:
    """Refuse fewer than one frame and frame rates that are not positive and finite."""
    if frames < 1:
        raise ValueError(f"A path needs at least one frame, given {frames}.")
    if not 0.0 < frame_rate < math.inf:
        raise ValueError(f"The frame rate must be positive frames per second, given {frame_rate}.")


def check_easing(easing: str) -> None:
    """Refuse anything but the names of `Easing`."""
    if easing not in get_args(Easing):
        raise ValueError(f"Unknown easing '{easing}'; choose one of {', '.join(get_args(Easing))}.")


def upright_poses(positions: Tensor, headings: Tensor | float) -> Tensor:
    """(frames, 4, 4) poses of an upright agent at positions (frames, 3), turned by headings in degrees (frames)."""
    positions = torch.as_tensor(positions, dtype=torch.float64)
    return rigid(yaw_rotation(headings), positions)


def join(paths: Sequence[Tensor], attach: bool = True) -> Tensor:
    """One path after another.

    Args:
        paths: poses (frames, 4, 4) each.
        attach: move every path so that it begins at the pose where the one before ends; the doubled pose is kept once.
            False puts the frames one behind the other as they are.
    """
    if not paths:
        raise ValueError("Nothing to join: give at least one path.")
    for number, path in enumerate(paths, start=1):
        check_poses(path, f"path {number}")
        if len(path) == 0:
            raise ValueError(f"path {number} has no frames to join.")
    if not attach:
        return torch.cat(list(paths))
    pieces, end = [paths[0]], paths[0][-1]
    for path in paths[1:]:
        moved = end @ inverse(path[0]) @ path
        pieces.append(moved[1:])
        end = moved[-1]
    return torch.cat(pieces)


def path_from_waypoints(
    waypoints: Sequence[Waypoint],
    frames: int,
    frame_rate: float,
    easing: Easing = "constant",
    stretch: bool = False,
) -> Tensor:
    """Smooth path that is at every waypoint at its time.

    The shape is a cubic spline over the distance between waypoints, with natural ends; a monotone cubic (PCHIP) says
    how far along it the agent is at a time. A spline over time itself would run past a waypoint where the agent slows
    down, and back again; this one brakes on the way. Two waypoints at one place make the agent stand still between
    them. If one of them has a yaw the agent may leave in another direction than it came: the curve has a corner there.

    A speed holds at its waypoint, up to three times the slower mean speed of the ways to and from it: beyond that the
    agent would have to turn back to keep the times (Fritsch and Carlson, 1980). An eased end stays at rest.

    The agent looks along the curve, so standing still keeps the heading. A yaw overrides it: between two waypoints with
    a yaw the heading goes from one to the other by the shorter way without swinging beyond either (180 degrees apart:
    in the direction of the sign); between one with and one without, it blends. Where the curve is vertical the heading
    before it is kept.

    Args:
        waypoints: in order of time; a single one makes an agent that stands still.
        frames: number of poses; the first is at the time of the first waypoint.
        frame_rate: frames per second.
        easing: start from rest and/or come to rest; the waypoints keep their times.
        stretch: scale all times so that the last frame is at the last waypoint. Otherwise frames after the last
            waypoint hold its pose, and waypoints after the last frame are not reached (both are logged).

    Returns:
        (frames, 4, 4) float64 poses.

    Raises:
        ValueError: if there is no waypoint, or times do not increase, naming both waypoints (counted from 1).
    """
    check_sampling(frames, frame_rate)
    check_easing(easing)
    times, positions, yaws = _waypoint_arrays(waypoints)
    sample_times = _sample_times(times, frames, frame_rate, stretch)
    if len(times) == 1:
        yaw = waypoints[0].yaw or 0.0
        return upright_poses(torch.from_numpy(positions).expand(frames, 3), yaw)

    curve = _Curve.through(positions, yaws)
    segments = np.clip(np.searchsorted(times, sample_times, side="right") - 1, 0, len(times) - 2)
    speeds = np.array([math.nan if waypoint.speed is None else waypoint.speed for waypoint in waypoints])
    travelled = np.clip(_travel(times, curve, speeds, easing)(sample_times), 0.0, curve.distances[-1])
    headings = _headings(curve, times, yaws, segments, sample_times, travelled)
    return upright_poses(torch.from_numpy(curve.positions(segments, travelled)), torch.from_numpy(headings))


def _waypoint_arrays(waypoints: Sequence[Waypoint]) -> tuple[Array, Array, Array]:
    """Times (waypoints), positions (waypoints, 3) and yaws (waypoints) with NaN for none."""
    if not waypoints:
        raise ValueError("A path needs at least one waypoint.")
    times = np.array([waypoint.time for waypoint in waypoints])
    late = np.flatnonzero(np.diff(times) <= 0.0)
    if late.size:
        first = int(late[0])
        raise ValueError(
            f"Waypoint {first + 2} at {times[first + 1]:g} s must come after waypoint {first + 1} at "
            f"{times[first]:g} s; put the waypoints in order of time."
        )
    positions = np.array([waypoint.position for waypoint in waypoints])
    yaws = np.array([math.nan if waypoint.yaw is None else waypoint.yaw for waypoint in waypoints])
    return times, positions, yaws


def _sample_times(times: Array, frames: int, frame_rate: float, stretch: bool) -> Array:
    """Times (frames) in seconds of the waypoints' clock, within the first and the last waypoint."""
    if stretch:
        return np.linspace(times[0], times[-1], frames)
    sample_times = times[0] + np.arange(frames) / frame_rate
    if len(times) > 1 and sample_times[-1] < times[-1] - 0.5 / frame_rate:
        logger.warning(
            "The path ends at %.3g s (%d frames at %g per second) before its last waypoint at %.3g s.",
            sample_times[-1], frames, frame_rate, times[-1],
        )  # fmt: skip
    if len(times) > 1 and sample_times[-1] > times[-1] + 0.5 / frame_rate:
        logger.warning(
            "The last waypoint is at %.3g s, the path lasts until %.3g s (%d frames at %g per second); "
            "the agent stands still after it.",
            times[-1], sample_times[-1], frames, frame_rate,
        )  # fmt: skip
    return np.clip(sample_times, times[0], times[-1])


@dataclass(frozen=True)
class _Curve:
    """Shape of the way through the waypoints; segment i leads from waypoint i to i + 1.

    Attributes:
        distances: (waypoints) summed straight-line distance from the first waypoint.
        coefficients: (4, segments, 3) cubic of each segment, highest power first, over the distance from `origins`.
        origins: (segments) distance at which the cubic of a segment begins. A segment in which the agent stands uses
            the cubic of the way to that place.
    """

    distances: Array
    coefficients: Array
    origins: Array

    @classmethod
    def through(cls, positions: Array, yaws: Array) -> "_Curve":
        chords = np.linalg.norm(np.diff(positions, axis=0), axis=1)
        chords[chords < STANDING] = 0.0
        moving = np.flatnonzero(chords)
        distances = np.concatenate([[0.0], np.cumsum(chords)])
        if moving.size == 0:
            return cls(distances, np.stack([np.zeros_like(positions[1:])] * 3 + [positions[1:]]), distances[:-1])

        splines = []
        for piece in _split_at_turns(moving, yaws):
            knots = np.append(piece, piece[-1] + 1)
            splines.append(CubicSpline(distances[knots], positions[knots], bc_type="natural").c)
        coefficients = np.concatenate(splines, axis=1)
        # Every segment, standing or not, takes the last moving segment up to it, or the first one if there is none.
        used = np.clip(np.searchsorted(moving, np.arange(len(chords)), side="right") - 1, 0, None)
        return cls(distances, coefficients[:, used], distances[moving[used]])

    def positions(self, segments: NDArray[np.intp], travelled: Array) -> Array:
        """(n, 3) at distances `travelled` (n) on the cubics of `segments` (n)."""
        along = (travelled - self.origins[segments])[:, None]
        return np.asarray(np.polyval(self.coefficients[:, segments], along), dtype=np.float64)

    def tangents(self, segments: NDArray[np.intp], travelled: Array) -> Array:
        """(n, 3) derivative of the position by the distance; of about unit length, 0 where the agent never moves."""
        slopes = self.coefficients[:3, segments] * np.array([3.0, 2.0, 1.0])[:, None, None]
        return np.asarray(np.polyval(slopes, (travelled - self.origins[segments])[:, None]), dtype=np.float64)

    def headings(self, segments: NDArray[np.intp], travelled: Array) -> Array:
        """(n) degrees of the tangent over the ground; NaN where it is vertical or the agent never moves."""
        tangent = self.tangents(segments, travelled)
        degrees = np.degrees(np.arctan2(tangent[:, 0], tangent[:, 2]))
        return np.where(np.hypot(tangent[:, 0], tangent[:, 2]) > STANDING, degrees, np.nan)


def _split_at_turns(moving: NDArray[np.intp], yaws: Array) -> list[NDArray[np.intp]]:
    """Moving segments in groups that share one smooth spline: cut where the agent stands and a yaw is given."""
    stops = [
        index + 1
        for index, (before, after) in enumerate(pairwise(moving))
        if after - before > 1 and not np.isnan(yaws[before + 1 : after + 1]).all()
    ]
    return np.split(moving, stops)


def _travel(times: Array, curve: _Curve, speeds: Array, easing: Easing) -> CubicHermiteSpline:
    """Distance along the curve over time: never backwards, at the given speeds, and at rest at the eased ends."""
    slopes = PchipInterpolator(times, curve.distances).derivative()(times)
    given = np.flatnonzero(~np.isnan(speeds))
    if given.size:
        stretch = np.linalg.norm(curve.tangents(np.minimum(given, len(times) - 2), curve.distances[given]), axis=1)
        means = np.diff(curve.distances) / np.diff(times)
        slower = np.minimum(np.append(means, np.inf), np.insert(means, 0, np.inf))
        slopes[given] = np.minimum(speeds[given] / np.maximum(stretch, STANDING), 3.0 * slower[given])
    if easing in ("ease_in", "ease_in_out"):
        slopes[0] = 0.0
    if easing in ("ease_out", "ease_in_out"):
        slopes[-1] = 0.0
    return CubicHermiteSpline(times, curve.distances, slopes)


def _wrapped(degrees: Array) -> Array:
    return (degrees + 180.0) % 360.0 - 180.0


def _keep_last(headings: Array) -> Array:
    """NaN filled with the value before it, at the beginning with the first value after it, or with 0 if all are NaN."""
    known = ~np.isnan(headings)
    if not known.any():
        return np.zeros_like(headings)
    latest = np.maximum.accumulate(np.where(known, np.arange(len(headings)), -1))
    return headings[np.where(latest < 0, np.argmax(known), latest)]


def _headings(
    curve: _Curve, times: Array, yaws: Array, segments: NDArray[np.intp], sample_times: Array, travelled: Array
) -> Array:
    """(frames) headings in degrees: the tangent's, and the given yaws where there are some."""
    every = np.arange(len(times) - 1)
    both_ends = np.stack([curve.distances[:-1], curve.distances[1:]], axis=1).ravel()
    end_headings = _keep_last(curve.headings(np.repeat(every, 2), both_ends)).reshape(-1, 2)
    headings = curve.headings(segments, travelled)
    headings = np.where(np.isnan(headings), end_headings[segments, 0], headings)
    given = ~np.isnan(yaws)
    if not given.any():
        return headings

    turn_away = np.nan_to_num(_wrapped(np.stack([yaws[:-1], yaws[1:]], axis=1) - end_headings))
    progress = (sample_times - times[segments]) / np.diff(times)[segments]
    blend = progress * progress * (3.0 - 2.0 * progress)
    headings = headings + turn_away[segments, 0] * (1.0 - blend) + turn_away[segments, 1] * blend

    typed = given[segments] & given[segments + 1]
    if typed.any():
        over_time = PchipInterpolator(times[given], np.unwrap(yaws[given], period=360.0))
        headings[typed] = over_time(sample_times[typed])
    return headings
