import json

import jsonschema
import pytest
from hypothesis import given, settings

from shared_world.tests.unit.world.actions.random_actions import CAR, PANDA, actions, idle_actions
from shared_world.world.actions import Actions, parse_action_script, read_actions, write_actions
from shared_world.world.actions.shared_world_json import SCHEMA_PATH, format_actions, parse_actions

SCHEMA = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))


@settings(deadline=None)
@given(given_actions=actions())
def test_everything_is_read_back_exactly_and_fits_the_schema(given_actions):
    text = format_actions(given_actions)
    assert parse_actions(text) == given_actions
    jsonschema.validate(json.loads(text), SCHEMA)


def test_the_schema_itself_is_valid():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def example() -> Actions:
    return parse_action_script("left: 0-2: W+jump; right: 1: look 0.25 -1", idle_actions().layout, frame_count=3)


def test_a_file_is_written_whole_and_read_with_byte_order_mark_and_windows_line_ends(tmp_path):
    path = tmp_path / "actions.json"
    write_actions(example(), path)
    assert list(tmp_path.iterdir()) == [path]
    assert read_actions(path) == example()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_actions(path) == example()


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "actions.json"
    write_actions(example(), path)
    with pytest.raises(ValueError, match="no action layout 'car'"):
        write_actions(idle_actions(CAR), path)
    with pytest.raises(ValueError, match=r"actions\.txt: .* must end in \.json"):
        write_actions(example(), path.with_suffix(".txt"))
    assert read_actions(path) == example()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"version": 1', '"version": 2', "version 2 of shared_world_actions, this pack reads version 1; update"),
        ('"version": 1', '"version": 0', "there is no version 0 of shared_world_actions"),
        ('"version": 1', '"version": true', "version: expected a whole number, given True"),
        ('"version": 1', '"edition": 1', "top level: 'version' is missing"),
        ('"shared_world_actions"', '"shared_world_agents"', "format: expected 'shared_world_actions'"),
        ('"it_takes_two"', '"chess"', "no action layout 'chess'; known layouts are it_takes_two, panda"),
        ('["look_x", "look_y"]', '["look_y", "look_x"]', "axes: expected look_x, look_y as layout 'it_takes_two' has"),
        ('"frame_rate": 60.0', '"frame_rate": -1', "frame rate must be positive"),
        ('"right"', '"left"', "different names, given left, left"),
        ('"right"', "5", r"agents\[1\].name: expected a text, given 5"),
        ("[0.25, -1.0]", "[0.25]", "agent 'right', frame 1: expected a list of 2 numbers, given a list of 1 items"),
        ("[0.25, -1.0]", "0.25", "agent 'right', frame 1: expected a list of 2 numbers, given 0.25"),
        (
            "[0.25, -1.0]",
            "[0.25, NaN]",
            "agent 'right', frame 1, channel 'look_y': expected a finite number, given nan",
        ),
        ("[0.25, -1.0]", '[0.25, "1"]', "agent 'right', frame 1, channel 'look_y': expected a finite .* given '1'"),
        ("[0.25, -1.0]", f"[0.25, 1{'0' * 400}]", "agent 'right'"),
        ("[0.25, -1.0], ", "", "agent 'right': 'discrete' has 3 frames, 'continuous' has 2"),
        ("[1, 0, 0, 0, 1", "[1, 0, 0, 0, 3", "agent 'left', frame 0, channel 'space': expected 0 or 1, given 3"),
        ('"extras": {}', '"extras": {"camera": [[1]]}', "layout 'it_takes_two' has no extra 'camera'; it has none"),
        ('"frame_rate": 60.0,', '"frame_rate": 60.0', "line 6, column 2: not JSON"),
    ],
)
def test_errors_name_the_file_and_the_place(old, new, message, tmp_path):
    text = format_actions(example())
    assert old in text
    path = tmp_path / "actions.json"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=rf"actions\.json: .*{message}") as caught:
        read_actions(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_frames_of_agents_must_agree():
    document = json.loads(format_actions(example()))
    for kind in ("discrete", "continuous"):
        document["agents"][1][kind].pop()
    with pytest.raises(ValueError, match="agent 'right' has 2 frames, agent 'left' has 3"):
        parse_actions(json.dumps(document))


def test_extras_of_the_wrong_size_are_refused():
    document = json.loads(format_actions(idle_actions(PANDA)))
    document["extras"] = {"camera": [[0.0] * 16, [0.0] * 12]}
    with pytest.raises(ValueError, match=r"extras.camera\[1\]: expected a list of 16 numbers, given a list of 12"):
        parse_actions(json.dumps(document))


def test_unknown_keys_are_left_out_with_a_warning(caplog):
    document = json.loads(format_actions(example()))
    document["weather"] = "rain"
    document["agents"][0]["mood"] = "good"
    assert parse_actions(json.dumps(document), "file") == example()
    assert "file: unknown keys are ignored: weather, mood." in caplog.text
