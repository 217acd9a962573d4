"""Other fog for pictures that are already rendered, from their depth."""

import logging
from dataclasses import replace

import torch
from torch import Tensor

from .sky import haze
from .weather import Weather

logger = logging.getLogger(__name__)


def ray_lengths(intrinsics: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Rays of pixel centres in the camera: directions (..., height, width, 3) with z = 1, and their lengths."""
    inverse = torch.linalg.inv(intrinsics)
    v, u = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    pixels = torch.stack([u, v, torch.ones_like(u)], dim=-1).to(inverse)
    directions = torch.einsum("...ij,hwj->...hwi", inverse, pixels)
    return directions, torch.linalg.vector_norm(directions, dim=-1)


def distances(depth: Tensor, intrinsics: Tensor) -> Tensor:
    """Metres along the ray (..., height, width) of depth maps; inf stays inf."""
    return depth * ray_lengths(intrinsics, *depth.shape[-2:])[1].to(depth)


@torch.no_grad()
def change_fog(
    rgb: Tensor, depth: Tensor, extrinsics: Tensor, intrinsics: Tensor, weather: Weather, fog_distance: float
) -> Tensor:
    """Pictures as they would look in another fog.

    With one sample per pixel the result is what the renderer gives for that fog. With more it differs at outlines,
    where a pixel shows surfaces at several distances. Denser fog is safe; thinner fog than the pictures were made with
    brings out rounding errors, and cannot bring back what the fog has swallowed.

    Args:
        rgb: (..., height, width, 3) in 0..1.
        depth: (..., height, width) in metres along the camera's z axis, inf for the sky.
        extrinsics, intrinsics: (..., 4, 4) camera-to-world and (..., 3, 3) in pixels of that picture size.
        weather: that the pictures were made in.
        fog_distance: metres, see `Weather`.
    """
    after = replace(weather, fog_distance=float(fog_distance))
    if after.fog_distance > weather.fog_distance:
        logger.warning(
            "Fog of %g m is thinner than the %g m of the pictures; far surfaces come out noisy or stay hidden.",
            fog_distance,
            weather.fog_distance,
        )
    directions, length = ray_lengths(intrinsics, *depth.shape[-2:])
    world = torch.einsum("...ij,...hwj->...hwi", extrinsics[..., :3, :3], directions / length[..., None])
    rise, sunward = -world[..., 1], world @ world.new_tensor(weather.sun)
    distance = depth * length.to(depth)
    old, new = weather.transmittance(distance)[..., None], after.transmittance(distance)[..., None]
    background = haze(rise.to(rgb), sunward.to(rgb), weather), haze(rise.to(rgb), sunward.to(rgb), after)
    surface_light = rgb - background[0] * (1.0 - old)
    share = torch.where(old > 1e-6, new / old.clamp(min=1e-6), torch.zeros_like(old))
    return (surface_light * share + background[1] * (1.0 - new)).clamp(0.0, 1.0)
