"""What the example graphs load: pictures and paths of one town, a photograph for a building, and a split screen."""

import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..world.agents import Agents
from ..world.encounters import car_rig, encounter
from ..world.formats import write_agents
from ..world.formats.files import write_file
from ..world.tiles import join_images
from .example_photograph import example_photograph
from .render import render_agents
from .split_screen import split_screen
from .town import Town, make_town
from .weather import find_weather

TOWN_SEED = 7
LAYOUT = "crossroads"
PRESET = "left_turn_meeting"
DISTANCE = 14.0
SPEED = 7.5
FRAMES = 49
FRAME_RATE = 8.0
WEATHER = "sunny"

TILE_SIZE = (480, 720)
VIEW_SIZE = (128, 192)
"""Height and width in pixels."""

SAMPLES = 15
"""Rays per pixel; every pixel of a view in a tile is the mean of four."""


def example_world() -> tuple[Town, Agents]:
    """The town, and two agents that meet at its crossroads, the origin of the world."""
    rig = car_rig()
    agents = encounter(PRESET, distance=DISTANCE, speed=SPEED, frames=FRAMES, frame_rate=FRAME_RATE, rig=rig)
    return make_town(TOWN_SEED, LAYOUT), agents


def write_examples(folder: Path) -> list[Path]:
    """Write the first frames of both agents, their paths as a CARLA log, a photograph and a split screen.

    Returns the files.

    Each agent gets a tile of its four views and the four views as single pictures.

    Raises:
        FileNotFoundError: if the folder does not exist.
    """
    town, agents = example_world()
    weather = find_weather(WEATHER)
    height, width = TILE_SIZE
    tile_views = render_agents(
        town, agents, [0], height=height // 2, width=width // 2, weather=weather, samples=SAMPLES
    )
    tiles = join_images(tile_views.rgb[:, 0], tile_size=TILE_SIZE)
    small = render_agents(town, agents, [0], height=VIEW_SIZE[0], width=VIEW_SIZE[1], weather=weather, samples=SAMPLES)
    written = []
    for number in range(len(agents)):
        written.append(_write_picture(tiles[number], folder / f"town_agent{number + 1}.png"))
        for view, name in enumerate(agents.members[number].rig.view_names):
            path = folder / f"town_agent{number + 1}_{name}.png"
            written.append(_write_picture(small.rgb[number, 0, view], path))
    log = folder / "town_carla_log.json"
    write_agents(agents, log, "carla_log")
    written += [log, _write_picture(example_photograph(), folder / "photograph.png")]
    return [*written, _write_picture(split_screen(), folder / "split_screen.png")]


def _write_picture(picture: Tensor, path: Path) -> Path:
    """Write (height, width, 3) in 0..1 as a PNG."""
    stream = io.BytesIO()
    pixels = (picture.clamp(0.0, 1.0) * 255.0).round().to(torch.uint8).cpu().numpy()
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, format="PNG", optimize=True)
    write_file(path, stream.getvalue())
    return path
