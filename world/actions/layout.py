"""What the channels of a kind of action are: names, order, ranges, and the words that a person may use for them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

RESERVED_WORDS = ("idle",)
"""Words of the script language that no channel may take."""


@dataclass(frozen=True)
class Button:
    """A channel that is pressed (1) or not (0); idle is 0.

    Attributes:
        name: unique in the layout, lower case.
        meaning: what it does, for people.
        aliases: other words for it in scripts.
    """

    name: str
    meaning: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Axis:
    """A channel with a number per frame.

    Attributes:
        name: unique in the layout, lower case.
        meaning: what it is, with its unit and direction.
        low, high: the usual range; values outside of it are computed with, after a warning.
        idle: the value where nobody touches it.
        between: what a script that names frames means for the frames between and after them. "idle": back to the idle
            value. "hold": the last value stays. "linear": straight from one value to the next, and the last one stays.
        aliases: other words for it in scripts.
    """

    name: str
    meaning: str
    low: float = -1.0
    high: float = 1.0
    idle: float = 0.0
    between: Literal["idle", "hold", "linear"] = "idle"
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Extra:
    """Numbers that go with the actions and do not change over time, one row per item.

    Attributes:
        name: unique among the layout's extras.
        item: what a row belongs to, in one word ("view").
        fields: names of the numbers of a row.
    """

    name: str
    item: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class ActionLayout:
    """Channels of a kind of action, in the order in which networks take them.

    Attributes:
        name: id in files and graphs.
        title: name for people.
        buttons: the discrete channels.
        axes: the continuous channels.
        groups: words for several axes that are written together, and those axes: ("look", ("look_x", "look_y")).
        extras: what may go with the actions.
        agent_names: names of the agents where their number is fixed; None where any number acts.
        frame_rate: frames per second of the data that the layout comes from.
    """

    name: str
    title: str
    buttons: tuple[Button, ...] = ()
    axes: tuple[Axis, ...] = ()
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    extras: tuple[Extra, ...] = ()
    agent_names: tuple[str, ...] | None = None
    frame_rate: float = 24.0

    def __post_init__(self) -> None:
        words = [*self.button_names, *self.axis_names, *(word for word, _ in self.groups), *RESERVED_WORDS]
        words += [alias for button in self.buttons for alias in button.aliases]
        words += [alias for axis in self.axes for alias in axis.aliases]
        for word in words:
            if word != word.lower() or not word.isidentifier():
                raise ValueError(f"layout '{self.name}': '{word}' must be one lower-case word.")
            if words.count(word) > 1:
                raise ValueError(f"layout '{self.name}': the word '{word}' stands for two things.")
        for axis in self.axes:
            if not axis.low < axis.high:
                raise ValueError(
                    f"layout '{self.name}', axis '{axis.name}': low {axis.low:g} must be below high {axis.high:g}."
                )
        for word, members in self.groups:
            if not set(members) <= set(self.axis_names):
                raise ValueError(f"layout '{self.name}': group '{word}' names an axis that does not exist.")

    @property
    def button_names(self) -> tuple[str, ...]:
        return tuple(button.name for button in self.buttons)

    @property
    def axis_names(self) -> tuple[str, ...]:
        return tuple(axis.name for axis in self.axes)

    def idle_axes(self) -> Tensor:
        """(axes,) float64 values where nobody acts."""
        return torch.tensor([axis.idle for axis in self.axes], dtype=torch.float64)

    @cached_property
    def button_words(self) -> dict[str, int]:
        """Every word for a button, lower case, and the button's index."""
        return {word: index for index, button in enumerate(self.buttons) for word in (button.name, *button.aliases)}

    @cached_property
    def axis_words(self) -> dict[str, tuple[int, ...]]:
        """Every word for axes, lower case, and their indices in the order in which their numbers are written."""
        words = {word: (index,) for index, axis in enumerate(self.axes) for word in (axis.name, *axis.aliases)}
        index = {axis.name: number for number, axis in enumerate(self.axes)}
        return words | {word: tuple(index[name] for name in members) for word, members in self.groups}
