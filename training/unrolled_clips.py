"""Unrolled videos as MetaWorld's trainer reads them: one agent filmed, the others are subjects of the scene."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..data_engine.clip_files import UnrolledClip, read_unrolled_clip
from ..world.agents import Agents
from ..world.scene import Scene, Splatter, anchor_cloud
from .clips import Clip, ClipError
from .settings import Background, ConditionSettings, DataSettings
from .windows import clip_windows


@dataclass(frozen=True, eq=False)
class UnrolledWindow:
    """Some frames of an unrolled video.

    Attributes:
        clip, start: as of a `Window`.
        agents: the one who filmed.
        frames: (1, frames, height, width, 3) uint8.
        whole: the scene as it was fused from all frames, with the subjects.
        portraits: (height, width, 4) with opacity in 0..1 of every subject, of any size.
    """

    clip: str
    start: int
    agents: Agents
    frames: Tensor
    whole: Scene
    portraits: tuple[Tensor, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """(agents, frames, height, width)."""
        return tuple(self.frames.shape[:4])

    def scene(self, background: Background, settings: ConditionSettings) -> Scene:
        """The whole scene, or what of its background the first frame shows, with the subjects."""
        if background == "holistic":
            return self.whole
        camera, (height, width) = self.agents.members[0], self.frames.shape[2:4]
        scale = torch.tensor([width / camera.rig.width, height / camera.rig.height, 1.0], dtype=torch.float64)
        extrinsics, intrinsics = camera.extrinsics()[:1, 0], camera.intrinsics()[:1, 0] * scale[:, None]
        seen = Splatter(self.whole.background).draw(extrinsics, intrinsics, height, width)
        cloud = anchor_cloud(seen.rgb[0], seen.depth[0], extrinsics[0], intrinsics[0], farthest=settings.farthest)
        return Scene(cloud, self.whole.agents)

    def portraits_shown(self) -> list[list[Tensor | None]]:
        """The subjects, to the one who filmed."""
        return [list(self.portraits)]


def read_unrolled_windows(clip: Clip, data: DataSettings) -> list[UnrolledWindow]:
    """The parts of an unrolled video that have the trained length; none if it is too short, and no mirrored ones.

    Raises:
        ClipError: if anything is missing, broken or of a size that does not fit.
    """
    try:
        unrolled = read_unrolled_clip(clip.folder)
    except ValueError as error:
        raise ClipError(str(error)) from error
    cut = clip_windows(len(unrolled.video), data.frames, data.interval, data.stride)
    return [_window(clip.name, unrolled, frames) for frames in cut]


def _window(name: str, unrolled: UnrolledClip, frames: range) -> UnrolledWindow:
    scene, agents, video = unrolled.window(frames)
    filmed = Agents(agents.members[:1], agents.frame_rate)
    portraits = tuple(picture.float() / 255.0 for picture in unrolled.identities)
    return UnrolledWindow(name, frames.start, filmed, video[None], scene, portraits)
