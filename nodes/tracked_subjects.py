"""Subjects as ComfyUI's SAM 3 tracks them."""

import logging
from collections.abc import Sequence
from typing import Any

import torch
from comfy.ldm.sam3.tracker import unpack_masks
from comfy_api.latest import io
from torch import Tensor

from ..world.scene.masks import match_size
from ..world.scene.projection import usable_depth
from ..world.unrolling import SubjectOptions

logger = logging.getLogger(__name__)

TrackData = dict[str, Any]
TrackedSocket = io.Custom("SAM3_TRACK_DATA")

FEWEST_PIXELS = SubjectOptions().fewest_pixels
FEWEST_FRAMES = 2
"""Frames in which an object must be seen; in a single one nothing is known of its way."""


def tracked_masks(tracks: TrackData, depth: Tensor, size: Sequence[int] | None = None) -> Tensor:
    """Masks of the objects that are seen well enough to be subjects.

    Args:
        tracks: ComfyUI's SAM3_TRACK_DATA: `packed_masks` (frames, objects, rows, columns / 8) with a bit per pixel of
            a picture that is stretched to a square, or None without objects; `n_frames`; `orig_size` (height, width).
        depth: (frames, height, width) metres; 0, inf or NaN where there is none.
        size: (height, width) of the result, by default that of the pictures that were tracked.

    Returns:
        (subjects, frames, height, width) bool.

    Raises:
        ValueError: if another number of frames was tracked.
    """
    packed = tracks["packed_masks"]
    frames = tracks["n_frames"] if packed is None else len(packed)
    if frames != len(depth):
        raise ValueError(
            f"{frames} frames were tracked, the video has {len(depth)}; track the frames that the depth belongs to."
        )
    height, width = size or tracks["orig_size"]
    kept = []
    for number in range(0 if packed is None else packed.shape[1]):
        small = unpack_masks(packed[:, number].cpu()).float()[:, None]
        masks = torch.nn.functional.interpolate(small, (height, width), mode="bilinear")[:, 0] > 0.5
        pixels = match_size(masks, *depth.shape[1:], f"object {number}") & usable_depth(depth.cpu())
        if (pixels.flatten(1).sum(1) >= FEWEST_PIXELS).sum() >= FEWEST_FRAMES:
            kept.append(masks)
    tracked = 0 if packed is None else packed.shape[1]
    if len(kept) < max(tracked, 1):
        logger.warning(
            "Of %d tracked objects %d are seen with depth in %d frames or more and become subjects.",
            tracked, len(kept), FEWEST_FRAMES,
        )  # fmt: skip
    return torch.stack(kept) if kept else torch.zeros(0, frames, height, width, dtype=torch.bool)
