"""Actions as a person types them.

    # the left player runs and turns, the right one jumps twice
    left: 0-40: W; 41-end: W+D, look 0.3 0
    right:
      10-12: jump
      30-32: jump

A script is a list of entries. Line ends and semicolons separate entries, spaces mean nothing, and `#` begins a comment.

- **Agents.** A name and a colon say whose the entries behind and below are, until the next name: `left:`. `agent 1:` is
  the first agent whatever its name, `all:` is everybody. A name with other characters than letters, digits and spaces
  stands in quotes: `"robot #2":`. Where only one agent acts, no name is needed.
- **Frames.** `10:` is one frame, `0-40:` are 41 frames, both ends included, and `41-end:` goes on to the last frame.
  Frames count from 0.
- **What is done.** Keys and axes of the layout, separated by `+` or `,`. An axis has its number behind it
  (`look_x 0.3`), a group of axes as many as it has members (`look 0.3 0`). `idle` is no key pressed and every axis at
  its idle value. Small and capital letters are the same, and the layout has other words for its keys (`jump` for
  `space`).
- **Several entries for the same frames.** Keys add up: a key is down where any entry presses it. Of an axis the entry
  further down in the text holds. `idle` takes back all that stands above it for these frames.
- **Frames that no entry names** are idle. That is so for keys and for axes that spring back, such as the looks of
  `it_takes_two`; the joints of `panda` are *targets*: they move straight from one named frame to the next, stay where
  they were sent last, and stand at the first target before it. The gripper stays as it was set last. A joint or gripper
  that is never named stays at its idle value.

For `panda`:

    agent 1:
      0: joints 0 -0.8 0 -2.4 0 1.6 0.8, gripper 1
      40: joints 0.5 0.2 0 -2 0 2.2 0.8
      50: gripper -1
      80: joints 0.5 -0.6 0 -2 0 1.4 0.8
"""

import difflib
import logging
import re
from collections.abc import Sequence
from typing import NoReturn

import numpy as np
import torch

from .actions import Actions
from .layout import ActionLayout, Axis
from .script_syntax import Entry, Header, Item, Place, parse_entries, written_name

logger = logging.getLogger(__name__)

MOST_AGENTS = 16
"""Largest N of `agent N:` where the script itself says how many agents there are."""

_NUMBERED = re.compile(r"(?:agent|player|robot)\s*(\d{1,9})", re.IGNORECASE)


def parse_action_script(
    text: str,
    layout: ActionLayout,
    names: Sequence[str] | None = None,
    frame_count: int | None = None,
    frame_rate: float | None = None,
) -> Actions:
    """Actions from a script, whose language this module's first lines describe.

    Args:
        text: the script; an empty one is all idle.
        layout: what the channels are.
        names: the agents, in order. If None, those of the layout, and where any number acts, as many as the largest
            `agent N:` says.
        frame_count: how many frames; if None, up to the last frame that the script names.
        frame_rate: frames per second; the layout's if None.

    Raises:
        ValueError: with line and column, what stands there and what to write instead.
    """
    headers, entries = parse_entries(text)
    names = tuple(names) if names is not None else _names(headers, layout)
    frames = frame_count if frame_count is not None else _frame_count(entries)
    if frames < 1:
        raise ValueError(f"Actions need at least 1 frame, given {frames}.")
    agents = {header: _agents(header, names) for header in headers}
    sheet = _Sheet(layout, len(names), frames)
    for entry in entries:
        if entry.header is None and len(names) > 1:
            raise entry.place.error(
                f"whose frames are these? Write the agent before them, '{written_name(names[0])}:' or 'all:'."
            )
        members = agents[entry.header] if entry.header is not None else range(len(names))
        first, last = _frames(entry, frames)
        for item in entry.items:
            sheet.write(item, members, first, last)
    sheet.warn_of_unusual_values()
    discrete, continuous = sheet.channels()
    return Actions(
        layout,
        names,
        layout.frame_rate if frame_rate is None else frame_rate,
        torch.from_numpy(discrete),
        torch.from_numpy(continuous),
    )


def _names(headers: Sequence[Header], layout: ActionLayout) -> tuple[str, ...]:
    if layout.agent_names is not None:
        return layout.agent_names
    count = 1
    for header in headers:
        match = None if header.quoted else _NUMBERED.fullmatch(header.name)
        if match and int(match[1]) > MOST_AGENTS:
            raise header.place.error(
                f"'{header.name}' is beyond agent {MOST_AGENTS}, the last one that a script may name."
            )
        count = max(count, int(match[1]) if match else 1)
    return tuple(f"agent {number}" for number in range(1, count + 1))


def _frame_count(entries: Sequence[Entry]) -> int:
    if not entries:
        raise ValueError("The script names no frame; write for instance '0-80: idle', or give the number of frames.")
    for entry in entries:
        if entry.last is None:
            raise entry.place.error(
                "'end' needs a number of frames beside the script; give it or write the last frame."
            )
    return 1 + max(entry.last for entry in entries if entry.last is not None)


