"""Actions in the game It Takes Two: keyboard with mouse on the left, gamepad on the right, one layout for both.

The channels, their order and the conversion are those of the data that MultiWorld (arXiv 2604.18564) was trained on.
"""

import torch
from torch import Tensor

from .actions import Actions
from .layout import ActionLayout, Axis, Button

LAYOUT = ActionLayout(
    name="it_takes_two",
    title="It Takes Two, keyboard layout",
    buttons=(
        Button("w", "walk forward", ("forward", "up")),
        Button("a", "walk left", ("left",)),
        Button("s", "walk back", ("back", "backward", "down")),
        Button("d", "walk right", ("right",)),
        Button("space", "jump", ("jump",)),
        Button("shift", "dash", ("dash",)),
        Button("ctrl", "crouch", ("crouch", "control")),
        Button("e", "throw", ("throw",)),
        Button("q", "aim", ("aim",)),
        Button("f", "ability", ("ability",)),
    ),
    axes=(
        Axis("look_x", "turning the camera sideways, -1 to 1"),
        Axis("look_y", "turning the camera up and down, -1 to 1"),
    ),
    groups=(("look", ("look_x", "look_y")),),
    agent_names=("left", "right"),
    frame_rate=60.0,
)

RAW_BUTTONS = (
    *("w", "a", "s", "d", "space", "shift", "ctrl", "e", "q", "f"),
    *("button_0", "button_1", "button_2", "button_3", "button_4", "button_5", "button_8", "button_9"),
)
"""Columns of a recording that are 0 or 1: the left player's keys, then the right player's gamepad."""

RAW_AXES = ("norm_dx", "norm_dy", "axis_0", "axis_1", "axis_2", "axis_3")
"""Columns of a recording with numbers in -1..1: the mouse, then the left and the right stick."""

STICK_THRESHOLD = 0.3
"""A stick presses a key beyond this value, not at it."""


def unify_recording(raw_buttons: Tensor, raw_axes: Tensor) -> tuple[Tensor, Tensor]:
    """Both players in the keyboard layout. `button_9` is not used; values are not scaled.

    Args:
        raw_buttons: (frames, 18) zeros and ones in the order of `RAW_BUTTONS`.
        raw_axes: (frames, 6) in the order of `RAW_AXES`.

    Returns:
        discrete (2, frames, 10) bool and continuous (2, frames, 2) float64, left player first.
    """
    button = dict(zip(RAW_BUTTONS, raw_buttons.bool().unbind(-1), strict=True))
    axis = dict(zip(RAW_AXES, raw_axes.double().unbind(-1), strict=True))
    # In float32, as in training, where a stored 0.3 is not beyond the threshold whatever precision it comes in.
    sideways, upright = axis["axis_0"].float(), axis["axis_1"].float()
    left = [button[name] for name in LAYOUT.button_names]
    right = [
        upright < -STICK_THRESHOLD,
        sideways < -STICK_THRESHOLD,
        upright > STICK_THRESHOLD,
        sideways > STICK_THRESHOLD,
        button["button_0"],
        button["button_2"] | button["button_8"],
        button["button_1"],
        button["button_5"],
        button["button_4"],
        button["button_3"],
    ]
    discrete = torch.stack([torch.stack(left, -1), torch.stack(right, -1)])
    looks = [[axis["norm_dx"], axis["norm_dy"]], [axis["axis_2"], axis["axis_3"]]]
    return discrete, torch.stack([torch.stack(look, -1) for look in looks])


def it_takes_two_inputs(actions: Actions) -> tuple[Tensor, Tensor]:
    """What MultiWorld's It Takes Two networks take: (frames, 2, 10) int64 and (frames, 2, 2) float32.

    Raises ValueError if the actions are of another layout.
    """
    actions.require_layout(LAYOUT, "MultiWorld's It Takes Two network")
    return actions.discrete.transpose(0, 1).long(), actions.continuous.transpose(0, 1).float()
