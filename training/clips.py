"""Reading clips, rendered or recorded, in the layout that `pocket.clip_files` and `pocket.index` describe.

A recorded clip has no recipe, and its agents may be in any format that `world.formats` reads. Agents that `clip.json`
lists as subjects have no video and are left out; `data_engine.clip_files` reads them too.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..pocket.clip_files import beside, decode_video, read_document
from ..pocket.index import DATASET_FILE, read_index
from ..world.agents import Agents
from ..world.formats import read_agents
from ..world.formats.files import read_text
from ..world.mirroring import mirror_agents, mirror_tiles
from ..world.tiles import SINGLE_VIEW, TileLayout, split_images
from .settings import DataSettings
from .windows import clip_windows

logger = logging.getLogger(__name__)


class ClipError(ValueError):
    """A clip cannot be read; the message names it and says why."""


@dataclass(frozen=True)
class Clip:
    """A clip that a data set lists.

    Attributes:
        folder: with its files.
        listed: its line in the index.
    """

    folder: Path
    listed: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.folder.name

    def fingerprint(self) -> list[Any]:
        """What changes when the clip is made anew with another content: its line, and the sizes of its files."""
        files = sorted(self.folder.iterdir()) if self.folder.is_dir() else []
        return [dict(self.listed), [[file.name, file.stat().st_size] for file in files]]


@dataclass(frozen=True, eq=False)
class Window:
    """Some frames of a clip.

    Attributes:
        clip: its name.
        start: first source frame.
        agents: cameras at the window's frames.
        tiles: (agents, frames, height, width, 3) uint8.
    """

    clip: str
    start: int
    agents: Agents
    tiles: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """(agents, frames, height, width)."""
        return tuple(self.tiles.shape[:4])


def list_clips(data_set: Path) -> list[Clip]:
    """All clips that a data set lists. Raises ValueError if it lists none."""
    return [Clip(data_set / entry.folder, entry.values) for entry in read_index(data_set)]


def data_set_record(data_set: Path, clips: list[Clip]) -> dict[str, Any]:
    """What an exported file says about the data: the data set's options and the seeds of its towns."""
    record: dict[str, Any] = {"name": data_set.name, "clips": len(clips)}
    path = data_set / DATASET_FILE
    if path.is_file():
        record["options"] = json.loads(read_text(path))
    seeds = [clip.listed["town_seed"] for clip in clips if "town_seed" in clip.listed]
    if seeds:
        record["town_seeds"] = [min(seeds), max(seeds)]
    return record


def read_windows(clip: Clip, data: DataSettings) -> list[Window]:
    """The parts of a clip that have the trained length; none if it is too short.

    Raises:
        ClipError: if anything is missing, broken or of a size that does not fit.
    """
    try:
        document = read_document(clip.folder)
        agents = _filming(read_agents(beside(clip.folder, document["agents"])), document)
        tiles = [decode_video(beside(clip.folder, video["file"])) for video in document["videos"]]
        layout = TileLayout.from_dict(document["tile"])
        if data.views == "front":
            front = layout.view_order.index("front")
            tiles = [split_images(tile, layout)[:, front] for tile in tiles]
            layout = SINGLE_VIEW
    except (OSError, LookupError, TypeError, AttributeError, ValueError, RuntimeError) as error:
        raise ClipError(f"{clip.folder}: the clip cannot be read ({error}).") from error
    shapes = {tuple(tile.shape) for tile in tiles}
    if len(tiles) != len(agents) or len(shapes) != 1 or len(tiles[0]) != agents.frame_count:
        raise ClipError(
            f"{clip.folder}: there are {len(agents)} agents with {agents.frame_count} frames, but videos of shapes "
            f"{[tuple(tile.shape) for tile in tiles]}."
        )
    windows = [
        Window(
            clip.name, frames.start, agents.select_frames(frames), torch.stack([tile[list(frames)] for tile in tiles])
        )
        for frames in clip_windows(agents.frame_count, data.frames, data.interval, data.stride)
    ]
    return windows + [_mirrored(window, layout) for window in windows] if data.mirror else windows


def _mirrored(window: Window, layout: TileLayout) -> Window:
    return replace(window, agents=mirror_agents(window.agents), tiles=mirror_tiles(window.tiles, layout))


def _filming(agents: Agents, document: Mapping[str, Any]) -> Agents:
    """The agents that are not listed as subjects without a video."""
    subjects = {subject["agent"] for subject in document.get("subjects", [])}
    members = tuple(agent for agent in agents.members if agent.name not in subjects)
    return Agents(members, agents.frame_rate) if subjects else agents
