import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytransform3d.rotations import active_matrix_from_angle

from shared_world.world.agents import Agent, Agents
from shared_world.world.formats import ReadOptions, read_agents, recognise, write_agents
from shared_world.world.formats.action_jsonl import ActionReadOptions
from shared_world.world.poses import heading, pitch_rotation, rigid, yaw_rotation
from shared_world.world.rigs import four_view_rig, front_rig

DATA = Path(__file__).parent / "data"
MINECRAFT, KEYS = DATA / "minecraft.jsonl", DATA / "keys.jsonl"
OPTIONS = ReadOptions(frame_rate=10.0, width=640, height=360, horizontal_fov=90.0)
BY_KEYS = ActionReadOptions(follow="keys")


def lines_in(tmp_path, *lines):
    path = tmp_path / "log.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def test_recorded_poses_of_minecraft():
    agents = read_agents(MINECRAFT)
    (player,) = agents.members
    assert (agents.frame_rate, player.name, player.frame_count) == (20.0, "minecraft", 4)
    # x east, y up, z south become x east, y down, z north; the eye is 1.62 above the feet.
    expected = [[10, -65.62, -20], [10, -65.62, -19.75], [10.25, -66.62, -19.75], [10.25, -66.62, -19.75]]
    np.testing.assert_allclose(player.poses[:, :3, 3], expected)
    # Yaw 180 looks north, 270 east; pitch 30 looks down.
    np.testing.assert_allclose(heading(player.poses), [0, 0, 90, 90], atol=1e-9)
    np.testing.assert_allclose(player.poses[:, 1, 2], [0, 0, 0, 0.5], atol=1e-12)
    # 70 degrees over the height of 640x360 pixels.
    focal = 180 / math.tan(math.radians(35))
    np.testing.assert_allclose(player.rig.intrinsics[0], [[focal, 0, 320], [0, focal, 180], [0, 0, 1]])


@pytest.mark.parametrize("yaw", [-170.0, -90.0, 0.0, 45.0, 360.0])
@pytest.mark.parametrize("pitch", [-80.0, 0.0, 35.0])
def test_looking_in_minecraft_against_its_own_formula(yaw, pitch, tmp_path):
    state = {"keyboard": {"keys": []}, "xpos": 0, "ypos": 0, "zpos": 0, "yaw": yaw, "pitch": pitch}
    (player,) = read_agents(lines_in(tmp_path, state)).members
    y, p = math.radians(yaw), math.radians(pitch)
    # The game's look vector, from which our axes are half a turn about x away.
    look = np.array([-math.sin(y) * math.cos(p), -math.sin(p), math.cos(y) * math.cos(p)])
    turned = active_matrix_from_angle(0, math.pi) @ look
    np.testing.assert_allclose(player.poses[0, :3, 2], turned, atol=1e-12)
    # No roll: the right axis is level.
    np.testing.assert_allclose(player.poses[0, 1, 0], 0, atol=1e-12)


def test_following_the_keys_of_minecraft():
    (player,) = read_agents(MINECRAFT, BY_KEYS).members
    step = 4.317 / 20
    # 600 pixels of the mouse are 90 degrees to the right, 200 are 30 down; the turn comes before the step.
    np.testing.assert_allclose(heading(player.poses), [0, 0, 90, 90], atol=1e-9)
    np.testing.assert_allclose(player.poses[:, 1, 2], [0, 0, 0, 0.5], atol=1e-12)
    expected = [[0, 0, 0], [0, 0, step], [1.3 * step, 0, step], [1.3 * step, 0, step]]
    np.testing.assert_allclose(player.poses[:, :3, 3], expected, atol=1e-12)


def test_nothing_moves_while_a_menu_is_open(tmp_path):
    line = {"keyboard": {"keys": ["key.keyboard.w"]}, "mouse": {"dx": 50, "dy": 9}, "isGuiOpen": True}
    poses = read_agents(lines_in(tmp_path, line, line), BY_KEYS).members[0].poses
    np.testing.assert_array_equal(poses, np.tile(np.eye(4), (2, 1, 1)))


