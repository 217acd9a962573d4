"""Colours of buildings: walls with windows, shop fronts, ledges and roofs."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .buildings import FACADE_VALUES, GROUND_FLOOR, PARAPET
from .photograph import Mural, Photograph
from .town import Town
from .weather import Weather

GLASS = (0.13, 0.17, 0.22)
WARM = (1.0, 0.80, 0.46)
SHOP_WINDOW = (0.88, 0.66)
"""Width and height as a share of the cell."""

FRAME = 0.13
"""Metres of frame around a window."""

FACES = ((0, -1.0), (0, 1.0), (2, -1.0), (2, 1.0))
"""Axis and sign of the outward normals of a box's walls."""

_FACE_VALUES = (
    *("start", "bay", "bottom", "height", "floor_height", "on_ground", "shop", "half_width", "half_height", "number"),
    *("red", "green", "blue", "trim_red", "trim_green", "trim_blue", "sun_red", "sun_green", "sun_blue", "sunward"),
)
_ROW = {name: number for number, name in enumerate(_FACE_VALUES)}


class Facades:
    """All walls and roofs of a town in one light.

    Args:
        town: whose boxes are painted.
        weather: for the light.
        device: of the points.
        photograph: on the walls of some buildings.
    """

    def __init__(
        self,
        town: Town,
        weather: Weather,
        device: torch.device | str = "cpu",
        photograph: Photograph | None = None,
    ) -> None:
        self.weather = weather
        self.mural = None if photograph is None else Mural(photograph, town, device)
        bounds = torch.stack([town.box_low[:, 0], town.box_high[:, 0], town.box_low[:, 2], town.box_high[:, 2]])
        self.bounds = torch.cat([bounds, town.box_low[:, 1, None].T]).to(device)
        self.walls = torch.stack([_face(town, weather, *face) for face in FACES], dim=-1).flatten(1).to(device)
        roof = town.facades[:, FACADE_VALUES.index("roof_red") :][:, :3]
        light = torch.tensor(weather.ambient) - torch.tensor(weather.sun_light) * weather.sun[1]
        self.roofs = (roof * light).to(device)

    def colour(self, points: "BoxPoints", pixel: float) -> Tensor:
        """Lit colours (points, 3); `pixel` is the metres that a sample covers across its ray, per metre of distance."""
        low_x, high_x, low_z, high_z, top = self.bounds[:, points.box]
        to_low, to_high = points.x - low_x, high_x - points.x
        gap_x = torch.minimum(to_low, to_high)
        before, behind = points.z - low_z, high_z - points.z
        gap_z = torch.minimum(before, behind)
        face = torch.where(gap_x < gap_z, (to_high < to_low).int(), (behind < before).int() + 2)
        roof = points.y - top < torch.minimum(gap_x, gap_z)
        rows = self.walls[:, points.box * len(FACES) + face]
        colour = _wall_colour(points, rows, face < 2, self.weather, pixel)
        if self.mural is not None:
            where = self.mural.on[points.box].nonzero().squeeze(-1)
            wall = points.at(where), rows[:, where], face[where].long()
            left_of_face = torch.stack([behind, before, to_low, to_high])[:, where]
            colour[where] = self._with_mural(self.mural, colour[where], *wall, left_of_face, pixel)
        return torch.where(roof[:, None], self.roofs[points.box], colour)

    def _with_mural(
        self,
        mural: Mural,
        colour: Tensor,
        points: "BoxPoints",
        rows: Tensor,
        face: Tensor,
        left_of_face: Tensor,
        pixel: float,
    ) -> Tensor:
        """Colours (points, 3) with the photograph over them.

        `left_of_face` (4, points) is how far the left edge of the wall is away as seen from outside, in metres, if the
        point is on each of `FACES`. The right edge of a wall is where the left one of the opposite wall would be.
        """
        left, right = (left_of_face.gather(0, side[None])[0] for side in (face, face ^ 1))
        bottom = -points.y - rows[_ROW["bottom"]]
        _, size = _footprint(points, face < 2, pixel)
        painted = mural.at(left, right, rows[_ROW["height"]] - bottom, bottom, size)
        lit = (painted[:, :3].T * _light(points, rows, self.weather)).T
        return torch.lerp(colour, lit, painted[:, 3:])


