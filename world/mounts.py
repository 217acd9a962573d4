"""Cameras as the views of one rig, or as agents of their own."""

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from .agents import Agent, Agents
from .choices import check_choice
from .poses import inverse
from .rigs import Rig

CameraArrangement = Literal["as in the file", "agents", "rig"]
"""What cameras become: what the file says; an agent each; views of one agent."""

MOUNT_TOLERANCE_METRES = 0.02
MOUNT_TOLERANCE_DEGREES = 0.5
"""How far a mounted camera may stray from its agent over time; logs with two decimals stay below it."""

SINGLE_VIEW_NAME = "front"


def rigid_mounts(agent_poses: Tensor, camera_poses: Tensor, view_names: Sequence[str], owner: str) -> Tensor:
    """Poses of mounted cameras in their agent's frame, from world poses over time.

    Args:
        agent_poses: (frames, 4, 4) agent-to-world.
        camera_poses: (frames, views, 4, 4) camera-to-world.
        view_names: for messages.
        owner: for messages ("vehicle 'red'").

    Returns:
        (views, 4, 4) camera-to-agent, as in the first frame.

    Raises:
        ValueError: naming view and frame, if a camera moves against its agent by more than the tolerances above.
    """
    relative = inverse(agent_poses)[:, None] @ camera_poses
    change = relative - relative[:1]
    metres = change[..., :3, 3].norm(dim=-1)
    # The Frobenius distance of two rotations is 2 sqrt(2) sin(angle / 2), exact for small angles where acos is not.
    sine = (change[..., :3, :3].flatten(-2).norm(dim=-1) / math.sqrt(8.0)).clamp(max=1.0)
    degrees = torch.rad2deg(2.0 * torch.asin(sine))
    strays = (metres > MOUNT_TOLERANCE_METRES) | (degrees > MOUNT_TOLERANCE_DEGREES)
    if strays.any():
        frame, view = (int(index) for index in strays.nonzero()[0])
        raise ValueError(
            f"{owner}, frame {frame}: view '{view_names[view]}' has moved {metres[frame, view].item():.3g} m and "
            f"{degrees[frame, view].item():.3g} degrees against its agent since frame 0, but the views of a rig "
            "must be fixed; make it an agent of its own."
        )
    return relative[0]


def _camera_names(agents: Agents) -> list[str]:
    """One name per view of every agent: the agent's where it has one view, else both."""
    return [
        agent.name if agent.rig.view_count == 1 else f"{agent.name} {view}"
        for agent in agents.members
        for view in agent.rig.view_names
    ]


def mount_together(agents: Agents, name: str) -> Agents:
    """One agent whose views are all cameras of all agents; its frame and body are those of the first agent.

    A single agent is returned as it is.

    Args:
        agents: agents whose cameras do not move against each other.
        name: of the agent.

    Raises:
        ValueError: naming the camera, and the frame in which it has moved against the first agent, or the two cameras
            whose pictures differ in size.
    """
    first = agents.members[0]
    if len(agents) == 1:
        return agents
    for agent in agents.members:
        if (agent.rig.width, agent.rig.height) != (first.rig.width, first.rig.height):
            raise ValueError(
                f"agent '{agent.name}' has pictures of {agent.rig.width}x{agent.rig.height}, agent '{first.name}' of "
                f"{first.rig.width}x{first.rig.height}; all views of a rig must have one size."
            )
    names = _camera_names(agents)
    cameras = torch.cat([agent.extrinsics() for agent in agents.members], dim=1)
    mounts = rigid_mounts(first.poses, cameras, names, f"agent '{name}'")
    intrinsics = torch.cat([agent.intrinsics() for agent in agents.members], dim=1)
    rig = Rig(tuple(names), mounts, intrinsics[0], first.rig.width, first.rig.height)
    zooms = any(agent.frame_intrinsics is not None for agent in agents.members)
    return Agents((Agent(name, first.poses, rig, first.body, intrinsics if zooms else None),), agents.frame_rate)


def one_agent_per_view(agents: Agents) -> Agents:
    """An agent with one view for every view of every agent; its frame is the camera's.

    An agent with a single view stays as it is; bodies of the others are dropped, because they belong to no camera.
    """
    members: list[Agent] = []
    names = iter(_camera_names(agents))
    for agent in agents.members:
        if agent.rig.view_count == 1:
            members.append(agent)
            next(names)
            continue
        extrinsics = agent.extrinsics()
        for view in range(agent.rig.view_count):
            lens = agent.rig.intrinsics[view : view + 1]
            rig = Rig((SINGLE_VIEW_NAME,), torch.eye(4)[None], lens, agent.rig.width, agent.rig.height)
            zoom = None if agent.frame_intrinsics is None else agent.frame_intrinsics[:, view : view + 1]
            members.append(Agent(next(names), extrinsics[:, view], rig, None, zoom))
    return Agents(tuple(members), agents.frame_rate)


def arrange_cameras(agents: Agents, arrangement: CameraArrangement, name: str) -> Agents:
    """The agents' cameras as `CameraArrangement` says; `name` is for the agent of a rig.

    Raises ValueError for an unknown arrangement, and as `mount_together`.
    """
    check_choice("cameras", arrangement, CameraArrangement)
    if arrangement == "rig":
        return mount_together(agents, name)
    return one_agent_per_view(agents) if arrangement == "agents" else agents
