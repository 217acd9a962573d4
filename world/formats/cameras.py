"""Agents from the cameras that a file lists one by one."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ..agents import Agent, Body
from ..poses import inverse
from ..rigs import Rig

MOUNT_TOLERANCE_METRES = 0.02
MOUNT_TOLERANCE_DEGREES = 0.5
"""How far a mounted camera may stray from its agent over time; logs with two decimals stay below it."""


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


def agent_from_cameras(
    name: str,
    poses: Tensor,
    view_names: Sequence[str],
    view_to_agent: Tensor,
    intrinsics: Tensor,
    size: tuple[int, int],
    body: Body | None = None,
) -> Agent:
    """An agent whose lens may change over time.

    Args:
        name: of the agent.
        poses: (frames, 4, 4) agent-to-world.
        view_names: one per view.
        view_to_agent: (views, 4, 4).
        intrinsics: (frames, views, 3, 3) in pixels; equal frames become the rig's own intrinsics.
        size: (width, height) of all pictures in pixels.
        body: box around the agent.

    Raises:
        ValueError: naming the agent, as `Rig` and `Agent`.
    """
    if poses.shape[0] == 0:
        raise ValueError(f"agent '{name}' has no frames.")
    try:
        rig = Rig(tuple(view_names), view_to_agent, intrinsics[0], *size)
    except ValueError as error:
        raise ValueError(f"agent '{name}': {error}") from error
    constant = bool((intrinsics == intrinsics[:1]).all())
    return Agent(name, poses, rig, body, None if constant else intrinsics)


def common_size(sizes: Sequence[tuple[int, int]], places: Sequence[str]) -> tuple[int, int]:
    """The (width, height) that all cameras of a rig share. Raises ValueError naming the places of two that differ."""
    for size, place in zip(sizes, places, strict=True):
        if size != sizes[0]:
            raise ValueError(
                f"{place}: the picture has {size[0]}x{size[1]} pixels, {places[0]} has {sizes[0][0]}x{sizes[0][1]}; "
                "all views of an agent must have one size."
            )
    return sizes[0]
