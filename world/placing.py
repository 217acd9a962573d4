"""Agents moved to another place of the world, all together."""

from dataclasses import replace

import torch

from .agents import Agents
from .poses import rigid, yaw_rotation


def place_agents(
    agents: Agents, right: float = 0.0, up: float = 0.0, forward: float = 0.0, turn: float = 0.0
) -> Agents:
    """The agents turned about the world's vertical axis, then shifted; they keep their places relative to each other.

    Args:
        agents: any number.
        right, up, forward: metres along x, against y and along z.
        turn: degrees to the right.
    """
    shift = torch.tensor([right, -up, forward], dtype=torch.float64)
    if not torch.isfinite(shift).all() or not abs(turn) < float("inf"):
        raise ValueError(f"Agents cannot be moved by {shift.tolist()} m and {turn} degrees; give finite numbers.")
    change = rigid(yaw_rotation(turn), shift)
    return Agents(tuple(replace(agent, poses=change @ agent.poses) for agent in agents.members), agents.frame_rate)
