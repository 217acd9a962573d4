"""What a map of agents shows, seen from above: x points to the right and z upwards."""

import math
from typing import Any

import torch
from torch import Tensor

from .agents import Agent, Agents, Body

SMALLEST_EXTENT = 20.0
"""Metres that a map shows at least, so that standing agents do not fill it."""

UNKNOWN_BODY = Body((1.0, 1.0, 1.0))
"""Drawn for agents without a body."""

Corner = tuple[float, float]


def extent(agents: Agents) -> tuple[Corner, Corner, float]:
    """Corners (x, z) of the part to show, and the length of the wedge of a view, in metres."""
    ground = agents.poses()[..., (0, 2), 3].flatten(0, 1)
    low, high = ground.amin(0), ground.amax(0)
    largest = max((high - low).max().item(), SMALLEST_EXTENT)
    reach = 0.17 * largest
    margin = torch.clamp((0.6 * largest - (high - low)) / 2.0, min=reach)
    low, high = low - margin, high + margin
    return (low[0].item(), low[1].item()), (high[0].item(), high[1].item()), reach


def view_bearings(agent: Agent) -> Tensor:
    """(frames, views, 2) bearings of the left and right edge of every view in radians, from z towards x.

    The right one is in left .. left + 2 pi. NaN for a camera that looks straight up or down, which has no bearing.
    """
    cameras, intrinsics = agent.extrinsics(), agent.intrinsics()
    edges = torch.tensor([0.0, float(agent.rig.width)], dtype=torch.float64)
    sideways = (edges - intrinsics[..., 0, 2, None]) / intrinsics[..., 0, 0, None]
    rays = sideways[..., None] * cameras[..., None, :3, 0] + cameras[..., None, :3, 2]
    bearings = torch.atan2(rays[..., 0], rays[..., 2])
    opening = (bearings[..., 1] - bearings[..., 0]) % math.tau
    level = torch.hypot(cameras[..., 0, 2], cameras[..., 2, 2])[..., None] > 1e-3
    return torch.where(level, torch.stack([bearings[..., 0], bearings[..., 0] + opening], -1), torch.nan)


def describe_ground_plan(agents: Agents) -> dict[str, Any]:
    """The map as plain numbers for JSON, in metres and radians rounded to four digits.

    Returns:
        `low`, `high`: corners (x, z); `reach`: length of a wedge; `frame_rate`; `agents`: for each its `name`, its
        `body` (width, length, and the centre's x and z in the agent's frame), its `track` with x, z and bearing per
        frame, and its `views` with a `name` and `wedges`: per frame the camera's x and z and the bearings of the left
        and the right edge, null for a camera that looks straight up or down.
    """
    low, high, reach = extent(agents)
    return {
        "low": _rounded(torch.tensor(low), 3),
        "high": _rounded(torch.tensor(high), 3),
        "reach": round(reach, 3),
        "frame_rate": agents.frame_rate,
        "agents": [_describe_agent(agent) for agent in agents.members],
    }


def _describe_agent(agent: Agent) -> dict[str, Any]:
    body = agent.body or UNKNOWN_BODY
    forward = agent.poses[:, (0, 2), 2]
    track = torch.cat([agent.poses[:, (0, 2), 3], torch.atan2(forward[:, :1], forward[:, 1:])], -1)
    cameras = agent.extrinsics()[..., (0, 2), 3]
    edges = torch.cat([cameras, view_bearings(agent)], -1)
    views = [
        {"name": name, "wedges": [None if math.isnan(row[-1]) else row for row in _rounded(edges[:, view], 4)]}
        for view, name in enumerate(agent.rig.view_names)
    ]
    return {
        "name": agent.name,
        "body": [body.size[0], body.size[2], body.centre[0], body.centre[2]],
        "track": _rounded(track, 4),
        "views": views,
    }


def _rounded(values: Tensor, digits: int) -> Any:
    return values.double().round(decimals=digits).tolist()
