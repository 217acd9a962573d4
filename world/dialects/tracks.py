"""TRACKS and JSON point strings: where other agents are in a camera's picture, frame by frame.

TRACKS is a dict with `track_path` (frames, tracks, 2), x and y in pixels of the picture, and `track_visibility`
(frames, tracks). A JSON point string is a list of tracks, each a list of {"x": ..., "y": ...}, one per frame; it cannot
say that a point is not visible. Both are pictures of the paths: what is lost is depth, and with it the way back.
"""

import json
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ..agents import Agent, Agents
from ..choices import check_choice
from ..poses import inverse
from .cameras import CameraPath, camera_of

TrackedPoints = Literal["centre", "corners"]
"""The middle of each body, or the eight corners of its box; agents without a body have their origin only."""

NEAREST = 0.05
"""Metres in front of the camera; what is nearer, or behind it, has no place in the picture."""


@dataclass(frozen=True, eq=False)
class ProjectedTracks:
    """Points of agents in one camera's picture.

    Attributes:
        labels: agent of each track.
        places: (frames, tracks, 2) float32, x and y in pixels. What is behind the camera stands outside of the picture,
            on the side where it is.
        visible: (frames, tracks) bool, whether the point is in front of the camera and within the picture. What hides
            behind something else counts as visible.
    """

    labels: tuple[str, ...]
    places: Tensor
    visible: Tensor

    def as_tracks(self) -> dict[str, Tensor]:
        """As TRACKS."""
        return {"track_path": self.places, "track_visibility": self.visible}

    def as_json(self) -> str:
        """As a JSON point string, without tracks that are never visible; `[]` if there is none."""
        seen = self.visible.any(0).nonzero().flatten().tolist()
        tracks = [[{"x": round(x, 2), "y": round(y, 2)} for x, y in self.places[:, track].tolist()] for track in seen]
        return json.dumps(tracks)


def project_agents(
    agents: Agents,
    viewer: str = "",
    view: str = "",
    size: tuple[int, int] | None = None,
    points: TrackedPoints = "centre",
) -> ProjectedTracks:
    """All other agents as one agent's camera has them in its picture.

    Args:
        agents: at least two.
        viewer: name of the agent whose camera it is; empty for the first.
        view: name of its camera; empty for the first.
        size: (width, height) of the picture that the places are for; None for the camera's own.
        points: what of an agent is tracked.

    Raises:
        ValueError: if there is no such agent or view, or nobody else.
    """
    check_choice("The points", points, TrackedPoints)
    viewer = viewer or agents.names[0]
    if viewer not in agents.names:
        raise ValueError(f"There is no agent '{viewer}'; the agents are {', '.join(agents.names)}.")
    others = [agent for agent in agents.members if agent.name != viewer]
    if not others:
        raise ValueError(f"There is nobody but '{viewer}', so nothing to track; combine it with other agents.")
    camera = camera_of(agents.members[agents.names.index(viewer)], view)
    camera = camera if size is None else camera.resized(*size)
    world = [_points(agent, points) for agent in others]
    labels = [agent.name for agent, own in zip(others, world, strict=True) for _ in range(own.shape[1])]
    places, visible = project(torch.cat(world, dim=1), camera)
    return ProjectedTracks(tuple(labels), places, visible)


def project(points: Tensor, camera: CameraPath) -> tuple[Tensor, Tensor]:
    """Places (frames, points, 2) float32 and visibility (frames, points) of (frames, points, 3) points in metres."""
    to_camera = inverse(camera.poses)
    local = points @ to_camera[:, :3, :3].mT + to_camera[:, None, :3, 3]
    ahead = local[..., 2] > NEAREST
    projected = local @ camera.intrinsics.mT
    size = points.new_tensor([camera.width, camera.height])
    places = projected[..., :2] / projected[..., 2:].clamp(min=NEAREST)
    side = local[..., :2]
    # What is straight behind has no side; any does.
    side = torch.where(side.norm(dim=-1, keepdim=True) > 1e-9, side, side.new_tensor([0.0, 1.0]))
    outside = size / 2.0 + torch.nn.functional.normalize(side, dim=-1) * size.norm()
    places = torch.where(ahead[..., None], places, outside)
    visible = ahead & (places >= 0.0).all(-1) & (places < size).all(-1)
    return places.float(), visible


def _points(agent: Agent, points: TrackedPoints) -> Tensor:
    """(frames, points, 3) in the world."""
    local = torch.zeros(1, 3, dtype=torch.float64)
    if agent.body is not None:
        local = torch.tensor([agent.body.centre], dtype=torch.float64)
        if points == "corners":
            halves = torch.tensor(agent.body.size, dtype=torch.float64) / 2.0
            ends = torch.tensor([-1.0, 1.0], dtype=torch.float64)
            local = local + torch.cartesian_prod(ends, ends, ends) * halves
    return local @ agent.poses[:, :3, :3].mT + agent.poses[:, None, :3, 3]
