"""How fast condition videos are rendered.

    python -m shared_world.benchmarks.scene_rendering [--points 1000000 --frames 81 --height 480 --width 832 --agents 2]

A path through a hall whose floor and walls are random points. "copy" is a plain copy of the points, once per frame:
what reading and writing the cloud costs at least. Points per second count every point in every frame, in view or not.
Seconds are those of the clock, and of the processor, which tell more on a busy machine.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch

from ..world.paths import upright_poses
from ..world.rigs import pinhole_intrinsics
from ..world.scene import AgentGaussian, PointCloud, RenderOptions, Scene, Splatter, render_scene
from .processes import peak_mebibytes

HALL = (40.0, 6.0, 80.0)
"""Width, height and length in metres."""

EYE = 1.6

Result = TypeVar("Result")


def hall(points: int) -> PointCloud:
    """Points on the floor and the walls of a hall, evenly in each third."""
    random = torch.Generator().manual_seed(0)
    places = (torch.rand(points, 3, generator=random) - 0.5) * torch.tensor(HALL)
    places[:, 1] -= HALL[1] / 2.0
    floor, side = points // 3, 2 * points // 3
    places[:floor, 1] = 0.0
    places[floor:side, 0] = torch.sign(places[floor:side, 0]) * HALL[0] / 2.0
    places[side:, 2] = torch.sign(places[side:, 2]) * HALL[2] / 2.0
    return PointCloud(places, torch.rand(points, 3, generator=random))


def path(frames: int) -> torch.Tensor:
    """Camera poses (frames, 4, 4): forward through the hall, turning by a quarter."""
    share = torch.linspace(0.0, 1.0, frames, dtype=torch.float64)
    across = torch.zeros_like(share)
    return upright_poses(torch.stack([across, across - EYE, 60.0 * share - 30.0], dim=1), 90.0 * share)


def walkers(number: int, frames: int) -> tuple[AgentGaussian, ...]:
    """Agents that stay in sight of the path."""
    poses = path(frames)
    shape = torch.diag(torch.tensor([0.25, 0.5, 0.25], dtype=torch.float64).square()).expand(frames, 3, 3)
    members = []
    for agent in range(number):
        ahead = torch.tensor([agent - number / 2.0, 0.7, 6.0 + 2.0 * agent], dtype=torch.float64)
        means = poses[:, :3, :3] @ ahead + poses[:, :3, 3]
        members.append(AgentGaussian(f"agent {agent + 1}", means, shape))
    return tuple(members)


@dataclass(frozen=True)
class Duration:
    """How long something took.

    Attributes:
        clock: seconds that passed.
        processor: seconds that all cores together worked for this process.
    """

    clock: float
    processor: float

    def __str__(self) -> str:
        return f"{self.clock:8.2f} s, processor {self.processor:7.2f} s"


def timed(call: Callable[[], Result], device: torch.device) -> tuple[Duration, Result]:
    """Duration of a call, and what it returns."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter(), time.process_time()
    result = call()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return Duration(time.perf_counter() - start[0], time.process_time() - start[1]), result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Speed of rendering condition videos.")
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--frames", type=int, default=81)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--width", type=int, default=832)
    parser.add_argument("--agents", type=int, default=2)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    given = parser.parse_args()
    device = torch.device(given.device)

    scene = Scene(hall(given.points), walkers(given.agents, given.frames))
    extrinsics, intrinsics = path(given.frames), pinhole_intrinsics(given.width, given.height, 80.0)
    points = scene.background.points.to(device)
    room = torch.empty_like(points)
    size, options = (given.height, given.width), RenderOptions()
    render_scene(scene.with_agents(()), extrinsics[:2], intrinsics, *size, device=device)
    before = peak_mebibytes(device)

    copying = min(timed(lambda: room.copy_(points), device)[0].clock for _ in range(20))
    preparing, splatter = timed(lambda: Splatter(scene.background, device), device)
    radius = options.point_radius * min(size) / 2.0
    cameras = extrinsics, intrinsics.expand(given.frames, 3, 3)
    drawing = timed(lambda: splatter.draw(*cameras, *size, radius), device)[0]
    whole, videos = timed(lambda: render_scene(scene, extrinsics, intrinsics, *size, device=device), device)
    picturing = timed(videos.depth_video, device)[0]
    held = (videos.rgb.nbytes + videos.depth.nbytes) / 2**20

    print(
        f"{given.points} points, {given.frames} frames of {given.width}x{given.height}, {given.agents} agents", end=", "
    )
    print(device)
    print(f"sort the cloud      {preparing}")
    print(f"draw the background {drawing}, {given.points * given.frames / drawing.clock / 1e6:.1f} million points/s")
    print(f"RGB and depth       {whole}, {given.frames / whole.clock:.1f} frames/s")
    print(f"depth as disparity  {picturing}")
    print(f"copy of the points  {copying * 1e3:.2f} ms; a frame of background takes", end=" ")
    print(f"{drawing.clock / given.frames / copying:.0f} copies")
    print(f"memory              {peak_mebibytes(device) - before:.0f} MiB more, of which videos {held:.0f} MiB")


if __name__ == "__main__":
    main()
