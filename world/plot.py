"""Top-down picture of agents: their paths, where they are at a frame, and what their cameras see.

x points to the right and z upwards in the picture, as on a map; the reader looks down on the ground.
"""

import math

import numpy as np
import torch
from torch import Tensor

from .agents import Agent, Agents
from .collisions import footprint
from .ground_plan import UNKNOWN_BODY, extent, view_bearings
from .palette import PALETTE, Color
from .plot_canvas import INK, Canvas, Point

SMALLEST_SIZE = 128
"""Pixels per side below which nothing could be read."""

STANDING_STILL = 0.05
"""Metres; an agent that moves less has no path to draw."""

DOT, RING, ARROW = 3.0, 5.0, 15.0
SO_FAR, AHEAD = 4.5, 1.5
"""Radii, length and widths of the signs of a path, in pixels of a picture of 768 pixels."""

WHITE: Color = (255, 255, 255)


def plot_agents(agents: Agents, frame: int = 0, size: tuple[int, int] = (768, 768)) -> Tensor:
    """Map of the agents at one frame; the same part of the world at every frame.

    The way behind an agent is a thick line, the way ahead a thin one, with a ring at the start, an arrowhead at the end
    and a dot every second. Wedges are the horizontal fields of view at the frame, named like the views, the first one
    stronger; the length of a wedge means nothing.

    Args:
        agents: any number; colours repeat after seven.
        frame: frame number; negative ones count from the end.
        size: (width, height) in pixels.

    Returns:
        (height, width, 3) float32 in 0..1.

    Raises:
        ValueError: if the frame does not exist or a side of the picture is below `SMALLEST_SIZE`.
    """
    if not -agents.frame_count <= frame < agents.frame_count:
        raise ValueError(f"Frame {frame} does not exist; the agents have frames 0 to {agents.frame_count - 1}.")
    if min(size) < SMALLEST_SIZE:
        raise ValueError(
            f"A plot needs at least {SMALLEST_SIZE} x {SMALLEST_SIZE} pixels, given {size[0]} x {size[1]}."
        )
    frame %= agents.frame_count
    low, high, reach = extent(agents)
    canvas = Canvas(size, low, high)
    canvas.grid()
    colored = [(agent, PALETTE[index % len(PALETTE)]) for index, agent in enumerate(agents.members)]
    for agent, color in colored:
        _draw_views(canvas, agent, frame, reach, color)
    for agent, color in colored:
        _draw_path(canvas, agent, frame, agents.frame_rate, color)
    for agent, color in colored:
        _draw_body(canvas, agent, frame, color)
    for agent, color in colored:
        canvas.name(_ground(agent.poses[frame]), agent.name, color, near=_radius(agent), far=reach)
    _draw_key(canvas, agents, frame)
    return torch.from_numpy(np.asarray(canvas.finished(), dtype=np.float32) / 255.0)


def _ground(pose: Tensor) -> Point:
    return pose[0, 3].item(), pose[2, 3].item()


def _radius(agent: Agent) -> float:
    """Metres from the middle of the body to its corner."""
    size = (agent.body or UNKNOWN_BODY).size
    return math.hypot(size[0], size[2]) / 2.0


def _draw_views(canvas: Canvas, agent: Agent, frame: int, reach: float, color: Color) -> None:
    """Wedge and name of every view; a camera that looks straight up or down has no wedge."""
    cameras, bearings = agent.extrinsics()[frame], view_bearings(agent)[frame].tolist()
    dark = (round(0.65 * color[0]), round(0.65 * color[1]), round(0.65 * color[2]))
    for view, name in enumerate(agent.rig.view_names):
        first, last = bearings[view]
        if math.isnan(first):
            continue
        origin, opening = _ground(cameras[view]), last - first
        arc = [_toward(origin, first + opening * step / 24.0, reach) for step in range(25)]
        canvas.polygon([origin, *arc], color, alpha=75 if view == 0 else 24, outline=140)
        # Off the middle, where the path of an agent that drives straight on would cross the word.
        canvas.small_name(_toward(origin, first + 0.3 * opening, 0.75 * reach), name, dark)


def _toward(origin: Point, bearing: float, distance: float) -> Point:
    return origin[0] + distance * math.sin(bearing), origin[1] + distance * math.cos(bearing)


def _draw_path(canvas: Canvas, agent: Agent, frame: int, frame_rate: float, color: Color) -> None:
    points = [(x, z) for x, z in agent.poses[:, (0, 2), 3].tolist()]
    if max(math.dist(point, points[0]) for point in points) < STANDING_STILL:
        return
    canvas.line(points, color, width=AHEAD)
    if frame > 0:
        canvas.line(points[: frame + 1], color, width=SO_FAR)
    for second in range(1, math.ceil((len(points) - 1) / frame_rate)):
        canvas.dot(points[round(second * frame_rate)], color, DOT)
    canvas.dot(points[0], color, RING, hollow=True)
    before = next((point for point in reversed(points) if math.dist(point, points[-1]) > STANDING_STILL), points[0])
    canvas.arrowhead(points[-1], (points[-1][0] - before[0], points[-1][1] - before[1]), color, ARROW)


def _draw_body(canvas: Canvas, agent: Agent, frame: int, color: Color) -> None:
    """The footprint, with a white arrow that points forward."""
    body = footprint(agent.poses[frame], agent.body or UNKNOWN_BODY)
    corners = [(x, z) for x, z in body.corners().tolist()]
    canvas.polygon(corners, color, alpha=255, outline=255)
    canvas.take(corners)
    x, z = body.centre.tolist()
    forward_x, forward_z = body.forward.tolist()
    half_width, half_length = body.half_size.tolist()
    tip = (x + 0.8 * half_length * forward_x, z + 0.8 * half_length * forward_z)
    back = (x + 0.1 * half_length * forward_x, z + 0.1 * half_length * forward_z)
    side = (0.7 * half_width * forward_z, -0.7 * half_width * forward_x)
    arrow = [tip, (back[0] + side[0], back[1] + side[1]), (back[0] - side[0], back[1] - side[1])]
    canvas.polygon(arrow, WHITE, alpha=255)


def _draw_key(canvas: Canvas, agents: Agents, frame: int) -> None:
    """Line above the map: the time, and as many of the signs explained as there is room for."""
    middle, step = 0.5 * canvas.top, canvas.text_size
    seconds, last = frame / agents.frame_rate, agents.frame_count - 1
    time = f"frame {frame} / {last}    {seconds:.2f} / {last / agents.frame_rate:.2f} s"
    canvas.text((canvas.right, middle), time, "rm")
    room = canvas.right - canvas.text_width(time) - 2.0 * step
    x = canvas.left
    for sign in ("start", "so far", "ahead", "end", "every second"):
        end = x + 2.1 * step + canvas.text_width(sign)
        if end > room:
            return
        middle_of_sign = (x + 0.8 * step, middle)
        if sign in ("so far", "ahead"):
            width = SO_FAR if sign == "so far" else AHEAD
            canvas.line_at([(x, middle), (x + 1.6 * step, middle)], INK, width)
        elif sign == "end":
            canvas.arrowhead_at((x + 1.4 * step, middle), (1.0, 0.0), INK, ARROW)
        else:
            canvas.dot_at(middle_of_sign, INK, RING if sign == "start" else DOT, hollow=sign == "start")
        canvas.text((x + 2.1 * step, middle), sign, "lm")
        x = end + 1.4 * step
