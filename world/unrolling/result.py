"""What a video was taken apart into."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..agents import Agent, Agents
from ..poses import inverse
from ..scene.scene import Scene
from .identity import Identity


@dataclass(frozen=True, eq=False)
class UnrolledWorld:
    """One egocentric video as a world with several agents.

    Attributes:
        scene: background, and the subjects as Gaussians.
        agents: the one that carries the camera first, then the subjects in the order of the scene.
        identities: where each subject is best seen.
        seen: (subjects, frames) bool; False where a subject's place is interpolated or held.
        warnings: what may be wrong with the result, a sentence each.
    """

    scene: Scene
    agents: Agents
    identities: tuple[Identity, ...]
    seen: Tensor
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "identities", tuple(self.identities))
        object.__setattr__(self, "warnings", tuple(self.warnings))
        object.__setattr__(self, "seen", torch.as_tensor(self.seen, dtype=torch.bool).clone())
        if self.scene.names != self.names:
            raise ValueError(
                f"The agents after the camera are {', '.join(self.names) or 'none'}, the scene has "
                f"{', '.join(self.scene.names) or 'none'}; give the same in the same order."
            )
        if self.scene.frame_count not in (None, self.agents.frame_count):
            raise ValueError(
                f"The scene's agents have {self.scene.frame_count} frames, the paths {self.agents.frame_count}."
            )
        expected = (len(self.names), self.agents.frame_count)
        if tuple(self.seen.shape) != expected or len(self.identities) != len(self.names):
            raise ValueError(
                f"{len(self.names)} subjects need as many identities and seen {expected} (subjects, frames), given "
                f"{len(self.identities)} and {tuple(self.seen.shape)}."
            )
        for name, identity in zip(self.names, self.identities, strict=True):
            if identity.frame >= self.agents.frame_count:
                raise ValueError(
                    f"agent '{name}': its identity is in frame {identity.frame}, there are {self.agents.frame_count}."
                )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, UnrolledWorld):
            return NotImplemented
        return (
            (self.scene, self.agents) == (other.scene, other.agents)
            and (self.identities, self.warnings) == (other.identities, other.warnings)
            and torch.equal(self.seen, other.seen)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def camera(self) -> Agent:
        """The agent whose video it is."""
        return self.agents.members[0]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the subjects."""
        return self.agents.names[1:]

    def relative_paths(self) -> Tensor:
        """(subjects, frames, 4, 4) float64 poses of the subjects in the frame of the camera at that time."""
        return inverse(self.camera.poses) @ self.agents.poses()[1:]