@dataclass(frozen=True, eq=False)
class BoxPoints:
    """Points on the boxes of buildings.

    Attributes:
        box: (points,) number of the box.
        x, y, z: (points,) in the world, metres.
        distance: (points,) metres from the camera.
        directions: x, y, z of the unit vectors of the rays, each (points,).
    """

    box: Tensor
    x: Tensor
    y: Tensor
    z: Tensor
    distance: Tensor
    directions: tuple[Tensor, Tensor, Tensor]

    def at(self, where: Tensor) -> "BoxPoints":
        """Some of the points."""
        x, y, z = (component[where] for component in self.directions)
        return BoxPoints(self.box[where], self.x[where], self.y[where], self.z[where], self.distance[where], (x, y, z))


def _face(town: Town, weather: Weather, axis: int, sign: float) -> Tensor:
    """Values (values, boxes) of one wall of every box, in the order of `_FACE_VALUES`."""
    facade = dict(zip(FACADE_VALUES, town.facades.T, strict=True))
    along = 2 - axis
    width = town.box_high[:, along] - town.box_low[:, along]
    bay = width / facade["bays_z" if axis == 0 else "bays_x"].clamp(min=1.0)
    sunward = sign * weather.sun[axis]
    direct = [torch.full_like(width, max(0.0, sunward) * value) for value in weather.sun_light]
    bottom = -town.box_high[:, 1]
    values = [
        *(town.box_low[:, along], bay, bottom, town.box_high[:, 1] - town.box_low[:, 1]),
        *(facade["floor_height"], (bottom < 0.1).float(), facade["shop"]),
        *(0.5 * bay * facade["window_width"], 0.5 * facade["floor_height"] * facade["window_height"]),
        facade["number"] + (57.0 if axis == 0 else 0.0),
        *(facade[f"{part}_{colour}"] for part in ("wall", "trim") for colour in ("red", "green", "blue")),
        *(*direct, torch.full_like(width, sunward)),
    ]
    return torch.stack(values)


def _noise(number: Tensor, across: Tensor, up: Tensor) -> Tensor:
    """A number in 0..1 for whole numbers (points,), the same on every device."""
    mixed = number.int() * 73856093 ^ across.int() * 19349663 ^ up.int() * 83492791
    mixed = (mixed ^ (mixed >> 13)) * 1274126177
    return ((mixed ^ (mixed >> 16)) & 1023).float() * (1.0 / 1023.0)


def _inside(offset: Tensor, half: Tensor | float, blur: Tensor) -> Tensor:
    """1 where |offset| < half, 0 outside, with edges as wide as `blur`."""
    return ((half - offset.abs()) / blur).add_(0.5).clamp_(0.0, 1.0)


def _cells(offset: Tensor, half: Tensor, blur: Tensor, hidden: Tensor, period: Tensor) -> Tensor:
    """Share of a window in one direction, and its mean where cells are too small to be seen (`hidden` 1)."""
    return torch.lerp(_inside(offset, half, blur), 2.0 * half / period, hidden)


@dataclass(frozen=True, eq=False)
class _Pattern:
    """What lies where on a wall: shares (points,), and the cells for the noise."""

    window: Tensor
    frame: Tensor
    bar: Tensor
    belt: Tensor
    column: Tensor
    floor: Tensor


