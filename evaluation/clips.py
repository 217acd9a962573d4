"""Test clips with all that is known about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..pocket.clip_files import read_clip
from ..pocket.ground_truth import known_clip
from ..pocket.recipe import Clip
from ..training.clips import Clip as ListedClip
from ..training.clips import list_clips
from ..world.metrics.known_clip import KnownClip
from ..world.tiles import TileLayout
from .front_view import front_view


@dataclass(frozen=True, eq=False)
class EvaluatedClip:
    """A test clip.

    Attributes:
        listed: its line in the index.
        clip: agents and true tiles.
        known: the ground truth, with the view without the other agents.
    """

    listed: ListedClip
    clip: Clip
    known: KnownClip

    @property
    def name(self) -> str:
        return self.listed.name

    @property
    def number(self) -> int:
        return int(self.listed.listed["number"])

    @cached_property
    def front(self) -> KnownClip:
        """The front views alone, see `front_view`."""
        return front_view(self.known)


@dataclass(frozen=True, eq=False)
class Batch:
    """Test clips that are sampled together."""

    clips: tuple[EvaluatedClip, ...]

    @cached_property
    def tiles(self) -> Tensor:
        """(clips, agents, frames, height, width, 3) uint8."""
        return torch.stack([item.clip.tiles for item in self.clips])

    @property
    def layout(self) -> TileLayout:
        """Of the tiles."""
        return self.clips[0].clip.recipe.tile_layout()

    def of(self, names: Sequence[str]) -> "Batch":
        """The clips with these names."""
        if len(names) == len(self.clips):
            return self
        return Batch(tuple(item for item in self.clips if item.name in names))


@dataclass(frozen=True)
class EvaluationClips:
    """The clips of a data set.

    Attributes:
        folder: of the data set.
        listed: all of them.
        chosen: those that are evaluated.
        shape: (agents, frames, height, width) of the tiles of each.
        frame_rate: frames per second.
    """

    folder: Path
    listed: tuple[ListedClip, ...]
    chosen: tuple[ListedClip, ...]
    shape: tuple[int, int, int, int]
    frame_rate: float

    def read(self, listed: Sequence[ListedClip]) -> Batch:
        """Some clips with their ground truth; views without the other agents are rendered, half a second for each.

        Raises:
            ValueError: naming the clip, if it cannot be read, has no ground truth or another size than the others.
        """
        return Batch(tuple(self._read(item) for item in listed))

    def _read(self, listed: ListedClip) -> EvaluatedClip:
        clip = read_clip(listed.folder)
        given = tuple(clip.tiles.shape[:4])
        if given != self.shape:
            raise ValueError(
                f"{listed.folder}: (agents, frames, height, width) are {given}, in the first clip {self.shape}; "
                "evaluate clips of one size."
            )
        return EvaluatedClip(listed, clip, _known(listed, clip, without_others=True))


def open_test_clips(folder: Path, limit: int = 0) -> EvaluationClips:
    """The clips that a data set lists; its first one is read.

    Args:
        folder: of the data set.
        limit: evaluate the first so many clips; 0 for all.

    Raises:
        ValueError: if it lists none, or the first one cannot be read or has no ground truth.
    """
    listed = tuple(list_clips(folder))
    clip = read_clip(listed[0].folder)
    _known(listed[0], clip, without_others=False)
    agents, frames, height, width = clip.tiles.shape[:4]
    return EvaluationClips(
        folder, listed, listed[: limit or None], (agents, frames, height, width), clip.recipe.frame_rate
    )


def read_known(listed: ListedClip) -> KnownClip:
    """The ground truth of a clip, without the view without the other agents.

    Raises:
        ValueError: naming the clip, if it cannot be read or has no ground truth.
    """
    return _known(listed, read_clip(listed.folder), without_others=False)


def _known(listed: ListedClip, clip: Clip, without_others: bool) -> KnownClip:
    try:
        return known_clip(clip, without_others)
    except ValueError as error:
        raise ValueError(f"{listed.folder}: {error}") from error


def light_of(listed: ListedClip) -> tuple[Any, Any]:
    """Weather and fog distance of a clip."""
    return listed.listed.get("weather"), listed.listed.get("fog_distance")


def town_of(listed: ListedClip) -> Any:
    """Seed of a clip's town."""
    return listed.listed.get("town_seed")
