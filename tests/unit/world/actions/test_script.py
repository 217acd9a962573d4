import numpy as np
import pytest
import torch

from shared_world.tests.unit.world.actions.random_actions import CAR, IT_TAKES_TWO, PANDA
from shared_world.world.actions import parse_action_script


def script(text, frames=81, layout=IT_TAKES_TWO, **options):
    return parse_action_script(text, layout, frame_count=frames, **options)


def pressed(actions, agent, key):
    """Frames in which a key is down."""
    column = actions.layout.button_names.index(key)
    return actions.discrete[agent, :, column].nonzero().flatten().tolist()


def axis(actions, agent, name):
    return actions.continuous[agent, :, actions.layout.axis_names.index(name)].numpy()


def test_frames_include_both_ends_and_the_rest_is_idle():
    actions = script("left: 0-40: W; 41-80: W+D, look 0.3 0")
    assert pressed(actions, 0, "w") == list(range(81))
    assert pressed(actions, 0, "d") == list(range(41, 81))
    assert np.array_equal(axis(actions, 0, "look_x"), [0.0] * 41 + [0.3] * 40)
    assert not actions.discrete[1].any()
    assert not actions.continuous[1].any()
    assert actions.names == ("left", "right")
    assert actions.frame_rate == 60.0


@pytest.mark.parametrize(
    "text",
    [
        "left: 0-3: W+D; 5: jump\nright: 2-end: look -1 0.5, shift",
        "left:\n  0-3: W+D\n  5: jump\n\nright:\n\t2-end: look -1 0.5, shift\n",
        "LEFT:0-3:w,d;5:SPACE;RIGHT:2-END:LOOK -1 .5+Dash",
        "agent 1: 0 - 3 : forward + right # run\n# jump\n5: Jump\nplayer 2: 2-9: dash\n2-9: look_x -1.0, look_y 5e-1",
        'right: 2-9: shift, look -1 +0.5;;\r\n"left": 0-3: d; 0-3: w; 5: space;',
        "all: 0-3: W; right: 0-3: idle; left: 0-3: D; 5: jump; right: 2-9: look -1 0.5, dash",
    ],
)
def test_the_same_actions_may_be_written_in_many_ways(text):
    actions = script(text, frames=10)
    assert [pressed(actions, 0, key) for key in ("w", "d", "space")] == [[0, 1, 2, 3], [0, 1, 2, 3], [5]]
    assert pressed(actions, 1, "shift") == list(range(2, 10))
    assert actions.discrete.sum() == 4 + 4 + 1 + 8
    assert np.array_equal(axis(actions, 1, "look_x"), [0, 0] + [-1] * 8)
    assert np.array_equal(axis(actions, 1, "look_y"), [0, 0] + [0.5] * 8)
    assert not actions.continuous[0].any()


def test_keys_add_up_and_of_an_axis_the_later_entry_holds():
    actions = script("left: 0-9: W, look 1 1; 3-5: D, look_x -0.5; 7: idle; 7: S", frames=10)
    assert pressed(actions, 0, "w") == [0, 1, 2, 3, 4, 5, 6, 8, 9]
    assert pressed(actions, 0, "d") == [3, 4, 5]
    assert pressed(actions, 0, "s") == [7]
    assert axis(actions, 0, "look_x").tolist() == [1, 1, 1, -0.5, -0.5, -0.5, 1, 0, 1, 1]
    assert axis(actions, 0, "look_y").tolist() == [1, 1, 1, 1, 1, 1, 1, 0, 1, 1]


def test_without_a_frame_count_the_script_says_how_long_it_is():
    assert parse_action_script("left: 3-7: W; right: 2: D", IT_TAKES_TWO).frame_count == 8


def test_an_empty_script_of_known_length_is_all_idle():
    actions = script("# nobody does anything\n", frames=5)
    assert actions.frame_count == 5
    assert not actions.discrete.any()


def test_targets_are_joined_by_straight_lines_and_stay():
    """Against numpy's interpolation through the typed points."""
    actions = script("agent 1: 10: joints 0 -1 0 -2 0 1 0.5; 30: joint_1 1, j2 0; 50: j1 -1", layout=PANDA)
    frames = np.arange(81)
    assert axis(actions, 0, "joint_1") == pytest.approx(np.interp(frames, [10, 30, 50], [0.0, 1.0, -1.0]))
    assert axis(actions, 0, "joint_2") == pytest.approx(np.interp(frames, [10, 30], [-1.0, 0.0]))
    assert (axis(actions, 0, "joint_4") == -2.0).all()


def test_a_target_for_several_frames_rests_there():
    actions = script("0: j1 0; 10-20: j1 1; 30: j1 0", frames=31, layout=PANDA)
    assert axis(actions, 0, "joint_1") == pytest.approx(np.interp(np.arange(31), [0, 10, 20, 30], [0, 1, 1, 0]))


def test_a_later_target_replaces_those_of_its_frames():
    actions = script("0: j1 0; 5: j1 9; 10: j1 1; 4-6: j1 2", frames=11, layout=PANDA)
    assert axis(actions, 0, "joint_1") == pytest.approx(np.interp(np.arange(11), [0, 4, 6, 10], [0, 2, 2, 1]))


def test_the_gripper_stays_as_it_was_set_and_is_open_before():
    actions = script("5: gripper -1; 9-10: gripper 0.5", frames=15, layout=PANDA)
    assert axis(actions, 0, "gripper").tolist() == [1.0] * 5 + [-1.0] * 4 + [0.5] * 6


def test_joints_that_are_never_named_are_parked():
    actions = script("0: gripper -1", frames=5, layout=PANDA)
    assert torch.equal(actions.continuous[0, :, :7], PANDA.idle_axes()[:7].expand(5, -1))
    moved = script("0: j1 1; 20: idle", frames=21, layout=PANDA)
    assert axis(moved, 0, "joint_1") == pytest.approx(np.linspace(1.0, 0.0, 21))


