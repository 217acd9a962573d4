import math
from dataclasses import FrozenInstanceError, replace

import pytest
import torch

from shared_world.tests.unit.world.actions.random_actions import CAR, PANDA, idle_actions
from shared_world.world.actions import ActionLayout, Axis, Button, all_layouts, find_layout
from shared_world.world.actions.actions import warn_of_unusual_values


def changed(kind, agent, frame, channel, value):
    """The values of idle actions with one number changed."""
    values = getattr(idle_actions(), kind).double().clone()
    values[agent, frame, channel] = value
    return {kind: values}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (changed("discrete", 1, 3, 4, 2), r"^agent 'right', frame 3, channel 'space': expected 0 or 1, given 2\.$"),
        (changed("discrete", 0, 0, 0, 0.5), "agent 'left', frame 0, channel 'w': expected 0 or 1, given 0.5"),
        (changed("discrete", 0, 0, 0, math.nan), "agent 'left', frame 0, channel 'w': expected 0 or 1, given nan"),
        (
            changed("continuous", 1, 2, 1, math.nan),
            "agent 'right', frame 2, channel 'look_y': expected a finite number, given nan",
        ),
        (changed("continuous", 0, 4, 0, -math.inf), "frame 4, channel 'look_x': expected a finite number, given -inf"),
        (
            {"discrete": torch.zeros(2, 5, 8)},
            r"discrete actions must have shape \(2, frames, 10\) for the agents left, right .* given \(2, 5, 8\)",
        ),
        ({"continuous": torch.zeros(5, 2)}, r"continuous actions must have shape \(2, frames, 2\).* given \(5, 2\)"),
        ({"continuous": torch.zeros(2, 4, 2)}, "discrete actions have 5 frames, the continuous ones 4"),
        ({"discrete": torch.zeros(2, 0, 10), "continuous": torch.zeros(2, 0, 2)}, "have no frames"),
        ({"names": ("left",)}, r"'it_takes_two' are of exactly 2 agents \(left, right\), given 1: left"),
        ({"names": ("left", "left")}, "different names, given left, left"),
        ({"names": ("left", " ")}, "every agent a name"),
        ({"frame_rate": 0}, "frame rate must be positive .* given 0"),
        ({"frame_rate": math.inf}, "frame rate must be positive .* given inf"),
        ({"extras": {"camera": torch.zeros(1, 16)}}, "'it_takes_two' has no extra 'camera'; it has none"),
    ],
)
def test_wrong_actions_are_refused_with_their_place(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(idle_actions(), **changes)


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        (torch.zeros(16), r"'camera' must have shape \(views, 16\), given \(16,\)"),
        (torch.zeros(0, 16), r"given \(0, 16\)"),
        (torch.zeros(2, 12), r"given \(2, 12\)"),
        (torch.full((2, 16), math.inf), "extra 'camera', view 0, fx: expected a finite number, given inf"),
    ],
)
def test_wrong_cameras_are_refused(camera, message):
    with pytest.raises(ValueError, match=message):
        idle_actions(PANDA).with_extra("camera", camera)


def test_an_extra_of_another_name_is_refused():
    with pytest.raises(ValueError, match="'panda' has no extra 'lens'; it has camera"):
        idle_actions(PANDA).with_extra("lens", torch.zeros(1, 16))


def test_what_a_caller_does_to_his_tensors_later_changes_nothing():
    discrete, continuous, camera = (
        torch.zeros(2, 5, 0).bool(),
        torch.zeros(2, 5, 8).double(),
        torch.ones(1, 16).double(),
    )
    extras = {"camera": camera}
    actions = replace(idle_actions(PANDA), discrete=discrete, continuous=continuous, extras=extras)
    before = replace(actions)
    continuous[0, 0, 0] = 1.0
    camera[0, 0] = 5.0
    extras.clear()
    assert actions == before
    with pytest.raises(FrozenInstanceError):
        actions.frame_rate = 1.0


