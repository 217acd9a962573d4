"""Shared World's own file of actions: everything `Actions` hold, read back exactly as it was.

    {"format": "shared_world_actions", "version": 1, "layout": "it_takes_two", "frame_rate": 60.0,
     "buttons": [names of the discrete channels], "axes": [names of the continuous channels],
     "agents": [{"name": "left",
                 "discrete": [one list of 0 and 1 per frame],
                 "continuous": [one list of numbers per frame]}],
     "extras": {"camera": [one list of numbers per view]}}

`shared_world_actions.schema.json` beside this module is the JSON Schema.
"""

import logging
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..formats.files import read_text, write_file
from ..formats.json_values import JsonValue, format_json, parse_json
from .actions import Actions
from .layout import ActionLayout
from .registry import find_layout

logger = logging.getLogger(__name__)

FORMAT_NAME = "shared_world_actions"
VERSION = 1
SCHEMA_PATH = Path(__file__).with_name("shared_world_actions.schema.json")

_KEYS = ("format", "version", "layout", "frame_rate", "buttons", "axes", "agents", "extras")
_AGENT_KEYS = ("name", "discrete", "continuous")


def actions_document(actions: Actions) -> dict[str, Any]:
    """The JSON document of actions, as dictionaries, lists and numbers.

    Raises ValueError if the layout is none of the known ones, so that nothing could read the file.
    """
    layout = actions.layout
    if find_layout(layout.name) != layout:
        raise ValueError(f"Layout '{layout.name}' differs from the known one of that name; give it another name.")
    agents = zip(actions.names, actions.discrete.int().tolist(), actions.continuous.tolist(), strict=True)
    return {
        "format": FORMAT_NAME,
        "version": VERSION,
        "layout": layout.name,
        "frame_rate": actions.frame_rate,
        "buttons": list(layout.button_names),
        "axes": list(layout.axis_names),
        "agents": [
            {"name": name, "discrete": discrete, "continuous": continuous} for name, discrete, continuous in agents
        ],
        "extras": {name: values.tolist() for name, values in actions.extras.items()},
    }


def format_actions(actions: Actions) -> str:
    """The JSON text of actions."""
    return format_json(actions_document(actions)) + "\n"


def parse_actions(text: str, source: object = "actions") -> Actions:
    """Actions of a JSON text; `source` names it in warnings.

    Raises:
        ValueError: naming the place in the text, agent, frame and channel, and what is expected and given there.
    """
    document = parse_json(text)
    _check_version(document)
    layout = find_layout(document.key("layout").text())
    for kind, channels in (("buttons", layout.button_names), ("axes", layout.axis_names)):
        found = tuple(item.text() for item in document.key(kind).items())
        if found != channels:
            raise document.key(kind).wrong(f"{', '.join(channels) or 'an empty list'} as layout '{layout.name}' has")
    agents = document.key("agents").items()
    unknown = [key for key in document.field_names() if key not in _KEYS]
    unknown += [key for agent in agents for key in agent.field_names() if key not in _AGENT_KEYS]
    if unknown:
        logger.warning("%s: unknown keys are ignored: %s.", source, ", ".join(dict.fromkeys(unknown)))
    if not agents:
        raise document.key("agents").wrong("at least one agent")
    members = [_agent(agent, layout) for agent in agents]
    _check_frame_counts(members)
    return Actions(
        layout,
        tuple(name for name, _, _ in members),
        document.key("frame_rate").number(),
        torch.stack([discrete for _, discrete, _ in members]),
        torch.stack([continuous for _, _, continuous in members]),
        _extras(document.get("extras"), layout),
    )


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


def _agent(item: JsonValue, layout: ActionLayout) -> tuple[str, Tensor, Tensor]:
    """Name, (frames, buttons) and (frames, axes) of an agent."""
    name = item.key("name").text()
    owner = f"agent '{name[:40]}'"
    discrete, continuous = item.key("discrete").items(), item.key("continuous").items()
    if len(discrete) != len(continuous):
        raise ValueError(
            f"{owner}: 'discrete' has {len(discrete)} frames, 'continuous' has {len(continuous)}; "
            "give both the same frames."
        )
    return name, _frames(discrete, layout.button_names, owner), _frames(continuous, layout.axis_names, owner)


def _frames(frames: list[JsonValue], channels: tuple[str, ...], owner: str) -> Tensor:
    """(frames, channels) float64."""
    rows = []
    for number, frame in enumerate(frames):
        if not isinstance(frame.value, list) or len(frame.value) != len(channels):
            raise frame.owned_by(f"{owner}, frame {number}").wrong(f"a list of {len(channels)} numbers")
        # What is wrong is looked for only where something is: a file may hold a million numbers.
        if not all(type(value) in (int, float) for value in frame.value):
            for channel, value in zip(channels, frame.items(), strict=True):
                value.owned_by(f"{owner}, frame {number}, channel '{channel}'").number()
        rows.append(frame.value)
    try:
        return torch.tensor(rows, dtype=torch.float64).reshape(len(frames), len(channels))
    except (OverflowError, RuntimeError) as error:
        raise ValueError(f"{owner}: a number is too large to be one.") from error


def _check_frame_counts(members: list[tuple[str, Tensor, Tensor]]) -> None:
    first, _, expected = members[0]
    for name, _, continuous in members[1:]:
        if len(continuous) != len(expected):
            raise ValueError(
                f"agent '{name[:40]}' has {len(continuous)} frames, agent '{first[:40]}' has {len(expected)}; "
                "give all agents the same frames."
            )


def _extras(item: JsonValue | None, layout: ActionLayout) -> dict[str, Tensor]:
    if item is None:
        return {}
    fields = {extra.name: len(extra.fields) for extra in layout.extras}
    for name in item.field_names():
        if name not in fields:
            raise ValueError(
                f"layout '{layout.name}' has no extra '{name[:40]}'; it has {', '.join(fields) or 'none'}."
            )
    return {name: item.key(name).numbers(len(item.key(name).items()), fields[name]) for name in item.field_names()}


def read_shared_world_json(path: Path) -> Actions:
    """Actions of a file. Raises OSError and ValueError as `read_text` and `parse_actions`."""
    return parse_actions(read_text(path), path)


def write_actions(actions: Actions, path: str | Path) -> None:
    """Write actions to a JSON file, which is replaced only once the new one is complete.

    Raises:
        OSError: if the file cannot be written.
        ValueError: if the file's ending is not `.json`, or the layout is none of the known ones.
    """
    path = Path(path)
    if path.suffix.lower() != ".json":
        raise ValueError(f"{path}: a file of actions must end in .json.")
    write_file(path, format_actions(actions).encode("utf-8"))
