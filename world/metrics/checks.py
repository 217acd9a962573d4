"""Refuses arrays that cannot be compared, or that would be compared wrongly without notice."""

import torch
from torch import Tensor

AXES = ("agents", "frames", "views", "height", "width")

RANGE_TOLERANCE = 1e-3
"""How far outside 0..1 rounding may put a pixel."""


def check_pictures(pictures: Tensor, name: str) -> None:
    """Refuse anything but (agents, frames, views, height, width, 3) finite floating point values in 0..1.

    `name` says in the message what the pictures are.
    """
    if pictures.ndim != len(AXES) + 1 or pictures.shape[-1] != 3:
        raise ValueError(f"{name}: expected shape ({', '.join(AXES)}, 3), given {tuple(pictures.shape)}.")
    if pictures.numel() == 0:
        raise ValueError(f"{name}: there are no pixels, the shape is {tuple(pictures.shape)}.")
    if not pictures.is_floating_point():
        raise ValueError(f"{name}: expected floating point values in 0..1, given {pictures.dtype}; divide by 255.")
    low, high = (value.item() for value in pictures.aminmax())
    if low != low or high != high or high - low == float("inf"):
        agent, frame, view = (~torch.isfinite(pictures)).nonzero()[0, :3].tolist()
        raise ValueError(f"{name}, agent {agent}, frame {frame}, view {view}: a pixel is not a finite number.")
    if low < -RANGE_TOLERANCE or high > 1.0 + RANGE_TOLERANCE:
        raise ValueError(
            f"{name}: values run from {low:g} to {high:g}, expected 0..1; rescale them, or clamp what a decoder "
            "returned."
        )


def check_same_axes(values: Tensor, name: str, truth: Tensor, trailing: tuple[int, ...] | None = None) -> None:
    """Refuse `values` whose axes differ from those of the true pictures (agents, frames, views, height, width, 3).

    Args:
        values: (agents, frames, views, height, width) and more; with `trailing`, (agents, frames, views, *trailing).
        name: what they are, for the message.
        truth: the pictures that they belong to.
        trailing: sizes that replace height and width.
    """
    expected = tuple(truth.shape[:5]) if trailing is None else (*truth.shape[:3], *trailing)
    given = tuple(values.shape[: len(expected)])
    if given == expected and values.ndim in (len(expected), len(expected) + (trailing is None)):
        return
    if trailing is None and len(given) == len(expected):
        for axis, size, wanted in zip(AXES, given, expected, strict=True):
            if size != wanted:
                raise ValueError(
                    f"{name}: {axis} is {size}, in the ground truth {wanted}; compare the same frames at the same size."
                )
    raise ValueError(f"{name}: expected shape {expected}, given {tuple(values.shape)}.")
