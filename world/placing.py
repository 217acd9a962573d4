"""Agents, or a scene, moved to another place of the world, all together."""

from dataclasses import replace

import torch
from torch import Tensor

from .agents import Agents
from .poses import rigid, yaw_rotation


def placement(right: float = 0.0, up: float = 0.0, forward: float = 0.0, turn: float = 0.0) -> Tensor:
    """(4, 4) float64 that turns about the world's vertical axis, then shifts.

    Args:
        right, up, forward: metres along x, against y and along z.
        turn: degrees to the right.

    Raises:
        ValueError: if one of them is not finite.
    """
    shift = torch.tensor([right, -up, forward], dtype=torch.float64)
    if not torch.isfinite(shift).all() or not abs(turn) < float("inf"):
        raise ValueError(f"Nothing can be moved by {shift.tolist()} m and {turn} degrees; give finite numbers.")
    return rigid(yaw_rotation(turn), shift)


def place_agents(
    agents: Agents, right: float = 0.0, up: float = 0.0, forward: float = 0.0, turn: float = 0.0
) -> Agents:
    """The agents after `placement`; they keep their places relative to each other."""
    change = placement(right, up, forward, turn)
    return Agents(tuple(replace(agent, poses=change @ agent.poses) for agent in agents.members), agents.frame_rate)
