"""Actions written as a script that `parse_action_script` reads back."""

from itertools import pairwise

import torch

from .actions import Actions
from .script_syntax import written_name


def format_action_script(actions: Actions) -> str:
    """A script from which `parse_action_script`, given the same layout, names and frame rate, makes equal actions.

    Keys and axes that spring back are left out where they are idle. Joints and grippers, which would stay where they
    are, are written for every frame in which they change. Extras such as cameras are not part of a script.
    """
    lines = [f"# {actions.layout.name}, {actions.frame_count} frames"]
    last = actions.frame_count - 1
    reached = False
    for agent, name in enumerate(actions.names):
        lines.append(f"{written_name(name)}:")
        for start, end in _runs(actions, agent):
            items = _items(actions, agent, start)
            if items:
                frames = str(start) if start == end else f"{start}-{end}"
                lines.append(f"  {frames}: {', '.join(items)}")
                reached |= end == last
    if not reached:
        lines.append(f"  {last}: idle")
    return "\n".join(lines) + "\n"


def _runs(actions: Actions, agent: int) -> list[tuple[int, int]]:
    """First and last frame of every stretch in which an agent does the same."""
    rows = torch.cat([actions.discrete[agent].double(), actions.continuous[agent]], dim=-1)
    starts = [0, *((rows[1:] != rows[:-1]).any(-1).nonzero().flatten() + 1).tolist(), len(rows)]
    return [(start, following - 1) for start, following in pairwise(starts)]


def _items(actions: Actions, agent: int, frame: int) -> list[str]:
    """What an agent does in a frame: the pressed keys, then the axes, those of a group under its word."""
    layout = actions.layout
    pressed = actions.discrete[agent, frame].tolist()
    keys = "+".join(name.upper() for name, down in zip(layout.button_names, pressed, strict=True) if down)
    items = [keys] if keys else []
    values = dict(zip(layout.axis_names, actions.continuous[agent, frame].tolist(), strict=True))
    grouped = {name for _, members in layout.groups for name in members}
    words = [*layout.groups, *((name, (name,)) for name in layout.axis_names if name not in grouped)]
    axes = {axis.name: axis for axis in layout.axes}
    for word, members in words:
        if any(axes[name].between != "idle" or values[name] != axes[name].idle for name in members):
            items.append(" ".join([word, *(repr(values[name]).removesuffix(".0") for name in members)]))
    return items