def test_every_part_counts_for_equality():
    actions = idle_actions(PANDA)
    others = [
        replace(actions, frame_rate=21.0),
        replace(actions, names=("a", "b")),
        replace(actions, continuous=actions.continuous + 1e-9),
        actions.with_extra("camera", torch.ones(1, 16)),
        actions.select_frames([0, 1]),
    ]
    assert actions == replace(actions)
    assert all(other != actions for other in others)
    assert others[3] != actions.with_extra("camera", torch.zeros(1, 16))


def test_selected_frames_come_in_the_given_order_and_keep_the_rest():
    values = torch.arange(80.0).reshape(2, 5, 8)
    actions = replace(idle_actions(PANDA), continuous=values).with_extra("camera", torch.ones(1, 16))
    chosen = actions.select_frames([4, 0, -1])
    assert torch.equal(chosen.continuous, values[:, [4, 0, 4]].double())
    assert chosen.names == actions.names
    assert torch.equal(chosen.extras["camera"], actions.extras["camera"])


@pytest.mark.parametrize("frame", [5, -6])
def test_a_frame_that_does_not_exist_is_refused(frame):
    with pytest.raises(ValueError, match=f"Frame {frame} does not exist; the actions have frames 0 to 4"):
        idle_actions().select_frames([0, frame])


def test_a_network_refuses_the_actions_of_another_one():
    with pytest.raises(ValueError, match=r"The arms' network takes actions of layout 'panda' .* given 'it_takes_two'"):
        idle_actions().require_layout(PANDA, "The arms' network")
    idle_actions(PANDA).require_layout(PANDA, "The arms' network")


def test_values_outside_of_their_range_are_kept_with_a_warning(caplog):
    continuous = torch.zeros(2, 5, 2)
    continuous[1, 3, 1], continuous[0, 4, 0] = -1.5, 3.0
    warn_of_unusual_values(replace(idle_actions(), continuous=continuous), "file.csv")
    assert "file.csv: agent 'left', frame 4, channel 'look_x' is 3, usual are -1 to 1; 2 values" in caplog.text
    caplog.clear()
    warn_of_unusual_values(idle_actions(), "file.csv")
    assert not caplog.text


def test_layouts_have_the_channels_of_the_published_networks():
    assert find_layout("it_takes_two").button_names == ("w", "a", "s", "d", "space", "shift", "ctrl", "e", "q", "f")
    assert find_layout("it_takes_two").axis_names == ("look_x", "look_y")
    assert len(find_layout("panda").axes) == 8
    with pytest.raises(ValueError, match="no action layout 'chess'; known layouts are it_takes_two, panda"):
        find_layout("chess")


@pytest.mark.parametrize("layout", [*all_layouts().values(), CAR], ids=lambda layout: layout.name)
def test_idle_is_within_the_range_of_every_axis(layout):
    assert all(axis.low <= axis.idle <= axis.high for axis in layout.axes)


@pytest.mark.parametrize(
    ("channels", "message"),
    [
        ({"buttons": (Button("go", ""), Button("run", "", ("go",)))}, "the word 'go' stands for two things"),
        ({"buttons": (Button("idle", ""),)}, "the word 'idle' stands for two things"),
        ({"buttons": (Button("Go", ""),)}, "'Go' must be one lower-case word"),
        ({"buttons": (Button("a b", ""),)}, "'a b' must be one lower-case word"),
        ({"axes": (Axis("x", "", 1.0, 1.0),)}, "axis 'x': low 1 must be below high 1"),
        ({"groups": (("look", ("x",)),)}, "group 'look' names an axis that does not exist"),
    ],
)
def test_a_layout_that_scripts_could_not_use_is_refused(channels, message):
    with pytest.raises(ValueError, match=f"layout 'new'.*{message}"):
        ActionLayout(name="new", title="new", **channels)
