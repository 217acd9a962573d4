"""What agents' cameras have in common: whom they see, and how much of their fields of view they share."""

import torch
from torch import Tensor

from ..agents import Agent, Agents
from ..poses import inverse

REACH = 30.0
"""Metres to which fields of view are compared."""

NEAREST = 0.1
MOST_FRAMES = 24
RAYS = (5, 3)
STEPS = 5
"""Frames, rays across and down a picture, and points on each ray, at which fields of view are compared."""


def seen_shares(agents: Agents) -> Tensor:
    """(agents, agents) share of the frames in which a view of the first has the middle of the second in its picture.

    Nothing hides anything; the diagonal is 0.
    """
    result = torch.zeros(len(agents), len(agents), dtype=torch.float64)
    for row, viewer in enumerate(agents.members):
        for column, other in enumerate(agents.members):
            if row != column:
                result[row, column] = _in_sight(_middle(other)[:, None], viewer).double().mean()
    return result


def overlap_shares(agents: Agents, reach: float = REACH) -> Tensor:
    """(agents, agents) share of what the first has in its fields of view up to `reach` metres that the second has too.

    Points are compared that lie evenly over the pictures and over the distance; the diagonal is 1.
    """
    chosen = torch.linspace(0, agents.frame_count - 1, min(agents.frame_count, MOST_FRAMES)).round().long()
    members = agents.select_frames(chosen).members
    points = [_points_in_view(agent, reach) for agent in members]
    shares = [[_in_sight(own, other, reach).double().mean() for other in members] for own in points]
    return torch.tensor(shares, dtype=torch.float64)


def _middle(agent: Agent) -> Tensor:
    """(frames, 3) of the body, or of the agent's origin."""
    centre = torch.tensor(agent.body.centre if agent.body is not None else (0.0, 0.0, 0.0), dtype=torch.float64)
    return agent.poses[:, :3, :3] @ centre + agent.poses[:, :3, 3]


def _points_in_view(agent: Agent, reach: float) -> Tensor:
    """(frames, points, 3) in the world."""
    across = (torch.arange(RAYS[0], dtype=torch.float64) + 0.5) * agent.rig.width / RAYS[0]
    down = (torch.arange(RAYS[1], dtype=torch.float64) + 0.5) * agent.rig.height / RAYS[1]
    pixels = torch.cartesian_prod(across, down)
    pixels = torch.cat([pixels, torch.ones(len(pixels), 1, dtype=torch.float64)], dim=1)
    rays = pixels @ torch.linalg.inv(agent.intrinsics()).mT
    depths = (torch.arange(STEPS, dtype=torch.float64) + 0.5) * reach / STEPS
    local = (rays[..., None, :] * depths[:, None]).flatten(2, 3)
    cameras = agent.extrinsics()
    world = local @ cameras[..., :3, :3].mT + cameras[..., None, :3, 3]
    return world.flatten(1, 2)


def _in_sight(points: Tensor, agent: Agent, reach: float = float("inf")) -> Tensor:
    """(frames, points) whether any view of an agent has points (frames, points, 3) in its picture."""
    to_camera = inverse(agent.extrinsics())
    local = points[:, None] @ to_camera[..., :3, :3].mT + to_camera[..., None, :3, 3]
    projected = local @ agent.intrinsics().mT
    places = projected[..., :2] / projected[..., 2:].clamp(min=NEAREST)
    size = points.new_tensor([agent.rig.width, agent.rig.height])
    inside = (places >= 0.0).all(-1) & (places <= size).all(-1)
    # A point of the own field of view must count whatever rounding did to it.
    depth = local[..., 2]
    return (inside & (depth > NEAREST) & (depth <= reach * (1.0 + 1e-9))).any(1)
