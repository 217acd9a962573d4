"""Routes: straight lines and arcs over the ground plane, by distance travelled.

Headings are degrees about the y axis (0 along z, +90 along x, positive to the right), lengths metres.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .paths import Easing, check_easing, upright_poses


def travelled_fraction(frames: int, easing: Easing = "constant") -> Tensor:
    """(frames) share of a path behind the agent, from 0 at the first frame to 1 at the last; a single frame gives 0.

    The speed is constant, grows linearly from rest (`ease_in`), falls linearly to rest (`ease_out`), or both along a
    parabola (`ease_in_out`, one and a half times the mean speed in the middle).
    """
    if frames < 1:
        raise ValueError(f"A path needs at least one frame, given {frames}.")
    check_easing(easing)
    time = torch.linspace(0.0, 1.0, frames, dtype=torch.float64)
    if easing == "ease_in":
        return time**2
    if easing == "ease_out":
        return 1.0 - (1.0 - time) ** 2
    if easing == "ease_in_out":
        return time * time * (3.0 - 2.0 * time)
    return time


@dataclass(frozen=True)
class Route:
    """A straight road, a bend, and a straight road again, both roads without end.

    Attributes:
        bend: (x, z) in metres where the bend begins; distance 0 is half a bend later.
        heading: degrees of the road that leads to the bend.
        angle: degrees turned in the bend, positive to the right; 0 makes a straight road.
        radius: of the bend in metres.
    """

    bend: tuple[float, float]
    heading: float
    angle: float = 0.0
    radius: float = 1.0

    @property
    def bend_length(self) -> float:
        """Metres along the bend."""
        return abs(math.radians(self.angle)) * self.radius

    def at(self, distance: Tensor) -> tuple[Tensor, Tensor]:
        """Positions (..., 2) in x, z and headings (...) in degrees, at distances (...) from the middle of the bend."""
        from_bend = torch.as_tensor(distance, dtype=torch.float64) + self.bend_length / 2.0
        before, inside = from_bend.clamp(max=0.0), from_bend.clamp(0.0, self.bend_length)
        after = (from_bend - self.bend_length).clamp(min=0.0)
        side = math.copysign(1.0, self.angle)
        turned = inside / self.radius
        end = turned * side
        across = side * self.radius * (1.0 - torch.cos(turned)) + after * torch.sin(end)
        along = before + self.radius * torch.sin(turned) + after * torch.cos(end)

        sine, cosine = math.sin(math.radians(self.heading)), math.cos(math.radians(self.heading))
        x = self.bend[0] + along * sine + across * cosine
        z = self.bend[1] + along * cosine - across * sine
        return torch.stack([x, z], dim=-1), self.heading + torch.rad2deg(end)


def straight_path(
    start: Sequence[float],
    end: Sequence[float],
    frames: int,
    easing: Easing = "constant",
    yaw: float | None = None,
) -> Tensor:
    """Straight line from `start` to `end`, both (x, y, z) in metres.

    The agent looks where it goes, or along `yaw` (degrees) if given; a path without ground distance looks along z.

    Returns:
        (frames, 4, 4) float64 poses.
    """
    first = torch.tensor(start, dtype=torch.float64)
    way = torch.tensor(end, dtype=torch.float64) - first
    heading = math.degrees(math.atan2(way[0].item(), way[2].item())) if yaw is None else yaw
    positions = first + travelled_fraction(frames, easing)[:, None] * way
    return upright_poses(positions, heading)


def arc_path(
    start: Sequence[float],
    heading: float,
    radius: float,
    angle: float,
    frames: int,
    easing: Easing = "constant",
) -> Tensor:
    """Level circular arc.

    Args:
        start: (x, y, z) in metres.
        heading: degrees at the start.
        radius: metres, above 0.
        angle: degrees to turn, positive to the right, any size.
        frames: number of poses.
        easing: how the speed changes on the way.

    Returns:
        (frames, 4, 4) float64 poses that look along the arc.
    """
    if not 0.0 < radius < math.inf:
        raise ValueError(f"The radius of an arc must be positive metres, given {radius}; use a straight path for none.")
    route = Route((float(start[0]), float(start[2])), heading, angle, radius)
    distance = (travelled_fraction(frames, easing) - 0.5) * route.bend_length
    ground, headings = route.at(distance)
    height = torch.full_like(headings, float(start[1]))
    return upright_poses(torch.stack([ground[:, 0], height, ground[:, 1]], dim=-1), headings)
