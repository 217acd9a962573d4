"""What MetaWorld is told about a clip: condition videos of two kinds of background, and identity images."""

import torch
from torch import Tensor

from ..sampling.identity_pictures import identity_pictures
from ..world.scene import (
    PointCloud,
    RenderOptions,
    Scene,
    gaussians_of_agents,
    render_for_agent,
)
from ..world.scene.seen_by_agents import cloud_seen_by
from .posed_clips import PosedWindow
from .settings import Background, ConditionSettings


def background_cloud(window: PosedWindow, background: Background, settings: ConditionSettings) -> PointCloud:
    """What does not move: of all frames of all agents, or of their first frames alone."""
    return cloud_seen_by(
        window.agents,
        window.frames.float() / 255.0,
        window.depth,
        window.agents_seen,
        first_frames_alone=background == "anchor",
        dilation=settings.mask_dilation,
        farthest=settings.farthest,
        voxel=settings.voxel,
        neighbours=0,
    )


def condition_videos(window: PosedWindow, background: Background, settings: ConditionSettings) -> tuple[Tensor, Tensor]:
    """RGB and depth condition videos, both (agents, frames, height, width, 3) uint8."""
    agents = window.agents
    height, width = window.frames.shape[2:4]
    scene = Scene(background_cloud(window, background, settings), gaussians_of_agents(agents))
    options = RenderOptions(point_radius=settings.point_radius)
    seen = [render_for_agent(scene, agents, name, height, width, 0, options) for name in agents.names]
    rgb = torch.stack([videos.rgb for videos in seen])
    depth = torch.stack([videos.depth_video() for videos in seen])[..., None].expand_as(rgb)
    return _as_bytes(rgb), _as_bytes(depth)


def identity_frames(window: PosedWindow) -> Tensor:
    """(agents, 1, height, width, 3) uint8: every agent alone on white, a whole white picture where nobody sees it."""
    height, width = window.frames.shape[2:4]
    white = torch.ones(1, height, width, 3)
    pictures = [
        white if portrait is None else identity_pictures(portrait[None], None, width, height)
        for portrait in window.portraits
    ]
    return _as_bytes(torch.stack(pictures))


def identities_known(window: PosedWindow) -> Tensor:
    """(agents,) bool: whose identity there is a picture of."""
    return torch.tensor([portrait is not None for portrait in window.portraits])


def _as_bytes(pictures: Tensor) -> Tensor:
    return (pictures.clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)
