"""A picture that stands in for a user's photograph in an example graph."""

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

HEIGHT, WIDTH = 320, 480
OVERSAMPLING = 4
HORIZON = 0.62
"""Share of the height that is sky."""

SKY = ((0.0, (52, 36, 110)), (0.45, (226, 78, 62)), (0.8, (255, 150, 44)), (1.0, (255, 214, 102)))
SEA = ((0.0, (196, 92, 70)), (0.25, (36, 62, 112)), (1.0, (10, 22, 62)))
"""Colours from top to bottom, with the share of the height at which each stands."""

SUN, SAIL, JIB, HULL = (255, 246, 196), (252, 250, 244), (214, 226, 240), (150, 20, 34)


def example_photograph() -> Tensor:
    """A sail boat before the setting sun, in areas large enough to be seen from afar: (320, 480, 3) in 0..1."""
    height, width = HEIGHT * OVERSAMPLING, WIDTH * OVERSAMPLING
    horizon = round(height * HORIZON)
    rows = np.concatenate([_blend(SKY, horizon), _blend(SEA, height - horizon)])
    picture = Image.fromarray(np.repeat(rows[:, None], width, axis=1))
    _paint_sun(picture, horizon)
    _paint_boat(picture)
    small = picture.resize((WIDTH, HEIGHT), Image.Resampling.BOX)
    return torch.from_numpy(np.asarray(small, dtype=np.float32) / 255.0)


def _blend(stops: tuple[tuple[float, tuple[int, int, int]], ...], rows: int) -> np.ndarray:
    """Rows (rows, 3) uint8 that run through the colours of the stops."""
    places, colours = zip(*stops, strict=True)
    at = np.linspace(0.0, 1.0, rows)
    return np.stack([np.interp(at, places, channel) for channel in zip(*colours, strict=True)], axis=-1).astype("uint8")


def _paint_sun(picture: Image.Image, horizon: int) -> None:
    """The sun, a little of it below the horizon, and its light on the water in bands that widen towards the viewer."""
    draw = ImageDraw.Draw(picture)
    middle, radius = 0.34 * picture.width, 0.2 * picture.height
    sea = picture.crop((0, horizon, picture.width, picture.height))
    draw.ellipse((middle - radius, horizon - 1.45 * radius, middle + radius, horizon + 0.55 * radius), SUN)
    picture.paste(sea, (0, horizon))
    for band in range(4):
        top = horizon + (0.03 + 0.085 * band) * picture.height
        half = radius * (0.5 + 0.22 * band)
        draw.ellipse((middle - half, top, middle + half, top + 0.035 * picture.height), (255, 196, 120))


def _paint_boat(picture: Image.Image) -> None:
    """Two sails and a hull in the right half."""
    draw = ImageDraw.Draw(picture)
    shapes = (
        (SAIL, ((0.62, 0.1), (0.62, 0.68), (0.84, 0.68))),
        (JIB, ((0.605, 0.2), (0.605, 0.68), (0.47, 0.68))),
        (HULL, ((0.45, 0.71), (0.88, 0.71), (0.8, 0.84), (0.53, 0.84))),
    )
    for colour, corners in shapes:
        draw.polygon([(x * picture.width, y * picture.height) for x, y in corners], colour)
