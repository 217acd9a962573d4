"""Point clouds as PLY files, which 3D viewers read."""

import numpy as np

from .scene import PointCloud

_POINT = np.dtype([("place", "<f4", 3), ("colour", "u1", 3)])


def ply_bytes(cloud: PointCloud) -> bytes:
    """A cloud as a binary PLY file, with glTF's axes (y up, z towards the viewer) as viewers expect."""
    points = np.empty(len(cloud), dtype=_POINT)
    points["place"] = cloud.points.cpu().numpy() * np.array([1.0, -1.0, -1.0], dtype=np.float32)
    points["colour"] = (cloud.colours.cpu().numpy() * 255.0).round()
    places = "".join(f"property float {axis}\n" for axis in "xyz")
    colours = "".join(f"property uchar {channel}\n" for channel in ("red", "green", "blue"))
    header = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(cloud)}\n{places}{colours}end_header\n"
    return header.encode("ascii") + points.tobytes()
