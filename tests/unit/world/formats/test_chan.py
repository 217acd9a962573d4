import math
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from pytransform3d.rotations import active_matrix_from_angle

from shared_world.tests.unit.world.formats.random_worlds import random_poses, worlds
from shared_world.world.agents import Agent, Agents
from shared_world.world.formats import ReadOptions, read_agents, recognise, write_agents
from shared_world.world.formats.cameras import camera_files
from shared_world.world.formats.chan import ChanReadOptions, ChanWriteOptions, rotation_angles, rotation_matrices
from shared_world.world.poses import heading, pitch_rotation, yaw_rotation
from shared_world.world.rigs import front_rig

GOLDEN = Path(__file__).parent / "data" / "camera.chan"
OPTIONS = ReadOptions(frame_rate=25.0, width=640, height=480)


def test_golden_file():
    agents = read_agents(GOLDEN, OPTIONS)
    (camera,) = agents.members
    assert (camera.name, camera.rig.view_names, agents.frame_rate) == ("camera", ("front",), 25.0)
    # 1.6 above the ground is -1.6 down; the file's -z is our forward.
    np.testing.assert_allclose(camera.poses[:, :3, 3], [[0, -1.6, 0], [0, -1.6, 1], [1, -1.6, 1], [1, -1.6, 1]])
    # ry of -90 degrees turns to the right.
    np.testing.assert_allclose(heading(camera.poses), [0, 90, 90, 90], atol=1e-12)
    # rx of 30 looks up; rz of 10 then lowers the left side: right goes up, which is -y.
    np.testing.assert_allclose(camera.poses[2, :3, :3], yaw_rotation(90.0) @ pitch_rotation(30.0), atol=1e-12)
    assert camera.poses[3, 1, 0] < -0.1
    focal = [240 / math.tan(math.radians(angle / 2)) for angle in (60, 60, 45, 45)]
    np.testing.assert_allclose(camera.intrinsics()[:, 0, 0, 0], focal)
    np.testing.assert_allclose(camera.intrinsics()[:, 0, 1, 1], focal)
    np.testing.assert_allclose(camera.intrinsics()[:, 0, :2, 2], [[320, 240]] * 4)


@pytest.mark.parametrize("order", ["".join(axes) for axes in permutations("XYZ")])
def test_rotation_orders_name_the_axis_that_turns_first(order):
    degrees = {"X": 20.0, "Y": -130.0, "Z": 55.0}
    expected = np.eye(3)
    for axis in order:
        expected = active_matrix_from_angle("XYZ".index(axis), math.radians(degrees[axis])) @ expected
    angles = torch.tensor([list(degrees.values())], dtype=torch.float64)
    np.testing.assert_allclose(rotation_matrices(angles, order)[0], expected, atol=1e-14)
    np.testing.assert_allclose(
        rotation_matrices(rotation_angles(torch.from_numpy(expected)[None], order), order)[0], expected, atol=1e-12
    )


def test_angles_go_on_beyond_half_a_turn(tmp_path):
    poses = torch.eye(4, dtype=torch.float64).repeat(9, 1, 1)
    poses[:, :3, :3] = yaw_rotation(torch.arange(9) * 90.0)
    write_agents(Agents((Agent("a", poses, front_rig(64, 48)),), 8.0), tmp_path / "spin.chan", "chan")
    rows = [line.split("\t") for line in (tmp_path / "spin.chan").read_text().splitlines()[1:]]
    np.testing.assert_allclose([float(row[5]) for row in rows], -90.0 * np.arange(9), atol=1e-9)
    assert [row[0] for row in rows] == [str(frame) for frame in range(1, 10)]


@pytest.mark.parametrize("up", [90.0, -90.0])
def test_looking_straight_up_or_down_survives(up, tmp_path):
    poses = torch.eye(4, dtype=torch.float64).repeat(2, 1, 1)
    poses[:, :3, :3] = yaw_rotation(torch.tensor([30.0, 140.0])) @ pitch_rotation(up)
    world = Agents((Agent("a", poses, front_rig(64, 48)),), 8.0)
    write_agents(world, tmp_path / "a.chan", "chan")
    np.testing.assert_allclose(read_agents(tmp_path / "a.chan", OPTIONS).members[0].poses, poses, atol=1e-7)


@pytest.mark.parametrize("order", ["ZXY", "XYZ"])
def test_every_camera_comes_back_from_a_file_of_its_own(order, tmp_path_factory):
    folder = tmp_path_factory.mktemp("chan")

    @settings(deadline=None, max_examples=10)
    @given(world=worlds())
    def check(world):
        path = folder / "path.chan"
        written = write_agents(world, path, "chan", ChanWriteOptions(rotation_order=order))
        cameras = camera_files(world, path)
        assert written == tuple(camera.path for camera in cameras)
        for camera in cameras:
            rig = camera.agent.rig
            options = ChanReadOptions(
                frame_rate=world.frame_rate, width=rig.width, height=rig.height, rotation_order=order
            )
            again = read_agents(camera.path, options)
            np.testing.assert_allclose(again.members[0].poses, camera.poses, atol=1e-7)
            np.testing.assert_allclose(again.members[0].intrinsics()[:, 0], camera.intrinsics, rtol=1e-9)
            assert again.frame_rate == world.frame_rate

    check()


