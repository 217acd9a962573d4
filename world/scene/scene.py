"""Scenes: a cloud of coloured points that does not move, and agents as moving 3D Gaussians."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

MARKER_COLOUR = (0.0, 0.0, 1.0)
"""MetaWorld's released code marks a subject with a blue blob."""

SYMMETRY_TOLERANCE = 1e-6
"""Largest accepted difference of a covariance and its transpose, relative to its largest entry."""

THINNEST = 1e-14
"""Smallest accepted variance relative to the largest: below, rounding makes a turned covariance indefinite."""


@dataclass(frozen=True, eq=False)
class PointCloud:
    """Coloured points.

    Attributes:
        points: (points, 3) float32 metres in the world frame.
        colours: (points, 3) float32 RGB in 0..1; values outside are clamped.
    """

    points: Tensor
    colours: Tensor

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", torch.as_tensor(self.points, dtype=torch.float32).clone())
        object.__setattr__(self, "colours", torch.as_tensor(self.colours, dtype=torch.float32).clamp(0.0, 1.0))
        if self.points.ndim != 2 or self.points.shape[1] != 3 or self.colours.shape != self.points.shape:
            raise ValueError(
                "A point cloud needs points and colours of shape (points, 3) each, given "
                f"{tuple(self.points.shape)} and {tuple(self.colours.shape)}."
            )
        if len(self.points) == 0:
            raise ValueError("The point cloud is empty; check depth and masks, a scene needs at least one point.")
        for name, values in (("points", self.points), ("colours", self.colours)):
            wrong = ~torch.isfinite(values).all(-1)
            if wrong.any():
                index = int(wrong.nonzero()[0])
                raise ValueError(
                    f"point {index} of {len(values)}: the {name} hold {values[index].tolist()}; leave out points that "
                    "are not finite."
                )

    def __len__(self) -> int:
        return len(self.points)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PointCloud):
            return NotImplemented
        return torch.equal(self.points, other.points) and torch.equal(self.colours, other.colours)

    __hash__ = None  # type: ignore[assignment]

    def chosen(self, which: Tensor) -> "PointCloud":
        """The points at an index or where a mask (points,) is true."""
        return PointCloud(self.points[which], self.colours[which])


@dataclass(frozen=True, eq=False)
class AgentGaussian:
    """An agent as a moving 3D Gaussian, as in MetaWorld (appendix, trajectory abstraction via 3D Gaussians).

    Attributes:
        name: of the agent.
        means: (frames, 3) float64 metres in the world frame.
        covariances: (frames, 3, 3) float64 square metres, symmetric and positive definite.
        colour: RGB in 0..1 of its marker.
    """

    name: str
    means: Tensor
    covariances: Tensor
    colour: tuple[float, float, float] = MARKER_COLOUR

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("An agent needs a name.")
        object.__setattr__(self, "means", torch.as_tensor(self.means, dtype=torch.float64).clone())
        object.__setattr__(self, "covariances", torch.as_tensor(self.covariances, dtype=torch.float64).clone())
        object.__setattr__(self, "colour", tuple(float(value) for value in self.colour))
        if len(self.colour) != 3 or not all(0.0 <= value <= 1.0 for value in self.colour):
            raise ValueError(f"agent '{self.name}': a marker colour is three numbers in 0..1, given {self.colour}.")
        frames = len(self.means) if self.means.ndim else 0
        if self.means.shape != (frames, 3) or self.covariances.shape != (frames, 3, 3) or frames == 0:
            raise ValueError(
                f"agent '{self.name}': expected means (frames, 3) and covariances (frames, 3, 3) of at least one "
                f"frame, given {tuple(self.means.shape)} and {tuple(self.covariances.shape)}."
            )
        self._check_values()

    def _check_values(self) -> None:
        finite = torch.isfinite(self.means).all(-1) & torch.isfinite(self.covariances).flatten(1).all(-1)
        if not finite.all():
            frame = int((~finite).nonzero()[0])
            raise ValueError(
                f"agent '{self.name}', frame {frame}: mean {self.means[frame].tolist()} or covariance is not finite; "
                "remove or interpolate that frame."
            )
        largest = self.covariances.abs().amax((-2, -1))
        skew = (self.covariances - self.covariances.mT).abs().amax((-2, -1)) > SYMMETRY_TOLERANCE * largest
        variances = torch.linalg.eigvalsh(self.covariances)
        flat = variances[:, 0] <= THINNEST * variances[:, 2].clamp(min=0.0)
        for wrong, what in ((skew, "symmetric"), (flat, "positive definite")):
            if wrong.any():
                frame = int(wrong.nonzero()[0])
                raise ValueError(
                    f"agent '{self.name}', frame {frame}: the covariance must be {what}, given "
                    f"{self.covariances[frame].tolist()}; add a small multiple of the identity."
                )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AgentGaussian):
            return NotImplemented
        return (
            (self.name, self.colour) == (other.name, other.colour)
            and torch.equal(self.means, other.means)
            and torch.equal(self.covariances, other.covariances)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def frame_count(self) -> int:
        return len(self.means)


@dataclass(frozen=True, eq=False)
class Scene:
    """What agents see: the background, and each other.

    Attributes:
        background: what does not move.
        agents: over the same frames, with different names; none for roaming freely through the background.
    """

    background: PointCloud
    agents: tuple[AgentGaussian, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "agents", tuple(self.agents))
        if len(set(self.names)) != len(self.agents):
            raise ValueError(f"The agents of a scene must have different names, given {', '.join(self.names)}.")
        for agent in self.agents[1:]:
            first = self.agents[0]
            if agent.frame_count != first.frame_count:
                raise ValueError(
                    f"agent '{agent.name}' has {agent.frame_count} frames, agent '{first.name}' has "
                    f"{first.frame_count}; resample the paths to one frame count first."
                )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Scene):
            return NotImplemented
        return self.background == other.background and self.agents == other.agents

    __hash__ = None  # type: ignore[assignment]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(agent.name for agent in self.agents)

    @property
    def frame_count(self) -> int | None:
        """Frames of the agents; None without agents, since the background has no time."""
        return self.agents[0].frame_count if self.agents else None

    def with_agents(self, agents: Sequence[AgentGaussian]) -> "Scene":
        """The same background with other agents."""
        return replace(self, agents=tuple(agents))

    def without(self, name: str) -> "Scene":
        """The scene as agent `name` sees it; the same scene if it has no such agent."""
        return self.with_agents([agent for agent in self.agents if agent.name != name])
