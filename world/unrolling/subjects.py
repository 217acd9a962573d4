"""A subject of a video: where the middle of its body is, which way it faces, and how large it is."""

import logging
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..agents import Body
from ..paths import upright_poses
from ..poses import heading, yaw_rotation
from ..scene.gaussians import EROSION, fit_gaussian
from ..scene.masks import match_size
from ..scene.projection import unproject_chosen, usable_depth
from .smoothing import fill_gaps, headings_from_motion, smooth_covariances
from .visible_side import visible_mean

logger = logging.getLogger(__name__)

DEEPEST = 2.5
"""A subject's depth may differ from its median depth by this many times its larger side in the picture: a car seen
from behind is about twice as long as wide."""

ROUNDS = 12
"""Times that centre, heading and size are found from each other; more change nothing that matters."""

POINTS = 4096
"""Points of a subject in a frame from which its size is measured; all of them would take longer and tell no more."""

OUTSIDE = 0.02
"""Share of a subject's points left out at either end of an axis when its size is measured."""

SMALLEST_SIDE = 0.05

PLAUSIBLE_HEIGHT = (0.1, 8.0)
"""Metres; subjects that are smaller or taller look like depth in another unit."""

PLAUSIBLE_SHARE = (0.3, 2.0)
"""The same for subjects whose height is known, relative to it; something may hide a part of them."""


@dataclass(frozen=True)
class SubjectOptions:
    """How subjects are tracked.

    Attributes:
        erosion: pixels by which masks shrink, where enough of them is left.
        fewest_pixels: with depth, from which on a subject counts as seen in a frame.
        smoothing: seconds over which paths are smoothed; what spans fewer than 5 frames changes nothing.
        heading_window: seconds over which the direction of motion is measured.
        standing: metres per second up to which a subject stands and keeps its heading.
    """

    erosion: float = EROSION
    fewest_pixels: int = 20
    smoothing: float = 0.5
    heading_window: float = 1.0
    standing: float = 0.3

    def __post_init__(self) -> None:
        if self.fewest_pixels < 4:
            raise ValueError(f"fewest_pixels must be at least 4, given {self.fewest_pixels}.")
        for name in ("erosion", "smoothing", "heading_window", "standing"):
            if not 0.0 <= getattr(self, name) < math.inf:
                raise ValueError(f"The option '{name}' must not be negative, given {getattr(self, name)}.")


@dataclass(frozen=True, eq=False)
class Track:
    """A subject over time.

    Attributes:
        poses: (frames, 4, 4) float64, upright; the body lies relative to them.
        body: given, or of about the size that was seen; then its origin is below its middle, as on the ground.
        means: (frames, 3) float64, mean of the points seen (the paper's position), smoothed.
        covariances: (frames, 3, 3) float64 of these points.
        seen: (frames,) bool; other frames are filled, see `fill_gaps`.
    """

    poses: Tensor
    body: Body
    means: Tensor
    covariances: Tensor
    seen: Tensor

    def centres(self) -> Tensor:
        """(frames, 3) middle of the body."""
        return self.poses[:, :3, :3] @ self.poses.new_tensor(self.body.centre) + self.poses[:, :3, 3]


def track_subject(
    depth: Tensor,
    masks: Tensor,
    extrinsics: Tensor,
    intrinsics: Tensor,
    name: str,
    frame_rate: float,
    body: Body | None = None,
    options: SubjectOptions = SubjectOptions(),
) -> Track:
    """Follow a subject through a video.

    Only the side that faces the camera is seen. The middle of the body lies behind the mean of the points seen by as
    much as for a box of its size in its heading (`visible_mean`). A size that is not given is measured from the points:
    sides that are never seen come out too short.

    Args:
        depth: (frames, height, width) metres; 0, inf or NaN where there is none.
        masks: (frames, height, width), bool or 0..1.
        extrinsics: (frames, 4, 4) camera-to-world.
        intrinsics: (frames, 3, 3) in pixels of the depth.
        name: of the subject, for messages.
        frame_rate: frames per second.
        body: its box, where the size is known.
        options: see `SubjectOptions`.

    Raises:
        ValueError: naming the subject, if it is seen in no frame, or its mask has another shape of picture.
    """
    picture = (depth.shape[-2], depth.shape[-1])
    masks = match_size(masks, *picture, f"agent '{name}'").to(depth.device)
    chosen = _trimmed(depth, masks, intrinsics, body, options.fewest_pixels)
    fitted = fit_gaussian(depth, chosen, extrinsics, intrinsics, name, options.erosion)
    extrinsics, intrinsics = extrinsics.double().cpu(), intrinsics.double().cpu()
    whole = _whole(chosen.cpu(), fitted.seen)
    clouds = _clouds(depth, chosen, extrinsics, intrinsics)
    centres, known = fitted.means, body.size if body else None
    smoothing, window = (round(seconds * frame_rate) | 1 for seconds in (options.smoothing, options.heading_window))
    for _ in range(ROUNDS):
        headings = headings_from_motion(centres, whole, frame_rate, window, options.standing)
        facing = _facing(extrinsics) if headings is None else headings
        rotations = yaw_rotation(facing)
        size = known or _size(clouds, rotations[fitted.seen])
        before = visible_mean(centres, rotations, size, extrinsics, intrinsics, picture)
        centres = fill_gaps(fitted.means + centres - before, fitted.seen, smoothing)
    _warn(name, headings is None, _size(clouds, rotations[fitted.seen])[1], body)
    body = body or Body(size, (0.0, -size[1] / 2.0, 0.0))
    poses = upright_poses(centres - rotations @ torch.tensor(body.centre, dtype=torch.float64), facing)
    means = fill_gaps(fitted.means, fitted.seen, smoothing)
    return Track(poses, body, means, smooth_covariances(fitted.covariances, smoothing), fitted.seen)


