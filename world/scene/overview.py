"""Scenes seen from outside: pictures from above, and agents and paths as points."""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ..poses import pitch_rotation, rigid
from .rendering import RenderOptions, render_scene
from .scene import AgentGaussian, PointCloud, Scene

DOWNWARDS = (90.0, 35.0)
"""Degrees below the horizon of the pictures: a map, in which forward (z) is up, and a slanted view."""

BACKDROP = (0.12, 0.12, 0.14)

SHOWN_SHARE = 0.98
"""Share of the points along each axis that fit into the picture; a few far ones would shrink all others."""

_FAR = 50.0
_MARGIN = 1.05
_SAMPLES = 1 << 18
_BODY_POINTS = 2000
_PATH_POINTS = 500


def draw_overview(scene: Scene, size: int, downwards: Sequence[float] = DOWNWARDS) -> Tensor:
    """Square pictures of a scene from outside, (pictures, size, size, 3) float32 in 0..1.

    The cameras look along z, from so far away that the pictures are nearly to scale.

    Args:
        scene: drawn at the first frame of its agents.
        size: of a picture in pixels.
        downwards: degrees below the horizon, one picture for each; 90 is a map.
    """
    middle, radius = _extent(scene)
    angles = torch.tensor(downwards, dtype=torch.float64)
    rotation = pitch_rotation(-angles)
    extrinsics = rigid(rotation, middle - rotation[..., 2] * _FAR * radius)
    focal = _FAR * size / (2.0 * _MARGIN)
    intrinsics = torch.tensor([[focal, 0.0, size / 2.0], [0.0, focal, size / 2.0], [0.0, 0.0, 1.0]]).double()
    options = RenderOptions(background=BACKDROP, point_radius=0.006)
    still = scene.with_agents([_repeated(agent, 0, len(angles)) for agent in scene.agents])
    return render_scene(still, extrinsics, intrinsics, size, size, options).rgb


def _extent(scene: Scene) -> tuple[Tensor, float]:
    """Middle (3,) and half the side of a cube around nearly all points and all agents."""
    points = scene.background.points.cpu().double()
    points = points[:: 1 + (len(points) - 1) // _SAMPLES]
    outside = (1.0 - SHOWN_SHARE) / 2.0
    low, high = torch.quantile(points, torch.tensor([outside, 1.0 - outside], dtype=torch.float64), dim=0)
    if scene.agents:
        means = torch.cat([agent.means for agent in scene.agents])
        low, high = torch.minimum(low, means.amin(0)), torch.maximum(high, means.amax(0))
    return (low + high) / 2.0, max((high - low).max().item() / 2.0, 1e-3)


def at_frame(scene: Scene, frame: int) -> Scene:
    """The scene with its agents at one frame only; frames after the last one are the last."""
    return scene.with_agents([_repeated(agent, min(frame, agent.frame_count - 1), 1) for agent in scene.agents])


def _repeated(agent: AgentGaussian, frame: int, times: int) -> AgentGaussian:
    index = torch.full((times,), frame)
    return replace(agent, means=agent.means[index], covariances=agent.covariances[index])


def with_path(cloud: PointCloud, positions: Tensor, colour: tuple[float, float, float]) -> PointCloud:
    """The cloud with points along a path (frames, 3)."""
    time = torch.linspace(0.0, len(positions) - 1.0, _PATH_POINTS, dtype=torch.float64)
    before = time.floor().long().clamp(max=max(len(positions) - 2, 0))
    after = (before + 1).clamp(max=len(positions) - 1)
    places = torch.lerp(positions.double()[before], positions.double()[after], (time - before)[:, None])
    return _with_points(cloud, places, colour)


def with_agents_as_points(scene: Scene, sigmas: float = RenderOptions().ellipsoid_sigmas) -> PointCloud:
    """The background with points on the ellipsoids of all agents at their first frame."""
    cloud = scene.background
    number = torch.arange(_BODY_POINTS, dtype=torch.float64) + 0.5
    # Fibonacci's sphere: evenly spread directions.
    up = 1.0 - 2.0 * number / _BODY_POINTS
    angle = math.pi * (1.0 + math.sqrt(5.0)) * number
    around = torch.sqrt(1.0 - up * up)
    sphere = torch.stack([around * torch.cos(angle), up, around * torch.sin(angle)], dim=1)
    for agent in scene.agents:
        shape = torch.linalg.cholesky(agent.covariances[0])
        cloud = _with_points(cloud, agent.means[0] + sigmas * sphere @ shape.mT, agent.colour)
    return cloud


def _with_points(cloud: PointCloud, places: Tensor, colour: tuple[float, float, float]) -> PointCloud:
    points = torch.cat([cloud.points.cpu(), places.float()])
    colours = torch.cat([cloud.colours.cpu(), torch.tensor(colour).expand(len(places), 3)])
    return PointCloud(points, colours)
