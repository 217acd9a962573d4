"""What agents do, frame by frame."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from .layout import ActionLayout

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Actions:
    """Actions of several agents over the same frames, one row per video frame.

    Attributes:
        layout: what the channels are.
        names: one name per agent, in the order in which networks take the agents.
        frame_rate: frames per second.
        discrete: (agents, frames, buttons) bool, True where the button is pressed; zeros and ones of any type are
            taken.
        continuous: (agents, frames, axes) float64 in the units and, as a rule, the range that the layout states for
            each axis. Nothing is clipped or normalised.
        extras: by name of the layout's extras, (items, fields) float64; what is not known is left out.

    Raises:
        ValueError: one sentence with agent, frame, channel, what is expected and what is given.
    """

    layout: ActionLayout
    names: tuple[str, ...]
    frame_rate: float
    discrete: Tensor
    continuous: Tensor
    extras: Mapping[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "frame_rate", float(self.frame_rate))
        object.__setattr__(self, "continuous", torch.as_tensor(self.continuous, dtype=torch.float64).clone())
        if not 0.0 < self.frame_rate < float("inf"):
            raise ValueError(f"The frame rate must be positive frames per second, given {self.frame_rate}.")
        self._check_names()
        discrete = torch.as_tensor(self.discrete)
        self._check_shapes(discrete)
        self._refuse(discrete, (discrete != 0) & (discrete != 1), self.layout.button_names, "0 or 1")
        object.__setattr__(self, "discrete", discrete.bool().clone())
        self._refuse(self.continuous, ~self.continuous.isfinite(), self.layout.axis_names, "a finite number")
        extras = {name: torch.as_tensor(value, dtype=torch.float64).clone() for name, value in self.extras.items()}
        object.__setattr__(self, "extras", extras)
        self._check_extras()

    def _check_names(self) -> None:
        if not self.names or not all(name.strip() for name in self.names):
            raise ValueError("Actions need at least one agent, and every agent a name.")
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"Agents must have different names, given {', '.join(self.names)}.")
        fixed = self.layout.agent_names
        if fixed is not None and len(self.names) != len(fixed):
            raise ValueError(
                f"Actions of layout '{self.layout.name}' are of exactly {len(fixed)} agents ({', '.join(fixed)}), "
                f"given {len(self.names)}: {', '.join(self.names)}."
            )

    def _check_shapes(self, discrete: Tensor) -> None:
        layout, agents = self.layout, len(self.names)
        given = {"discrete": (discrete, len(layout.buttons)), "continuous": (self.continuous, len(layout.axes))}
        for kind, (values, channels) in given.items():
            if values.ndim != 3 or values.shape[0] != agents or values.shape[2] != channels:
                raise ValueError(
                    f"The {kind} actions must have shape ({agents}, frames, {channels}) for the agents "
                    f"{', '.join(self.names)} in layout '{layout.name}', given {tuple(values.shape)}."
                )
        if discrete.shape[1] != self.continuous.shape[1]:
            raise ValueError(
                f"The discrete actions have {discrete.shape[1]} frames, the continuous ones "
                f"{self.continuous.shape[1]}; give both the same frames."
            )
        if self.frame_count == 0:
            raise ValueError("The actions have no frames.")

    def _refuse(self, values: Tensor, wrong: Tensor, channels: Sequence[str], expected: str) -> None:
        if wrong.any():
            agent, frame, channel = wrong.nonzero()[0].tolist()
            raise ValueError(
                f"agent '{self.names[agent]}', frame {frame}, channel '{channels[channel]}': expected {expected}, "
                f"given {values[agent, frame, channel].item():g}."
            )

    def _check_extras(self) -> None:
        known = {extra.name: extra for extra in self.layout.extras}
        for name, values in self.extras.items():
            if name not in known:
                raise ValueError(
                    f"Layout '{self.layout.name}' has no extra '{name}'; it has {', '.join(known) or 'none'}."
                )
            extra = known[name]
            if values.ndim != 2 or len(values) == 0 or values.shape[1] != len(extra.fields):
                raise ValueError(
                    f"The extra '{name}' must have shape ({extra.item}s, {len(extra.fields)}), "
                    f"given {tuple(values.shape)}."
                )
            if not values.isfinite().all():
                item, number = (~values.isfinite()).nonzero()[0].tolist()
                raise ValueError(
                    f"extra '{name}', {extra.item} {item}, {extra.fields[number]}: expected a finite number, "
                    f"given {values[item, number].item():g}."
                )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Actions):
            return NotImplemented
        return (
            self.layout == other.layout
            and self.names == other.names
            and self.frame_rate == other.frame_rate
            and torch.equal(self.discrete, other.discrete)
            and torch.equal(self.continuous, other.continuous)
            and self.extras.keys() == other.extras.keys()
            and all(torch.equal(values, other.extras[name]) for name, values in self.extras.items())
        )

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def frame_count(self) -> int:
        return int(self.continuous.shape[1])

    def select_frames(self, frames: Sequence[int] | Tensor) -> "Actions":
        """The actions at the given frame indices, in that order; frame rate and extras are kept.

        Raises ValueError if a frame does not exist; negative ones count from the end.
        """
        index = torch.as_tensor(frames, dtype=torch.long)
        beyond = (index < -self.frame_count) | (index >= self.frame_count)
        if beyond.any():
            raise ValueError(
                f"Frame {int(index[beyond][0])} does not exist; the actions have frames 0 to {self.frame_count - 1}."
            )
        return replace(self, discrete=self.discrete[:, index], continuous=self.continuous[:, index])

    def with_extra(self, name: str, values: Tensor) -> "Actions":
        """The same actions with an extra of the layout, (items, fields), in place of the one of that name."""
        return replace(self, extras={**self.extras, name: values})

    def require_layout(self, layout: ActionLayout, user: str) -> None:
        """Refuse actions of another layout than `user` takes."""
        if self.layout != layout:
            raise ValueError(
                f"{user} takes actions of layout '{layout.name}' ({layout.title}), given '{self.layout.name}' "
                f"({self.layout.title}); connect the other actions or the other network."
            )


def warn_of_unusual_values(actions: Actions, source: object) -> None:
    """Log one warning that names the first value outside of its channel's range and counts the others."""
    axes = actions.layout.axes
    low = torch.tensor([axis.low for axis in axes], dtype=torch.float64)
    high = torch.tensor([axis.high for axis in axes], dtype=torch.float64)
    outside = (actions.continuous < low) | (actions.continuous > high)
    if outside.any():
        agent, frame, channel = outside.nonzero()[0].tolist()
        logger.warning(
            "%s: agent '%s', frame %d, channel '%s' is %g, usual are %g to %g; %d values outside of their range are "
            "used as they are.",
            source,
            actions.names[agent],
            frame,
            axes[channel].name,
            actions.continuous[agent, frame, channel].item(),
            axes[channel].low,
            axes[channel].high,
            int(outside.sum()),
        )