def test_rotation_order_is_taken_from_comment_or_name(tmp_path):
    poses = random_poses(3, seed=4)
    world = Agents((Agent("a", poses, front_rig(64, 48)),), 8.0)
    path = tmp_path / "camera.chan"
    write_agents(world, path, "chan", ChanWriteOptions(rotation_order="YZX"))
    np.testing.assert_allclose(read_agents(path, OPTIONS).members[0].poses, poses, atol=1e-7)
    bare = "".join(path.read_text().splitlines(keepends=True)[1:])
    named = tmp_path / "shot_YZX_36x24.chan"
    named.write_text(bare)
    np.testing.assert_allclose(read_agents(named, OPTIONS).members[0].poses, poses, atol=1e-7)
    # Nothing says so: Nuke's order is taken, which gives another path.
    path.write_text(bare)
    assert (read_agents(path, OPTIONS).members[0].poses - poses).abs().max() > 0.1
    stated = ChanReadOptions(frame_rate=8.0, width=64, height=48, rotation_order="YZX")
    np.testing.assert_allclose(read_agents(path, stated).members[0].poses, poses, atol=1e-7)


def test_options_are_checked():
    for options in (ChanReadOptions, ChanWriteOptions):
        with pytest.raises(ValueError, match=r"rotation_order must be one of ZXY, .* given 'zxy'"):
            options(rotation_order="zxy")


def test_without_field_of_view_the_option_holds(tmp_path):
    path = tmp_path / "walk.chan"
    path.write_text("10 0 0 0 0 0 0\n11 0 0 0 0 0 0\n")
    options = ReadOptions(frame_rate=24.0, width=640, height=480, horizontal_fov=60.0)
    (camera,) = read_agents(path, options).members
    np.testing.assert_allclose(camera.rig.intrinsics[0, 0, 0], 320 / math.tan(math.radians(30)))


def test_missing_frames_are_filled_and_said(tmp_path, caplog):
    path = tmp_path / "sparse.chan"
    path.write_text("1 0 0 0 0 0 0 60\n5 4 0 0 0 -90 0 60\n6 4 0 0 0 -90 0 30\n")
    (camera,) = read_agents(path, OPTIONS).members
    assert "sparse.chan: 3 missing frames are filled" in caplog.text
    np.testing.assert_allclose(camera.poses[:, 0, 3], [0, 1, 2, 3, 4, 4])
    np.testing.assert_allclose(heading(camera.poses), [0, 22.5, 45, 67.5, 90, 90], atol=1e-9)
    focal = camera.intrinsics()[:, 0, 0, 0]
    assert torch.allclose(focal[:5], focal[0])
    assert focal[5] > focal[4]


def test_lens_that_the_format_cannot_hold_is_said(tmp_path, caplog):
    rig = front_rig(64, 48)
    rig.intrinsics[0, 0, 2] += 3.0
    write_agents(Agents((Agent("red", torch.eye(4)[None], rig),), 8.0), tmp_path / "a.chan", "chan")
    assert "agent 'red', view 'front' has a lens with an off-centre principal point" in caplog.text


def test_line_ends_and_byte_order_mark_do_not_matter(tmp_path):
    path = tmp_path / "camera.chan"
    path.write_bytes(b"\xef\xbb\xbf" + GOLDEN.read_bytes().replace(b"\n", b"\r\n"))
    assert recognise(path).id == "chan"
    assert read_agents(path, OPTIONS) == read_agents(GOLDEN, OPTIONS)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("30 -90 0 45\n4", "nan -90 0 45\n4", "line 5, rx: expected a finite number, given 'nan'"),
        ("30 -90 0 45\n4", "-90 0 45\n4", "line 5: expected 8 numbers .*, given 7"),
        ("1 0 1.6", "1 0 1,6", "line 2, ty: expected a finite number, given '1,6'"),
        ("4 1 1.6", "3 1 1.6", "line 6, frame: 3 does not come after 3 in line 5; sort the lines, one camera per file"),
        ("4 1 1.6", "4.5 1 1.6", "line 6, frame: expected a whole number, given 4.5"),
        ("4 1 1.6", "999999999 1 1.6", r"line 6, frame: the file spans 1e\+09 frames, at most 100000"),
        ("0\t60", "0\t180", "line 3, vfov: expected an angle between 0.01 and 179.99 degrees, given 180"),
        (GOLDEN.read_text(), "# nothing\n", "the file holds no numbers"),
    ],
)
def test_a_mistake_is_named_with_its_line(old, new, message, tmp_path):
    text = GOLDEN.read_text()
    assert old in text
    path = tmp_path / "broken.chan"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=rf"broken\.chan: {message}"):
        read_agents(path, OPTIONS, "chan")
