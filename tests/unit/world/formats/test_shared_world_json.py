import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_world.tests.unit.world.formats.random_worlds import worlds
from shared_world.world.agents import Body
from shared_world.world.formats import read_agents, write_agents
from shared_world.world.formats.shared_world_json import SCHEMA_PATH
from shared_world.world.poses import heading

GOLDEN = Path(__file__).parent / "data" / "two_agents.json"
SCHEMA = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_everything_is_read_back_exactly_and_fits_the_schema(tmp_path):
    path = tmp_path / "agents.json"

    @settings(deadline=None)
    @given(world=worlds(names=st.text(min_size=1).filter(str.strip), centred=False))
    def check(world):
        write_agents(world, path, "shared_world_json")
        assert read_agents(path) == world
        VALIDATOR.validate(json.loads(path.read_text(encoding="utf-8")))

    check()


def test_the_schema_itself_is_valid():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    VALIDATOR.validate(json.loads(GOLDEN.read_text()))


@pytest.mark.parametrize(
    "break_document",
    [
        lambda document: document.update(version=2),
        lambda document: document.update(frame_rate=0),
        lambda document: document["agents"].clear(),
        lambda document: document["agents"][0].update(name=" "),
        lambda document: document["agents"][0]["poses"][0].pop(),
        lambda document: document["agents"][0]["rig"].update(width=0.5),
        lambda document: document["agents"][0]["rig"]["views"][0].pop("intrinsics"),
        lambda document: document["agents"][0]["body"].update(size=[1, 0, 1]),
    ],
)
def test_schema_and_reader_refuse_the_same_mistakes(break_document, tmp_path):
    document = json.loads(GOLDEN.read_text())
    break_document(document)
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(document)
    path = tmp_path / "agents.json"
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match=r"agents\.json: "):
        read_agents(path)


def test_golden_file():
    agents = read_agents(GOLDEN)
    red, blue = agents.members
    assert agents.frame_rate == 12.5
    assert agents.names == ("red", "blue")
    assert heading(red.poses).tolist() == [0.0, 90.0]
    assert red.poses[1, :3, 3].tolist() == [0.1, 0.0, 2.0]
    assert red.extrinsics()[1, 0, :3, 3].tolist() == [0.1, -1.5, 2.0]
    assert red.body == Body((1.8, 1.5, 4.2), (0.0, -0.75, 0.0))
    assert blue.body is None
    assert blue.intrinsics()[:, 0, 0, 0].tolist() == [180.0, 200.0]
    assert (blue.rig.width, blue.rig.height) == (360, 240)


def test_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path):
    path = tmp_path / "agents.json"
    path.write_bytes(b"\xef\xbb\xbf" + GOLDEN.read_bytes().replace(b"\n", b"\r\n"))
    assert read_agents(path) == read_agents(GOLDEN)