def _whole(masks: Tensor, seen: Tensor) -> Tensor:
    """(frames,) bool, where the picture's edge does not cut the subject off; where it is seen if that leaves too few.

    Of a subject that is cut off, an error in the heading shifts the centre, and the shift turns the heading further.
    """
    edge = masks[:, (0, -1)].any((1, 2)) | masks[:, :, (0, -1)].any((1, 2))
    whole = seen & ~edge
    return whole if whole.sum() >= 2 else seen


def _facing(extrinsics: Tensor) -> Tensor:
    return heading(extrinsics[:1]).expand(len(extrinsics))


def _warn(name: str, standing: bool, height: float, body: Body | None) -> None:
    if standing:
        logger.warning(
            "agent '%s' does not move, so its heading is not known; it faces the way the camera looks at first.", name
        )
    low, high = PLAUSIBLE_HEIGHT if body is None else (share * body.size[1] for share in PLAUSIBLE_SHARE)
    if not low <= height <= high:
        logger.warning(
            "agent '%s' seems %.3g m tall, expected %.3g to %.3g m, so the depth may not be in metres; fix the scale "
            "by a known camera height or distance.", name, height, low, high,
        )  # fmt: skip


def _trimmed(depth: Tensor, masks: Tensor, intrinsics: Tensor, body: Body | None, fewest: int) -> Tensor:
    """Masks without pixels whose depth is that of something else, and empty where too few pixels are left."""
    pixels = masks & usable_depth(depth)
    middle = torch.stack([frame[inside].double().median() for frame, inside in zip(depth, pixels, strict=True)])
    if body:
        reach = torch.full_like(middle, math.hypot(*body.size))
    else:
        sides = torch.stack([_extent(pixels.any(1)), _extent(pixels.any(2))], 1)
        focal = intrinsics.to(depth.device).double()[:, (0, 1), (0, 1)]
        reach = DEEPEST * middle * (sides / focal).amax(1)
    near = (depth - middle[:, None, None]).abs() <= reach[:, None, None]
    pixels = pixels & near
    return pixels & (pixels.flatten(1).sum(1) >= fewest)[:, None, None]


def _extent(line: Tensor) -> Tensor:
    """(frames,) distance from the first to the last pixel set of lines (frames, pixels), in pixels."""
    numbers = torch.arange(line.shape[1], device=line.device)
    last = torch.where(line, numbers, -1).amax(1)
    first = torch.where(line, numbers, line.shape[1]).amin(1)
    return (last - first + 1).clamp(min=0).double()


def _clouds(depth: Tensor, chosen: Tensor, extrinsics: Tensor, intrinsics: Tensor) -> list[Tensor]:
    """About `POINTS` points (n, 3) or fewer of the subject in each frame in which it is seen."""
    chosen, random = chosen.cpu(), torch.rand(chosen.shape[1:], generator=torch.Generator().manual_seed(0))
    share = POINTS / chosen.flatten(1).sum(1).clamp(min=1)
    chosen = chosen & (random < share[:, None, None])
    frame, points = unproject_chosen(depth.cpu(), chosen, extrinsics, intrinsics)
    return list(points.split(frame.unique_consecutive(return_counts=True)[1].tolist()))


def _size(clouds: list[Tensor], rotations: Tensor) -> tuple[float, float, float]:
    """(width, height, length) as in the frames that show most of them."""
    shares = torch.tensor([OUTSIDE, 1.0 - OUTSIDE], dtype=torch.float64)
    extents = []
    for points, rotation in zip(clouds, rotations, strict=True):
        low, high = torch.quantile(points @ rotation, shares, dim=0)
        extents.append((high - low) / (1.0 - 2.0 * OUTSIDE))
    width, height, length = torch.quantile(torch.stack(extents), 0.9, dim=0).clamp(min=SMALLEST_SIDE).tolist()
    return width, height, length