def test_lines_by_hand_of_several_agents():
    agents = read_agents(KEYS, OPTIONS)
    assert (agents.names, agents.frame_rate, agents.frame_count) == (("red", "blue"), 10.0, 4)
    red, blue = agents.members
    walk = 0.4317
    np.testing.assert_allclose(heading(red.poses), [0, 0, 3, 3], atol=1e-9)
    third = math.radians(3)
    x, z = walk * math.sin(third), walk * (1 + math.cos(third))
    diagonal = math.radians(3 + 45)
    expected = [[0, 0, 0], [0, 0, walk], [x, 0, z], [x + walk * math.sin(diagonal), 0, z + walk * math.cos(diagonal)]]
    np.testing.assert_allclose(red.poses[:, :3, 3], expected, atol=1e-12)
    # Blue creeps to the right, then looks left and up and runs where it looks, but on the ground.
    np.testing.assert_allclose(blue.poses[:3, :3, 3], [[0, 0, 0], [0.3 * walk, 0, 0], [0.3 * walk, 0, 0]], atol=1e-12)
    np.testing.assert_allclose(blue.poses[3, :3, :3], yaw_rotation(-15.0) @ pitch_rotation(7.5), atol=1e-12)
    way = blue.poses[3, :3, 3] - blue.poses[2, :3, 3]
    left = math.radians(-15)
    np.testing.assert_allclose(way, 1.3 * walk * np.array([math.sin(left), 0, math.cos(left)]), atol=1e-12)


@pytest.mark.parametrize(
    ("key", "axis", "sign"),
    [("w", 2, 1), ("s", 2, -1), ("a", 0, -1), ("d", 0, 1)],
)
def test_keys_move_the_way_their_name_says(key, axis, sign, tmp_path):
    poses = read_agents(lines_in(tmp_path, {"keys": key}, {"keys": ""}), OPTIONS).members[0].poses
    expected = np.zeros(3)
    expected[axis] = sign * 0.4317
    np.testing.assert_allclose(poses[1, :3, 3], expected)


@pytest.mark.parametrize(("key", "degrees", "up"), [("j", -3, 0), ("l", 3, 0), ("i", 0, 3), ("k", 0, -3)])
def test_letters_turn_the_way_their_place_says(key, degrees, up, tmp_path):
    poses = read_agents(lines_in(tmp_path, {"keys": key}, {"keys": ""}), OPTIONS).members[0].poses
    np.testing.assert_allclose(poses[1, :3, :3], yaw_rotation(degrees) @ pitch_rotation(up), atol=1e-12)


def test_pitch_stops_straight_up_and_comes_back_at_once(tmp_path):
    path = lines_in(tmp_path, {"keys": "", "dy": -900}, {"keys": "", "dy": 200}, {"keys": ""})
    poses = read_agents(path, OPTIONS).members[0].poses
    np.testing.assert_allclose(poses[1, :3, 2], [0, -1, 0], atol=1e-12)
    np.testing.assert_allclose(poses[2, :3, :3], pitch_rotation(60.0), atol=1e-12)


def test_letters_are_no_turn_keys_in_minecraft(tmp_path):
    line = {"keyboard": {"keys": ["key.keyboard.i", "key.keyboard.j"]}, "mouse": None}
    poses = read_agents(lines_in(tmp_path, line, line), BY_KEYS).members[0].poses
    np.testing.assert_array_equal(poses[1], np.eye(4))


@st.composite
def level_worlds(draw):
    """Agents with one view that turn and look up and down, but do not roll."""
    frames = draw(st.integers(1, 6))
    members = []
    for name in draw(st.lists(st.sampled_from(["red", "Zoë", "a b"]), min_size=1, max_size=3, unique=True)):
        generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
        yaw, pitch = torch.rand(2, frames, generator=generator, dtype=torch.float64) * 360 - 180
        place = torch.randn(frames, 3, generator=generator, dtype=torch.float64) * 20
        poses = rigid(yaw_rotation(yaw) @ pitch_rotation(pitch / 2), place)
        members.append(Agent(name, poses, front_rig(640, 360)))
    return Agents(tuple(members), draw(st.sampled_from([8.0, 20.0, 24000 / 1001])))


def test_upright_agents_come_back(tmp_path_factory):
    path = tmp_path_factory.mktemp("actions") / "world.jsonl"

    @settings(deadline=None, max_examples=20)
    @given(world=level_worlds())
    def check(world):
        write_agents(world, path, "action_jsonl")
        again = read_agents(path, ReadOptions(horizontal_fov=90.0))
        assert (again.names, again.frame_rate) == (world.names, world.frame_rate)
        np.testing.assert_allclose(again.poses(), world.poses(), atol=1e-7)
        np.testing.assert_allclose(again.intrinsics(), world.intrinsics())

    check()


