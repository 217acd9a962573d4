"""What the page's track editor takes over from Python: the action layouts, and scripts that both must read alike.

    python -m shared_world.development.make_action_data

Writes frontend/src/actions/layouts.json and tests/fixtures/action_scripts.json anew.
"""

import json
from typing import Any

from ..world.actions.layout import ActionLayout
from ..world.actions.registry import all_layouts
from ..world.actions.script import parse_action_script
from ..world.actions.script_text import format_action_script
from .locations import ROOT

LAYOUTS_FILE = ROOT / "frontend" / "src" / "actions" / "layouts.json"
SCRIPTS_FILE = ROOT / "tests" / "fixtures" / "action_scripts.json"

SCRIPTS: list[tuple[str, str, list[str] | None, int | None]] = [
    ("# two players\nleft:\n  0-40: W\n  41-end: W+D, look 0.3 0\nright:\n  0-end: W\n  10-12: jump\n",
     "it_takes_two", None, 81),
    ("left: 0-4: w; 2: idle; 3-3: forward, Shift; right: 7: look_y -1e-1\nall: 5-6: E+q", "it_takes_two", None, None),
    ("agent 2: 0: jump # up\n\n\"left\": 1-2: a+A\n;; 3 - 4 : look_x .5, look 1 -1;", "it_takes_two", None, 5),
    ("", "it_takes_two", None, 4),
    ("robot 1:\n  0: joints 0 -0.8 0 -2.4 0 1.6 0.8, gripper 1\n  4: j1 0.5\n  6: gripper -1\nagent 2: 3: j7 1",
     "panda", ["robot 1", "robot #2"], 9),
    ('"robot #2": 0-end: joint_1 1', "panda", ["a", "robot #2"], 3),
    ("agent 3: 0: j1 0; 4: j1 1", "panda", None, None),
    ("0-3: gripper -1", "panda", None, None),
]  # fmt: skip
"""Text, layout, names of the agents and number of frames; None as the script says."""

BROKEN = [
    "left", "left: 0-4", "left: 0: fly", "left: 4-0: w", "left: 0: look 1", "left: 0: w 1", "0: w", "nobody: 0: w",
    "left: 9: w", "left: 0: w d", "left: 0: w,", '"left: 0: w', "left: 0: look 1,5 0",
]  # fmt: skip
"""Scripts of it_takes_two with 5 frames that neither may read."""


def layouts() -> dict[str, Any]:
    """Every layout as plain values."""
    return {name: _plain(layout) for name, layout in all_layouts().items()}


def _plain(layout: ActionLayout) -> dict[str, Any]:
    return {
        "title": layout.title,
        "agent_names": layout.agent_names and list(layout.agent_names),
        "frame_rate": layout.frame_rate,
        "buttons": [{"name": key.name, "meaning": key.meaning, "aliases": list(key.aliases)} for key in layout.buttons],
        "axes": [
            {
                "name": axis.name,
                "meaning": axis.meaning,
                "low": axis.low,
                "high": axis.high,
                "idle": axis.idle,
                "between": axis.between,
                "aliases": list(axis.aliases),
            }
            for axis in layout.axes
        ],
        "groups": [[word, list(members)] for word, members in layout.groups],
    }


def scripts() -> dict[str, Any]:
    """The scripts with the channels that follow from them and the text that they are written as."""
    cases = []
    for text, name, names, frames in SCRIPTS:
        actions = parse_action_script(text, all_layouts()[name], names, frames)
        cases.append(
            {
                "text": text,
                "layout": name,
                "given": {"names": names, "frames": frames},
                "names": list(actions.names),
                "discrete": actions.discrete.int().tolist(),
                "continuous": actions.continuous.tolist(),
                "written": format_action_script(actions),
            }
        )
    return {"cases": cases, "broken": BROKEN}


def main() -> None:
    """Write both files."""
    LAYOUTS_FILE.write_text(json.dumps(layouts(), indent=1) + "\n", encoding="utf-8")
    SCRIPTS_FILE.write_text(json.dumps(scripts()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
