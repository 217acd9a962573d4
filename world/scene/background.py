"""Background clouds from pictures with depth: from one anchor frame, or from all frames.

MetaWorld (appendix, background modeling strategies): the anchor-frame cloud shows what one picture shows and leaves
the rest to the network; the holistic one collects the static parts of all frames.
"""

import logging

import torch
from torch import Tensor

from ..poses import check_poses
from ..rigs import check_intrinsics
from .fusion import VoxelGrid, remove_outliers
from .masks import dilate, match_size
from .projection import unproject, usable_depth
from .scene import PointCloud

logger = logging.getLogger(__name__)

DILATION = 10.0
"""Pixels by which subjects' masks grow, so that no rim of a subject stays in the background."""

VOXEL = 0.02
"""Metres: about a pixel of a 480x832 video at 10 m."""

PLAUSIBLE_DEPTH = (0.1, 1000.0)
"""Median depths in metres outside of this range look like another unit."""

PIXELS_AT_A_TIME = 1 << 21
"""Pixels that are fused together: some 500 MB while they are sorted into voxels."""


def anchor_cloud(
    image: Tensor,
    depth: Tensor,
    extrinsics: Tensor,
    intrinsics: Tensor,
    masks: Tensor | None = None,
    dilation: float = DILATION,
    farthest: float = float("inf"),
) -> PointCloud:
    """Every background pixel of one picture as a point.

    Args:
        image: (height, width, 3) RGB in 0..1.
        depth: (height, width) metres along the camera's z axis; 0, inf or NaN where there is none.
        extrinsics: (4, 4) camera-to-world.
        intrinsics: (3, 3) in pixels of the depth map.
        masks: (height, width) or (subjects, height, width), bool or 0..1, what is not background.
        dilation: pixels by which the masks grow.
        farthest: metres beyond which points are left out.

    Raises:
        ValueError: if shapes do not fit, a colour is not finite, or nothing is left.
    """
    if image.ndim != 3 or depth.ndim != 2:
        raise ValueError(
            f"The anchor frame needs one image (height, width, 3) and depth (height, width), given "
            f"{tuple(image.shape)} and {tuple(depth.shape)}."
        )
    subjects = None
    if masks is not None:
        stacked = masks.reshape(-1, masks.shape[-2], masks.shape[-1])
        subjects = match_size(stacked, depth.shape[0], depth.shape[1], "anchor frame").any(0)[None]
    frames = _Frames(image[None], depth[None], extrinsics[None], intrinsics[None], subjects, dilation, farthest)
    points, colours, _ = frames.background(slice(0, 1))
    _refuse_empty(len(points), frames)
    return PointCloud(points, colours)


