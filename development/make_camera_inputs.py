"""Make what the example of all sources loads: python -m shared_world.development.make_camera_inputs.

The camera of somebody who walks along the road of the example town, as RealEstate10K writes it.
"""

import argparse
import math
from pathlib import Path

import torch
from torch import Tensor

from ..world.agents import Agent, Agents
from ..world.formats.registry import write_agents
from ..world.poses import rigid, yaw_rotation
from ..world.rigs import front_rig
from .example_inputs import EXAMPLE_INPUTS

FRAMES, FRAME_RATE = 17, 4.0
FOV = 75.0
"""Degrees over the width."""
EYES = 1.65
START, END = (-5.6, -13.0), (-5.6, -8.4)
"""x and z of the way in metres, on the pavement; the roads of the town cross at the origin."""
LOOKS_AT = (0.0, -1.0)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description="Make the camera file of the example of all sources.")
    parser.parse_args()
    print(write_walk(EXAMPLE_INPUTS / "town_walk.txt"))


def walk() -> Agents:
    """Somebody who walks and watches the crossroads."""
    share = torch.linspace(0.0, 1.0, FRAMES, dtype=torch.float64)
    start, end = torch.tensor(START, dtype=torch.float64), torch.tensor(END, dtype=torch.float64)
    ground = start + share[:, None] * (end - start)
    steps = 0.02 * torch.sin(2.0 * math.pi * 7.0 * share)
    positions = torch.stack([ground[:, 0], -EYES + steps, ground[:, 1]], dim=1)
    poses = rigid(yaw_rotation(_headings(ground)), positions)
    return Agents((Agent("walker", poses, front_rig(720, 480, FOV)),), FRAME_RATE)


def _headings(ground: Tensor) -> Tensor:
    """Degrees to the right of z from places (frames, 2) towards `LOOKS_AT`."""
    way = torch.tensor(LOOKS_AT, dtype=torch.float64) - ground
    return torch.rad2deg(torch.atan2(way[:, 0], way[:, 1]))


def write_walk(path: Path) -> Path:
    """Write the walk. Raises FileNotFoundError if there is no such folder."""
    write_agents(walk(), path, "realestate10k")
    return path


if __name__ == "__main__":
    main()
