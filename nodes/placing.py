"""Widgets that put agents, or points, into the common world: units, origin, and a place."""

from typing import Any, get_args

from comfy_api.latest import io

from ..world.agents import Agents
from ..world.placing import place_agents
from ..world.rebasing import CameraAxes, Origin, WorldAxes, rebase_agents


def move_inputs(what: str) -> list[io.Input]:
    """Where a source is put in the world; `what` it is, such as "the agents"."""
    moves = {
        "right": f"Metres to the right (x) by which {what} are moved, after all else.",
        "up": f"Metres upwards (against y) by which {what} are moved; for sources whose origin is a camera: its height.",
        "forward": f"Metres forward (z) by which {what} are moved.",
        "turn": f"Degrees to the right by which {what} are turned about the origin, before they are moved.",
    }
    return [
        io.Float.Input(
            name,
            default=0.0,
            min=-100000.0,
            max=100000.0,
            step=0.1,
            optional=True,
            advanced=True,
            tooltip=tooltip,
        )
        for name, tooltip in moves.items()
    ]


def unit_and_place_inputs() -> list[io.Input]:
    """Length of the unit, what becomes the origin, and where that is put; by default all stays as it is."""
    return [
        io.Float.Input(
            "metres_per_unit",
            default=1.0,
            min=0.000001,
            max=1000000.0,
            step=0.001,
            optional=True,
            advanced=True,
            tooltip="How many metres one unit of the source is: 0.01 for centimetres. Check Agents helps to find it.",
        ),
        io.Combo.Input(
            "origin",
            options=list(get_args(Origin)),
            default="world",
            optional=True,
            advanced=True,
            tooltip="world keeps the source's world. first frame puts the origin into the first agent's first pose; level "
            "takes place and heading of it alone, so that a level ground stays level.",
        ),
        *move_inputs("the agents"),
    ]


def axes_inputs() -> list[io.Input]:
    """Which way the poses of a source map and which axes they have, where its reader cannot know."""
    return [
        io.Boolean.Input(
            "inverted",
            default=False,
            optional=True,
            advanced=True,
            tooltip="On: the poses map the other way than the format says, world-to-camera in place of camera-to-world or "
            "the reverse.",
        ),
        io.Combo.Input(
            "camera_axes",
            options=list(get_args(CameraAxes)),
            default="opencv",
            optional=True,
            advanced=True,
            tooltip="Axes of the cameras where they are not what the format says: opengl for y up and looking back along z, "
            "as in Blender.",
        ),
        io.Combo.Input(
            "world_axes",
            options=list(get_args(WorldAxes)),
            default="opencv",
            optional=True,
            advanced=True,
            tooltip="Axes of the world after reading: opencv has y down. Choose y up or z up if the agents lie on their "
            "sides or stand on their heads.",
        ),
    ]


def placed(
    agents: Agents,
    *,
    metres_per_unit: float = 1.0,
    origin: Origin = "world",
    right: float = 0.0,
    up: float = 0.0,
    forward: float = 0.0,
    turn: float = 0.0,
    **axes: Any,
) -> Agents:
    """Agents after `axes_inputs` and `unit_and_place_inputs`; unchanged where all are at their defaults."""
    agents = rebase_agents(agents, metres_per_unit=metres_per_unit, origin=origin, **axes)
    return place_agents(agents, right, up, forward, turn) if any((right, up, forward, turn)) else agents
