"""What agents do, frame by frame: layouts, files, scripts, pictures, and the form in which networks take it.

A module of this package that defines `LAYOUT = ActionLayout(...)` is a layout; nothing else has to be registered.
"""

from .actions import Actions
from .chunks import cut_chunks
from .layout import ActionLayout, Axis, Button, Extra
from .picture import draw_actions
from .reading import read_actions
from .registry import all_layouts, find_layout
from .script import parse_action_script
from .script_text import format_action_script
from .shared_world_json import write_actions

__all__ = [
    "ActionLayout",
    "Actions",
    "Axis",
    "Button",
    "Extra",
    "all_layouts",
    "cut_chunks",
    "draw_actions",
    "find_layout",
    "format_action_script",
    "parse_action_script",
    "read_actions",
    "write_actions",
]
