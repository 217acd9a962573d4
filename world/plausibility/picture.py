"""Agents from above and from the side, so that a wrong up, height or direction can be seen."""

from collections.abc import Sequence
from textwrap import wrap

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from ..agents import Agent, Agents
from ..ground_plan import SMALLEST_EXTENT
from ..palette import PALETTE, Color
from ..plot import plot_agents
from ..plot_canvas import BACKGROUND, INK, Canvas, Point

ALARM: Color = (180, 30, 20)

CAMERAS = 7
"""How many moments of each agent are drawn from the side."""

MARGIN = 0.12
LENGTH = 0.07
"""Around the agents, and of the lines for up and forward, as shares of what is shown."""


def check_picture(agents: Agents, frame: int = 0, size: int = 768, warnings: Sequence[str] = ()) -> Tensor:
    """(height, 2 size, 3) float32 in 0..1: the map of `plot.plot_agents`, beside it the view from the side.

    From the side, height is upwards and the ground a dark line; to the right goes x or z, whichever the agents spread
    more along. Each dot is an agent's first camera at one moment; the thick line is its up, the arrow its forward.
    Warnings are written below; without any the height is `size`.

    Raises ValueError as `plot_agents`.
    """
    sides = torch.cat([plot_agents(agents, frame, (size, size)), _from_the_side(agents, (size, size))], dim=1)
    return torch.cat([sides, _written(warnings, 2 * size)]) if warnings else sides


def _written(warnings: Sequence[str], width: int) -> Tensor:
    """(height, width, 3) with the warnings, one after the other."""
    text_size = max(width / 80.0, 9.0)
    font = ImageFont.load_default(text_size)
    columns = int(1.7 * width / text_size)
    text = "\n".join(line for warning in warnings for line in wrap(warning, columns))
    picture = Image.new("RGB", (width, 1), BACKGROUND)
    box = ImageDraw.Draw(picture).multiline_textbbox((0, 0), text, font=font)
    picture = Image.new("RGB", (width, round(box[3] + 1.5 * text_size)), BACKGROUND)
    ImageDraw.Draw(picture).multiline_text((text_size, 0.5 * text_size), text, fill=ALARM, font=font)
    return torch.from_numpy(np.asarray(picture, dtype=np.float32) / 255.0)


def _from_the_side(agents: Agents, size: tuple[int, int]) -> Tensor:
    cameras = [_moments(agent) for agent in agents.members]
    places = torch.cat([poses[:, :3, 3] for poses in cameras])
    spread = places.amax(0) - places.amin(0)
    axis = 0 if spread[0] > spread[2] else 2
    along, heights = places[:, axis], -places[:, 1]
    low, high = min(heights.min().item(), 0.0), max(heights.max().item(), 0.0)
    extent = max(spread[axis].item(), high - low, SMALLEST_EXTENT / 2.0)
    middle = (along.max().item() + along.min().item()) / 2.0
    half, border = extent / 2.0, MARGIN * extent
    canvas = Canvas(size, (middle - half - border, low - border), (middle + half + border, high + border))
    canvas.grid(("x" if axis == 0 else "z") + " in metres", "height in metres")
    ground = canvas.at((middle, 0.0))[1]
    canvas.line_at([(canvas.left, ground), (canvas.right, ground)], INK, 2.0)
    for index, (agent, poses) in enumerate(zip(agents.members, cameras, strict=True)):
        color = PALETTE[index % len(PALETTE)]
        for pose in poses:
            _draw_camera(canvas, pose, axis, LENGTH * extent, color)
        canvas.name(_place(poses[0], axis), agent.name, color, near=LENGTH * extent, far=2.0 * LENGTH * extent)
    canvas.text((canvas.right, 0.5 * canvas.top), "from the side: thick up, thin forward", "rm")
    return torch.from_numpy(np.asarray(canvas.finished(), dtype=np.float32) / 255.0)


def _moments(agent: Agent) -> Tensor:
    """(moments, 4, 4) of the first camera, evenly over the clip."""
    count = min(CAMERAS, agent.frame_count)
    chosen = torch.linspace(0, agent.frame_count - 1, count).round().long()
    return agent.extrinsics()[chosen, 0]


def _place(pose: Tensor, axis: int) -> Point:
    return pose[axis, 3].item(), -pose[1, 3].item()


def _draw_camera(canvas: Canvas, pose: Tensor, axis: int, length: float, color: Color) -> None:
    start = _place(pose, axis)
    up = (-pose[axis, 1].item(), pose[1, 1].item())
    forward = (pose[axis, 2].item(), -pose[1, 2].item())
    canvas.line([start, (start[0] + length * up[0], start[1] + length * up[1])], color, 3.5)
    tip = (start[0] + length * forward[0], start[1] + length * forward[1])
    canvas.line([start, tip], color, 1.2)
    if max(abs(forward[0]), abs(forward[1])) > 0.2:
        canvas.arrowhead(tip, forward, color, 9.0)
    canvas.dot(start, color, 4.0)
