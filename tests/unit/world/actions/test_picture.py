from dataclasses import replace

import numpy as np
import pytest
import torch

from shared_world.tests.unit.world.actions.random_actions import CAR, IT_TAKES_TWO, PANDA, idle_actions
from shared_world.world.actions import draw_actions, parse_action_script
from shared_world.world.actions.picture import AXIS_HEIGHT, KEY_HEIGHT, MARGIN, NAME_HEIGHT
from shared_world.world.palette import PALETTE

FIRST_AXIS = MARGIN + NAME_HEIGHT + KEY_HEIGHT * len(IT_TAKES_TWO.buttons)
"""Row of the picture where the first axis of It Takes Two begins."""


def colored(picture, color):
    """(height, width) bool: the pixels in exactly this colour."""
    return (picture.numpy() * 255.0).round().astype(int).__eq__(color).all(-1)


def bars(picture, color):
    """(first column, last column, middle row) of each bar of a colour: many equal rows of at least 5 pixels' height."""
    mask = colored(picture, color)
    found = []
    for row in range(2, mask.shape[0] - 2):
        if mask[row].any() and (mask[row - 2 : row + 3] == mask[row]).all():
            columns = np.flatnonzero(mask[row])
            pieces = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
            found += [(piece[0], piece[-1], row) for piece in pieces if len(piece) > 5]
    return found


def test_a_picture_is_an_image_with_every_agent_in_its_colour():
    for layout, agents in ((IT_TAKES_TWO, 2), (PANDA, 4), (CAR, 1)):
        picture = draw_actions(idle_actions(layout, 81, agents), width=640)
        assert picture.shape[1:] == (640, 3)
        assert picture.dtype == torch.float32
        assert 0.0 <= picture.min() <= picture.max() <= 1.0
        for color in PALETTE[:agents]:
            assert colored(picture, color).sum() > 200


def test_a_bar_covers_the_frames_in_which_the_key_is_down():
    actions = parse_action_script("left: 0-99: W; right: 25-49: W", IT_TAKES_TWO, frame_count=100)
    picture = draw_actions(actions)
    left, right = bars(picture, PALETTE[0])[0], bars(picture, PALETTE[1])[0]
    width = left[1] - left[0]
    assert (right[0] - left[0]) / width == pytest.approx(0.25, abs=0.01)
    assert (right[1] - left[0]) / width == pytest.approx(0.5, abs=0.01)
    assert right[2] > left[2]


def test_keys_stand_in_the_order_of_the_layout():
    rows = []
    for key in IT_TAKES_TWO.button_names:
        actions = parse_action_script(f"left: 0-80: {key}", IT_TAKES_TWO, frame_count=81)
        rows.append(bars(draw_actions(actions), PALETTE[0])[0][2])
    assert np.diff(rows).min() == np.diff(rows).max() > 10


def test_a_higher_value_is_drawn_higher_and_at_its_time():
    def heights(value):
        actions = parse_action_script(f"left: 40-80: look_x {value}", IT_TAKES_TWO, frame_count=81)
        mask = colored(draw_actions(actions), PALETTE[0])
        mask[:FIRST_AXIS] = False
        mask[FIRST_AXIS + AXIS_HEIGHT :] = False
        return [np.flatnonzero(mask[:, column]).mean() for column in (300, 800)]

    (before, up), (_, half), (_, down) = heights(1), heights(0.5), heights(-1)
    assert up < half < before < down
    assert before - up == pytest.approx(down - before, abs=2.0)
    assert before - half == pytest.approx((before - up) / 2, abs=2.0)


def test_values_beyond_the_usual_range_stay_within_their_row():
    actions = idle_actions(IT_TAKES_TWO, 81)
    continuous = actions.continuous.clone()
    continuous[0, 30:40] = 50.0
    inside, outside = draw_actions(actions), draw_actions(replace(actions, continuous=continuous))
    changed = (inside - outside).abs().amax(-1) > 0.05
    rows = np.flatnonzero(changed.any(1).numpy())
    assert inside.shape == outside.shape
    assert rows.min() >= FIRST_AXIS
    assert rows.max() <= FIRST_AXIS + 2 * AXIS_HEIGHT


def test_the_mark_stands_in_the_middle_of_its_frame():
    actions = idle_actions(IT_TAKES_TWO, 81)
    plain = draw_actions(actions)
    columns = [
        np.flatnonzero(((draw_actions(actions, frame=frame) - plain).abs().amax(-1) > 0.3).any(0).numpy()).mean()
        for frame in (0, 40, 80)
    ]
    assert columns[1] == pytest.approx((columns[0] + columns[2]) / 2, abs=1.0)
    assert torch.equal(draw_actions(actions, frame=-1), draw_actions(actions, frame=80))


@pytest.mark.parametrize("frames", [1, 2, 5000])
@pytest.mark.parametrize("layout", [IT_TAKES_TWO, PANDA])
def test_short_and_long_actions_are_drawn(layout, frames):
    picture = draw_actions(idle_actions(layout, frames), width=256)
    assert colored(picture, PALETTE[0]).sum() > 50


@pytest.mark.parametrize("frames", [81, 161, 801, 10_001])
def test_the_last_label_of_the_time_scale_is_whole(frames):
    picture = draw_actions(idle_actions(IT_TAKES_TWO, frames))
    labels = picture[-40:, -40:]
    assert (labels < 0.7).any(), "no label stands at the right end"
    assert torch.equal(picture[-40:, -1], picture[0, -1].expand(40, 3))


def test_a_single_press_in_a_long_recording_is_seen():
    actions = parse_action_script("left: 2500: W", IT_TAKES_TWO, frame_count=5000)
    difference = (draw_actions(actions) - draw_actions(idle_actions(IT_TAKES_TWO, 5000))).abs().amax(-1)
    assert difference[35:60, 400:].max() > 0.2


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="at least 256 pixels of width, given 200"):
        draw_actions(idle_actions(), width=200)
    with pytest.raises(ValueError, match="Frame 5 does not exist; the actions have frames 0 to 4"):
        draw_actions(idle_actions(), frame=5)
