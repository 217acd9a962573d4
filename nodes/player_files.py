"""What the Agents Player shows, as files that ComfyUI's page fetches: a video per view, and a description of them all."""

import json
import re
import uuid
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from comfy.model_management import throw_exception_if_processing_interrupted
from comfy.utils import ProgressBar
from comfy_api.latest import Input, io, ui
from torch import Tensor

from ..sampling.videos import exact_rate
from ..world.agents import Agents
from ..world.formats.files import write_file
from .output_files import new_name, output_folder, temp_folder
from .video_files import write_video

VERSION = 1

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
        place = new_name(prefix, output_folder() if keep else temp_folder())
        # The temporary folder's numbers begin anew with every start, where the page still shows or stores older files.
        self.place = place if keep else replace(place, stem=f"{place.stem}_{uuid.uuid4().hex[:8]}")

    def add_video(self, name: str, video: Tensor | Input.Video, frame_rate: float) -> dict[str, Any]:
        """Write one video; `frame_rate` is that of pictures, a VIDEO has its own. Returns what the page needs to know."""
        if isinstance(video, Tensor):
            images, rate = video, exact_rate(frame_rate)
        else:
            components = video.get_components()
            images, rate = components.images, exact_rate(components.frame_rate)
        if not len(images):
            raise ValueError(f"The video '{name}' has no frames.")
        file = f"{self.place.stem}_{re.sub(r'[^0-9A-Za-z]+', '-', name).strip('-')}.mp4"
        write_video(self.place.folder / file, images, rate)
        frames, height, width = images.shape[:3]
        size = {"width": int(width), "height": int(height)}
        return {"file": self._entry(file), "frames": int(frames), "frame_rate": float(rate), **size}

    def add_description(self, description: dict[str, Any]) -> dict[str, str]:
        """Write the description, last, and return where it is."""
        file = f"{self.place.stem}_player.json"
        text = json.dumps({"version": VERSION, **description}, ensure_ascii=False, allow_nan=False)
        write_file(self.place.folder / file, text.encode())
        return self._entry(file)

    def _entry(self, file: str) -> dict[str, str]:
        return dict(ui.SavedResult(file, self.place.subfolder, self.kind))


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