def _pattern(across: Tensor, height: Tensor, values: dict[str, Tensor], blur: Tensor, blur_up: Tensor) -> _Pattern:
    """Windows of a wall: `across` and `height` are metres from its start and bottom."""
    bay, on_ground, shop = values["bay"], values["on_ground"], values["shop"]
    above = height - GROUND_FLOOR * on_ground
    ground_floor = on_ground * (above < 0.0)
    below_top = values["height"] - height
    column, floor = torch.floor(across / bay), torch.floor(above / values["floor_height"])

    # The ground floor has a height of its own, and a shop has larger windows there.
    storey = torch.lerp(values["floor_height"], torch.full_like(bay, GROUND_FLOOR), ground_floor)
    upper, lower = (floor + 0.5) * values["floor_height"], torch.full_like(bay, -0.52 * GROUND_FLOOR)
    floor_middle = torch.lerp(upper, lower, ground_floor)
    as_shop = ground_floor * shop
    half_width = torch.lerp(values["half_width"], 0.5 * SHOP_WINDOW[0] * bay, as_shop)
    half_height = torch.lerp(values["half_height"], torch.full_like(bay, 0.5 * SHOP_WINDOW[1] * GROUND_FLOOR), as_shop)

    from_middle, from_centre = across - (column + 0.5) * bay, above - floor_middle
    hidden = ((blur / bay - 0.25) * 2.0).clamp_(0.0, 1.0)
    hidden_up = ((blur_up / storey - 0.25) * 2.0).clamp_(0.0, 1.0)
    has_windows = (below_top > PARAPET).float()
    window = _cells(from_middle, half_width, blur, hidden, bay)
    window *= _cells(from_centre, half_height, blur_up, hidden_up, storey) * has_windows
    frame = _cells(from_middle, half_width + FRAME, blur, hidden, bay)
    frame *= _cells(from_centre, half_height + FRAME, blur_up, hidden_up, storey) * has_windows
    bar = _inside(from_middle, 0.05, blur) * (1.0 - as_shop) * (blur < 0.4)
    sign = _inside(above + 0.28, 0.30, blur_up) * on_ground * (0.5 + 0.5 * shop)
    belt = torch.maximum(_inside(below_top - 0.16, 0.18, blur_up), sign)
    return _Pattern(window, frame, bar, belt, column, floor)


def _wall_colour(points: BoxPoints, rows: Tensor, faces_x: Tensor, weather: Weather, pixel: float) -> Tensor:
    """Lit colours (points, 3) of walls with the values `rows` (values, points)."""
    values = {name: rows[number] for name, number in _ROW.items()}
    facing, (blur, blur_up) = _footprint(points, faces_x, pixel)
    across = torch.where(faces_x, points.z, points.x) - values["start"]
    pattern = _pattern(across, -points.y - values["bottom"], values, blur, blur_up)

    chance = _noise(values["number"], pattern.column, pattern.floor)
    trim = rows[_ROW["trim_red"] : _ROW["trim_blue"] + 1]
    colour = torch.lerp(rows[_ROW["red"] : _ROW["blue"] + 1], 0.5 * trim + 0.45, 0.85 * pattern.frame)
    colour = torch.lerp(colour, trim, pattern.belt)
    glass = pattern.window * (1.0 - 0.8 * pattern.bar)
    colour = torch.lerp(colour, rows.new_tensor(GLASS)[:, None] * (0.55 + chance), glass)

    mirrored = glass * _mirrored(chance, facing, points.directions[1], weather)
    return (colour * _light(points, rows, weather) + mirrored).T


def _footprint(points: BoxPoints, faces_x: Tensor, pixel: float) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """How far (points,) rays turn towards the walls, 0..1, and metres of wall that samples cover across and up."""
    facing = torch.where(faces_x, points.directions[0], points.directions[2]).abs().clamp_(min=0.12)
    up = (points.distance * pixel).clamp_(min=0.01)
    return facing, (up / facing, up)


def _light(points: BoxPoints, rows: Tensor, weather: Weather) -> Tensor:
    """Light (3, points) on walls: they stand before half of the sky, and are darker towards the ground."""
    skylight = 0.80 + 0.08 * (-points.y).clamp(0.0, 3.0) / 3.0 + 0.10 * rows[_ROW["sunward"]]
    return rows[_ROW["sun_red"] : _ROW["sun_blue"] + 1] + skylight * rows.new_tensor(weather.ambient)[:, None]


def _mirrored(chance: Tensor, facing: Tensor, down: Tensor, weather: Weather) -> Tensor:
    """Light (3, points) of windows themselves: the sky that they mirror, or lamps behind them."""
    lamps = ((chance - 0.45) * 4.0).clamp_(0.0, 1.0) * weather.lamps
    strength = (0.46 - 0.30 * facing + 0.16 * chance) * (1.0 - lamps)
    level = (1.0 + down.clamp(max=0.0)) ** 3
    zenith, horizon, warm = (facing.new_tensor(c)[:, None] for c in (weather.zenith, weather.horizon, WARM))
    return torch.lerp(strength * torch.lerp(zenith, horizon, level), warm, 0.9 * lamps)
