"""The views to render, and their rays."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..world.agents import Agents
from ..world.scene import unproject

LEVEL_TOLERANCE = 1e-9
SMALLEST_SLOPE = 1e-9
"""Ray components nearer to zero are moved to it, so that they can be divided by."""


@dataclass(frozen=True, eq=False)
class Views:
    """Cameras at moments of time.

    Attributes:
        extrinsics: (views, 4, 4) camera-to-world poses.
        intrinsics: (views, 3, 3) in pixels.
        height, width: picture size in pixels.
        frames: (views,) int64, the frame at which each view sees the cars.
        owners: (views,) int64, the car that carries each camera and is not drawn in it; -1 for none.
        run: how many consecutive views belong to one moving camera. Views of a run should be similar: what is in sight
            of one is looked for in all that are rendered together.
    """

    extrinsics: Tensor
    intrinsics: Tensor
    height: int
    width: int
    frames: Tensor
    owners: Tensor
    run: int = 1

    def __len__(self) -> int:
        return len(self.extrinsics)

    def part(self, start: int, stop: int) -> "Views":
        """The views start..stop-1."""
        index = torch.arange(start, stop)
        return self._chosen(index)

    def repeated(self, times: int) -> "Views":
        """Every view `times` times, one after the other."""
        return self._chosen(torch.arange(len(self)).repeat_interleave(times))

    def _chosen(self, index: Tensor) -> "Views":
        moments = self.frames[index], self.owners[index]
        return Views(self.extrinsics[index], self.intrinsics[index], self.height, self.width, *moments, self.run)


def views_of_agents(agents: Agents, frames: Tensor, height: int, width: int, hide_own_car: bool = True) -> Views:
    """All views of all agents at the given frames, (agents, views, frames) flattened in that order.

    Intrinsics are scaled from the rigs' picture size to `height` x `width`.
    """
    extrinsics = agents.extrinsics()[:, frames].transpose(1, 2)
    scale = torch.tensor([[width, width, width], [height, height, height], [1, 1, 1]], dtype=torch.float64)
    rig = agents.members[0].rig
    scale = scale / scale.new_tensor([[rig.width], [rig.height], [1]])
    intrinsics = agents.intrinsics()[:, frames].transpose(1, 2) * scale
    count, views, moments = extrinsics.shape[:3]
    owners = torch.arange(count) if hide_own_car else torch.full((count,), -1)
    return Views(
        extrinsics.flatten(0, 2),
        intrinsics.flatten(0, 2),
        height,
        width,
        frames.expand(count, views, moments).flatten(),
        owners[:, None, None].expand(count, views, moments).flatten(),
        moments,
    )


@dataclass(frozen=True, eq=False)
class Rays:
    """One ray per pixel: origin + depth * direction, where directions have camera z component 1.

    Attributes:
        origins: (views, 3) in the world.
        directions: three tensors for x, y, z that broadcast to (views, height, width). Level cameras have x and z that
            depend on the column alone and y on the row alone, which saves most of the work.
    """

    origins: Tensor
    directions: tuple[Tensor, Tensor, Tensor]
    shape: tuple[int, int, int]

    def of_samples(self, total: int, chosen: slice) -> "Rays":
        """Some of the `total` rays of every pixel."""
        x, y, z = (value.unflatten(0, (-1, total))[:, chosen].flatten(0, 1) for value in self.directions)
        origins = self.origins.unflatten(0, (-1, total))[:, chosen].flatten(0, 1)
        return Rays(origins, (x, y, z), (len(origins), *self.shape[1:]))

    def length(self) -> Tensor:
        """(views, height, width) metres along the ray per metre of depth."""
        x, y, z = self.directions
        return torch.sqrt((x * x + z * z) + y * y)


def _is_level(views: Views) -> bool:
    rotation = views.extrinsics[:, :3, :3]
    across = torch.stack([rotation[:, 0, 1], rotation[:, 2, 1], rotation[:, 1, 0], rotation[:, 1, 2]])
    return bool(across.abs().max() < LEVEL_TOLERANCE and (views.intrinsics[:, 0, 1] == 0.0).all())


def cast_rays(views: Views, offsets: Sequence[tuple[float, float]], device: torch.device | str = "cpu") -> Rays:
    """Rays through (i + u, j + v) of every pixel for every offset (u, v), float32 on `device`.

    The rays of a view's offsets follow each other: there are len(views) * len(offsets) of them on the first axis.
    """
    shift = torch.tensor(offsets, dtype=torch.float64).repeat(len(views), 1)
    shape = (len(shift), views.height, views.width)
    rotation = views.extrinsics[:, :3, :3].double()
    to_world = (rotation @ torch.linalg.inv(views.intrinsics.double())).repeat_interleave(len(offsets), 0)
    u = torch.arange(views.width, dtype=torch.float64) + shift[:, :1]
    v = torch.arange(views.height, dtype=torch.float64) + shift[:, 1:]
    by_column = to_world[:, :, 0, None] * u[:, None] + to_world[:, :, 2, None]
    by_row = to_world[:, :, 1, None] * v[:, None]
    if _is_level(views):
        components = [
            by_column[:, 0, None, :],
            (by_row[:, 1] + to_world[:, 1, 2, None])[:, :, None],
            by_column[:, 2, None, :],
        ]
    else:
        components = [by_column[:, axis, None, :] + by_row[:, axis, :, None] for axis in range(3)]
    x, y, z = (_away_from_zero(component.to(device, torch.float32)) for component in components)
    origins = views.extrinsics[:, :3, 3].float().repeat_interleave(len(offsets), 0).to(device)
    return Rays(origins, (x, y, z), shape)


def _away_from_zero(values: Tensor) -> Tensor:
    return torch.where(values.abs() < SMALLEST_SLOPE, values.new_tensor(SMALLEST_SLOPE), values)


def distances(depth: Tensor, intrinsics: Tensor) -> Tensor:
    """Metres along the ray (..., height, width) of depth maps; inf stays inf.

    Args:
        depth: (..., height, width) metres along the camera's z axis.
        intrinsics: (..., 3, 3) in pixels of that picture size.
    """
    plane = torch.ones(depth.shape[-2:], dtype=torch.float64)
    rays = unproject(plane, torch.eye(4, dtype=torch.float64), intrinsics)
    return depth * torch.linalg.vector_norm(rays, dim=-1).to(depth)
