"""What a clip shows, drawn from a seed, and the clip itself."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..world.agents import Agents
from ..world.encounters import CAMERA_HEIGHT, ENCOUNTERS, car_rig
from ..world.rigs import Rig, front_rig
from ..world.tiles import SINGLE_VIEW, TWO_BY_TWO, TileLayout, join_views
from .car_shape import paint
from .photograph import Photograph
from .placement import fitting_presets, place_encounter
from .render import Pictures, render_agents
from .road_layouts import LAYOUTS
from .town import Town, make_town
from .weather import WEATHERS, Weather, find_weather

CARS = 2
"""Cars of an encounter."""

ATTEMPTS = 20
"""How often an encounter is drawn anew that does not fit into the town."""


@dataclass(frozen=True)
class ClipOptions:
    """What the clips of a data set have in common, and what is drawn for each.

    Attributes:
        layout: of the towns, a key of `road_layouts.LAYOUTS`.
        frames, frame_rate: of the clips.
        height, width: of a view in pixels; a tile has twice as much each.
        samples: rays per pixel.
        presets, weathers: to choose from.
        fog: metres to choose from, see `Weather`; None stands for what the weather has itself.
        travel: shortest and longest way of each car in metres.
        approach: smallest and largest share of the way that lies before the meeting.
        jitter: see `world.encounters.encounter`.
        colours: of the cars by name, in turn.
        draw_colours: whether each clip draws its cars' colours instead, no two alike as long as there are enough.
        front_only: cars have the front view alone, and no tile of four.
    """

    layout: str = "town"
    frames: int = 49
    frame_rate: float = 8.0
    height: int = 64
    width: int = 96
    samples: int = 5
    presets: tuple[str, ...] = tuple(ENCOUNTERS)
    weathers: tuple[str, ...] = tuple(WEATHERS)
    fog: tuple[float | None, ...] = (18.0,)
    travel: tuple[float, ...] = (24.0, 36.0)
    approach: tuple[float, ...] = (0.4, 0.55)
    jitter: float = 0.4
    colours: tuple[str, ...] = ("red",)
    draw_colours: bool = False
    front_only: bool = False

    def __post_init__(self) -> None:
        for name in ("presets", "weathers", "fog", "travel", "approach", "colours"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
            if not getattr(self, name):
                raise ValueError(f"The clip option '{name}' needs at least one value.")
        _check_choices("layout", (self.layout,), LAYOUTS)
        _check_choices("encounter", self.presets, ENCOUNTERS)
        for weather in self.weathers:
            find_weather(weather)
        for colour in self.colours:
            paint(colour)
        for name in ("frames", "height", "width", "samples"):
            if getattr(self, name) < 1:
                raise ValueError(f"The clip option '{name}' must be at least 1, given {getattr(self, name)}.")
        if not 0.0 < self.frame_rate < math.inf:
            raise ValueError(f"The clip option 'frame_rate' must be positive, given {self.frame_rate}.")
        for fog in self.fog:
            if fog is not None and not 0.0 < fog < math.inf:
                raise ValueError(f"The clip option 'fog' takes positive metres, a large number for none, given {fog}.")
        _check_range("travel", self.travel, math.inf)
        _check_range("approach", self.approach, 1.0)

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def _check_range(name: str, values: tuple[float, ...], limit: float) -> None:
    if len(values) > 2 or not 0.0 < values[0] <= values[-1] < limit:
        raise ValueError(
            f"The clip option '{name}' takes a smallest and a largest value within 0..{limit:g}, given {values}."
        )


def _check_choices(what: str, given: tuple[str, ...], known: Mapping[str, Any]) -> None:
    for name in given:
        if name not in known:
            raise ValueError(f"There is no {what} '{name}'; choose from {', '.join(known)}.")


@dataclass(frozen=True)
class Recipe:
    """All that is needed to render one clip again.

    Attributes:
        town_seed, layout: of the town.
        preset, encounter_seed, distance, speed, jitter: of `placement.place_encounter`.
        weather, fog_distance: light and fog.
        frames, frame_rate, height, width, samples, colours, front_only: see `ClipOptions`.
    """

    town_seed: int
    layout: str
    preset: str
    encounter_seed: int
    distance: float
    speed: float
    jitter: float
    weather: str
    fog_distance: float
    frames: int
    frame_rate: float
    height: int
    width: int
    samples: int
    colours: tuple[str, ...] = field(default=("red",))
    front_only: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "colours", tuple(self.colours))

    def town(self) -> Town:
        return make_town(self.town_seed, self.layout)

    def rig(self) -> Rig:
        if self.front_only:
            return front_rig(self.width, self.height, mount=(0.0, -CAMERA_HEIGHT, 0.0))
        return car_rig(self.width, self.height)

    def tile_layout(self) -> TileLayout:
        return SINGLE_VIEW if self.front_only else TWO_BY_TWO

    def light(self) -> Weather:
        return find_weather(self.weather).with_fog(self.fog_distance)

    def agents(self, town: Town) -> Agents:
        """The cars' paths. Raises ValueError as `place_encounter`."""
        return place_encounter(
            town,
            self.preset,
            self.encounter_seed,
            distance=self.distance,
            speed=self.speed,
            jitter=self.jitter,
            frames=self.frames,
            frame_rate=self.frame_rate,
            rig=self.rig(),
        )


