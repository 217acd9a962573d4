import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared_world.tests.unit.world.actions.random_actions import CAR, IT_TAKES_TWO, PANDA, actions, idle_actions
from shared_world.world.actions import format_action_script, parse_action_script


@settings(deadline=None)
@given(given_actions=actions(layouts=(IT_TAKES_TWO,)))
@example(idle_actions())
def test_it_takes_two_reads_back_without_loss_even_without_its_length(given_actions):
    text = format_action_script(given_actions)
    again = parse_action_script(text, IT_TAKES_TWO, given_actions.names, frame_rate=given_actions.frame_rate)
    assert again == given_actions


@settings(deadline=None)
@given(given_actions=actions(layouts=(PANDA, CAR), values=st.floats(-1e6, 1e6)))
def test_other_layouts_read_back_without_loss_but_for_extras(given_actions):
    text = format_action_script(given_actions)
    again = parse_action_script(text, given_actions.layout, given_actions.names, frame_rate=given_actions.frame_rate)
    assert torch.equal(again.discrete, given_actions.discrete)
    assert torch.equal(again.continuous, given_actions.continuous)
    assert again.names == given_actions.names


def test_scripts_are_short_and_like_those_that_people_write():
    text = "left: 0-40: W; 41-80: W+D, look 0.3 0; right: 10-14: jump, dash"
    written = format_action_script(parse_action_script(text, IT_TAKES_TWO, frame_count=100))
    assert written == (
        "# it_takes_two, 100 frames\n"
        "left:\n  0-40: W\n  41-80: W+D, look 0.3 0\n"
        "right:\n  10-14: SPACE+SHIFT\n  99: idle\n"
    )


@settings(deadline=None)
@given(text=st.text(alphabet='left:agn1-0 ;+,W.look"\\#e\n', max_size=40) | st.text(max_size=30))
def test_any_text_gives_actions_or_a_sentence_with_its_place(text):
    try:
        parse_action_script(text, IT_TAKES_TWO, frame_count=20)
    except ValueError as error:
        assert str(error).startswith("line ")  # noqa: PT017


@pytest.mark.parametrize(
    "name", ["left", "red car", "agent 2", "all", "7", "a:b", "a;b", "#1", 'q"', " x", "é", "a\nb"]
)
def test_names_of_all_kinds_are_written_so_that_they_are_found(name):
    names = (name, "somebody else")
    moved = parse_action_script("0: idle", CAR, names=(name,), frame_count=3, frame_rate=1.0)
    both = type(moved)(
        CAR, names, 1.0, torch.ones(2, 3, 1) * torch.tensor([1.0, 0.0])[:, None, None], torch.zeros(2, 3, 3)
    )
    assert parse_action_script(format_action_script(both), CAR, names, frame_rate=1.0) == both