def _agents(header: Header, names: Sequence[str]) -> Sequence[int]:
    """Indices of the agents that a header means: a name first, then a number, then "all"."""
    if header.name in names:
        return [names.index(header.name)]
    folded = [name.casefold() for name in names]
    if folded.count(header.name.casefold()) == 1:
        return [folded.index(header.name.casefold())]
    match = None if header.quoted else _NUMBERED.fullmatch(header.name)
    if match and 1 <= int(match[1]) <= len(names):
        return [int(match[1]) - 1]
    if header.name.casefold() == "all" and not header.quoted:
        return range(len(names))
    raise header.place.error(
        f"there is no agent '{header.name[:40]}'; write {', '.join(f'{written_name(name)}:' for name in names[:8])}, "
        f"'agent 1:' to 'agent {len(names)}:' or 'all:'."
    )


def _frames(entry: Entry, frames: int) -> tuple[int, int]:
    """First and last frame of an entry."""
    last = frames - 1 if entry.last is None else entry.last
    if max(entry.first, last) >= frames:
        raise entry.place.error(
            f"frame {max(entry.first, last)} does not exist; the actions have frames 0 to {frames - 1}, so end at "
            f"{frames - 1} or ask for {max(entry.first, last) + 1} frames."
        )
    return entry.first, last


class _Sheet:
    """Channels that entries write into, one after the other."""

    def __init__(self, layout: ActionLayout, agents: int, frames: int) -> None:
        self.layout = layout
        self.discrete = np.zeros((agents, frames, len(layout.buttons)), dtype=bool)
        self.continuous = np.broadcast_to(layout.idle_axes().numpy(), (agents, frames, len(layout.axes))).copy()
        self.targets: dict[tuple[int, int], dict[int, float]] = {}
        self.unusual: list[tuple[Place, Axis, float]] = []

    def write(self, item: Item, agents: Sequence[int], first: int, last: int) -> None:
        """Do one item in the frames from `first` to `last`."""
        layout = self.layout
        if item.word == "idle":
            _require_numbers(item, 0, "'idle'")
            for agent in agents:
                self.discrete[agent, first : last + 1] = False
                for axis, channel in enumerate(layout.axes):
                    self._set_axis(agent, axis, first, last, channel.idle)
        elif item.word in layout.button_words:
            _require_numbers(item, 0, f"the key '{item.word}'")
            for agent in agents:
                self.discrete[agent, first : last + 1, layout.button_words[item.word]] = True
        elif item.word in layout.axis_words:
            axes = layout.axis_words[item.word]
            meaning = " ".join(layout.axis_names[axis] for axis in axes)
            _require_numbers(item, len(axes), f"'{item.word}' ({meaning})")
            for axis, value in zip(axes, item.numbers, strict=True):
                channel = layout.axes[axis]
                if not channel.low <= value <= channel.high:
                    self.unusual.append((item.place, channel, value))
                for agent in agents:
                    self._set_axis(agent, axis, first, last, value)
        else:
            _refuse_word(item, layout)

    def _set_axis(self, agent: int, axis: int, first: int, last: int, value: float) -> None:
        if self.layout.axes[axis].between == "idle":
            self.continuous[agent, first : last + 1, axis] = value
            return
        targets = self.targets.setdefault((agent, axis), {})
        if last > first + 1:
            for frame in [frame for frame in targets if first < frame < last]:
                del targets[frame]
        targets[first] = targets[last] = value

    def warn_of_unusual_values(self) -> None:
        """Log one warning that names the first value outside of its channel's range and counts all of them."""
        if self.unusual:
            place, channel, value = self.unusual[0]
            logger.warning(
                "line %d, column %d: %s is %g, usual are %g to %g; %d values outside of their range are used as they "
                "are.",
                place.line, place.column, channel.name, value, channel.low, channel.high, len(self.unusual),
            )  # fmt: skip

    def channels(self) -> tuple[np.ndarray, np.ndarray]:
        """(agents, frames, buttons) bool and (agents, frames, axes) float64."""
        frames = np.arange(self.continuous.shape[1])
        for (agent, axis), targets in self.targets.items():
            times = np.array(sorted(targets))
            values = np.array([targets[time] for time in times.tolist()])
            channel = self.layout.axes[axis]
            if channel.between == "linear":
                self.continuous[agent, :, axis] = np.interp(frames, times, values)
            else:
                latest = np.searchsorted(times, frames, side="right") - 1
                self.continuous[agent, :, axis] = np.where(latest < 0, channel.idle, values[latest])
        return self.discrete, self.continuous


def _require_numbers(item: Item, count: int, what: str) -> None:
    if len(item.numbers) == count:
        return
    takes = {0: "takes no number", 1: "takes one number"}.get(count, f"takes {count} numbers")
    given = " ".join(f"{number:g}" for number in item.numbers) or "none"
    point = "; separate numbers by spaces and write decimals with a point" if count else ""
    raise item.place.error(f"{what} {takes}, given {given}{point}.")


def _refuse_word(item: Item, layout: ActionLayout) -> NoReturn:
    words = [*layout.button_words, *layout.axis_words, "idle"]
    near = difflib.get_close_matches(item.word, words, n=1)
    fix = f"did you mean '{near[0]}'? " if near else ""
    known = ", ".join([*layout.button_names, *layout.axis_names, *(word for word, _ in layout.groups), "idle"])
    raise item.place.error(f"'{item.word[:40]}' is no key or axis of layout '{layout.name}'; {fix}It has {known}.")
