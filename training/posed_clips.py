"""Clips with depth and instances, as MetaWorld's trainer reads them: one view per agent, and who is seen where."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ..pocket.clip_files import read_document, read_ground_truth
from ..pocket.portrait import car_portrait
from ..pocket.scenes import PORTRAIT_SIDE
from ..pocket.town import FIRST_CAR
from ..pocket.weather import find_weather
from ..world.agents import Agents
from ..world.scene import Scene, gaussians_of_agents
from ..world.scene.seen_by_agents import cloud_seen_by
from ..world.unrolling.identity import choose_identity
from .clips import Clip, ClipError, read_windows
from .settings import Background, ConditionSettings, DataSettings


@dataclass(frozen=True, eq=False)
class PosedWindow:
    """Some frames of a clip.

    Attributes:
        clip, start: as of a `Window`.
        agents: cameras at the window's frames.
        frames: (agents, frames, height, width, 3) uint8, what the first view of each agent sees.
        depth: (agents, frames, height, width) metres.
        agents_seen: same shape, bool, where another agent is seen.
        portraits: for every agent (height, width, 4) with opacity in 0..1, of any size, or None where nobody sees it.
    """

    clip: str
    start: int
    agents: Agents
    frames: Tensor
    depth: Tensor
    agents_seen: Tensor
    portraits: tuple[Tensor | None, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """(agents, frames, height, width)."""
        return tuple(self.frames.shape[:4])

    def scene(self, background: Background, settings: ConditionSettings) -> Scene:
        """What stands still in the first or in all frames of all agents, and the agents."""
        cloud = cloud_seen_by(
            self.agents,
            self.frames.float() / 255.0,
            self.depth,
            self.agents_seen,
            first_frames_alone=background == "anchor",
            dilation=settings.mask_dilation,
            farthest=settings.farthest,
            voxel=settings.voxel,
            neighbours=0,
        )
        return Scene(cloud, gaussians_of_agents(self.agents))

    def portraits_shown(self) -> list[list[Tensor | None]]:
        """To every agent the portraits of all others."""
        return [
            [portrait for other, portrait in enumerate(self.portraits) if other != agent]
            for agent in range(len(self.portraits))
        ]


def read_posed_windows(clip: Clip, data: DataSettings) -> list[PosedWindow]:
    """The parts of a clip that have the trained length, each agent with its first view; none if it is too short.

    Raises:
        ClipError: if anything is missing, broken or of a size that does not fit.
    """
    windows = read_windows(clip, replace(data, views="front"))
    document = read_document(clip.folder)
    try:
        depth, instances = read_ground_truth(clip.folder, document)
    except (OSError, LookupError, TypeError, ValueError) as error:
        raise ClipError(f"{clip.folder}: depth and instances cannot be read ({error}).") from error
    if depth is None or instances is None:
        raise ClipError(f"{clip.folder}: the clip has no depth and instances; make the data set with ground truth.")
    depth, instances = depth[:, :, 0], instances[:, :, 0]
    portraits: tuple[Tensor | None, ...] | None = None
    step = data.interval + 1
    posed = []
    for number, window in enumerate(windows):
        _require_front_first(clip, document, window.agents)
        frames = slice(window.start, window.start + step * data.frames, step)
        own_depth, own_instances = depth[:, frames], instances[:, frames]
        if own_depth.shape != window.tiles.shape[:-1]:
            raise ClipError(
                f"{clip.folder}: depth has shape {tuple(own_depth.shape)}, the videos {tuple(window.tiles.shape[:-1])}."
            )
        if portraits is None:
            portraits = _portraits(clip.name, document, window.tiles, own_instances)
        seen = own_instances >= FIRST_CAR
        if data.mirror and number >= len(windows) // 2:
            own_depth, seen = own_depth.flip(-1), seen.flip(-1)
        posed.append(PosedWindow(window.clip, window.start, window.agents, window.tiles, own_depth, seen, portraits))
    return posed


def _require_front_first(clip: Clip, document: Mapping[str, Any], agents: Agents) -> None:
    """Depth and cameras are those of the first view, the pictures those of the front view."""
    firsts = [document["tile"]["view_order"], *(agent.rig.view_names for agent in agents.members)]
    others = [views[0] for views in firsts if len(views) > 1 and views[0] != "front"]
    if others:
        raise ClipError(f"{clip.folder}: the first of several views must be 'front', given '{others[0]}'.")


def _portraits(name: str, document: Mapping[str, Any], frames: Tensor, instances: Tensor) -> tuple[Tensor | None, ...]:
    """Each agent by itself: rendered for clips of Pocket Town, else cut out of the frame that shows it best."""
    recipe = document.get("recipe")
    if not recipe:
        return tuple(_best_crop(agent, frames, instances) for agent in range(len(frames)))
    colours, weather = recipe["colours"], find_weather(recipe["weather"])
    made = []
    for agent in range(len(frames)):
        # Another direction than in the clip's own frames, so that a network learns who it is and not where it stands.
        seen_from = float(zlib.crc32(f"{name} {agent}".encode()) % 360)
        colour = colours[agent % len(colours)]
        made.append(car_portrait(colour, PORTRAIT_SIDE, PORTRAIT_SIDE, weather, seen_from, samples=5))
    return tuple(made)


def _best_crop(agent: int, frames: Tensor, instances: Tensor) -> Tensor | None:
    masks = instances == FIRST_CAR + agent
    viewer = int(masks.flatten(1).sum(1).argmax())
    if not masks[viewer].any():
        return None
    images = frames[viewer].float() / 255.0
    identity = choose_identity(images, masks[viewer], f"number {agent + 1}")
    return torch.cat([identity.crop(images), identity.crop(masks[viewer])[..., None].float()], dim=-1)
