"""What the Agents Player shows, as files that ComfyUI's page fetches: a video per view, and a description of them all."""

import json
import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import folder_paths
from comfy.model_management import throw_exception_if_processing_interrupted
from comfy.utils import ProgressBar
from comfy_api.latest import Input, io, ui
from torch import Tensor

from ..world.agents import Agents
from ..world.formats.files import write_file
from .video_files import write_video

VERSION = 1
MOST_DENOMINATOR = 1001

Row = tuple[str, list[str]]
"""Name of an agent and names of its views."""


def rows_of_views(videos: int, labels: Sequence[str], agents: Agents | None) -> list[Row]:
    """Which videos belong to one agent.

    Without agents they are told from labels such as 'agent 1 front'; other labels make each video an agent.

    Raises:
        ValueError: if the numbers of videos, labels and agents do not fit.
    """
    if labels and len(labels) != videos:
        raise ValueError(
            f"{videos} videos and {len(labels)} labels are given; connect both from one node, or leave labels open."
        )
    if agents is not None:
        return _rows_of_agents(videos, agents)
    if not labels:
        return [(f"video {number}", [""]) for number in range(1, videos + 1)]
    parts = [label.rpartition(" ") for label in labels]
    if any(not name or view.isdigit() for name, _, view in parts):
        return [(label, [""]) for label in labels]
    return [(name, [view for _, _, view in group]) for name, group in groupby(parts, key=lambda part: part[0])]


def _rows_of_agents(videos: int, agents: Agents) -> list[Row]:
    if videos % len(agents):
        raise ValueError(
            f"{videos} videos are given for {len(agents)} agents ({', '.join(agents.names)}); connect the videos of all "
            "views, or leave agents open."
        )
    number = videos // len(agents)
    rows = []
    for agent in agents.members:
        views = agent.rig.view_names
        unnamed = [f"view {place}" for place in range(1, number + 1)] if number > 1 else [""]
        rows.append((agent.name, list(views) if len(views) == number > 1 else unnamed))
    return rows


class PlayerFiles:
    """The files of one run, with one name and number, in ComfyUI's output or temporary folder.

    Args:
        keep: write to the output folder, else to the temporary one, which ComfyUI empties when it starts.
        prefix: name of the files below the folder.

    Raises:
        ValueError: if the files would lie outside the folder.
    """

    def __init__(self, keep: bool, prefix: str) -> None:
        self.kind = io.FolderType.output if keep else io.FolderType.temp
        folder = folder_paths.get_output_directory() if keep else folder_paths.get_temp_directory()
        root = Path(folder).resolve()
        wanted = (root / str(prefix)).resolve()  # a graph may hold a number there
        if not wanted.is_relative_to(root) or wanted == root:
            raise ValueError(f"'{prefix}' lies outside ComfyUI's {self.kind.value} folder; give a name below it.")
        place, name, counter, self.subfolder, _ = folder_paths.get_save_image_path(str(prefix), str(root))
        self.folder, self.name = Path(place), f"{name}_{counter:05}_"

    def add_video(self, name: str, video: Tensor | Input.Video, frame_rate: float) -> dict[str, Any]:
        """Write one video; `frame_rate` is that of pictures, a VIDEO has its own. Returns what the page needs to know."""
        if isinstance(video, Tensor):
            images, rate = video, Fraction(frame_rate)
        else:
            components = video.get_components()
            images, rate = components.images, Fraction(components.frame_rate)
        if not len(images):
            raise ValueError(f"The video '{name}' has no frames.")
        rate = rate.limit_denominator(MOST_DENOMINATOR)
        file = f"{self.name}{re.sub(r'[^0-9A-Za-z]+', '-', name).strip('-')}.mp4"
        write_video(self.folder / file, images, rate)
        frames, height, width = images.shape[:3]
        size = {"width": int(width), "height": int(height)}
        return {"file": self._entry(file), "frames": int(frames), "frame_rate": float(rate), **size}

    def add_description(self, description: dict[str, Any]) -> dict[str, str]:
        """Write the description, last, and return where it is."""
        file = f"{self.name}player.json"
        text = json.dumps({"version": VERSION, **description}, ensure_ascii=False, allow_nan=False)
        write_file(self.folder / file, text.encode())
        return self._entry(file)

    def _entry(self, file: str) -> dict[str, str]:
        return dict(ui.SavedResult(file, self.subfolder, self.kind))


def write_views(
    files: PlayerFiles,
    rows: Sequence[Row],
    videos: Sequence[Tensor | Input.Video],
    others: Sequence[Tensor | Input.Video],
    frame_rate: float,
) -> list[dict[str, Any]]:
    """Write the videos of all rows and those to compare with, one at a time. Returns the rows for the description."""
    progress = ProgressBar(len(videos) + len(others))

    def written(name: str, video: Tensor | Input.Video) -> dict[str, Any]:
        throw_exception_if_processing_interrupted()
        entry = files.add_video(name, video, frame_rate)
        progress.update(1)
        return entry

    described, index = [], 0
    for agent, names in rows:
        views: list[dict[str, Any]] = []
        for name in names:
            label = f"{index + 1:02} {agent} {name}".rstrip()
            view = {"name": name, **written(label, videos[index])}
            views.append(view | ({"compare": written(f"{label} compare", others[index])} if others else {}))
            index += 1
        described.append({"name": agent, "views": views})
    return described
