"""DA3_POINT_CLOUD: the points of Depth Anything 3's depth.

A dict of points (N, 3), colors (N, 3) RGB in 0..1 or None, and confidence (N,) or None. Axes are glTF's (x right, y up,
z back), the origin is the first camera, the unit is the model's own. Pixels without depth are at their camera, which is
the origin for a single picture. In only: the cameras are in none of it.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ..scene.source_points import SourcePoints, normalised


def points_of_depth_anything(given: Mapping[str, Any]) -> SourcePoints:
    """The points, without those at the origin.

    Raises:
        ValueError: if the entries have other shapes, or there is no point.
    """
    points = _entry(given, "points", None)
    if points is None or not len(points):
        raise ValueError("The point cloud of Depth Anything 3 holds no points; estimate it again.")
    colours, confidence = _entry(given, "colors", len(points)), _entry(given, "confidence", len(points))
    away = (points != 0.0).any(1)
    if not away.any():
        raise ValueError("All points of Depth Anything 3 are at the origin, where the camera is; estimate them again.")
    return SourcePoints(
        points.double()[away],
        None if colours is None else colours.float()[away],
        None if confidence is None else normalised(confidence.float())[away],
        axes="y up",
    )


def _entry(given: Mapping[str, Any], name: str, count: int | None) -> Tensor | None:
    """A tensor of the dict on the CPU; `count` is of the points."""
    value = given.get(name)
    if value is None:
        return None
    tensor = torch.as_tensor(value).cpu()
    columns = () if name == "confidence" else (3,)
    if tensor.shape[1:] != columns or tensor.ndim != len(columns) + 1 or count not in (None, len(tensor)):
        expected = ", ".join(map(str, ("points" if count is None else count, *columns)))
        raise ValueError(
            f"The point cloud of Depth Anything 3 has {name} of shape {tuple(tensor.shape)}, expected ({expected}); "
            "estimate it again."
        )
    return tensor