def test_written_keys_walk_a_path_of_eight_directions_again(tmp_path):
    keys = ["w", "wd", "d", "sd", "s", "sa", "a", "wa", "w", ""]
    mouse = [[40, 0], [0, 20], [-600, -10], [0, 0], [7, 3], [0, 0], [90, 0], [0, 0], [1000, 50], [0, 0]]
    path = lines_in(tmp_path, *({"keys": key, "dx": dx, "dy": dy} for key, (dx, dy) in zip(keys, mouse, strict=True)))
    walked = read_agents(path, OPTIONS)
    write_agents(walked, tmp_path / "again.jsonl", "action_jsonl")
    rows = [json.loads(line) for line in (tmp_path / "again.jsonl").read_text().splitlines()]
    held = ["".join(sorted(key.removeprefix("key.keyboard.") for key in row["keyboard"]["keys"])) for row in rows]
    assert held == ["".join(sorted(key)) for key in keys]
    np.testing.assert_allclose([[row["mouse"]["dx"], row["mouse"]["dy"]] for row in rows], mouse, atol=1e-6)
    by_keys = read_agents(tmp_path / "again.jsonl", ActionReadOptions(follow="keys"))
    np.testing.assert_allclose(by_keys.members[0].poses, walked.members[0].poses, atol=1e-9)


def test_speeds_are_written_as_the_nearest_of_three(tmp_path):
    lines = [{"keys": ["w", "ctrl"]}, {"keys": ["w", "shift"]}, {"keys": "w"}, {"keys": ""}]
    write_agents(read_agents(lines_in(tmp_path, *lines), OPTIONS), tmp_path / "a.jsonl", "action_jsonl")
    rows = [json.loads(line)["keyboard"]["keys"] for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    prefix = "key.keyboard."
    assert rows == [[prefix + "w", prefix + "left.control"], [prefix + "w", prefix + "left.shift"], [prefix + "w"], []]


def test_rolls_and_further_views_are_said(tmp_path, caplog):
    poses = torch.eye(4, dtype=torch.float64)[None].clone()
    poses[0, :3, :3] = torch.from_numpy(active_matrix_from_angle(2, 0.2))
    world = Agents((Agent("red", poses, four_view_rig(64, 48)),), 8.0)
    write_agents(world, tmp_path / "a.jsonl", "action_jsonl")
    assert "agent 'red' has 4 views and rolls by up to 11.5 degrees; only its first view is written" in caplog.text


def test_line_ends_and_byte_order_mark_do_not_matter(tmp_path):
    path = tmp_path / "keys.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + KEYS.read_bytes().replace(b"\n", b"\r\n"))
    assert recognise(path).id == "action_jsonl"
    assert read_agents(path, OPTIONS) == read_agents(KEYS, OPTIONS)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([{"keys": "w"}, '{"keys": "w"'], "line 2: the JSON ends too early"),
        ([{"keys": "w"}, "", '{"keys": w}'], r"line 3: column 10: not JSON"),
        ([{"keys": "w"}, "[1]"], "line 2: expected an object, given a list of 1 items"),
        ([{"keys": "space"}], "line 1, keys: expected letters of w a s d i j k l, or a list of names of keys"),
        ([{"keys": ["w", 3]}], r"line 1, keys\[1\]: expected a text, given 3"),
        ([{"keys": "w", "dx": "left"}], "line 1, dx: expected a finite number, given 'left'"),
        ([{"keyboard": {"keys": []}, "mouse": {"dx": float("nan")}}], "line 1, mouse.dx: expected a finite number"),
        ([{"keyboard": ["w"]}], "line 1, keyboard: expected an object"),
        (
            [{"keys": "", **dict.fromkeys(("xpos", "ypos", "zpos", "yaw", "pitch"), 0)}, {"keys": "", "xpos": 1}],
            "line 2: 'ypos' is missing",
        ),
        (
            [{"keys": "w", "agent": "a"}, {"keys": "w", "agent": "b"}, {"keys": "w", "agent": "b"}],
            "agent 'b' has 2 lin",
        ),
        ([{"keys": "w", "agent": {}}], "line 1, agent: expected a name"),
        ([{"keys": "w", "frame_rate": 0}], "frame_rate: expected positive frames per second, given 0"),
        (["# nothing"], "the file holds no lines"),
    ],
)
def test_a_mistake_is_named_with_its_line(lines, message, tmp_path):
    with pytest.raises(ValueError, match=rf"log\.jsonl: {message}"):
        read_agents(lines_in(tmp_path, *lines), OPTIONS, "action_jsonl")


def test_options_are_checked():
    with pytest.raises(ValueError, match="follow must be one of recorded, keys, given 'mouse'"):
        ActionReadOptions(follow="mouse")
