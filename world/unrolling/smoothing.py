"""Paths of points over time: gaps, noise and the direction of motion."""

import numpy as np
import torch
from scipy.ndimage import uniform_filter1d
from scipy.signal import savgol_filter
from torch import Tensor

ORDER = 2
"""Of the polynomials: motion with constant acceleration passes unchanged, at the ends too."""


def seen_range(seen: Tensor) -> slice:
    """Frames from the first to the last that is seen, (frames,) bool; at least one must be."""
    known = seen.nonzero().squeeze(-1)
    return slice(int(known[0]), int(known[-1]) + 1)


def fill_gaps(positions: Tensor, seen: Tensor, window: int = 0) -> Tensor:
    """A path (frames, 3) through the frames that are seen, (frames,) bool; at least one must be.

    Between them it goes along straight lines. From the first to the last it is smoothed by Savitzky and Golay's filter
    over `window` frames; before and after them the subject is held in place.
    """
    known, every = seen.nonzero().squeeze(-1).numpy(), np.arange(len(seen))
    columns = [np.interp(every, known, column) for column in positions[seen].T.numpy()]
    filled = np.stack(columns, axis=1)
    inside = seen_range(seen)
    window = window_for(window, inside.stop - inside.start)
    if window > ORDER:
        filled[inside] = savgol_filter(filled[inside], window, ORDER, axis=0)
    filled[: inside.start], filled[inside.stop :] = filled[inside.start], filled[inside.stop - 1]
    return torch.from_numpy(filled)


def window_for(window: int, frames: int) -> int:
    """The largest odd number of frames within the window and the path."""
    largest = min(window, frames)
    return largest if largest % 2 else largest - 1


def smooth_covariances(covariances: Tensor, window: int) -> Tensor:
    """Covariances (frames, 3, 3) averaged over `window` frames, which keeps them positive definite."""
    window = window_for(window, len(covariances))
    if window < 3:
        return covariances
    return torch.from_numpy(uniform_filter1d(covariances.numpy(), window, axis=0, mode="nearest"))


def headings_from_motion(
    positions: Tensor, seen: Tensor, frame_rate: float, window: int, standing: float
) -> Tensor | None:
    """Direction of motion over the ground, (frames,) degrees as in `world.paths`; None if the subject never moves.

    MetaWorld's agents face the way they move (appendix, limitations), so one that reverses faces backwards. Where it
    stands the heading is kept from before; before it first moves, that of its first motion.

    Args:
        positions: (frames, 3) metres.
        seen: (frames,) bool; frames before the first and after the last one tell nothing.
        frame_rate: frames per second.
        window: frames over which the velocity is fitted.
        standing: metres per second up to which the subject stands.
    """
    inside = seen_range(seen)
    frames = inside.stop - inside.start
    if frames < 2:
        return None
    ground = positions[inside][:, (0, 2)].numpy()
    window = window_for(window, frames)
    if window > ORDER:
        velocity = savgol_filter(ground, window, ORDER, deriv=1, delta=1.0 / frame_rate, axis=0)
    else:
        velocity = np.gradient(ground, 1.0 / frame_rate, axis=0)
    moving = np.hypot(velocity[:, 0], velocity[:, 1]) > standing
    if not moving.any():
        return None
    angles = np.unwrap(np.arctan2(velocity[moving, 0], velocity[moving, 1]))
    latest = np.clip(np.cumsum(moving) - 1, 0, None)
    degrees = np.degrees(angles[latest])
    return torch.from_numpy(np.pad(degrees, (inside.start, len(positions) - inside.stop), mode="edge"))
