"""Pictures of boxes, cylinders and balls in plain colours, for tables with robot arms.

The world is z-up and in metres; cameras look along z with x right and y down.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..pocket.primitives import convex_depth, cylinder_depth, ellipsoid_depth
from ..pocket.render import sample_offsets
from ..pocket.views import Views, cast_rays

Colour = tuple[float, float, float]

LIGHT = (0.12, -0.30, 0.95)
SUNLIGHT, SKYLIGHT = 0.75, 0.38
SHINE, SHININESS = 0.18, 24.0
BACKGROUND_HIGH, BACKGROUND_LOW = (0.70, 0.76, 0.80), (0.46, 0.48, 0.50)
OFF_THE_SURFACE = 2e-3
"""Metres from which shadows are looked for, so that nothing shades itself."""


@dataclass(frozen=True, eq=False)
class Solid:
    """A convex thing of one colour.

    Attributes:
        kind: "box", "cylinder" (around its x axis) or "ball".
        pose: (4, 4) solid-to-world.
        size: half the extents along its axes; of a cylinder half its length and twice its radius.
        colour: in 0..1.
    """

    kind: str
    pose: np.ndarray
    size: tuple[float, float, float]
    colour: Colour

    def depth(self, origins: Tensor, directions: Tensor) -> Tensor:
        """Lengths (rays,) of rays (rays, 3) until they enter, inf where they miss."""
        origin, direction = self._turned(origins, directions)
        if self.kind == "box":
            axes = torch.eye(3)
            planes = torch.cat([axes, -axes]), torch.tensor(self.size).repeat(2)[:, None]
            return convex_depth(torch.cat(planes, dim=1), origin, direction)
        if self.kind == "cylinder":
            return cylinder_depth(self.size[1], self.size[0], origin, direction)
        x, y, z = (-component for component in origin)
        return ellipsoid_depth(torch.stack([x, z, y]), self.size, direction)

    def normals(self, points: Tensor) -> Tensor:
        """Outward normals (points, 3) at points of the surface, in the world."""
        rotation = torch.from_numpy(self.pose[:3, :3]).float()
        local = (points - torch.from_numpy(self.pose[:3, 3]).float()) @ rotation
        scaled = local / torch.tensor(self.size)
        if self.kind == "box":
            outermost = scaled.abs().argmax(1, keepdim=True)
            normal = torch.zeros_like(local).scatter(1, outermost, scaled.gather(1, outermost).sign())
        elif self.kind == "cylinder":
            at_end = (scaled[:, :1].abs() > scaled[:, 1:].norm(dim=1, keepdim=True)).float()
            normal = torch.cat([at_end * scaled[:, :1].sign(), (1 - at_end) * local[:, 1:]], dim=1)
        else:
            normal = scaled
        return torch.nn.functional.normalize(normal) @ rotation.mT

    def _turned(self, origins: Tensor, directions: Tensor) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        rotation = torch.from_numpy(self.pose[:3, :3]).float()
        moved = origins - torch.from_numpy(self.pose[:3, 3]).float()
        return (moved @ rotation).unbind(1), (directions @ rotation).unbind(1)


def box(centre: Sequence[float], extents: Sequence[float], colour: Colour, turn: float = 0.0) -> Solid:
    """A box of full extents, turned about the vertical by radians."""
    cosine, sine = np.cos(turn), np.sin(turn)
    pose = np.eye(4)
    pose[:2, :2] = [[cosine, -sine], [sine, cosine]]
    pose[:3, 3] = centre
    x, y, z = (extent / 2 for extent in extents)
    return Solid("box", pose, (x, y, z), colour)


def ball(centre: Sequence[float], radius: float, colour: Colour) -> Solid:
    """A sphere."""
    pose = np.eye(4)
    pose[:3, 3] = centre
    return Solid("ball", pose, (radius, radius, radius), colour)


def cylinder(start: np.ndarray, end: np.ndarray, radius: float, colour: Colour) -> Solid:
    """A cylinder between two points."""
    along = end - start
    length = float(np.linalg.norm(along))
    across = np.cross(along, [0.0, 0.0, 1.0] if abs(along[2]) < 0.9 * length else [1.0, 0.0, 0.0])
    pose = np.eye(4)
    pose[:3, 0] = along / length
    pose[:3, 1] = across / np.linalg.norm(across)
    pose[:3, 2] = np.cross(pose[:3, 0], pose[:3, 1])
    pose[:3, 3] = (start + end) / 2
    return Solid("cylinder", pose, (length / 2, radius, radius), colour)


def camera_pose(position: Sequence[float], target: Sequence[float]) -> Tensor:
    """Camera-to-world (4, 4) float64 of a camera that looks at a point, upright."""
    place = np.array(position, dtype=np.float64)
    forward = np.array(target) - place
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
    pose[:3, 3] = place
    return torch.from_numpy(pose)


def render_solids(
    solids: Sequence[Solid], poses: Tensor, intrinsics: Tensor, height: int, width: int, samples: int
) -> Tensor:
    """Pictures (cameras, height, width, 3) in 0..1.

    Args:
        solids: what is seen.
        poses: (cameras, 4, 4) camera-to-world.
        intrinsics: (cameras, 3, 3) in pixels.
        height, width: in pixels.
        samples: rays per pixel.
    """
    zeros = torch.zeros(len(poses), dtype=torch.long)
    views = Views(poses, intrinsics, height, width, zeros, zeros - 1)
    rays = cast_rays(views, sample_offsets(samples))
    directions = torch.stack([component.expand(rays.shape) for component in rays.directions], dim=-1)
    directions = torch.nn.functional.normalize(directions, dim=-1)
    colours = [
        ray_colours(solids, origin.expand(height * width, 3), picture.flatten(0, 1))
        for origin, picture in zip(rays.origins, directions, strict=True)
    ]
    return torch.stack(colours).unflatten(0, (len(poses), samples)).mean(1).unflatten(1, (height, width))


def ray_colours(solids: Sequence[Solid], origins: Tensor, directions: Tensor) -> Tensor:
    """Colours (rays, 3) in 0..1 of what rays (rays, 3) meet first."""
    depth, first = torch.stack([solid.depth(origins, directions) for solid in solids]).min(0)
    low, high = torch.tensor(BACKGROUND_LOW), torch.tensor(BACKGROUND_HIGH)
    colours = torch.lerp(low, high, directions[:, 2:].mul(2).add(1).clamp(0, 1))
    for number, solid in enumerate(solids):
        chosen = ((first == number) & depth.isfinite()).nonzero().squeeze(1)
        points = origins[chosen] + depth[chosen, None] * directions[chosen]
        colours[chosen] = surface_colours(solids, solid, points, directions[chosen])
    return colours


def surface_colours(solids: Sequence[Solid], solid: Solid, points: Tensor, directions: Tensor) -> Tensor:
    """Colours (points, 3) of a solid at points of its surface, seen along `directions`."""
    normals = solid.normals(points)
    towards = torch.nn.functional.normalize(torch.tensor(LIGHT), dim=0).expand_as(points)
    lifted = points + OFF_THE_SURFACE * normals
    lit = torch.ones(len(points))
    for other in solids:
        lit[other.depth(lifted, towards).isfinite()] = 0.0
    facing = (normals * towards).sum(1).clamp(min=0) * lit
    half = torch.nn.functional.normalize(towards - directions)
    shine = SHINE * (normals * half).sum(1).clamp(min=0) ** SHININESS * lit
    light = SKYLIGHT * (0.75 + 0.25 * normals[:, 2]) + SUNLIGHT * facing
    return (torch.tensor(solid.colour) * light[:, None] + shine[:, None]).clamp(0, 1)
