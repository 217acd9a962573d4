"""A picture of actions: time to the right, one block per agent, keys as bars and axes as curves."""

import math

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ..palette import PALETTE, Color
from ..plot_canvas import BACKGROUND, GRID, INK, SUPERSAMPLING, grid_spacing
from .actions import Actions
from .layout import Axis

SMALLEST_WIDTH = 256
"""Pixels below which nothing could be read."""

FONT_SIZE = 20
NAME_HEIGHT, KEY_HEIGHT, AXIS_HEIGHT, SCALE_HEIGHT = 34, 24, 52, 52
MARGIN, GAP = 10, 8
"""Heights of an agent's name, a key, an axis and the time scale, and space around blocks, in pixels."""

FAINT: Color = (120, 120, 118)


def draw_actions(actions: Actions, width: int = 960, frame: int | None = None) -> Tensor:
    """Keys and axes of all agents over time.

    A bar covers the frames in which a key is down. An axis is a step per frame, or a line where its layout moves it
    straight from target to target; the thin line is its idle value, the numbers beside it are the ends of its scale,
    which grows where values leave their usual range.

    Args:
        actions: any number of agents and frames.
        width: of the picture in pixels; the height follows from the channels.
        frame: marked with an upright line; negative ones count from the end. None for no mark.

    Returns:
        (height, width, 3) float32 in 0..1.

    Raises:
        ValueError: if the frame does not exist or the picture is narrower than `SMALLEST_WIDTH`.
    """
    if width < SMALLEST_WIDTH:
        raise ValueError(f"A picture of actions needs at least {SMALLEST_WIDTH} pixels of width, given {width}.")
    if frame is not None and not -actions.frame_count <= frame < actions.frame_count:
        raise ValueError(f"Frame {frame} does not exist; the actions have frames 0 to {actions.frame_count - 1}.")
    sheet = _Sheet(actions, width)
    sheet.scale()
    for agent in range(len(actions)):
        sheet.agent(agent, PALETTE[agent % len(PALETTE)])
    if frame is not None:
        sheet.mark(frame % actions.frame_count)
    return torch.from_numpy(np.asarray(sheet.finished(), dtype=np.float32) / 255.0)


def _pale(color: Color, strength: float) -> Color:
    red, green, blue = (round(strength * ink + (1.0 - strength) * 255) for ink in color)
    return red, green, blue


