"""Drawings of agents that exist already, so that they can be edited by hand."""

import logging

import torch
from torch import Tensor

from ..agents import Agent, Agents
from ..encounters import car_rig
from ..paths import Waypoint, path_from_waypoints
from ..poses import heading
from .drawing import Drawing, DrawnAgent

logger = logging.getLogger(__name__)

TILT_TOLERANCE = 1.0
"""Degrees of pitch or roll from which on it is worth a warning that a drawing has none."""


def drawing_from_agents(agents: Agents, metres: float = 0.1, degrees: float = 2.0) -> Drawing:
    """Waypoints whose paths follow those of the agents.

    The waypoints are few: the first and last frame, then the frame that is missed most, until none is missed by more
    than `metres` or turned by more than `degrees`. An agent that looks where it goes gets no yaws. Pitch, roll and zoom
    are lost, which is logged.
    """
    rig = car_rig()
    drawn = []
    for agent in agents.members:
        _warn_about(agent)
        waypoints = _waypoints(agent.poses, agents.frame_rate, metres, degrees)
        drawn.append(DrawnAgent(agent.name, waypoints, agent.body, None if agent.rig == rig else agent.rig))
    return Drawing(tuple(drawn))


def _warn_about(agent: Agent) -> None:
    tilt = torch.rad2deg(torch.acos(agent.poses[:, 1, 1].clamp(-1.0, 1.0)))
    if tilt.max() > TILT_TOLERANCE:
        logger.warning(
            "agent '%s' is tilted by %.3g degrees at frame %d; a drawing has no pitch and roll, they are left out.",
            agent.name, tilt.max().item(), int(tilt.argmax()),
        )  # fmt: skip
    if agent.frame_intrinsics is not None:
        logger.warning("agent '%s' zooms; a drawing has one lens for all frames, the rig's own.", agent.name)


def _waypoints(poses: Tensor, frame_rate: float, metres: float, degrees: float) -> tuple[Waypoint, ...]:
    headings = heading(poses)
    if len(poses) == 1 or _stands(poses, metres, degrees):
        return (_waypoint(poses, headings, 0, frame_rate, with_yaw=True),)
    with_yaws = False
    frames = [0, len(poses) - 1]
    while True:
        waypoints = tuple(_waypoint(poses, headings, frame, frame_rate, with_yaws) for frame in frames)
        drawn = path_from_waypoints(waypoints, len(poses), frame_rate)
        missed = torch.linalg.vector_norm(drawn[:, :3, 3] - poses[:, :3, 3], dim=-1) / metres
        turned = ((heading(drawn) - headings + 180.0) % 360.0 - 180.0).abs() / degrees
        if missed.max() <= 1.0 and turned.max() > 1.0 and not with_yaws:
            with_yaws = True
            continue
        error = torch.maximum(missed, turned) if with_yaws else missed
        error[frames] = 0.0
        if error.max() <= 1.0:
            return waypoints
        frames = sorted([*frames, int(error.argmax())])


def _stands(poses: Tensor, metres: float, degrees: float) -> bool:
    away = torch.linalg.vector_norm(poses[:, :3, 3] - poses[0, :3, 3], dim=-1).max()
    turned = ((heading(poses) - heading(poses[0]) + 180.0) % 360.0 - 180.0).abs().max()
    return bool(away <= metres and turned <= degrees)


def _waypoint(poses: Tensor, headings: Tensor, frame: int, frame_rate: float, with_yaw: bool) -> Waypoint:
    x, y, z = poses[frame, :3, 3].tolist()
    return Waypoint(frame / frame_rate, (x, y, z), headings[frame].item() if with_yaw else None)
