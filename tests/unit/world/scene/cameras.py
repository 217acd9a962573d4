"""Cameras and clouds that several tests use, and a renderer that loops over points and pixels."""

import math

import torch

from shared_world.world.poses import pitch_rotation, rigid, yaw_rotation
from shared_world.world.scene import PointCloud

HEIGHT, WIDTH = 20, 30

LENS = torch.tensor([[25.0, 0.7, 14.2], [0.0, 27.0, 10.3], [0.0, 0.0, 1.0]]).double()
"""With skew, two focal lengths and a principal point off the middle."""

AT_ORIGIN = torch.eye(4).double()


def turned(yaw: float, pitch: float, place: tuple[float, float, float]) -> torch.Tensor:
    """(4, 4) camera-to-world."""
    return rigid(yaw_rotation(yaw) @ pitch_rotation(pitch), torch.tensor(place).double())


def random_cloud(points: int = 4000, seed: int = 0) -> PointCloud:
    """Points around (1, -1, 8)."""
    random = torch.Generator().manual_seed(seed)
    places = torch.randn(points, 3, generator=random) * torch.tensor([4.0, 2.0, 5.0]) + torch.tensor([1.0, -1.0, 8.0])
    return PointCloud(places, torch.rand(points, 3, generator=random))


def local(points: torch.Tensor, camera: torch.Tensor) -> torch.Tensor:
    """Points (n, 3) in the frame of a camera, float64."""
    return torch.linalg.solve(camera[:3, :3], (points.double() - camera[:3, 3]).T).T


def splat_one_by_one(cloud, camera, lens, height, width, radius, near=0.2):
    """Depth and RGB as `Splatter.draw` defines them, float64; black where nothing is."""
    nearest = {}
    for number, (x, y, z) in enumerate(local(cloud.points, camera).tolist()):
        if z <= near:
            continue
        u = (lens[0, 0].item() * x + lens[0, 1].item() * y) / z + lens[0, 2].item()
        v = lens[1, 1].item() * y / z + lens[1, 2].item()
        pixel = (math.floor(v), math.floor(u))
        if pixel not in nearest or z < nearest[pixel][0]:
            nearest[pixel] = (z, number, u, v)
    depth = torch.full((height, width), math.inf).double()
    rgb = torch.zeros(height, width, 3)
    reach = math.ceil(radius) + 1
    for (row, column), (z, number, u, v) in nearest.items():
        for j in range(max(0, row - reach), min(height, row + reach + 1)):
            for i in range(max(0, column - reach), min(width, column + reach + 1)):
                covered = (j, i) == (row, column) or math.hypot(i + 0.5 - u, j + 0.5 - v) <= radius
                if covered and z < depth[j, i]:
                    depth[j, i], rgb[j, i] = z, cloud.colours[number]
    return depth, rgb
