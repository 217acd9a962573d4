"""Agents: who is in the world, where they are over time, and through which cameras they look."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .poses import check_poses
from .rigs import Rig, check_intrinsics


@dataclass(frozen=True)
class Body:
    """An upright box around an agent.

    Attributes:
        size: (width, height, length) in metres along the agent's x, y and z axes.
        centre: centre of the box in the agent's frame, in metres.
    """

    size: tuple[float, float, float]
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", tuple(float(value) for value in self.size))
        object.__setattr__(self, "centre", tuple(float(value) for value in self.centre))
        if len(self.size) != 3 or not all(0.0 < value < float("inf") for value in self.size):
            raise ValueError(f"A body needs three positive sizes in metres, given {self.size}.")
        if len(self.centre) != 3 or not all(abs(value) < float("inf") for value in self.centre):
            raise ValueError(f"A body needs a centre of three finite numbers, given {self.centre}.")


@dataclass(frozen=True, eq=False)
class Agent:
    """One agent: a name, a path, and a rig of cameras.

    Attributes:
        name: unique among the agents of a world.
        poses: (frames, 4, 4) float64 agent-to-world poses (OpenCV axes, metres).
        rig: the agent's cameras.
        body: box around the agent, if known.
        frame_intrinsics: (frames, views, 3, 3) float64 in pixels of the rig's picture size, where the lens changes over
            time (zoom); None where the rig's own intrinsics hold for all frames.
    """

    name: str
    poses: Tensor
    rig: Rig
    body: Body | None = None
    frame_intrinsics: Tensor | None = None

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("An agent needs a name.")
        owner = f"agent '{self.name}'"
        object.__setattr__(self, "poses", torch.as_tensor(self.poses, dtype=torch.float64).clone())
        check_poses(self.poses, owner)
        if self.frame_count == 0:
            raise ValueError(f"{owner} has no frames.")
        if self.frame_intrinsics is None:
            return
        object.__setattr__(
            self, "frame_intrinsics", torch.as_tensor(self.frame_intrinsics, dtype=torch.float64).clone()
        )
        expected = (self.frame_count, self.rig.view_count, 3, 3)
        if tuple(self.frame_intrinsics.shape) != expected:
            raise ValueError(
                f"{owner}: frame_intrinsics must have shape {expected} (frames, views, 3, 3), "
                f"given {tuple(self.frame_intrinsics.shape)}."
            )
        check_intrinsics(self.frame_intrinsics, owner, [f"frame {frame}" for frame in range(self.frame_count)])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Agent):
            return NotImplemented
        return (
            self.name == other.name
            and self.rig == other.rig
            and self.body == other.body
            and (self.frame_intrinsics is None) == (other.frame_intrinsics is None)
            and torch.equal(self.poses, other.poses)
            and torch.equal(self.intrinsics(), other.intrinsics())
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def frame_count(self) -> int:
        return int(self.poses.shape[0])

    def extrinsics(self) -> Tensor:
        """(frames, views, 4, 4) camera-to-world pose of every view."""
        return self.poses[:, None] @ self.rig.view_to_agent

    def intrinsics(self) -> Tensor:
        """(frames, views, 3, 3) pinhole matrices in pixels of the rig's picture size."""
        if self.frame_intrinsics is not None:
            return self.frame_intrinsics
        return self.rig.intrinsics.expand(self.frame_count, -1, -1, -1)


