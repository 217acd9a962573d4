"""Point clouds as PLY files: ours for 3D viewers, and those of scanners, COLMAP, CloudCompare and splat trainers."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from .ply_columns import Numbers, read_columns
from .ply_header import read_header
from .scene import PointCloud
from .source_points import SourcePoints, harmonic_colours, normalised

_POINT = np.dtype([("place", "<f4", 3), ("colour", "u1", 3)])

_PLACE = ("x", "y", "z")
_COLOURS = (("red", "green", "blue"), ("r", "g", "b"), ("diffuse_red", "diffuse_green", "diffuse_blue"))
_HARMONICS = ("f_dc_0", "f_dc_1", "f_dc_2")
_BRIGHTEST_FLOAT = 2.0
"""Colours of floats up to this are shares of white, of which some overshoot; larger ones count to 255 or 65535."""


def ply_bytes(cloud: PointCloud) -> bytes:
    """A cloud as a binary PLY file, with glTF's axes (y up, z towards the viewer) as viewers expect."""
    points = np.empty(len(cloud), dtype=_POINT)
    points["place"] = cloud.points.cpu().numpy() * np.array([1.0, -1.0, -1.0], dtype=np.float32)
    points["colour"] = (cloud.colours.cpu().numpy() * 255.0).round()
    places = "".join(f"property float {axis}\n" for axis in _PLACE)
    colours = "".join(f"property uchar {channel}\n" for channel in _COLOURS[0])
    header = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(cloud)}\n{places}{colours}end_header\n"
    return header.encode("ascii") + points.tobytes()


def read_ply(data: bytes, file: str) -> SourcePoints:
    """The vertices of a PLY file, as text or binary in either order of bytes.

    A file says neither axes nor unit: they are taken as y up and metres. One with f_dc_0 to f_dc_2 holds Gaussians,
    whose centres and colours are read, with opencv axes. Faces and other properties are left out.

    Args:
        data: the file's bytes.
        file: its name, for messages.

    Raises:
        ValueError: naming the file, if it is no PLY file, a damaged one, or one without points.
    """
    header = read_header(data, file)
    vertex = next((element for element in header.elements if element.name == "vertex"), None)
    if vertex is None or vertex.count == 0:
        raise ValueError(f"{file} holds no points: its header has no element 'vertex', or none of them; save it again.")
    names = [entry.name for entry in vertex.properties if entry.length is None]
    if not set(_PLACE) <= set(names):
        raise ValueError(
            f"{file}: the vertices have no x, y and z, only {', '.join(map(ascii, names))[:200] or 'nothing'}; save "
            "them with their places as numbers, uncompressed."
        )
    gaussians = set(_HARMONICS) <= set(names)
    channels = _HARMONICS if gaussians else next((three for three in _COLOURS if set(three) <= set(names)), ())
    others = [name for name in ("opacity" if gaussians else None, "confidence") if name in names]
    columns = read_columns(header, vertex, [*_PLACE, *channels, *others], data, file)

    colours = None
    if channels:
        colours = _stacked(columns, channels, np.float32)
        floats = any(entry.number[0] == "f" for entry in vertex.properties if entry.name in channels)
        colours = harmonic_colours(colours) if gaussians else colours / _white(colours, floats)
    singles = {name: _stacked(columns, [name], np.float32)[:, 0] for name in others}
    return SourcePoints(
        _stacked(columns, _PLACE, np.float64),
        colours,
        confidence=normalised(singles["confidence"]) if "confidence" in singles else None,
        # Trainers of splats store the logit.
        opacity=torch.sigmoid(singles["opacity"]) if "opacity" in singles else None,
        axes="opencv" if gaussians else "y up",
    )


def _stacked(columns: Mapping[str, Numbers], names: Sequence[str], number: type) -> Tensor:
    """(points, names) of a type of NumPy's."""
    with np.errstate(all="ignore"):  # what is not finite, or not any more, is left out and counted later
        return torch.from_numpy(np.stack([columns[name] for name in names], 1, dtype=number))


def _white(values: Tensor, floats: bool) -> float:
    """What white is in colours (points, 3)."""
    largest = torch.nan_to_num(values, nan=0.0, posinf=0.0).max()
    if floats and largest <= _BRIGHTEST_FLOAT:
        return 1.0
    return 255.0 if largest <= 255.0 else 65535.0
