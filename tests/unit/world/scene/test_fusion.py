import math
from collections import defaultdict

import numpy as np
import pytest
import torch

from shared_world.tests.unit.world.scene.cameras import random_cloud
from shared_world.world.scene import PointCloud, fuse_by_voxel, remove_outliers
from shared_world.world.scene.fusion import VoxelGrid

VOXEL = 0.7


def fused_by_dictionary(cloud: PointCloud) -> dict[tuple[int, ...], np.ndarray]:
    cells = defaultdict(list)
    for point, colour in zip(cloud.points.tolist(), cloud.colours.tolist(), strict=True):
        cells[tuple(math.floor(value / VOXEL) for value in point)].append([*point, *colour])
    return {cell: np.mean(values, axis=0) for cell, values in cells.items()}


def test_every_voxel_keeps_the_mean_of_its_points_and_colours():
    cloud = random_cloud()
    expected = fused_by_dictionary(cloud)
    fused = fuse_by_voxel(cloud, VOXEL)
    assert 100 < len(fused) == len(expected) < len(cloud)
    wanted = np.stack([expected[cell] for cell in sorted(expected)])
    np.testing.assert_allclose(torch.cat([fused.points, fused.colours], 1), wanted, atol=1e-5)


def test_parts_give_the_same_cloud_as_the_whole():
    cloud, grid = random_cloud(), VoxelGrid(VOXEL)
    for part in torch.arange(len(cloud)).split(333):
        grid.add(cloud.points[part], cloud.colours[part])
    whole = fuse_by_voxel(cloud, VOXEL)
    torch.testing.assert_close(grid.cloud().points, whole.points)
    torch.testing.assert_close(grid.cloud().colours, whole.colours)


def test_voxels_grow_with_the_spacing_of_pixels():
    cloud = random_cloud()
    sizes = torch.tensor([0.1, 0.7, 1.3, 3.0, 1000.0])
    edges = torch.tensor([1.0, 1.0, 2.0, 4.0, 128.0]) * VOXEL
    kinds = torch.randint(5, (len(cloud),), generator=torch.Generator().manual_seed(0))
    grid = VoxelGrid(VOXEL)
    grid.add(cloud.points, cloud.colours, sizes[kinds])
    cells = defaultdict(list)
    for point, edge in zip(cloud.points.tolist(), edges[kinds].tolist(), strict=True):
        cells[(edge, *(math.floor(value / edge) for value in point))].append(point)
    expected = np.stack([np.mean(cells[cell], axis=0) for cell in sorted(cells)])
    np.testing.assert_allclose(grid.cloud().points, expected, atol=1e-5)


def test_points_too_far_for_their_voxels_are_refused():
    with pytest.raises(ValueError, match=r"too far for voxels of 0\.01 m"):
        fuse_by_voxel(PointCloud(torch.tensor([[0.0, 0.0, 2e4]]), torch.zeros(1, 3)), 0.01)
    with pytest.raises(ValueError, match="positive metres"):
        VoxelGrid(0.0)


def test_stragglers_go_and_the_rest_stays():
    cloud = random_cloud(2000)
    dense = PointCloud(cloud.points * 0.05, cloud.colours)
    stray = torch.tensor([[30.0, 0, 0], [0, 40.0, 0], [0, 0, -50.0]])
    both = PointCloud(torch.cat([dense.points, stray]), torch.cat([dense.colours, torch.zeros(3, 3)]))
    kept = remove_outliers(both)
    assert kept.points.abs().max() < 10
    assert len(kept) >= 1990


def test_outliers_follow_the_rule_for_distances():
    cloud = random_cloud(300)
    distances = torch.cdist(cloud.points.double(), cloud.points.double()).sort(dim=1).values[:, 1:6].mean(1)
    expected = distances <= distances.mean() + 1.5 * distances.std(correction=0)
    assert remove_outliers(cloud, neighbours=5, deviations=1.5) == cloud.chosen(expected)
    assert not expected.all()


def test_clouds_of_few_points_are_left_alone():
    cloud = random_cloud(20)
    assert remove_outliers(cloud) == cloud