def _curve(values: np.ndarray, sloped: bool, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Frames and values of the corners of a curve: steps or slopes, or the highest and lowest value of each column."""
    frames = np.arange(len(values), dtype=np.float64)
    if len(values) > columns:
        starts = np.arange(columns) * len(values) // columns
        ends = np.stack([np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)], -1)
        return np.repeat(starts.astype(np.float64), 2), ends.ravel()
    if sloped and len(values) > 1:
        return frames + 0.5, values
    return np.stack([frames, frames + 1.0], -1).ravel(), np.repeat(values, 2)


class _Sheet:
    """The picture at several times its size, filled from top to bottom."""

    def __init__(self, actions: Actions, width: int) -> None:
        layout = actions.layout
        self.actions = actions
        self.block = NAME_HEIGHT + KEY_HEIGHT * len(layout.buttons) + AXIS_HEIGHT * len(layout.axes) + GAP
        self.size = (width, MARGIN + self.block * len(actions) + SCALE_HEIGHT)
        self.font = ImageFont.load_default(SUPERSAMPLING * FONT_SIZE)
        self.small = ImageFont.load_default(SUPERSAMPLING * FONT_SIZE * 0.8)
        names = (*layout.button_names, *layout.axis_names)
        numbers = max((self.small.getlength(f"{axis.low:.3g}") for axis in layout.axes), default=0.0)
        self.label_right = SUPERSAMPLING * MARGIN + max(map(self.font.getlength, names), default=0.0)
        self.left = self.label_right + numbers + SUPERSAMPLING * 1.5 * GAP
        self.right = SUPERSAMPLING * (width - 2 * MARGIN)
        self.image = Image.new("RGB", (SUPERSAMPLING * width, SUPERSAMPLING * self.size[1]), BACKGROUND)
        self.pen = ImageDraw.Draw(self.image)
        self.top = float(SUPERSAMPLING * MARGIN)
        self.bottom = float(SUPERSAMPLING * (self.size[1] - SCALE_HEIGHT))

    def x(self, frame: float) -> float:
        """Where a frame begins."""
        return self.left + (self.right - self.left) * frame / self.actions.frame_count

    def scale(self) -> None:
        """Frame numbers and seconds below the blocks, with lines through them."""
        frames = self.actions.frame_count
        widest = self.font.getlength(f"{frames}    {frames / self.actions.frame_rate:.2f} s")
        lines = max(1, math.floor((self.right - self.left) / widest))
        step = max(1, round(grid_spacing(frames, lines)))
        for number in range(0, frames, step):
            x = self.x(number)
            self.pen.line([(x, self.top + SUPERSAMPLING * NAME_HEIGHT), (x, self.bottom)], GRID, SUPERSAMPLING)
            seconds = f"{number / self.actions.frame_rate:.2f} s"
            self._below(x, 2, str(number), INK, small=False)
            self._below(x, 27, seconds, FAINT, small=True)
        self.text((self.label_right, self.bottom + SUPERSAMPLING * 2), "frame", "rt")

    def _below(self, x: float, y: float, words: str, color: Color, small: bool) -> None:
        """A label of the time scale, `y` pixels below the blocks; the last one must not run out of the picture."""
        length = (self.small if small else self.font).getlength(words)
        x = min(x, SUPERSAMPLING * (self.size[0] - 1) - length)
        self.text((x, self.bottom + SUPERSAMPLING * y), words, "lt", color, small)

    def text(
        self, where: tuple[float, float], words: str, anchor: str, color: Color = INK, small: bool = False
    ) -> None:
        self.pen.text(where, words, color, self.small if small else self.font, anchor=anchor)

    def agent(self, agent: int, color: Color) -> None:
        """The block of one agent, below the one before."""
        layout, end = self.actions.layout, self.top + SUPERSAMPLING * self.block
        middle = self.top + SUPERSAMPLING * 0.45 * NAME_HEIGHT
        self.text((SUPERSAMPLING * MARGIN, middle), self.actions.names[agent][:80], "lm", color)
        self.top += SUPERSAMPLING * NAME_HEIGHT
        for index, name in enumerate(layout.button_names):
            self._key(self.actions.discrete[agent, :, index].numpy(), name, color, index % 2 == 0)
        for index, axis in enumerate(layout.axes):
            self._axis(self.actions.continuous[agent, :, index].numpy(), axis, color)
        self.top = end

    def _key(self, pressed: np.ndarray, name: str, color: Color, shaded: bool) -> None:
        height, inset = SUPERSAMPLING * KEY_HEIGHT, SUPERSAMPLING * 3
        if shaded:
            self._band(height)
        self.text((self.label_right, self.top + 0.5 * height), name, "rm", INK if pressed.any() else FAINT)
        changes = np.flatnonzero(np.diff(np.concatenate([[False], pressed, [False]]).astype(np.int8)))
        for start, stop in changes.reshape(-1, 2).tolist():
            right = max(self.x(stop) - 1, self.x(start) + 1)
            self.pen.rectangle([self.x(start), self.top + inset, right, self.top + height - inset], color)
        self.top += height

    def _band(self, height: float) -> None:
        """A light stripe behind every second key, with the lines of the time scale left visible."""
        box = [round(value) for value in (self.left, self.top, self.right, self.top + height)]
        part = np.asarray(self.image.crop((box[0], box[1], box[2], box[3])))
        self.image.paste(Image.fromarray(np.minimum(part, np.uint8(244))), (box[0], box[1]))

    def _axis(self, values: np.ndarray, axis: Axis, color: Color) -> None:
        height, inset = SUPERSAMPLING * AXIS_HEIGHT, SUPERSAMPLING * 4
        low, high = min(axis.low, float(values.min())), max(axis.high, float(values.max()))
        upper, lower = self.top + inset, self.top + height - inset
        rise = (upper - lower) / (high - low)
        idle = lower + rise * (axis.idle - low)
        self.pen.rectangle([self.left, upper, self.right, lower], None, GRID, SUPERSAMPLING)
        self.pen.line([(self.left, idle), (self.right, idle)], _pale(FAINT, 0.6), SUPERSAMPLING)
        self.text((self.label_right, self.top + 0.5 * height), axis.name, "rm", INK)
        edge = self.left - SUPERSAMPLING * 0.5 * GAP
        self.text((edge, upper), f"{high:.3g}", "rt", FAINT, small=True)
        self.text((edge, lower), f"{low:.3g}", "rb", FAINT, small=True)
        times, levels = _curve(values, axis.between == "linear", round(self.right - self.left) // SUPERSAMPLING)
        points = np.stack(
            [self.left + (self.right - self.left) * times / len(values), lower + rise * (levels - low)], -1
        )
        self.pen.line([(x, y) for x, y in points.tolist()], color, 2 * SUPERSAMPLING, joint="curve")
        self.top += height

    def mark(self, frame: int) -> None:
        """An upright line through the middle of a frame."""
        x = self.x(frame + 0.5)
        self.pen.line([(x, SUPERSAMPLING * (MARGIN + NAME_HEIGHT)), (x, self.bottom)], INK, SUPERSAMPLING)

    def finished(self) -> Image.Image:
        """The picture at its final size."""
        return self.image.resize(self.size, Image.Resampling.BOX)