@dataclass(frozen=True, eq=False)
class Agents:
    """Several agents in one world frame, over the same frames.

    Attributes:
        members: the agents, in the order of the branches that a network samples.
        frame_rate: frames per second of all paths.
    """

    members: tuple[Agent, ...]
    frame_rate: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", tuple(self.members))
        object.__setattr__(self, "frame_rate", float(self.frame_rate))
        if not self.members:
            raise ValueError("A world needs at least one agent.")
        if not 0.0 < self.frame_rate < float("inf"):
            raise ValueError(f"The frame rate must be positive frames per second, given {self.frame_rate}.")
        if len(set(self.names)) != len(self.members):
            raise ValueError(f"Agents must have different names, given {', '.join(self.names)}.")
        for agent in self.members:
            if agent.frame_count != self.frame_count:
                raise ValueError(
                    f"agent '{agent.name}' has {agent.frame_count} frames, agent '{self.members[0].name}' has "
                    f"{self.frame_count}; resample the paths to one frame count first."
                )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Agents):
            return NotImplemented
        return self.members == other.members and self.frame_rate == other.frame_rate

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self.members)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(agent.name for agent in self.members)

    @property
    def frame_count(self) -> int:
        return self.members[0].frame_count

    def poses(self) -> Tensor:
        """(agents, frames, 4, 4) agent-to-world poses."""
        return torch.stack([agent.poses for agent in self.members])

    def extrinsics(self) -> Tensor:
        """(agents, frames, views, 4, 4) camera-to-world poses. Raises ValueError if the rigs differ in view count."""
        self.require_equal_rigs()
        return torch.stack([agent.extrinsics() for agent in self.members])

    def intrinsics(self) -> Tensor:
        """(agents, frames, views, 3, 3) in pixels. Raises ValueError if the rigs differ in views or picture size."""
        self.require_equal_rigs()
        return torch.stack([agent.intrinsics() for agent in self.members])

    def require_equal_rigs(self) -> None:
        """Refuse agents whose cameras cannot be stacked: other view names, order or picture size."""
        first = self.members[0]
        for agent in self.members[1:]:
            if agent.rig.view_names != first.rig.view_names:
                raise ValueError(
                    f"agent '{agent.name}' has views {', '.join(agent.rig.view_names)}, agent '{first.name}' has "
                    f"{', '.join(first.rig.view_names)}; give both the same rig."
                )
            if (agent.rig.width, agent.rig.height) != (first.rig.width, first.rig.height):
                raise ValueError(
                    f"agent '{agent.name}' has pictures of {agent.rig.width}x{agent.rig.height}, agent '{first.name}' "
                    f"of {first.rig.width}x{first.rig.height}; give both rigs one size."
                )

    def with_rig(self, rig: Rig) -> "Agents":
        """The same agents, all looking through `rig`; per-frame intrinsics of the old rigs are dropped."""
        return Agents(tuple(replace(agent, rig=rig, frame_intrinsics=None) for agent in self.members), self.frame_rate)

    def select_frames(self, frames: Sequence[int] | Tensor) -> "Agents":
        """The agents at the given frame indices, in that order; the frame rate is kept."""
        index = torch.as_tensor(frames, dtype=torch.long)
        chosen = (
            replace(
                agent,
                poses=agent.poses[index],
                frame_intrinsics=None if agent.frame_intrinsics is None else agent.frame_intrinsics[index],
            )
            for agent in self.members
        )
        return Agents(tuple(chosen), self.frame_rate)


def unique_name(name: str, taken: Collection[str]) -> str:
    """The name, with a number appended where it is taken ("red", "red 2")."""
    unique, copy = name, 2
    while unique in taken:
        unique, copy = f"{name} {copy}", copy + 1
    return unique


def combine_agents(worlds: Sequence[Agents]) -> Agents:
    """One world with the agents of all given worlds, which must share frame count and frame rate.

    An agent whose name is taken gets a number appended ("red", "red 2"). Poses are not moved: all inputs are taken to
    be in the same world frame.
    """
    if not worlds:
        raise ValueError("Nothing to combine: connect at least one set of agents.")
    for number, world in enumerate(worlds):
        if world.frame_rate != worlds[0].frame_rate:
            raise ValueError(
                f"agents {number} run at {world.frame_rate:g} frames per second, agents 0 at "
                f"{worlds[0].frame_rate:g}; resample the paths to one frame rate first."
            )
    members: list[Agent] = []
    for agent in (agent for world in worlds for agent in world.members):
        members.append(replace(agent, name=unique_name(agent.name, [member.name for member in members])))
    return Agents(tuple(members), worlds[0].frame_rate)
