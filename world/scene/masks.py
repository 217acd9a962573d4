"""Masks of subjects: grown, shrunk, and brought to the size of the depth map."""

import logging
import math

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

logger = logging.getLogger(__name__)

LARGEST_STRETCH = 0.01
"""Masks whose aspect ratio differs by more than this share are taken for those of another picture."""


def dilate(masks: Tensor, pixels: float) -> Tensor:
    """Masks (..., height, width) bool grown by a disc: every pixel at most `pixels` from a set one is set."""
    return _by_distance(masks, pixels, grow=True)


def erode(masks: Tensor, pixels: float) -> Tensor:
    """Masks (..., height, width) bool shrunk by a disc: pixels at most `pixels` from an unset one are unset.

    The picture's border does not shrink them: a subject that is cut off there may well go on.
    """
    return _by_distance(masks, pixels, grow=False)


def _by_distance(masks: Tensor, pixels: float, grow: bool) -> Tensor:
    if pixels <= 0.0 or masks.numel() == 0:
        return masks
    reach = math.ceil(pixels)
    changed = masks.cpu().clone(memory_format=torch.contiguous_format)
    for plane in changed.view(-1, *masks.shape[-2:]).numpy():
        if not plane.any():
            continue
        # What is farther from the mask neither changes nor matters.
        lines = (np.flatnonzero(plane.any(axis)) for axis in (1, 0))
        part = plane[tuple(slice(max(0, line[0] - reach), line[-1] + reach + 1) for line in lines)]
        # Without any pixel to measure from, the distance transform measures from outside of the picture.
        if not part.all():
            near = ndimage.distance_transform_edt(~part if grow else part) <= pixels
            part[...] = near if grow else ~near
    return changed.to(masks.device)


def match_size(masks: Tensor, height: int, width: int, owner: str) -> Tensor:
    """Masks (frames, height, width), bool or 0..1, as bool of another size.

    Args:
        masks: set where they are at least 0.5.
        height, width: of the depth maps.
        owner: whose masks they are, for messages.

    Raises:
        ValueError: if the aspect ratio is another one, so that it is open which part of the picture they cover.
    """
    given_height, given_width = masks.shape[-2:]
    chosen = masks if masks.dtype == torch.bool else masks >= 0.5
    if (given_height, given_width) == (height, width):
        return chosen
    if abs(given_width * height / (given_height * width) - 1.0) > LARGEST_STRETCH:
        raise ValueError(
            f"{owner}: the mask is {given_width}x{given_height}, the depth {width}x{height}, which is another shape of "
            "picture; crop or pad both alike."
        )
    logger.warning(
        "%s: the mask of %dx%d is scaled to the depth's %dx%d.", owner, given_width, given_height, width, height
    )
    resized = functional.interpolate(chosen[:, None].float(), (height, width), mode="nearest-exact")
    return resized[:, 0] > 0.5