def holistic_cloud(
    images: Tensor,
    depth: Tensor,
    extrinsics: Tensor,
    intrinsics: Tensor,
    masks: Tensor | None = None,
    dilation: float = DILATION,
    farthest: float = float("inf"),
    voxel: float = VOXEL,
    neighbours: int = 20,
    deviations: float = 2.0,
) -> PointCloud:
    """The background of all frames of a video, or of several pictures with poses, as one cloud.

    Args:
        images: (frames, height, width, 3) RGB in 0..1.
        depth: (frames, height, width) as `anchor_cloud`.
        extrinsics: (frames, 4, 4) camera-to-world.
        intrinsics: (frames, 3, 3) or (3, 3) in pixels of the depth maps.
        masks: (frames, height, width), bool or 0..1, what moves in each frame.
        dilation, farthest: as `anchor_cloud`.
        voxel: edge in metres of the cubes of which each becomes one point; farther away cubes grow with the pixels.
        neighbours, deviations: of `remove_outliers`; 0 neighbours keep all points.

    Raises:
        ValueError: as `anchor_cloud`, or if a point is too far away for the voxels.
    """
    if masks is not None:
        if masks.ndim != 3 or len(masks) != len(images):
            raise ValueError(
                f"{len(images)} images need as many masks (frames, height, width), given {tuple(masks.shape)}."
            )
        masks = match_size(masks, depth.shape[-2], depth.shape[-1], "video")
    frames = _Frames(images, depth, extrinsics, intrinsics, masks, dilation, farthest)
    grid = VoxelGrid(voxel)
    step = max(1, PIXELS_AT_A_TIME // depth[0].numel())
    for start in range(0, len(depth), step):
        grid.add(*frames.background(slice(start, start + step)))
    _refuse_empty(len(grid), frames)
    cloud = grid.cloud()
    return remove_outliers(cloud, neighbours, deviations, grid.spacing()) if neighbours else cloud


class _Frames:
    """Checked pictures with depth, cameras and masks; leading axis frames."""

    def __init__(
        self,
        images: Tensor,
        depth: Tensor,
        extrinsics: Tensor,
        intrinsics: Tensor,
        masks: Tensor | None,
        dilation: float,
        farthest: float,
    ) -> None:
        count = len(images)
        if images.ndim != 4 or images.shape[-1] < 3 or images.shape[:3] != depth.shape or count == 0:
            raise ValueError(
                "Images (frames, height, width, 3) and depth (frames, height, width) must have the same frames, at "
                f"least one, and the same size, given {tuple(images.shape)} and {tuple(depth.shape)}; resize the "
                "images to the depth."
            )
        intrinsics = intrinsics.expand(count, 3, 3) if intrinsics.ndim == 2 else intrinsics
        if extrinsics.shape != (count, 4, 4) or intrinsics.shape != (count, 3, 3):
            raise ValueError(
                f"{count} images need extrinsics ({count}, 4, 4) and intrinsics ({count}, 3, 3), given "
                f"{tuple(extrinsics.shape)} and {tuple(intrinsics.shape)}."
            )
        check_poses(extrinsics, "camera")
        check_intrinsics(intrinsics, "camera")
        self.images, self.depth, self.masks = images, depth.float(), masks
        self.extrinsics, self.intrinsics = extrinsics, intrinsics
        self.dilation, self.farthest = dilation, farthest
        self.measured = 0
        for frame, image in enumerate(images):
            if not torch.isfinite(image).all():
                raise ValueError(f"frame {frame}: a colour of the picture is not a finite number; make the frame anew.")
        warn_about_units(self.depth)

    def background(self, part: slice) -> tuple[Tensor, Tensor, Tensor]:
        """Points (n, 3), colours (n, 3) and metres between neighbouring pixels (n,) of some frames."""
        depth = self.depth[part]
        kept = usable_depth(depth) & (depth <= self.farthest)
        self.measured += int(kept.sum())
        if self.masks is not None:
            kept &= ~dilate(self.masks[part], self.dilation).to(kept.device)
        points = unproject(depth, self.extrinsics[part], self.intrinsics[part])
        spacing = depth / self.intrinsics[part, 0, 0, None, None].to(depth)
        return points[kept], self.images[part][..., :3].to(depth)[kept], spacing[kept]


def _refuse_empty(count: int, frames: _Frames) -> None:
    if count:
        return
    if frames.measured == 0:
        raise ValueError(
            f"No pixel of {len(frames.depth)} frames has a usable depth (finite, positive, at most "
            f"{frames.farthest:g} m); check the depth maps."
        )
    raise ValueError(
        f"The masks, grown by {frames.dilation:g} pixels, cover all {frames.measured} pixels with depth, so that the "
        "scene is empty; invert the masks or grow them less."
    )


def warn_about_units(depth: Tensor) -> None:
    """Log a warning where depth (frames, height, width) can hardly be metres."""
    usable = depth[usable_depth(depth)]
    if usable.numel() == 0:
        return
    middle, largest = usable[:: max(1, usable.numel() >> 20)].median().item(), usable.max().item()
    how = "fix the scale by a known camera height or distance"
    if largest <= 1.0:
        logger.warning("Depth runs up to %.3g, which looks like relative depth in 0..1, not metres; %s.", largest, how)
    elif not PLAUSIBLE_DEPTH[0] <= middle <= PLAUSIBLE_DEPTH[1]:
        logger.warning("The median depth is %.3g, which does not look like metres; %s.", middle, how)