def test_where_any_number_acts_the_script_says_how_many():
    assert script("robot 3: 0: gripper -1\nagent 1: 0: j1 1", layout=PANDA).names == ("agent 1", "agent 2", "agent 3")
    assert script("0: j1 1", layout=PANDA).names == ("agent 1",)
    assert script("blue: 0: j1 1", layout=PANDA, names=("red", "blue")).continuous[1, 0, 0] == 1.0


def test_names_come_before_numbers_and_may_need_quotes():
    names = ("agent 2", "all", "robot #3", 'a "b"\\')
    actions = script(
        'agent 2: 0: j1 1; all: 0: j1 2; "robot #3": 0: j1 3; "a \\"b\\"\\\\": 0: j1 4', layout=PANDA, names=names
    )
    assert actions.continuous[:, 0, 0].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_any_layout_can_be_written():
    actions = script("0-5: gas 0.5, steer -1; 6-7: pedals 0 1 + horn", frames=9, layout=CAR)
    assert axis(actions, 0, "throttle").tolist() == [0.5] * 6 + [0.0] * 3
    assert axis(actions, 0, "brake").tolist() == [0.0] * 6 + [1.0, 1.0, 0.0]
    assert pressed(actions, 0, "horn") == [6, 7]
    assert actions.frame_rate == 8.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "left: 0-40: W; 41-80: X",
            "line 1, column 23: 'x' is no key or axis of layout 'it_takes_two'; It has w, a, s",
        ),
        ("left:\n  0-40: W+jmup", r"line 2, column 11: 'jmup' is no key .*; did you mean 'jump'\? It has"),
        ("left: 0-40: look 0.3", r"line 1, column 13: 'look' \(look_x look_y\) takes 2 numbers, given 0.3; separate"),
        (
            "left: 0-40: look 0,3 0",
            r"line 1, column 20: expected a key, an axis or 'idle', given '3 0'; write decimals with a point",
        ),
        ("left: 0-40: look_x", r"line 1, column 13: 'look_x' .* takes one number, given none"),
        ("left: 0-40: W 1", "line 1, column 13: the key 'w' takes no number, given 1"),
        ("left: 0-40: idle 1", "line 1, column 13: 'idle' takes no number, given 1"),
        ("left: 0-40: W D", r"line 1, column 15: expected '\+' or ',' before another key or axis, or ';' .* given 'D'"),
        (
            "left: 0-40: W 41-80: D",
            r"line 1, column 20: expected '\+' or ',' .* or ';' before other frames, given ': D'",
        ),
        ("left: 0-40: W+", "line 1, column 15: expected a key, an axis or 'idle', given nothing"),
        ("left: 0-40: ; 41: W", "line 1, column 13: expected a key, an axis or 'idle', given nothing"),
        ("left: 0-40 W", "line 1, column 12: expected a colon behind the frames, given 'W'"),
        ("left: 40-0: W", "line 1, column 7: the frames 40-0 run backwards; write 0-40"),
        (
            "left: 0-81: W",
            "line 1, column 7: frame 81 does not exist; .* frames 0 to 80, so end at 80 or ask for 82 frames",
        ),
        ("left: 0-99999999: W", "line 1, column 9: frame 99999999 is beyond 1000000"),
        ("left: -3: W", "line 1, column 7: expected frames and a colon such as '0-40:', or an agent .* given '-3: W'"),
        ("left: 0.5: W", "line 1, column 8: expected a colon behind the frames, given '.5: W'"),
        ("left: W", "line 1, column 7: expected frames and a colon such as '0-40:', .* given 'W'"),
        ("0-40: W", "line 1, column 1: whose frames are these.* 'left:' or 'all:'"),
        (
            "\n\nmiddle: 0: W",
            "line 3, column 1: there is no agent 'middle'; write left:, right:, 'agent 1:' to 'agent 2:'",
        ),
        ("agent 3: 0: W", "line 1, column 1: there is no agent 'agent 3'"),
        ("agent 0: 0: W", "line 1, column 1: there is no agent 'agent 0'"),
        ('"le\\ft: 0: W', "line 1, column 1: expected frames"),
        ('"le\\qft": 0: W', r"line 1, column 1: .* is not a quoted name"),
        ("left: 0: look 1e999 0", "line 1, column 15: 1e999 is too large a number"),
        ("left: 0: look nan 0", "line 1, column 15: expected '.'"),
        ("left: ²: 0: W", "line 1, column 7: there is no agent '²'"),
    ],
)
def test_errors_name_line_and_column_and_the_fix(text, message):
    with pytest.raises(ValueError, match=message):
        script(text)


def test_a_script_of_unknown_length_says_what_it_needs():
    with pytest.raises(ValueError, match="line 1, column 7: 'end' needs a number of frames"):
        script("left: 0-end: W", frames=None)
    with pytest.raises(ValueError, match="names no frame; write for instance '0-80: idle'"):
        script("# nothing", frames=None)
    with pytest.raises(ValueError, match="at least 1 frame, given 0"):
        script("", frames=0)


def test_a_slip_of_the_finger_does_not_ask_for_a_million_agents():
    with pytest.raises(ValueError, match="line 1, column 1: 'agent 1000000' is beyond agent 16"):
        script("agent 1000000: 0: j1 1", layout=PANDA)


def test_unusual_values_are_used_with_one_warning(caplog):
    actions = script("left: 0: look 2 0; 1: look -3 5")
    assert actions.continuous[0, 0, 0] == 2.0
    (record,) = caplog.records
    assert "line 1, column 10: look_x is 2, usual are -1 to 1; 3 values" in record.getMessage()
