"""Many overlapping points made into few: one per voxel, without stragglers."""

import logging

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from .scene import PointCloud

logger = logging.getLogger(__name__)

POINTS_AT_A_TIME = 1 << 18
"""Points whose neighbours are looked for together."""

_BITS = 20
_LIMIT = 1 << (_BITS - 1)
_LARGEST_LEVEL = 7


class VoxelGrid:
    """Collects points part after part; every voxel keeps the sums that its means need.

    Far points are measured coarsely, so they may go into voxels of 2, 4, .. 128 times the size. Points of different
    sizes of voxel are not merged: what is seen from near and from far is kept in both resolutions.

    Attributes:
        voxel: edge of the smallest voxels in metres. Voxels are aligned to the world's origin.
    """

    def __init__(self, voxel: float) -> None:
        if not 0.0 < voxel < float("inf"):
            raise ValueError(f"The voxel size must be positive metres, given {voxel}.")
        self.voxel = voxel
        self._keys = torch.empty(0, dtype=torch.int64)
        self._sums = torch.empty(0, 8, dtype=torch.float64)

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, points: Tensor, colours: Tensor, spacing: Tensor | None = None) -> None:
        """Add points.

        Args:
            points: (n, 3) metres.
            colours: (n, 3).
            spacing: (n,) metres between neighbouring pixels at the point; its voxel is of about this size. The
                smallest voxels for all points if None.

        Raises:
            ValueError: if a point is more than 2^19 voxels from the world's origin on an axis.
        """
        if spacing is None:
            spacing = torch.full_like(points[:, 0], self.voxel)
        level = torch.round(torch.log2(spacing.double() / self.voxel)).clamp(0, _LARGEST_LEVEL).long()
        cells = torch.floor(points.double() / (self.voxel * 2.0**level)[:, None])
        if len(cells) and cells.abs().max() >= _LIMIT:
            raise ValueError(
                f"A point lies {points.abs().max().item():.0f} m from the world's origin, too far for voxels of "
                f"{self.voxel:g} m; leave out what is far away, or use larger voxels."
            )
        shifted = cells.long() + _LIMIT
        keys = (level << 3 * _BITS) | (shifted[:, 0] << 2 * _BITS) | (shifted[:, 1] << _BITS) | shifted[:, 2]
        spacing = spacing.double()[:, None]
        sums = torch.cat([points.double(), colours.double(), spacing, torch.ones_like(spacing)], dim=1)
        self._keys, self._sums = self._merged(
            torch.cat([self._keys.to(keys.device), keys]), torch.cat([self._sums.to(keys.device), sums])
        )

    def _merged(self, keys: Tensor, sums: Tensor) -> tuple[Tensor, Tensor]:
        unique, position = torch.unique(keys, return_inverse=True)
        return unique, sums.new_zeros(len(unique), sums.shape[1]).index_add_(0, position, sums)

    def spacing(self) -> Tensor:
        """(points,) float64 metres between neighbours around each point of `cloud`.

        The edge of its voxel, or the spacing of its pixels where that is larger.
        """
        edges = self.voxel * 2.0 ** (self._keys >> 3 * _BITS).double()
        return torch.maximum(edges, self._sums[:, 6] / self._sums[:, 7])

    def cloud(self) -> PointCloud:
        """One point per voxel at the mean of its points, in their mean colour; in order of size, x, y, z."""
        means = (self._sums[:, :6] / self._sums[:, 7:]).float()
        return PointCloud(means[:, :3], means[:, 3:])


def fuse_by_voxel(cloud: PointCloud, voxel: float) -> PointCloud:
    """The cloud with one point per voxel, see `VoxelGrid`."""
    grid = VoxelGrid(voxel)
    grid.add(cloud.points, cloud.colours)
    return grid.cloud()


def remove_outliers(
    cloud: PointCloud, neighbours: int = 20, deviations: float = 2.0, spacing: Tensor | None = None
) -> PointCloud:
    """The cloud without points that stand apart (statistical outlier removal).

    A point goes if its mean distance to its nearest neighbours is larger than that of the whole cloud by more than
    `deviations` standard deviations. Clouds of no more than `neighbours` points stay as they are.

    Args:
        cloud: the points.
        neighbours: how many a point is compared with.
        deviations: standard deviations of the distance from which on a point goes.
        spacing: (points,) metres that neighbours are apart by design, in which distances are then measured; without it,
            the far and coarse part of a cloud stands apart as a whole.
    """
    if len(cloud) <= neighbours:
        return cloud
    points = cloud.points.cpu().numpy().astype(np.float64)
    tree = cKDTree(points)
    # Distances and numbers of all neighbours at once would take 336 bytes per point.
    parts = np.array_split(points, len(points) // POINTS_AT_A_TIME + 1)
    apart = np.concatenate([tree.query(part, k=neighbours + 1, workers=-1)[0][:, 1:].mean(1) for part in parts])
    if spacing is not None:
        apart /= spacing.cpu().numpy()
    kept = apart <= apart.mean() + deviations * apart.std()
    logger.info("Outlier removal leaves %d of %d points.", int(kept.sum()), len(kept))
    return cloud.chosen(torch.from_numpy(kept).to(cloud.points.device))
