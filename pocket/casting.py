"""What every ray meets first: depth and the number of the part."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..world.poses import inverse
from . import car_shape
from .car_shape import BODY, CABIN, FRONT_AXLE, PARTS, Cars
from .primitives import NEAREST, box_depth, convex_depth, cylinder_depth, ellipsoid_depth
from .screen import box_corners, windows
from .town import FIRST_CAR, GROUND, SKY, Town
from .views import Rays, Views

FIRST_BOX = 2


@dataclass(frozen=True)
class PartNumbers:
    """Numbers of parts: 0 sky, 1 ground, then boxes, crowns and car parts, in this order."""

    boxes: int
    crowns: int
    cars: int

    @property
    def first_crown(self) -> int:
        return FIRST_BOX + self.boxes

    @property
    def first_car(self) -> int:
        return self.first_crown + self.crowns


def part_numbers(town: Town, cars: Cars | None) -> PartNumbers:
    """Numbers of the parts of a town and its cars."""
    return PartNumbers(len(town.box_low), len(town.crown_centre), 0 if cars is None else len(cars))


def part_instances(town: Town, numbers: PartNumbers) -> Tensor:
    """(parts,) int16 instance of every part."""
    cars = FIRST_CAR + torch.arange(numbers.cars).repeat_interleave(PARTS)
    return torch.cat([torch.tensor([SKY, GROUND]), town.box_instance, town.crown_instance, cars]).to(torch.int16)


@dataclass(frozen=True, eq=False)
class Hits:
    """First hits of rays (views, height, width).

    Attributes:
        depth: metres along the camera's z axis, inf for the sky.
        part: int16 numbers, see `PartNumbers`.
    """

    depth: Tensor
    part: Tensor

    def of_samples(self, total: int, chosen: slice) -> "Hits":
        """Hits of some of the `total` rays of every pixel."""
        depth, part = (values.unflatten(0, (-1, total))[:, chosen].flatten(0, 1) for values in (self.depth, self.part))
        return Hits(depth, part)


def _existing(window: tuple[slice, slice, slice], shape: Sequence[int]) -> tuple[slice, ...]:
    """The window for a tensor that broadcasts to (views, height, width): axes of size 1 stay."""
    return tuple(part if size > 1 else slice(None) for part, size in zip(window, shape, strict=True))


def _cropped(components: Sequence[Tensor], window: tuple[slice, slice, slice]) -> list[Tensor]:
    return [component[_existing(window, component.shape)] for component in components]


def _keep_nearer(hits: Hits, window: tuple[slice, slice, slice], depth: Tensor, part: int) -> None:
    target = hits.depth[window]
    hits.part[window].masked_fill_(depth < target, part)
    torch.minimum(target, depth, out=target)


class Caster:
    """Casts the rays of views into a town with cars.

    Args:
        town: what does not move.
        cars: what does, or None.
        device: where rays are cast; the town and the cars stay where they are.
    """

    def __init__(self, town: Town, cars: Cars | None = None, device: torch.device | str = "cpu") -> None:
        self.town, self.cars, self.device = town, cars, device
        self.numbers = part_numbers(town, cars)
        radius = town.crown_radius
        low = torch.cat([town.box_low, town.crown_centre - radius])
        high = torch.cat([town.box_high, town.crown_centre + radius])
        self.static_corners = box_corners(low, high)[None]
        self.low, self.high = town.box_low[:, (0, 2, 1)].to(device), town.box_high[:, (0, 2, 1)].to(device)
        self.centre, self.radii = town.crown_centre[:, (0, 2, 1)].to(device), radius.tolist()
        self.skip_hidden = torch.device(device).type == "cpu"  # elsewhere asking takes longer than casting

    def cast(self, views: Views, rays: Rays) -> Hits:
        """First hits of `rays`, which are those of `views`, several rays per pixel one after the other."""
        times = len(rays.origins) // len(views)
        hits = self._ground(rays)
        x, y, z = rays.directions
        slopes_xz, slopes_y = 1.0 / torch.stack([x, z]), 1.0 / y
        origins = rays.origins[:, (0, 2, 1)]
        low, high, centre = (
            (places[:, None] - origins).transpose(1, 2)[..., None, None]
            for places in (self.low, self.high, self.centre)
        )
        for window in windows(self.static_corners, views):
            part, number = window.repeated(times).part, window.number
            if self.skip_hidden and window.nearest > hits.depth[part].max():
                continue
            if number < self.numbers.boxes:
                cropped_xz = slopes_xz[(slice(None), *_existing(part, slopes_xz.shape[1:]))]
                cropped_y = slopes_y[_existing(part, slopes_y.shape)]
                depth = box_depth(low[number][:, part[0]], high[number][:, part[0]], cropped_xz, cropped_y)
            else:
                crown = number - self.numbers.boxes
                cropped = _cropped(rays.directions, part)
                depth = ellipsoid_depth(centre[crown][:, part[0]], self.radii[crown], cropped)
            _keep_nearer(hits, part, depth, FIRST_BOX + number)
        if self.cars is not None:
            for number in range(len(self.cars)):
                self._cast_car(number, views, times, rays, hits)
        return hits

    def _ground(self, rays: Rays) -> Hits:
        depth = -rays.origins[:, 1, None, None] / rays.directions[1]
        depth = depth.masked_fill(depth < NEAREST, torch.inf).expand(rays.shape).contiguous()
        part = torch.where(depth < torch.inf, GROUND, SKY).to(torch.int16)
        return Hits(depth, part)

    def _cast_car(self, number: int, views: Views, times: int, rays: Rays, hits: Hits) -> None:
        assert self.cars is not None
        poses = self.cars.poses[number, views.frames]
        low, high = torch.tensor(car_shape.LOW), torch.tensor(car_shape.HIGH)
        corners = box_corners(low, high) @ poses[:, :3, :3].mT + poses[:, None, :3, 3]
        own, poses_of_rays = (views.owners == number).repeat_interleave(times), poses.repeat_interleave(times, 0)
        for found in windows(corners[:, None], views):
            window = found.repeated(times).part
            if own[window[0]].all():
                continue
            origin, directions = in_car_frame(poses_of_rays[window[0]], rays, window)
            first = self.numbers.first_car + number * PARTS
            hidden = own[window[0], None, None].to(self.device) if own[window[0]].any() else None
            for part in range(PARTS):
                depth = _part_depth(part, origin, directions)
                if hidden is not None:
                    depth = depth.masked_fill(hidden, torch.inf)
                _keep_nearer(hits, window, depth, first + part)


def in_car_frame(
    poses: Tensor, rays: Rays, window: tuple[slice, slice, slice]
) -> tuple[list[Tensor], tuple[Tensor, Tensor, Tensor]]:
    """Origins (views, 1, 1) and directions of rays in a window, in the frame of a car with poses (views, 4, 4)."""
    to_car = inverse(poses).to(rays.origins.device)
    origin = to_car[:, :3, :3] @ rays.origins[window[0], :, None].double() + to_car[:, :3, 3:]
    x, y, z = _cropped(rays.directions, window)
    rotation = to_car[:, :3, :3].float()
    turned = [
        (rotation[:, axis, 0, None, None] * x + rotation[:, axis, 2, None, None] * z)
        + rotation[:, axis, 1, None, None] * y
        for axis in range(3)
    ]
    return [origin[:, axis, :, None].float() for axis in range(3)], (turned[0], turned[1], turned[2])


def _part_depth(part: int, origin: list[Tensor], directions: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    if part == BODY:
        return convex_depth(car_shape.BODY_PLANES, origin, directions)
    if part == CABIN:
        return convex_depth(car_shape.CABIN_PLANES, origin, directions)
    axle = car_shape.AXLES[part - FRONT_AXLE]
    height = car_shape.WHEEL_RADIUS
    moved = [origin[0], origin[1] + height, origin[2] - axle]
    return cylinder_depth(height, car_shape.HALF_TRACK, moved, directions)
