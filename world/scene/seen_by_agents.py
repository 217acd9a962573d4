"""Background clouds of what agents' own cameras saw."""

from typing import Any

from torch import Tensor

from ..agents import Agents
from ..rigs import resized_intrinsics
from .background import holistic_cloud
from .scene import PointCloud


def cloud_seen_by(
    agents: Agents,
    pictures: Tensor,
    depth: Tensor,
    moving: Tensor,
    first_frames_alone: bool,
    **fusion: Any,
) -> PointCloud:
    """One cloud of what stands still in the first views of all agents.

    Args:
        agents: whose poses these are; intrinsics are scaled from the rigs' picture size.
        pictures: (agents, frames, height, width, 3) RGB in 0..1.
        depth: (agents, frames, height, width) metres along the cameras' z axes.
        moving: same shape, bool, what does not stand still.
        first_frames_alone: leave out what is only seen later.
        fusion: dilation, farthest, voxel, neighbours and deviations of `holistic_cloud`.

    Raises:
        ValueError: as `holistic_cloud`.
    """
    frames = slice(0, 1 if first_frames_alone else None)
    height, width = depth.shape[-2:]
    rig = agents.members[0].rig
    intrinsics = resized_intrinsics(agents.intrinsics()[:, frames, 0], (rig.width, rig.height), (width, height))
    return holistic_cloud(
        pictures[:, frames].flatten(0, 1),
        depth[:, frames].flatten(0, 1),
        agents.extrinsics()[:, frames, 0].flatten(0, 1),
        intrinsics.flatten(0, 1),
        masks=moving[:, frames].flatten(0, 1),
        **fusion,
    )
