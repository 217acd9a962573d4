"""SPLAT: Gaussians that ComfyUI's renderer draws, and the world in which they are.

ComfyUI takes a splat's axes for those of 3D Gaussian splatting: x right, y down, z forward, which are our world's. Its
viewers and cameras have y up, and it turns them by 180 degrees about x. Where a splat has other axes or another unit it
is the cameras that go into its frame: a splat may be large, and only what is relative counts.
"""

from dataclasses import replace

import torch
from torch import Tensor

from ..poses import rigid
from ..rebasing import WORLD_TO_OPENCV, WorldAxes
from ..scene.source_points import SourcePoints, harmonic_colours
from .cameras import CameraPath


def in_splat_frame(camera: CameraPath, axes: WorldAxes = "opencv", metres_per_unit: float = 1.0) -> CameraPath:
    """The camera as it is in the frame of a splat.

    Args:
        camera: in the world.
        axes: right-handed ones of the splat; its origin is the world's.
        metres_per_unit: of the splat.

    Raises:
        ValueError: for left-handed axes, or a unit that is not positive.
    """
    to_world = WORLD_TO_OPENCV.get(axes)
    if to_world is None or torch.linalg.det(to_world) < 0:
        raise ValueError(f"The axes of a splat must be right-handed: opencv, y up or z up, given '{axes}'.")
    if not 0.0 < metres_per_unit < float("inf"):
        raise ValueError(f"metres_per_unit must be positive, given {metres_per_unit:g}.")
    poses = camera.poses
    rotation, position = to_world.mT @ poses[:, :3, :3], poses[:, :3, 3] @ to_world / metres_per_unit
    return replace(camera, poses=rigid(rotation, position))


def points_of_splat(positions: Tensor, opacities: Tensor, harmonics: Tensor) -> SourcePoints:
    """The centres of Gaussians in their own colour.

    Args:
        positions: (gaussians, 3).
        opacities: (gaussians, 1) in 0..1.
        harmonics: (gaussians, coefficients, 3) of the colours, the constant one first.
    """
    colours = harmonic_colours(harmonics[:, 0].float().cpu())
    return SourcePoints(positions.double().cpu(), colours, opacity=opacities.reshape(-1).float().cpu(), axes="opencv")
