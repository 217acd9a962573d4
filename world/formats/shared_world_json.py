"""Shared World's own file: everything `Agents` hold, read back exactly as it was.

    {"format": "shared_world_agents", "version": 1, "frame_rate": 24.0,
     "agents": [{"name": "red",
                 "poses": [4x4 matrix per frame],
                 "rig": {"width": 720, "height": 480,
                         "views": [{"name": "front", "view_to_agent": 4x4, "intrinsics": 3x3}]},
                 "body": {"size": [width, height, length], "centre": [x, y, z]} or null,
                 "frame_intrinsics": [one list per frame with a 3x3 matrix per view] or null}]}

Matrices are lists of rows. `shared_world_agents.schema.json` beside this module is the JSON Schema.
"""

import logging
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..agents import Agent, Agents, Body
from ..rigs import Rig
from .description import FileFormat, Head, ReadOptions, WriteOptions
from .files import read_text, write_file
from .json_values import JsonValue, format_json, parse_json

logger = logging.getLogger(__name__)

FORMAT_NAME = "shared_world_agents"
VERSION = 1
SCHEMA_PATH = Path(__file__).with_name("shared_world_agents.schema.json")

_KEYS = {
    "top level": {"format", "version", "frame_rate", "agents"},
    "agent": {"name", "poses", "rig", "body", "frame_intrinsics"},
    "rig": {"width", "height", "views"},
    "view": {"name", "view_to_agent", "intrinsics"},
    "body": {"size", "centre"},
}


def _recognise(head: Head) -> bool:
    return re.search(rf'"format"\s*:\s*"{FORMAT_NAME}"', head.text) is not None


class AgentsReader:
    """Reads one document and collects the keys that it does not know."""

    def __init__(self) -> None:
        self.unknown: dict[str, None] = {}

    def note_unknown(self, value: JsonValue, kind: str) -> None:
        unknown = [key for key in value.field_names() if key not in _KEYS[kind]]
        self.unknown.update(dict.fromkeys(f"'{key}' ({kind})" for key in unknown))

    def agents(self, document: JsonValue) -> Agents:
        self.note_unknown(document, "top level")
        _check_version(document)
        members = tuple(self.agent(item) for item in document.key("agents").items())
        return Agents(members, document.key("frame_rate").number())

    def agent(self, item: JsonValue) -> Agent:
        self.note_unknown(item, "agent")
        owner = f"agent '{item.key('name').text()}'"
        item = item.owned_by(owner)
        frames = [frame.owned_by(f"{owner}, frame {index}") for index, frame in enumerate(item.key("poses").items())]
        if not frames:
            raise ValueError(f"{owner} has no frames.")
        poses = torch.stack([frame.numbers(4, 4) for frame in frames])
        rig = self.rig(item.key("rig"))
        return Agent(
            name=item.key("name").text(),
            poses=poses,
            rig=rig,
            body=self.body(item.get("body")),
            frame_intrinsics=_frame_intrinsics(item.get("frame_intrinsics"), len(frames), rig.view_count),
        )

    def rig(self, item: JsonValue) -> Rig:
        self.note_unknown(item, "rig")
        views = item.key("views").items()
        for view in views:
            self.note_unknown(view, "view")
        if not views:
            raise item.key("views").wrong("at least one view")
        names = tuple(view.key("name").text() for view in views)
        view_to_agent = torch.stack([view.key("view_to_agent").numbers(4, 4) for view in views])
        intrinsics = torch.stack([view.key("intrinsics").numbers(3, 3) for view in views])
        width, height = item.key("width").size(), item.key("height").size()
        try:
            return Rig(names, view_to_agent, intrinsics, width, height)
        except ValueError as error:
            raise ValueError(f"{item.owner}: {error}") from error

    def body(self, item: JsonValue | None) -> Body | None:
        if item is None:
            return None
        self.note_unknown(item, "body")
        width, height, length = item.key("size").numbers(3).tolist()
        x, y, z = item.key("centre").numbers(3).tolist()
        try:
            return Body((width, height, length), (x, y, z))
        except ValueError as error:
            raise ValueError(f"{item.owner}: {error}") from error


def _check_version(document: JsonValue) -> None:
    if document.key("format").value != FORMAT_NAME:
        raise document.key("format").wrong(f"'{FORMAT_NAME}'")
    version = document.key("version")
    if isinstance(version.value, bool) or not isinstance(version.value, int):
        raise version.wrong("a whole number")
    if version.value > VERSION:
        raise ValueError(
            f"the file is version {version.value} of {FORMAT_NAME}, this pack reads version {VERSION}; update the pack."
        )
    if version.value < VERSION:
        raise ValueError(f"there is no version {version.value} of {FORMAT_NAME}; this pack reads version {VERSION}.")


def _frame_intrinsics(item: JsonValue | None, frames: int, views: int) -> Tensor | None:
    return None if item is None else item.numbers(frames, views, 3, 3)


def _read(path: Path, options: ReadOptions) -> Agents:
    reader = AgentsReader()
    agents = reader.agents(parse_json(read_text(path)))
    if reader.unknown:
        logger.warning("%s: unknown keys are ignored: %s.", path, ", ".join(reader.unknown))
    return agents


def rig_document(rig: Rig) -> dict[str, Any]:
    """A rig as dictionaries, lists and numbers."""
    views = [
        {"name": name, "view_to_agent": pose.tolist(), "intrinsics": matrix.tolist()}
        for name, pose, matrix in zip(rig.view_names, rig.view_to_agent, rig.intrinsics, strict=True)
    ]
    return {"width": rig.width, "height": rig.height, "views": views}


def body_document(body: Body | None) -> dict[str, Any] | None:
    """A body as a dictionary, or None."""
    return None if body is None else {"size": list(body.size), "centre": list(body.centre)}


def _agent_document(agent: Agent) -> dict[str, Any]:
    return {
        "name": agent.name,
        "poses": agent.poses.tolist(),
        "rig": rig_document(agent.rig),
        "body": body_document(agent.body),
        "frame_intrinsics": None if agent.frame_intrinsics is None else agent.frame_intrinsics.tolist(),
    }


def agents_document(agents: Agents) -> dict[str, Any]:
    """The JSON document of agents, as dictionaries, lists and numbers."""
    return {
        "format": FORMAT_NAME,
        "version": VERSION,
        "frame_rate": agents.frame_rate,
        "agents": [_agent_document(agent) for agent in agents.members],
    }


def _write(agents: Agents, path: Path, options: WriteOptions) -> None:
    write_file(path, (format_json(agents_document(agents)) + "\n").encode("utf-8"))


FORMAT = FileFormat(
    id="shared_world_json",
    title="Shared World agents",
    suffixes=(".json",),
    direction="camera-to-world",
    camera_axes="OpenCV: x right, y down, z forward; right-handed",
    world_axes="OpenCV: x right, y down, z forward; right-handed",
    units="metres",
    intrinsics="3x3 pinhole matrix per view in pixels with the picture size; optionally one per frame and view",
    lost_on_export="nothing",
    needed_on_import="nothing",
    recognise=_recognise,
    read=_read,
    write=_write,
)
