"""Points as another program has them, and the step from there into the world."""

import logging
from dataclasses import dataclass

import torch
from torch import Tensor

from ..placing import placement
from ..rebasing import WORLD_TO_OPENCV, WorldAxes
from .fusion import fuse_by_voxel
from .scene import PointCloud

logger = logging.getLogger(__name__)

GREY = 0.5
"""Brightness of points without colours."""

HARMONIC = 0.28209479177387814
"""The spherical harmonic of degree 0, 1 / (2 sqrt(pi)), by which splats weigh their colours."""

COARSE = 2.0**17
"""Metres from which on neighbouring float32 numbers are more than a centimetre apart."""


@dataclass(frozen=True, eq=False)
class SourcePoints:
    """Points as a source gives them. Some may not be finite; those never come into the world.

    Attributes:
        points: (points, 3) float64 in the source's axes and unit.
        colours: (points, 3) float32 RGB in 0..1, if it has them.
        confidence: (points,) float32 in 0..1, see `normalised`, if it has one.
        opacity: (points,) float32 in 0..1, if they are the centres of Gaussians.
        axes: what the source's axes usually are.
    """

    points: Tensor
    colours: Tensor | None = None
    confidence: Tensor | None = None
    opacity: Tensor | None = None
    axes: WorldAxes = "y up"


def normalised(confidence: Tensor) -> Tensor:
    """Raw confidence (points,) from 0 for the least to 1 for the largest; 1 for all where they are the same."""
    finite = confidence[torch.isfinite(confidence)]
    if not len(finite) or finite.min() == finite.max():
        return torch.ones_like(confidence)
    return (confidence - finite.min()) / (finite.max() - finite.min())


def harmonic_colours(coefficients: Tensor) -> Tensor:
    """RGB (points, 3) in 0..1 of splats' colour coefficients of degree 0 (3D Gaussian Splatting, section 4)."""
    return (0.5 + HARMONIC * coefficients).clamp(0.0, 1.0)


def points_in_world(
    source: SourcePoints,
    axes: WorldAxes | None = None,
    metres_per_unit: float = 1.0,
    right: float = 0.0,
    up: float = 0.0,
    forward: float = 0.0,
    turn: float = 0.0,
    confidence_threshold: float = 0.0,
    opacity_threshold: float = 0.0,
    voxel: float = 0.0,
) -> PointCloud:
    """A source's points as a cloud in the world.

    Args:
        source: the points.
        axes: of the source, left-handed ones too; None takes `source.axes`.
        metres_per_unit: of the source.
        right, up, forward, turn: metres and degrees, see `placing.placement`; last of all.
        confidence_threshold, opacity_threshold: points below are left out, where the source has these numbers.
        voxel: edge in metres of the cubes of which each becomes one point; 0 keeps all points.

    Raises:
        ValueError: for unknown axes, a unit that is not positive, a move that is not finite, if no point is left, or if
            points are too far away for the voxels.
    """
    matrix = WORLD_TO_OPENCV.get(source.axes if axes is None else axes)
    if matrix is None:
        raise ValueError(f"The axes of points are one of {', '.join(WORLD_TO_OPENCV)}, given '{axes}'.")
    if not 0.0 < metres_per_unit < float("inf"):
        raise ValueError(f"metres_per_unit must be positive, given {metres_per_unit:g}.")
    change = placement(right, up, forward, turn)
    rotation = change[:3, :3] @ matrix * metres_per_unit
    points = (source.points @ rotation.mT + change[:3, 3]).float()
    colours = torch.full_like(points, GREY) if source.colours is None else source.colours
    finite = torch.isfinite(points).all(1) & torch.isfinite(colours).all(1)
    kept = finite.clone()
    for values, threshold in ((source.confidence, confidence_threshold), (source.opacity, opacity_threshold)):
        if values is not None and threshold > 0.0:
            kept &= values >= threshold
    _report(source, points, finite, kept)
    cloud = PointCloud(points[kept], colours[kept])
    return fuse_by_voxel(cloud, voxel) if voxel else cloud


def _report(source: SourcePoints, points: Tensor, finite: Tensor, kept: Tensor) -> None:
    """Warn about what is left out or made up. Raises ValueError if nothing is left."""
    count, strange = len(points), int((~finite).sum())
    if not kept.any():
        if strange == count:
            raise ValueError(f"None of {count} points has finite numbers; make them again.")
        raise ValueError(
            f"None of {count} points is left: their confidence or opacity lies below the threshold; lower it."
        )
    if strange:
        logger.warning("%d of %d points are left out: their numbers are not finite.", strange, count)
    if source.colours is None:
        logger.warning("The points have no colours and become grey.")
    farthest = points[kept].abs().max().item()
    if farthest >= COARSE:
        logger.warning(
            "Points lie up to %.0f m from the world's origin, where single precision is coarser than a centimetre; "
            "move them near it in the program that wrote them.",
            farthest,
        )