def draw_recipe(options: ClipOptions, seed: int, number: int = 0) -> Recipe:
    """What clip `number` in the town of a seed shows; the same every time.

    Raises:
        ValueError: if none of the presets fits into the town.
    """
    town = make_town(seed, options.layout)
    presets = fitting_presets(town, options.presets)
    random = np.random.default_rng((seed, 3, number))
    if not presets:  # let the placement say what is missing
        place_encounter(town, options.presets[0])
    problem = ValueError("no attempt was made")
    for _ in range(ATTEMPTS):
        recipe = _draw(options, seed, presets, random)
        try:
            recipe.agents(town)
        except ValueError as error:
            problem = error
        else:
            return recipe
    raise problem


def draw_wanted_recipe(options: ClipOptions, seed: int, number: int = 0) -> Recipe:
    """`draw_recipe` for a clip that someone asks for, with an error that says what could be asked for instead.

    Raises:
        ValueError: if the presets do not fit into the town; it names those that do.
    """
    try:
        return draw_recipe(options, seed, number)
    except ValueError as error:
        fitting = [preset for preset in ENCOUNTERS if _fits(replace(options, presets=(preset,)), seed, number)]
        wanted = " or ".join(options.presets) if len(options.presets) < len(ENCOUNTERS) else "any encounter"
        way = " to ".join(f"{metres:g}" for metres in sorted(set(options.travel)))
        advice = f"these fit: {', '.join(fitting)}" if fitting else "nothing fits, choose a shorter way"
        raise ValueError(
            f"There is no place for {wanted} over {way} m in the town of seed {seed} with layout '{options.layout}'; "
            f"{advice}."
        ) from error


def _fits(options: ClipOptions, seed: int, number: int) -> bool:
    try:
        draw_recipe(options, seed, number)
    except ValueError:
        return False
    return True


def _draw(options: ClipOptions, seed: int, presets: list[str], random: np.random.Generator) -> Recipe:
    def chosen(values: Any) -> Any:
        return values[int(random.integers(len(values)))]

    weather = find_weather(chosen(options.weathers))
    fog = chosen(options.fog)
    travel = float(random.uniform(options.travel[0], options.travel[-1]))
    duration = max(1, options.frames - 1) / options.frame_rate
    recipe = Recipe(
        town_seed=seed,
        layout=options.layout,
        preset=chosen(presets),
        encounter_seed=int(random.integers(1 << 31)),
        distance=travel * float(random.uniform(options.approach[0], options.approach[-1])),
        speed=travel / duration,
        jitter=options.jitter,
        weather=weather.name,
        fog_distance=weather.fog_distance if fog is None else float(fog),
        frames=options.frames,
        frame_rate=options.frame_rate,
        height=options.height,
        width=options.width,
        samples=options.samples,
        colours=options.colours,
        front_only=options.front_only,
    )
    if not options.draw_colours:
        return recipe
    # Last, so that everything else is the same with and without.
    return replace(recipe, colours=tuple(map(str, random.permutation(options.colours)[:CARS])))


@dataclass(frozen=True, eq=False)
class Clip:
    """One rendered clip.

    Attributes:
        recipe: what it was made from.
        agents: the cars, with rigs of the size of a view.
        tiles: (agents, frames, 2 height, 2 width, 3) uint8, views in `tiles.TWO_BY_TWO`; with the front view alone
            (agents, frames, height, width, 3).
        depth: (agents, frames, views, height, width) metres along the camera's z axis, inf for the sky; None where it
            was not kept.
        instances: same shape, int16, see `town`; None where they were not kept.
    """

    recipe: Recipe
    agents: Agents
    tiles: Tensor
    depth: Tensor | None
    instances: Tensor | None


def render_clip(recipe: Recipe, device: torch.device | str = "cpu", photograph: Photograph | None = None) -> Clip:
    """Render a clip. Raises ValueError as `place_encounter` and `render_views`."""
    town = recipe.town()
    agents = recipe.agents(town)
    pictures = render_recipe(recipe, town, agents, device, photograph)
    planes = (pictures.rgb.clamp(0.0, 1.0) * 255.0).round().to(torch.uint8).movedim(-1, 2)
    tiles = join_views(planes, recipe.tile_layout()).movedim(2, -1).contiguous().cpu()
    return Clip(recipe, agents, tiles, pictures.depth.cpu(), pictures.instances.cpu())


def render_recipe(
    recipe: Recipe,
    town: Town,
    agents: Agents,
    device: torch.device | str = "cpu",
    photograph: Photograph | None = None,
) -> Pictures:
    """Pictures with axes (agents, frames, views) of agents in the light of a recipe."""
    return render_agents(
        town,
        agents,
        weather=recipe.light(),
        samples=recipe.samples,
        colours=recipe.colours,
        device=device,
        photograph=photograph,
    )
