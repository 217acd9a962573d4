"""Pictures as VIDEO, at a frame rate that files can hold."""

from fractions import Fraction

from comfy_api.latest import InputImpl, Types
from torch import Tensor

LARGEST_DENOMINATOR = 1001
"""Of 29.97 frames per second and its like, which are 30000 / 1001."""


def exact_rate(frame_rate: float | Fraction) -> Fraction:
    """The fraction that a frame rate stands for."""
    return Fraction(frame_rate).limit_denominator(LARGEST_DENOMINATOR)


def as_video(images: Tensor, frame_rate: float | Fraction) -> InputImpl.VideoFromComponents:
    """A VIDEO without sound of (frames, height, width, 3) in 0..1."""
    return InputImpl.VideoFromComponents(Types.VideoComponents(images=images, frame_rate=exact_rate(frame_rate)))
