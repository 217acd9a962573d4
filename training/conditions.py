"""What MetaWorld is told about a clip: condition videos of two kinds of background, and identity images."""

import logging
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from ..sampling.identity_pictures import identity_pictures
from ..world.agents import Agents
from ..world.scene import RenderOptions, Scene, render_for_agent
from .settings import Background, ConditionSettings

logger = logging.getLogger(__name__)


class ToldWindow(Protocol):
    """Some frames of a clip whose scene is known.

    Attributes:
        agents: those that filmed.
        frames: (agents, frames, height, width, 3) uint8, what the first view of each of them sees.
    """

    @property
    def agents(self) -> Agents: ...
    @property
    def frames(self) -> Tensor: ...
    def scene(self, background: Background, settings: ConditionSettings) -> Scene:
        """The background and everybody who may be seen, as Gaussians."""

    def portraits_shown(self) -> Sequence[Sequence[Tensor | None]]:
        """For every agent the others' pictures (height, width, 4) with opacity in 0..1, None where there is none."""


def condition_videos(window: ToldWindow, background: Background, settings: ConditionSettings) -> tuple[Tensor, Tensor]:
    """RGB and depth condition videos, both (agents, frames, height, width, 3) uint8."""
    agents, scene = window.agents, window.scene(background, settings)
    height, width = window.frames.shape[2:4]
    options = RenderOptions(point_radius=settings.point_radius)
    seen = [render_for_agent(scene, agents, name, height, width, 0, options) for name in agents.names]
    rgb = torch.stack([videos.rgb for videos in seen])
    depth = torch.stack([videos.depth_video() for videos in seen])[..., None].expand_as(rgb)
    return _as_bytes(rgb), _as_bytes(depth)


def identities_shown(window: ToldWindow, count: int) -> tuple[Tensor, Tensor]:
    """What every agent is shown of the others.

    Args:
        window: whose portraits are shown; if there are more than `count`, the first ones.
        count: identity images of every agent.

    Returns:
        (agents, count, 1, height, width, 3) uint8, each alone on white, white alone where there is none. And (agents,
        count) bool, where there is one.
    """
    height, width = window.frames.shape[2:4]
    shown = [list(portraits) for portraits in window.portraits_shown()]
    if max(map(len, shown), default=0) > count:
        logger.warning("Of %d identities of a clip the first %d are shown.", max(map(len, shown)), count)
    filled = [[*portraits[:count], *[None] * (count - len(portraits))] for portraits in shown]
    pictures = [[on_white(portrait, height, width) for portrait in portraits] for portraits in filled]
    known = torch.tensor([[portrait is not None for portrait in portraits] for portraits in filled])
    return torch.stack([torch.stack(row) for row in pictures]), known.reshape(len(shown), count)


def on_white(portrait: Tensor | None, height: int, width: int) -> Tensor:
    """(1, height, width, 3) uint8 identity image of a portrait (any size, 4), white where there is none."""
    if portrait is None:
        return torch.full((1, height, width, 3), 255, dtype=torch.uint8)
    return _as_bytes(identity_pictures(portrait[None], None, width, height))


def _as_bytes(pictures: Tensor) -> Tensor:
    return (pictures.clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)
