"""A split screen of two players, as a game for two shows it: what It Takes Two's first frames look like."""

import torch
from torch import Tensor

from ..world.agents import Agents
from ..world.encounters import encounter
from ..world.rigs import rig_from_yaws
from .render import render_agents
from .town import Town, make_town
from .weather import find_weather

SIDE = 480
"""Width and height of a player's half in pixels, MultiWorld's size."""

TOWN_SEED = 7
LAYOUT = "crossroads"
PRESET = "head_on"
DISTANCE = 14.0
SPEED = 7.5
FRAMES = 17
FRAME_RATE = 8.0
FRAME = 10
"""The players are about to meet and see each other."""

BEHIND, ABOVE = 6.5, 3.2
"""Metres from the car to its camera, so that a player sees their own car from behind."""

DOWNWARDS = 9.0
HORIZONTAL_FOV = 70.0
"""Degrees."""

COLOURS = ("red", "blue")
WEATHER = "sunny"
SAMPLES = 9


def split_screen_world() -> tuple[Town, Agents]:
    """The town, and two cars with one following camera each."""
    rig = rig_from_yaws({"behind": 0.0}, SIDE, SIDE, HORIZONTAL_FOV, mount=(0.0, -ABOVE, -BEHIND), pitch=-DOWNWARDS)
    agents = encounter(PRESET, distance=DISTANCE, speed=SPEED, frames=FRAMES, frame_rate=FRAME_RATE, rig=rig)
    return make_town(TOWN_SEED, LAYOUT), agents


def split_screen() -> Tensor:
    """(480, 960, 3) in 0..1: agent 1's view at the left, agent 2's at the right."""
    town, agents = split_screen_world()
    pictures = render_agents(
        town,
        agents,
        [FRAME],
        weather=find_weather(WEATHER),
        samples=SAMPLES,
        colours=COLOURS,
        hide_own_car=False,
    )
    return torch.cat(list(pictures.rgb[:, 0, 0]), dim=1)