def test_unknown_keys_are_kept_out_with_a_warning(tmp_path, caplog):
    document = json.loads(GOLDEN.read_text())
    document["weather"] = "rain"
    document["agents"][1]["rig"]["views"][0]["shutter"] = 0.5
    path = tmp_path / "agents.json"
    path.write_text(json.dumps(document))
    assert read_agents(path) == read_agents(GOLDEN)
    assert "agents.json: unknown keys are ignored: 'weather' (top level), 'shutter' (view)." in caplog.text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"version": 1',
            '"version": 2',
            "is version 2 of shared_world_agents, this pack reads version 1; update the pack",
        ),
        ('"version": 1', '"version": 0', "there is no version 0 of shared_world_agents; this pack reads version 1"),
        ('"version": 1', '"version": "1"', "version: expected a whole number, given '1'"),
        ('"version": 1', '"edition": 1', "top level: 'version' is missing"),
        ("0.1]", "NaN]", r"agent 'red', frame 1, \[0\]\[3\]: expected a finite number, given nan"),
        ("0.1]", "1e999]", r"agent 'red', frame 1, \[0\]\[3\]: expected a finite number, given inf"),
        ("0.1]", '"0.1"]', r"agent 'red', frame 1, \[0\]\[3\]: expected a finite number, given '0.1'"),
        ("0.1]", "true]", "expected a finite number, given True"),
        (", 0.1]", "]", r"agent 'red', frame 1, \[0\]: expected a list of 4 numbers, given a list of 3 items"),
        ("[-1, 0, 0, 2]", "[1, 0, 0, 2]", "agent 'red', frame 1: the rotation is left-handed"),
        ("[-1, 0, 0, 2]", "[-2, 0, 0, 2]", "agent 'red', frame 1: the rotation is not orthonormal"),
        (
            "[0, 0, 1, 0.1], [0, 1, 0, 0], [-1, 0, 0, 2]",
            "[1e200, -1e200, 0, 0.1], [1e200, 1e200, 0, 0], [0, 0, 1e200, 2]",
            "agent 'red', frame 1: the rotation is not orthonormal",
        ),
        ('"blue"', '"red"', "Agents must have different names, given red, red"),
        ("[1, 0, 0, 0], [0, 1, 0, -1.5]", "[-1, 0, 0, 0], [0, 1, 0, -1.5]", "agent 'red': rig, view 0: .*left-handed"),
        ("[[180, 0, 180]", "[[-180, 0, 180]", "agent 'red': rig, view 'front': focal lengths must be positive"),
        ('"width": 360', '"width": 360.5', r"agent 'red', rig.width: expected a whole number from 1 up, given 360.5"),
        ('"rig"', '"rigs"', "agent 'red': 'rig' is missing"),
        ('"name": "red"', '"name": 5', r"agents\[0\].name: expected a text, given 5"),
        ('"frame_rate": 12.5', '"frame_rate": 12.5, "frame_rate": 8', "the key 'frame_rate' appears twice"),
        ('"frame_rate": 12.5,', '"frame_rate": 12.5', "line 5, column 2: not JSON"),
        (
            "[[[200, 0, 180], [0, 200, 120], [0, 0, 1]]]",
            "[]",
            r"agent 'blue', frame_intrinsics\[1\]: expected a list of 1",
        ),
        ("[1.8, 1.5, 4.2]", "[1.8, -1.5, 4.2]", "agent 'red': A body needs three positive sizes"),
        ("[1.8, 1.5, 4.2]", f"[1.8, {10**400}, 4.2]", r"body.size\[1\]: expected a finite number"),
        ("[1.8, 1.5, 4.2]", "[" * 100_000, "nested too deeply|cut off"),
    ],
)
def test_a_mistake_is_answered_with_one_sentence_that_names_its_place(old, new, message, tmp_path):
    text = GOLDEN.read_text()
    assert old in text
    path = tmp_path / "agents.json"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=rf"agents\.json: .*({message})"):
        read_agents(path)


def test_fewer_frames_than_another_agent_are_refused(tmp_path):
    document = json.loads(GOLDEN.read_text())
    document["agents"][1]["poses"].pop()
    document["agents"][1]["frame_intrinsics"].pop()
    path = tmp_path / "agents.json"
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match=r"agents\.json: agent 'blue' has 1 frames, agent 'red' has 2"):
        read_agents(path)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_a_cut_off_file_is_called_that(share, tmp_path):
    text = GOLDEN.read_text().rstrip()
    path = tmp_path / "agents.json"
    path.write_text(text[: int(share * len(text))].rstrip(" 0123456789-.tfn"))
    with pytest.raises(ValueError, match=r"agents\.json: line \d+: the JSON ends too early; the file may be cut off\."):
        read_agents(path)


def test_a_pose_is_one_line(tmp_path):
    agents = read_agents(GOLDEN)
    path = tmp_path / "agents.json"
    write_agents(agents, path, "shared_world_json")
    lines = [line.strip(" ,") for line in path.read_text().splitlines()]
    for agent in agents.members:
        for pose in agent.poses.tolist():
            assert json.dumps(pose) in lines
