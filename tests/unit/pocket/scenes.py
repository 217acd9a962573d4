"""Small scenes that several tests render."""

from functools import cache

import torch

from shared_world.pocket.town import Town, make_town
from shared_world.world.agents import Agents
from shared_world.world.encounters import car_rig, encounter


@cache
def crossroads(seed: int = 7) -> Town:
    return make_town(seed, "crossroads")


def meeting(height: int = 16, width: int = 24, frames: int = 5, preset: str = "left_turn_meeting") -> Agents:
    """Two cars that come within sight of each other at the crossroads."""
    rig = car_rig(width, height)
    agents = encounter(preset, distance=8.0, speed=5.0, frames=41, rig=rig)
    return agents.select_frames(torch.linspace(0, 40, frames).round().long())
