"""The text of a drawing, which graphs hold: JSON with a version.

    {"format": "shared_world_drawing", "version": 1,
     "limits": {"slowest": 0.0, "fastest": 15.0, "step": 2.0, "turn": 20.0},
     "agents": [{"name": "agent 1", "easing": "constant",
                 "waypoints": [{"time": 0.0, "position": [x, y, z], "yaw": degrees or null, "speed": m/s or null}],
                 "body": {"size": [width, height, length], "centre": [x, y, z]} or null,
                 "rig": as in a file of shared_world_agents, or null for the four views of a car}]}

`limits`, `easing`, `body`, `rig`, `yaw` and `speed` may be left out. A version that replaces this one goes on reading
it; frontend/src/world/drawing_text.ts reads and writes the same for the page.
"""

import json
import logging
from typing import Any

from ..agents import Body
from ..formats.json_values import JsonValue, parse_json
from ..formats.shared_world_json import AgentsReader, body_document, rig_document
from ..paths import Waypoint
from .drawing import Drawing, DrawnAgent, Limits

logger = logging.getLogger(__name__)

FORMAT_NAME = "shared_world_drawing"
VERSION = 1

_KEYS = {
    "drawing": {"format", "version", "agents", "limits"},
    "limits": {"slowest", "fastest", "step", "turn"},
    "drawn agent": {"name", "waypoints", "easing", "body", "rig"},
    "waypoint": {"time", "position", "yaw", "speed"},
}


def read_drawing(text: str) -> Drawing:
    """The drawing of a text; an empty text is an empty drawing.

    Raises:
        ValueError: naming agent, waypoint (counted from 1) and field, if the text is not a drawing or is of a newer
            version. Keys that are not known are logged.
    """
    if not text.strip():
        return Drawing()
    try:
        document = parse_json(text)
        _check_version(document)
    except ValueError as error:
        raise ValueError(f"The text is not a drawing: {error}") from error
    reader = _Reader()
    drawing = reader.drawing(document)
    if reader.unknown:
        logger.warning("Unknown keys of the drawing are ignored: %s.", ", ".join(reader.unknown))
    return drawing


def drawing_text(drawing: Drawing) -> str:
    """The text of a drawing; numbers are written so that they read back unchanged."""
    document = {
        "format": FORMAT_NAME,
        "version": VERSION,
        "limits": {name: getattr(drawing.limits, name) for name in ("slowest", "fastest", "step", "turn")},
        "agents": [_agent_document(agent) for agent in drawing.agents],
    }
    return json.dumps(document, allow_nan=False)


def _agent_document(agent: DrawnAgent) -> dict[str, Any]:
    waypoints = [
        {"time": point.time, "position": list(point.position), "yaw": point.yaw, "speed": point.speed}
        for point in agent.waypoints
    ]
    return {
        "name": agent.name,
        "easing": agent.easing,
        "waypoints": waypoints,
        "body": body_document(agent.body),
        "rig": None if agent.rig is None else rig_document(agent.rig),
    }


def _check_version(document: JsonValue) -> None:
    if document.key("format").value != FORMAT_NAME:
        raise document.key("format").wrong(f"'{FORMAT_NAME}'")
    version = document.key("version")
    if version.size() > VERSION:
        raise ValueError(f"it is of version {version.value}, this pack reads up to {VERSION}; update the pack.")


class _Reader(AgentsReader):
    """Reads one drawing and collects the keys that it does not know."""

    def note_unknown(self, value: JsonValue, kind: str) -> None:
        if kind not in _KEYS:
            super().note_unknown(value, kind)
            return
        unknown = [key for key in value.field_names() if key not in _KEYS[kind]]
        self.unknown.update(dict.fromkeys(f"'{key}' ({kind})" for key in unknown))

    def drawing(self, document: JsonValue) -> Drawing:
        self.note_unknown(document, "drawing")
        agents = tuple(self.drawn_agent(item) for item in document.key("agents").items())
        return Drawing(agents, self.limits(document.get("limits")))

    def limits(self, item: JsonValue | None) -> Limits:
        if item is None:
            return Limits()
        self.note_unknown(item, "limits")
        given = {name: item.get(name) for name in sorted(_KEYS["limits"])}
        return Limits(**{name: value.number() for name, value in given.items() if value is not None})

    def drawn_agent(self, item: JsonValue) -> DrawnAgent:
        self.note_unknown(item, "drawn agent")
        owner = f"agent '{item.key('name').name()}'"
        item = item.owned_by(owner)
        points = [
            point.owned_by(f"{owner}, waypoint {number}")
            for number, point in enumerate(item.key("waypoints").items(), start=1)
        ]
        easing, rig = item.get("easing"), item.get("rig")
        body: Body | None = self.body(item.get("body"))
        try:
            return DrawnAgent(
                name=item.key("name").name(),
                waypoints=tuple(self.waypoint(point) for point in points),
                body=body,
                rig=None if rig is None else self.rig(rig),
                easing="constant" if easing is None else easing.text(),  # type: ignore[arg-type]
            )
        except ValueError as error:
            raise error if str(error).startswith(owner) else ValueError(f"{owner}: {error}") from error

    def waypoint(self, item: JsonValue) -> Waypoint:
        self.note_unknown(item, "waypoint")
        yaw, speed = item.get("yaw"), item.get("speed")
        x, y, z = item.key("position").numbers(3).tolist()
        try:
            return Waypoint(
                time=item.key("time").number(),
                position=(x, y, z),
                yaw=None if yaw is None else yaw.number(),
                speed=None if speed is None else speed.number(),
            )
        except ValueError as error:
            raise error if str(error).startswith(item.owner) else ValueError(f"{item.owner}: {error}") from error
