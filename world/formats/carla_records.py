"""What the JSON and the CSV layout of CARLA logs have in common."""

import logging
from collections.abc import Collection
from dataclasses import dataclass

import torch

from ..rigs import Rig, front_rig
from .description import ReadOptions

logger = logging.getLogger(__name__)

CAMERA_TYPE = "sensor.camera.rgb"
DEFAULT_SIZE = (800, 600)
"""CARLA's own default for RGB cameras, with a field of view of 90 degrees."""

LOCATION_KEYS = ("x", "y", "z")
ROTATION_KEYS = ("pitch", "yaw", "roll")


@dataclass(frozen=True)
class CarlaReadOptions(ReadOptions):
    """Options of CARLA logs.

    Attributes:
        vehicles: names of the vehicles to read, all if empty; a log may hold traffic that is of no interest.
    """

    vehicles: tuple[str, ...] = ()

    def wants(self, vehicle: str) -> bool:
        return not self.vehicles or vehicle in self.vehicles


def require_vehicles(options: CarlaReadOptions, found: Collection[str]) -> None:
    """Refuse a log without vehicles, or without one that the options name."""
    if not found:
        raise ValueError("the log holds no vehicles.")
    for name in options.vehicles:
        if name not in found:
            raise ValueError(f"there is no vehicle '{name}'; the log holds {', '.join(found)}.")


def rig_without_cameras(options: CarlaReadOptions, source: object, vehicle: str) -> Rig:
    """The rig of the options, or CARLA's default camera at the vehicle's origin with a warning."""
    if options.rig is not None:
        return options.rig
    rig = front_rig(options.width or DEFAULT_SIZE[0], options.height or DEFAULT_SIZE[1])
    logger.warning(
        "%s: vehicle '%s' has no RGB camera: a front view of %dx%d pixels and 90 degrees at its origin is assumed; "
        "set a rig.",
        source,
        vehicle,
        rig.width,
        rig.height,
    )
    return rig


def pinhole_matrices(fov: torch.Tensor, width: int, height: int, place: str) -> torch.Tensor:
    """(frames, 3, 3) pinhole matrices of horizontal fields of view (frames,) in degrees.

    Raises ValueError naming `place` and frame unless every angle lies between 0.01 and 179.99 degrees.
    """
    outside = (fov < 0.01) | (fov > 179.99)
    if outside.any():
        frame = int(outside.nonzero()[0])
        raise ValueError(
            f"{place}, frame {frame}: fov must lie between 0.01 and 179.99 degrees, given {fov[frame].item():g}."
        )
    focal = width / (2.0 * torch.tan(torch.deg2rad(fov) / 2.0))
    matrices = torch.zeros(len(fov), 3, 3, dtype=torch.float64)
    matrices[:, 0, 0] = matrices[:, 1, 1] = focal
    matrices[:, 0, 2], matrices[:, 1, 2], matrices[:, 2, 2] = width / 2.0, height / 2.0, 1.0
    return matrices
