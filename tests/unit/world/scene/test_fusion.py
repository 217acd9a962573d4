import math
from collections import defaultdict

import numpy as np
import pytest
import torch

from shared_world.tests.unit.world.scene.cameras import random_cloud
from shared_world.world.scene import PointCloud, fusion, remove_outliers
from shared_world.world.scene.fusion import VoxelGrid

VOXEL = 0.7


def fused_by_dictionary(cloud: PointCloud) -> dict[tuple[int, ...], np.ndarray]:
    cells = defaultdict(list)
    for point, colour in zip(cloud.points.tolist(), cloud.colours.tolist(), strict=True):
        cells[tuple(math.floor(value / VOXEL) for value in point)].append([*point, *colour])
    return {cell: np.mean(values, axis=0) for cell, values in cells.items()}


def fused(cloud: PointCloud, voxel: float = VOXEL) -> PointCloud:
    grid = VoxelGrid(voxel)
    grid.add(cloud.points, cloud.colours)
    return grid.cloud()


def test_every_voxel_keeps_the_mean_of_its_points_and_colours():
    cloud = random_cloud()
    expected = fused_by_dictionary(cloud)
    whole = fused(cloud)
    assert 100 < len(whole) == len(expected) < len(cloud)
    wanted = np.stack([expected[cell] for cell in sorted(expected)])
    np.testing.assert_allclose(torch.cat([whole.points, whole.colours], 1), wanted, atol=1e-5)


def test_parts_give_the_same_cloud_as_the_whole():
    cloud, grid = random_cloud(), VoxelGrid(VOXEL)
    for part in torch.arange(len(cloud)).split(333):
        grid.add(cloud.points[part], cloud.colours[part])
    whole = fused(cloud)
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
    # Voxels of 0.7, 1.4, 2.8 and 89.6 m, some of them of wider pixels: 3 m and 1000 m.
    assert grid.spacing().unique().tolist() == pytest.approx([0.7, 1.4, 3.0, 1000.0])


def test_points_too_far_for_their_voxels_are_refused():
    with pytest.raises(ValueError, match=r"too far for voxels of 0\.01 m"):
        fused(PointCloud(torch.tensor([[0.0, 0.0, 2e4]]), torch.zeros(1, 3)), 0.01)
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


@pytest.mark.parametrize("at_a_time", [1 << 18, 100])
def test_outliers_follow_the_rule_for_distances(at_a_time, monkeypatch):
    monkeypatch.setattr(fusion, "POINTS_AT_A_TIME", at_a_time)
    cloud = random_cloud(300)
    distances = torch.cdist(cloud.points.double(), cloud.points.double()).sort(dim=1).values[:, 1:6].mean(1)
    expected = distances <= distances.mean() + 1.5 * distances.std(correction=0)
    assert remove_outliers(cloud, neighbours=5, deviations=1.5) == cloud.chosen(expected)
    assert not expected.all()


def test_what_is_coarse_by_design_does_not_stand_apart():
    # A near wall of fine points, a far one of coarse points, and a stray before each.
    side = torch.arange(60.0) - 30.0
    wall = torch.stack([*torch.meshgrid(side, side, indexing="ij"), torch.zeros(60, 60)], -1).flatten(0, 1)
    near, far = 0.02 * wall + torch.tensor([0.0, 0.0, 2.0]), 0.64 * wall[::4] + torch.tensor([0.0, 0.0, 64.0])
    points = torch.cat([near, torch.tensor([[0.0, 0.0, 1.0]]), far, torch.tensor([[0.0, 0.0, 40.0]])])
    edges = torch.cat([torch.full((len(near) + 1,), 0.02), torch.full((len(far) + 1,), 0.64)])
    kept = remove_outliers(PointCloud(points, torch.zeros_like(points)), spacing=edges).points
    assert not torch.isin(kept[:, 2], torch.tensor([1.0, 40.0])).any()
    assert (kept[:, 2] == 2.0).sum() > 0.95 * len(near)
    assert (kept[:, 2] == 64.0).sum() > 0.95 * len(far)


def test_clouds_of_few_points_are_left_alone():
    cloud = random_cloud(20)
    assert remove_outliers(cloud) == cloud
