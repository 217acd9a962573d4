"""Make what the MetaWorld examples load: python -m shared_world.development.make_scene_inputs.

A photograph of a street without cars, its true depth as a grey picture, and pictures of cars on white.
"""

import argparse
import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..pocket.car_shape import Cars, paint
from ..pocket.render import Pictures, render_views
from ..pocket.town import FIRST_CAR, Town, make_town
from ..pocket.views import views_of_agents
from ..pocket.weather import find_weather
from ..world.agents import Agent, Agents
from ..world.formats.files import write_file
from ..world.poses import rigid, yaw_rotation
from ..world.rigs import front_rig
from .example_inputs import EXAMPLE_INPUTS

TOWN_SEED = 7
LAYOUT = "crossroads"
WEATHER = "sunny"
SAMPLES = 9

WIDTH, HEIGHT = 832, 480
FOV = 75.0
"""Degrees over the width."""
CAMERA_HEIGHT = 2.5
PLACE = (0.0, 0.0, -24.0)
"""Where the photograph is taken, looking along z at the crossroads, the origin of the town."""
QUALITY = 88

WHITE_IS = 65.5
"""Metres that the brightest grey of 16 bits stands for; black is where nothing is known."""
BRIGHTEST = 65535

CARS = ("red", "blue", "yellow")
CAR_WIDTH, CAR_HEIGHT = 384, 240
CAR_FOV, CAR_CAMERA_HEIGHT = 40.0, 1.5
CAR_HEADING, CAR_PLACE = 215.0, (0.0, 0.0, 9.0)
"""How a car stands before the camera, which looks along z: seen from its front at a slant."""
CAR_MARGIN = 6
"""Pixels of white around a car."""


def town() -> Town:
    """The town of all pictures."""
    return make_town(TOWN_SEED, LAYOUT)


def street() -> Pictures:
    """The photograph; its pictures have no axes before height and width."""
    return _seen(WIDTH, HEIGHT, FOV, CAMERA_HEIGHT, SAMPLES)


def car(colour: str) -> Tensor:
    """(height, width, 3) in 0..1: a car on white, cropped to it."""
    pose = rigid(yaw_rotation(CAR_HEADING), torch.tensor(CAR_PLACE, dtype=torch.float64))
    pose[:3, 3] += torch.tensor(PLACE, dtype=torch.float64)
    cars = Cars(pose[None, None], torch.tensor([paint(colour)]))
    # Three times as large without smoothing, so that no colour of the street mixes with the car's rim.
    large = _seen(3 * CAR_WIDTH, 3 * CAR_HEIGHT, CAR_FOV, CAR_CAMERA_HEIGHT, 1, cars)
    rgb = torch.where((large.instances == FIRST_CAR)[..., None], large.rgb, 1.0)
    rgb = rgb.unflatten(0, (-1, 3)).unflatten(2, (-1, 3)).mean((1, 3))
    rows, columns = (rgb.amin(-1) < 1.0).nonzero(as_tuple=True)
    top, bottom = int(rows.min()) - CAR_MARGIN, int(rows.max()) + CAR_MARGIN + 1
    left, right = int(columns.min()) - CAR_MARGIN, int(columns.max()) + CAR_MARGIN + 1
    return rgb[top:bottom, left:right]


def _seen(
    width: int, height: int, fov: float, camera_height: float, samples: int, cars: Cars | None = None
) -> Pictures:
    rig = front_rig(width, height, fov, mount=(0.0, -camera_height, 0.0))
    pose = rigid(yaw_rotation(0.0), torch.tensor(PLACE, dtype=torch.float64))
    photographer = Agents((Agent("photographer", pose[None], rig),), 1.0)
    # The camera is nobody's car, so no car is hidden.
    views = views_of_agents(photographer, torch.tensor([0]), height, width, hide_own_car=False)
    seen = render_views(town(), views, cars, find_weather(WEATHER), samples)
    return Pictures(seen.rgb[0], seen.depth[0], seen.instances[0])


def depth_levels(depth: Tensor) -> np.ndarray:
    """uint16 greys of a depth in metres; 0 for the sky and what is farther than white."""
    levels = (BRIGHTEST / WHITE_IS * depth.double()).round()
    return torch.where(levels <= BRIGHTEST, levels, 0.0).cpu().numpy().astype(np.uint16)


def write_scene_inputs(folder: Path) -> list[Path]:
    """Write the pictures into a folder and return their files."""
    seen = street()
    files = {
        "street.jpg": _encoded(_levels(seen.rgb), "JPEG", quality=QUALITY),
        "street_depth.png": _encoded(depth_levels(seen.depth), "PNG", optimize=True),
        **{f"car_{colour}.png": _encoded(_levels(car(colour)), "PNG", optimize=True) for colour in CARS},
    }
    for name, content in files.items():
        write_file(folder / name, content)
    return [folder / name for name in files]


def _levels(picture: Tensor) -> np.ndarray:
    return (picture.clamp(0.0, 1.0) * 255.0).round().to(torch.uint8).cpu().numpy()


def _encoded(levels: np.ndarray, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(levels)).save(stream, format=kind, **options)
    return stream.getvalue()


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description="Make the pictures of the MetaWorld examples.")
    parser.add_argument("--out", type=Path, default=EXAMPLE_INPUTS, help="folder")
    for path in write_scene_inputs(parser.parse_args().out):
        print(path)


if __name__ == "__main__":
    main()
