"""Make what the unrolling example loads: python -m shared_world.development.make_drive_inputs.

A drive behind a red car that turns off, its true depth as a grey video, and the masks of the car.
"""

import argparse
import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch
from torch import Tensor

from ..pocket.render import Pictures, render_agents
from ..pocket.town import FIRST_CAR
from ..world.agents import Agent, Agents
from ..world.encounters import CAR
from ..world.formats.files import write_file
from ..world.paths import path_from_waypoints
from ..world.poses import rigid, yaw_rotation
from ..world.rigs import front_rig
from ..world.waypoint_text import parse_waypoints
from .example_inputs import EXAMPLE_INPUTS
from .make_scene_inputs import town

WIDTH, HEIGHT, FOV = 192, 112, 90.0
FRAMES, FRAME_RATE = 17, 5.0
CAMERA_HEIGHT = 1.6
SAMPLES = 9

START = (1.75, 0.0, -17.0)
"""Where the filming car starts in the town: the origin of the paths. It looks along z at the crossroads."""
FILMING = "0 0 0\n3.2 0 6"
FILMED = "0 0 7\n1.2 0 11.5\n2.2 2.4 14.6\n3.2 7.5 15.25"
"""Seconds, x and z in metres."""

NEAREST, FARTHEST = 4.0, 150.0
"""Metres that white and black stand for in the depth video, in which grey is inverse distance."""

QUALITY = {"drive.mp4": 46, "drive_depth.mp4": 34, "drive_car.mp4": 36}
"""AV1's constant quality, by file; less is better and larger."""


def drive() -> Agents:
    """The car that films, and the one that it films, in the town's world."""
    rig = front_rig(WIDTH, HEIGHT, FOV, mount=(0.0, -CAMERA_HEIGHT, 0.0))
    start = rigid(yaw_rotation(0.0), torch.tensor(START, dtype=torch.float64))
    members = []
    for name, waypoints in (("filming", FILMING), ("filmed", FILMED)):
        poses = path_from_waypoints(parse_waypoints(waypoints), FRAMES, FRAME_RATE, "constant", stretch=True)
        members.append(Agent(name, start @ poses, rig, CAR))
    return Agents(tuple(members), FRAME_RATE)


def seen() -> Pictures:
    """What the filming car sees; its pictures have only the axis of the frames before height and width."""
    pictures = render_agents(town(), drive(), samples=SAMPLES, colours=("blue", "red"))
    return Pictures(pictures.rgb[0, :, 0], pictures.depth[0, :, 0], pictures.instances[0, :, 0])


def depth_greys(depth: Tensor) -> Tensor:
    """(frames, height, width) in 0..1 of a depth in metres; what is farther than `FARTHEST`, as the sky, is black."""
    inverse = (1.0 / depth.double() - 1.0 / FARTHEST) / (1.0 / NEAREST - 1.0 / FARTHEST)
    return torch.nan_to_num(inverse).clamp(0.0, 1.0)


def write_drive_inputs(folder: Path) -> list[Path]:
    """Write the videos into a folder and return their files."""
    pictures = seen()
    car = (pictures.instances >= FIRST_CAR).double()
    contents = {
        "drive.mp4": pictures.rgb.double(),
        "drive_depth.mp4": depth_greys(pictures.depth)[..., None].expand(-1, -1, -1, 3),
        "drive_car.mp4": car[..., None].expand(-1, -1, -1, 3),
    }
    for name, frames in contents.items():
        write_file(folder / name, _encoded((frames * 255.0).round().to(torch.uint8).numpy(), QUALITY[name]))
    return [folder / name for name in contents]


def _encoded(frames: np.ndarray, quality: int) -> bytes:
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        video = container.add_stream("libsvtav1", rate=Fraction(FRAME_RATE))
        video.height, video.width, video.pix_fmt = *frames.shape[1:3], "yuv420p"
        video.options = {"crf": str(quality), "preset": "3"}
        for frame in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        container.mux(video.encode())
    return stream.getvalue()


def main() -> None:
    """Write the videos."""
    parser = argparse.ArgumentParser(description="Make the videos of the unrolling example.")
    parser.add_argument("--out", type=Path, default=EXAMPLE_INPUTS, help="folder")
    for path in write_drive_inputs(parser.parse_args().out):
        print(path)


if __name__ == "__main__":
    main()
