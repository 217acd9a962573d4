"""The frame of a video that shows a subject best."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)

MARGIN = 0.1
"""Of a crop around the subject, relative to its larger side."""


@dataclass(frozen=True)
class Identity:
    """Where a subject is best seen (MetaWorld's appendix: a single high-quality frame with a valid mask).

    Attributes:
        frame: number of the frame.
        box: (left, top, right, bottom) in pixels; right and bottom are outside.
    """

    frame: int
    box: tuple[int, int, int, int]

    def __post_init__(self) -> None:
        object.__setattr__(self, "frame", int(self.frame))
        object.__setattr__(self, "box", tuple(int(value) for value in self.box))
        if self.frame < 0:
            raise ValueError(f"The frame of an identity counts from 0, given {self.frame}.")
        if len(self.box) != 4 or not (0 <= self.box[0] < self.box[2] and 0 <= self.box[1] < self.box[3]):
            raise ValueError(f"The box of an identity is left, top, right, bottom in pixels, given {self.box}.")

    def crop(self, video: Tensor) -> Tensor:
        """The part of a video or of masks (frames, height, width, ...) that shows the subject."""
        left, top, right, bottom = self.box
        return video[self.frame, top:bottom, left:right]

    def scaled(self, across: float, down: float) -> "Identity":
        """The same place in a video that is so many times as wide and high, rounded outwards."""
        left, top, right, bottom = self.box
        box = (math.floor(left * across), math.floor(top * down), math.ceil(right * across), math.ceil(bottom * down))
        return Identity(self.frame, box)


def choose_identity(images: Tensor, masks: Tensor, name: str, margin: float = MARGIN) -> Identity:
    """The frame in which a subject is large and sharp, and not cut off by the edge of the picture if there is one.

    A frame counts by the pixels of the subject times the standard deviation of the Laplacian of its luma, both relative
    to the largest of the frames.

    Args:
        images: (frames, height, width, 3) RGB in 0..1.
        masks: (frames, height, width) bool.
        name: of the subject, for messages.
        margin: of the box, relative to its larger side.

    Raises:
        ValueError: if the subject is in no frame, or the masks have another size.
    """
    if images.shape[:3] != masks.shape:
        raise ValueError(
            f"agent '{name}': images (frames, height, width, 3) and masks (frames, height, width) must have the same "
            f"frames and size, given {tuple(images.shape)} and {tuple(masks.shape)}."
        )
    area = masks.flatten(1).sum(1).cpu().numpy().astype(np.float64)
    if not area.any():
        raise ValueError(f"agent '{name}' is seen in none of {len(masks)} frames; its mask is empty.")
    edges = masks[:, 0].any(1) | masks[:, -1].any(1) | masks[:, :, 0].any(1) | masks[:, :, -1].any(1)
    whole = ~edges.cpu().numpy() & (area > 0.0)
    candidates = np.flatnonzero(whole if whole.any() else area)
    sharpness = np.array([_sharpness(images[frame], masks[frame]) for frame in candidates.tolist()])
    score = area[candidates] / area[candidates].max() * (sharpness / max(sharpness.max(), 1e-12) + 1e-6)
    frame = int(candidates[score.argmax()])
    return Identity(frame, _box(masks[frame], margin))


def _sharpness(image: Tensor, mask: Tensor) -> float:
    left, top, right, bottom = _box(mask, 0.0)
    part = image[top:bottom, left:right, :3].float().cpu() @ torch.tensor(LUMA)
    inside: NDArray[np.bool_] = mask[top:bottom, left:right].cpu().numpy()
    # The outline is as sharp as the mask, whatever the picture is.
    inner = ndimage.binary_erosion(inside)
    values = ndimage.laplace(part.numpy())[inner if inner.any() else inside]
    return float(values.std())


def _box(mask: Tensor, margin: float) -> tuple[int, int, int, int]:
    rows, columns = mask.any(1).nonzero().squeeze(-1), mask.any(0).nonzero().squeeze(-1)
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    around = math.ceil(margin * max(bottom - top, right - left))
    height, width = mask.shape
    return max(0, left - around), max(0, top - around), min(width, right + around), min(height, bottom + around)
