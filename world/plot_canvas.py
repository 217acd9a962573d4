"""A map to draw on: metres in, anti-aliased pixels out."""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from .palette import Color

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

SUPERSAMPLING = 3
BACKGROUND: Color = (252, 252, 250)
GRID: Color = (226, 226, 222)
INK: Color = (60, 60, 60)


def grid_spacing(extent: float, lines: int) -> float:
    """The smallest of 1, 2, 5, 10, 20, ... metres (or 0.5, 0.2, ...) that needs at most `lines` lines over `extent`."""
    decade = 10.0 ** math.floor(math.log10(extent / lines))
    return next(step * decade for step in (1.0, 2.0, 5.0, 10.0) if step * decade >= extent / lines * 0.999)


class Canvas:
    """Picture of the ground between two corners, x to the right and z upwards, with room for scales around it.

    Args:
        size: (width, height) of the finished picture in pixels.
        low, high: (x, z) in metres of the corners that must be visible; the shorter side shows more.
    """

    def __init__(self, size: tuple[int, int], low: Point, high: Point) -> None:
        self.size = size
        self.text_size = SUPERSAMPLING * min(max(min(size) / 40.0, 9.0), 24.0)
        self.thickness = SUPERSAMPLING * min(size) / 768.0
        self.font = ImageFont.load_default(self.text_size)
        width, height = size[0] * SUPERSAMPLING, size[1] * SUPERSAMPLING
        self.left, self.right = 3.6 * self.text_size, width - 1.2 * self.text_size
        self.top, self.bottom = 2.4 * self.text_size, height - 3.2 * self.text_size
        self.scale = min((self.right - self.left) / (high[0] - low[0]), (self.bottom - self.top) / (high[1] - low[1]))
        self.middle = ((low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0)
        self.image = Image.new("RGB", (width, height), BACKGROUND)
        self.pen = ImageDraw.Draw(self.image, "RGBA")
        self.taken: list[Box] = []

    def at(self, point: Point) -> Point:
        """Pixels of a point (x, z) in metres."""
        return (
            (self.left + self.right) / 2.0 + (point[0] - self.middle[0]) * self.scale,
            (self.top + self.bottom) / 2.0 - (point[1] - self.middle[1]) * self.scale,
        )

    def grid(self, across: str = "x in metres", upwards: str = "z in metres") -> None:
        """Metre grid with numbers and a title along the lower and the left side."""
        half_width = (self.right - self.left) / 2.0 / self.scale
        half_height = (self.bottom - self.top) / 2.0 / self.scale
        spacing = grid_spacing(2.0 * max(half_width, half_height), 14)
        thin = round(0.8 * self.thickness)
        for axis, half in ((0, half_width), (1, half_height)):
            first = math.ceil((self.middle[axis] - half) / spacing)
            last = math.floor((self.middle[axis] + half) / spacing)
            for value in (number * spacing for number in range(first, last + 1)):
                if axis == 0:
                    x = self.at((value, 0.0))[0]
                    self.pen.line([(x, self.top), (x, self.bottom)], fill=GRID, width=thin)
                    self.text((x, self.bottom + 0.35 * self.text_size), f"{round(value, 6):.10g}", "mt", scale=0.85)
                else:
                    y = self.at((0.0, value))[1]
                    self.pen.line([(self.left, y), (self.right, y)], fill=GRID, width=thin)
                    self.text((self.left - 0.4 * self.text_size, y), f"{round(value, 6):.10g}", "rm", scale=0.85)
        self.pen.rectangle([self.left, self.top, self.right, self.bottom], outline=(180, 180, 176), width=thin)
        self.text(((self.left + self.right) / 2.0, self.bottom + 1.6 * self.text_size), across, "mt")
        self._upright_text((0.3 * self.text_size, (self.top + self.bottom) / 2.0), upwards)

    def text(self, where: Point, words: str, anchor: str, color: Color = INK, scale: float = 1.0) -> None:
        """Words at a pixel; `anchor` as Pillow defines it ("mm" is the middle)."""
        font = self.font if scale == 1.0 else ImageFont.load_default(self.text_size * scale)
        self.pen.text(where, words, fill=color, font=font, anchor=anchor)

    def text_width(self, words: str) -> float:
        """Pixels that words take at normal size."""
        return self.font.getlength(words)

    def small_name(self, point: Point, words: str, color: Color) -> None:
        """Small words around a point in metres; other names keep away from them."""
        self.text(self.at(point), words, "mm", color, scale=0.8)
        self.taken.append(self.pen.textbbox(self.at(point), words, font=self.font, anchor="mm"))

    def name(self, point: Point, words: str, color: Color, near: float, far: float) -> None:
        """Name plate beside a point in metres: `near` metres away or else `far`, where it hides least."""
        x, y = self.at(point)
        plates = []
        for distance in (near, far):
            clearance = distance * self.scale + 0.6 * self.text_size
            slant = clearance * math.sqrt(0.5)
            for left, top, anchor in (
                (x + clearance, y, "lm"), (x - clearance, y, "rm"), (x, y - clearance, "mb"), (x, y + clearance, "mt"),
                (x + slant, y - slant, "lb"), (x + slant, y + slant, "lt"), (x - slant, y - slant, "rb"),
                (x - slant, y + slant, "rt"),
            ):  # fmt: skip
                plates.append(self._plate(left, top, words, anchor))
        plate = min(plates, key=self._hidden)
        self.taken.append(plate)
        self.pen.rounded_rectangle(
            plate, radius=0.3 * self.text_size, fill=BACKGROUND, outline=color, width=round(1.5 * self.thickness)
        )
        middle = ((plate[0] + plate[2]) / 2.0, (plate[1] + plate[3]) / 2.0)
        self.text(middle, words, "mm", INK)

    def _plate(self, x: float, y: float, words: str, anchor: str) -> Box:
        left, top, right, bottom = self.pen.textbbox((x, y), words, font=self.font, anchor=anchor)
        return (
            left - 0.35 * self.text_size,
            top - 0.3 * self.text_size,
            right + 0.35 * self.text_size,
            bottom + 0.3 * self.text_size,
        )

    def _hidden(self, box: Box) -> float:
        """Area in pixels of a box that lies on another name or outside of the map."""
        left, top, right, bottom = box
        area = (right - left) * (bottom - top)
        seen = _overlap(box, (self.left, self.top, self.right, self.bottom))
        return area - seen + sum(_overlap(box, other) for other in self.taken)

    def take(self, points: Sequence[Point]) -> None:
        """Keep names away from the box around points in metres."""
        xs, ys = zip(*(self.at(point) for point in points), strict=True)
        self.taken.append((min(xs), min(ys), max(xs), max(ys)))

    def _upright_text(self, where: Point, words: str) -> None:
        left, top, right, bottom = self.font.getbbox(words)
        label = Image.new("RGB", (math.ceil(right - left), math.ceil(bottom - top)), BACKGROUND)
        ImageDraw.Draw(label).text((-left, -top), words, fill=INK, font=self.font)
        label = label.transpose(Image.Transpose.ROTATE_90)
        self.image.paste(label, (round(where[0]), round(where[1] - label.height / 2.0)))

    def line(self, points: Sequence[Point], color: Color, width: float) -> None:
        """Line through points in metres."""
        self.line_at([self.at(point) for point in points], color, width)

    def line_at(self, pixels: Sequence[Point], color: Color, width: float) -> None:
        """Line through pixels; `width` in units of `thickness`."""
        self.pen.line(pixels, fill=color, width=max(1, round(width * self.thickness)), joint="curve")

    def polygon(self, points: Sequence[Point], color: Color, alpha: int, outline: int = 0, width: float = 1.0) -> None:
        """Filled polygon through points in metres; `alpha` and `outline` are opacities of area and border, 0 to 255."""
        pixels = [self.at(point) for point in points]
        self.pen.polygon(pixels, fill=(*color, alpha))
        if outline:
            border = [*pixels, pixels[0]]
            self.pen.line(border, fill=(*color, outline), width=round(width * self.thickness), joint="curve")

    def dot(self, point: Point, color: Color, radius: float, hollow: bool = False) -> None:
        """Circle at a point in metres."""
        self.dot_at(self.at(point), color, radius, hollow)

    def dot_at(self, pixel: Point, color: Color, radius: float, hollow: bool = False) -> None:
        """Circle at a pixel; `radius` in units of `thickness`."""
        (x, y), radius = pixel, radius * self.thickness
        fill = BACKGROUND if hollow else color
        box = [x - radius, y - radius, x + radius, y + radius]
        self.pen.ellipse(box, fill=fill, outline=color, width=max(1, round(0.4 * radius)))

    def arrowhead(self, point: Point, direction: Point, color: Color, length: float) -> None:
        """Arrowhead whose tip is a point in metres, along a direction (x, z)."""
        self.arrowhead_at(self.at(point), (direction[0], -direction[1]), color, length)

    def arrowhead_at(self, pixel: Point, direction: Point, color: Color, length: float) -> None:
        """Arrowhead whose tip is a pixel, along a direction in pixels; `length` in units of `thickness`."""
        (x, y), size = pixel, math.hypot(*direction)
        forward = (direction[0] / size * length * self.thickness, direction[1] / size * length * self.thickness)
        back = (x - forward[0], y - forward[1])
        side = (-0.45 * forward[1], 0.45 * forward[0])
        corners = [(x, y), (back[0] + side[0], back[1] + side[1]), (back[0] - side[0], back[1] - side[1])]
        self.pen.polygon(corners, fill=color)

    def finished(self) -> Image.Image:
        """The picture at its final size."""
        return self.image.resize(self.size, Image.Resampling.BOX)


def _overlap(first: Box, second: Box) -> float:
    """Common area of two boxes."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return max(width, 0.0) * max(height, 0.0)
