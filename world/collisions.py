"""How far apart bodies are over the ground plane.

Bodies are upright boxes, so only their footprints count: oriented rectangles on the ground (x-z). Heights are ignored;
agents on two floors of one building would be reported as overlapping.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .agents import Agents, Body


@dataclass(frozen=True)
class Footprint:
    """Oriented rectangles on the ground plane; leading axes are free and broadcast.

    Attributes:
        centre: (..., 2) x and z in metres.
        forward: (..., 2) unit vector x, z along the length.
        half_size: (..., 2) half width and half length in metres.
    """

    centre: Tensor
    forward: Tensor
    half_size: Tensor

    def axes(self) -> Tensor:
        """(..., 2, 2) rows: the unit vectors to the right and forward."""
        right = torch.stack([self.forward[..., 1], -self.forward[..., 0]], dim=-1)
        return torch.stack([right, self.forward], dim=-2)

    def corners(self) -> Tensor:
        """(..., 4, 2) x and z of the corners, in order around the rectangle."""
        signs = self.half_size.new_tensor([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
        local = signs * self.half_size[..., None, :]
        return self.centre[..., None, :] + local @ self.axes()


def footprint(poses: Tensor, body: Body) -> Footprint:
    """Footprint (...) of a body that stands upright at agent poses (..., 4, 4); pitch and roll are ignored."""
    centre = poses.new_tensor([*body.centre, 1.0])
    forward = poses[..., (0, 2), 2]
    length = torch.linalg.vector_norm(forward, dim=-1, keepdim=True)
    forward = torch.where(length > 1e-9, forward / length.clamp(min=1e-9), forward.new_tensor([0.0, 1.0]))
    half_size = poses.new_tensor([body.size[0] / 2.0, body.size[2] / 2.0])
    return Footprint((poses @ centre)[..., (0, 2)], forward, half_size.expand(forward.shape))


def _corner_distance(points: Tensor, rectangle: Footprint) -> Tensor:
    """(...) distance of the nearest of points (..., n, 2) to a rectangle; 0 for points inside."""
    local = (points - rectangle.centre[..., None, :]) @ rectangle.axes().mT
    outside = (local.abs() - rectangle.half_size[..., None, :]).clamp(min=0.0)
    return torch.linalg.vector_norm(outside, dim=-1).amin(-1)


def _axis_gap(first: Footprint, second: Footprint) -> Tensor:
    """(...) largest gap along the two axes of `first`; negative where the projections overlap on both."""
    axes = first.axes()
    offset = (axes @ (second.centre - first.centre)[..., None]).squeeze(-1).abs()
    reach = ((axes @ second.axes().mT).abs() @ second.half_size[..., None]).squeeze(-1)
    return (offset - first.half_size - reach).amax(-1)


def separation(first: Footprint, second: Footprint) -> Tensor:
    """(...) metres between two footprints, broadcast over the leading axes.

    Positive values are the exact distance of the rectangles. Where they overlap (separating axis theorem) the value is
    minus the shortest way to push them apart.
    """
    gap = torch.maximum(_axis_gap(first, second), _axis_gap(second, first))
    distance = torch.minimum(_corner_distance(first.corners(), second), _corner_distance(second.corners(), first))
    return torch.where(gap > 0.0, distance, gap)


def body_separations(agents: Agents) -> Tensor:
    """(agents, agents, frames) metres between bodies; negative where they overlap, inf on the diagonal.

    Raises ValueError naming the first agent without a body.
    """
    for agent in agents.members:
        if agent.body is None:
            raise ValueError(f"agent '{agent.name}' has no body; give it a size before asking for collisions.")
    prints = [footprint(agent.poses, agent.body) for agent in agents.members if agent.body is not None]
    everyone = Footprint(
        torch.stack([one.centre for one in prints]),
        torch.stack([one.forward for one in prints]),
        torch.stack([one.half_size for one in prints]),
    )
    rows = Footprint(everyone.centre[:, None], everyone.forward[:, None], everyone.half_size[:, None])
    separations = separation(rows, everyone)
    separations.diagonal().fill_(float("inf"))
    return separations
