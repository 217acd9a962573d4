"""Other axes, other units, another origin: explicit steps from the world frame of a file to the one that is wanted.

Nothing is changed unless it is asked for, and one change holds for all agents, so they keep their places relative to
each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

import torch
from torch import Tensor

from .agents import Agent, Agents, Body
from .choices import check_choice
from .poses import heading, inverse, rigid, yaw_rotation

CameraAxes = Literal["opencv", "opengl", "unreal", "unity", "ros"]
WorldAxes = Literal["opencv", "y up", "z up", "unreal", "unity"]
Origin = Literal["world", "first frame", "first frame, level"]
"""`world` keeps the origin. `first frame` puts it and all three axes into an agent's first pose. `first frame, level`
takes position and heading of that pose only, so that a level ground stays level."""


def _axes(rows: Sequence[Sequence[int]]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


CAMERA_TO_OPENCV: Mapping[str, Tensor] = MappingProxyType(
    {
        "opencv": torch.eye(3, dtype=torch.float64),
        "opengl": _axes([[1, 0, 0], [0, -1, 0], [0, 0, -1]]),
        "unreal": _axes([[0, 1, 0], [0, 0, -1], [1, 0, 0]]),
        "unity": _axes([[1, 0, 0], [0, -1, 0], [0, 0, 1]]),
        "ros": _axes([[0, -1, 0], [0, 0, -1], [1, 0, 0]]),
    }
)
"""(3, 3) from a camera's axes to OpenCV's (x right, y down, z forward).

`opengl`: x right, y up, z back, also Blender's and three.js's. `unreal`: x forward, y right, z up, left-handed, also
CARLA's. `unity`: x right, y up, z forward, left-handed. `ros`: x forward, y left, z up, a body's axes rather than a
camera's.
"""

WORLD_TO_OPENCV: Mapping[str, Tensor] = MappingProxyType(
    {
        "opencv": torch.eye(3, dtype=torch.float64),
        "y up": _axes([[1, 0, 0], [0, -1, 0], [0, 0, -1]]),
        "z up": _axes([[1, 0, 0], [0, 0, -1], [0, 1, 0]]),
        "unreal": _axes([[0, 1, 0], [0, 0, -1], [1, 0, 0]]),
        "unity": _axes([[1, 0, 0], [0, -1, 0], [0, 0, 1]]),
    }
)
"""(3, 3) from a world's axes to ours. `y up` keeps x and looks along -z; `z up` keeps x and looks along y, both
right-handed; `unreal` is x forward, y right, z up, `unity` x right, y up, z forward, both left-handed."""


def rebase_agents(
    agents: Agents,
    *,
    inverted: bool = False,
    camera_axes: CameraAxes = "opencv",
    world_axes: WorldAxes = "opencv",
    metres_per_unit: float = 1.0,
    origin: Origin = "world",
    origin_agent: str = "",
) -> Agents:
    """Agents in another world frame; with the defaults they come back unchanged.

    The steps are taken in the order of the arguments.

    Args:
        agents: agents that were read with axes, units or directions that are not theirs.
        inverted: the poses are world-to-camera ones that were read as camera-to-world: invert them.
        camera_axes: axes that agents and cameras have now.
        world_axes: axes that the world has now.
        metres_per_unit: length of the present unit; scales positions, mounts of cameras and bodies.
        origin: where the world's origin goes.
        origin_agent: name of the agent whose first frame becomes the origin; empty for the first agent.

    Raises:
        ValueError: for an unknown choice or agent, a length of unit that is not positive, axes of camera and world with
            different handedness, or an inversion of cameras that are mounted away from their agent's origin.
    """
    check_choice("camera_axes", camera_axes, CameraAxes)
    check_choice("world_axes", world_axes, WorldAxes)
    check_choice("origin", origin, Origin)
    if not 0.0 < metres_per_unit < float("inf"):
        raise ValueError(f"metres_per_unit must be positive, given {metres_per_unit:g}.")
    members = list(agents.members)
    if inverted:
        members = [_inverted(agent) for agent in members]
    if camera_axes != "opencv" or world_axes != "opencv":
        members = _with_axes(members, camera_axes, world_axes)
    if metres_per_unit != 1.0:
        members = [_scaled(agent, metres_per_unit) for agent in members]
    if origin != "world":
        to_origin = _to_origin(members, origin, origin_agent)
        members = [replace(agent, poses=to_origin @ agent.poses) for agent in members]
    return Agents(tuple(members), agents.frame_rate)


def _inverted(agent: Agent) -> Agent:
    identity = torch.eye(4, dtype=torch.float64)
    for view, mount in zip(agent.rig.view_names, agent.rig.view_to_agent, strict=True):
        if not torch.allclose(mount, identity, rtol=0.0, atol=1e-9):
            raise ValueError(
                f"agent '{agent.name}': view '{view}' is mounted away from the agent's origin, so inverting the poses "
                "has no meaning for it; read the file with cameras as agents of their own."
            )
    return replace(agent, poses=inverse(agent.poses))


def _with_axes(members: list[Agent], camera_axes: CameraAxes, world_axes: WorldAxes) -> list[Agent]:
    camera, world = CAMERA_TO_OPENCV[camera_axes], WORLD_TO_OPENCV[world_axes]
    if torch.linalg.det(camera) * torch.linalg.det(world) < 0:
        raise ValueError(
            f"camera_axes {camera_axes} and world_axes {world_axes} are not of one handedness, which would mirror the "
            "pictures; unreal and unity are left-handed, all others right-handed."
        )
    zero = torch.zeros(3, dtype=torch.float64)
    from_camera, to_world = rigid(camera.mT, zero), rigid(world, zero)
    return [
        replace(
            agent,
            poses=to_world @ agent.poses @ from_camera,
            rig=replace(agent.rig, view_to_agent=rigid(camera, zero) @ agent.rig.view_to_agent @ from_camera),
            body=None if agent.body is None else _turned_body(agent.body, camera),
        )
        for agent in members
    ]


def _turned_body(body: Body, axes: Tensor) -> Body:
    size, centre = torch.tensor(body.size, dtype=torch.float64), torch.tensor(body.centre, dtype=torch.float64)
    width, height, length = (axes.abs() @ size).tolist()
    x, y, z = (axes @ centre).tolist()
    return Body((width, height, length), (x, y, z))


def _scaled(agent: Agent, factor: float) -> Agent:
    poses, mounts = agent.poses.clone(), agent.rig.view_to_agent.clone()
    poses[:, :3, 3] *= factor
    mounts[:, :3, 3] *= factor
    body = agent.body
    if body is not None:
        width, height, length = (factor * value for value in body.size)
        x, y, z = (factor * value for value in body.centre)
        body = Body((width, height, length), (x, y, z))
    return replace(agent, poses=poses, rig=replace(agent.rig, view_to_agent=mounts), body=body)


def _to_origin(members: list[Agent], origin: Origin, name: str) -> Tensor:
    """(4, 4) from the present world to the one with its origin in an agent's first frame."""
    names = [agent.name for agent in members]
    if name and name not in names:
        raise ValueError(f"There is no agent '{name}'; the agents are {', '.join(names)}.")
    first = members[names.index(name) if name else 0].poses[0]
    if origin == "first frame":
        return inverse(first)
    return inverse(rigid(yaw_rotation(heading(first)), first[:3, 3]))
