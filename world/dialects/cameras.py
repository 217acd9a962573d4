"""One camera of an agent over time, the form in which most dialects know cameras."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..agents import Agent, Agents
from ..rigs import resized_intrinsics

SQUARE_TOLERANCE = 1e-3
"""Largest difference of focal lengths, and of the principal point from the middle, relative to the picture's height."""


@dataclass(frozen=True, eq=False)
class CameraPath:
    """A camera over time.

    Attributes:
        label: agent and view, for messages and file names.
        poses: (frames, 4, 4) float64 camera-to-world.
        intrinsics: (frames, 3, 3) float64 in pixels of a `width` x `height` picture.
        width, height: of the picture in pixels.
    """

    label: str
    poses: Tensor
    intrinsics: Tensor
    width: int
    height: int

    def resized(self, width: int, height: int) -> "CameraPath":
        """The same camera with pictures that are stretched to another size."""
        intrinsics = resized_intrinsics(self.intrinsics, (self.width, self.height), (width, height))
        return replace(self, intrinsics=intrinsics, width=width, height=height)

    def is_centred_square(self) -> bool:
        """Whether pixels are square, without skew, and the principal point is in the middle of the picture."""
        middle = self.intrinsics.new_tensor([self.width / 2.0, self.height / 2.0])
        strays = torch.cat(
            [
                (self.intrinsics[:, 0, 0] - self.intrinsics[:, 1, 1])[:, None],
                self.intrinsics[:, :2, 2] - middle,
                self.intrinsics[:, :1, 1],
            ],
            dim=1,
        )
        return bool(strays.abs().max() <= SQUARE_TOLERANCE * self.height)


def chosen_cameras(agents: Agents, names: Sequence[str] = (), view: str = "") -> list[CameraPath]:
    """One camera of each chosen agent.

    Args:
        agents: any number.
        names: of the agents, in the order wanted; empty for all.
        view: name of the camera in every rig; empty for the first.

    Raises:
        ValueError: naming the agent or view that there is not, and those that there are.
    """
    known = {agent.name: agent for agent in agents.members}
    for name in names:
        if name not in known:
            raise ValueError(f"There is no agent '{name}'; the agents are {', '.join(known)}.")
    return [camera_of(known[name], view) for name in names or known]


def camera_of(agent: Agent, view: str = "") -> CameraPath:
    """A camera of an agent by name, the first for an empty name. Raises ValueError naming those that there are."""
    rig = agent.rig
    if view and view not in rig.view_names:
        raise ValueError(f"agent '{agent.name}' has no view '{view}'; its views are {', '.join(rig.view_names)}.")
    index = rig.view_names.index(view) if view else 0
    label = agent.name if rig.view_count == 1 else f"{agent.name} {rig.view_names[index]}"
    return CameraPath(label, agent.extrinsics()[:, index], agent.intrinsics()[:, index], rig.width, rig.height)
