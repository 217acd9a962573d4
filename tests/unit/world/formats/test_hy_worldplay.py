import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from pytransform3d.rotations import active_matrix_from_angle
from pytransform3d.transformations import concat, transform_from

from shared_world.tests.unit.world.formats.random_worlds import random_poses, worlds
from shared_world.world.agents import Agent, Agents
from shared_world.world.formats import Head, ReadOptions, find_format, read_agents, recognise, write_agents
from shared_world.world.formats.cameras import camera_files
from shared_world.world.formats.hy_worldplay import (
    HyWorldPlayReadOptions,
    HyWorldPlayWriteOptions,
    pose_string_poses,
)
from shared_world.world.poses import heading, inverse
from shared_world.world.resampling import resample_agents
from shared_world.world.rigs import front_rig

DATA = Path(__file__).parent / "data"
GOLDEN, STRING = DATA / "worldplay.json", DATA / "worldplay.txt"
PER_FRAME = HyWorldPlayReadOptions(one_pose_per="frame")


def golden(tmp_path, change):
    document = json.loads(GOLDEN.read_text())
    change(document)
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(document))
    return path


def test_golden_file_holds_a_pose_per_latent():
    agents = read_agents(GOLDEN)
    (camera,) = agents.members
    # Three latents are 4 * 3 - 3 frames at 24 per second.
    assert (camera.frame_count, agents.frame_rate, camera.name) == (9, 24.0, "worldplay")
    assert (camera.rig.width, camera.rig.height) == (960, 540)
    latents = read_agents(GOLDEN, PER_FRAME).members[0]
    np.testing.assert_allclose(latents.poses[:, :3, 3], [[0, 0, 0], [0, 0, 0.08], [0.5, -1, 0.08]])
    np.testing.assert_allclose(heading(latents.poses), [0, 0, 90])
    assert torch.equal(camera.poses[::4], latents.poses)
    # Between the latents: straight, turning evenly, and the lens with it.
    np.testing.assert_allclose(camera.poses[1, :3, 3], [0, 0, 0.02])
    np.testing.assert_allclose(heading(camera.poses[4:]), [0, 22.5, 45, 67.5, 90], atol=1e-9)
    np.testing.assert_allclose(camera.intrinsics()[4:, 0, 0, 0], [600, 650, 700, 750, 800])


def test_pose_string_walks_along_the_cameras_own_axes():
    poses = pose_string_poses("w-3, right-1, d-4, up-2,s-1")
    assert poses.shape == (12, 4, 4)
    forward = transform_from(np.eye(3), [0, 0, 0.08])
    sideways = transform_from(np.eye(3), [0.08, 0, 0])
    # In OpenCV's axes a positive turn about y goes right, one about x goes up.
    right = transform_from(active_matrix_from_angle(1, math.radians(3)), [0, 0, 0])
    up = transform_from(active_matrix_from_angle(0, math.radians(3)), [0, 0, 0])
    pose = np.eye(4)
    for step, expected in zip([forward] * 3 + [right] + [sideways] * 4 + [up] * 2, poses[1:], strict=False):
        pose = concat(step, pose)
        np.testing.assert_allclose(expected, pose, atol=1e-12)
    np.testing.assert_allclose(heading(poses[4:5]), [3.0])
    assert poses[10, 1, 2] < 0
    np.testing.assert_allclose(poses[11, :3, 3], poses[10, :3, 3] - 0.08 * poses[10, :3, 2])


def test_pose_string_has_one_latent_more_than_moves(tmp_path):
    path = tmp_path / "walk.txt"
    path.write_text("w-31")
    agents = read_agents(path)
    # 32 latents are 125 frames; the lens is HY-WorldPlay's own.
    assert (agents.frame_count, agents.frame_rate) == (125, 24.0)
    np.testing.assert_allclose(agents.members[0].poses[-1, :3, 3], [0, 0, 31 * 0.08])
    np.testing.assert_allclose(agents.members[0].rig.intrinsics[0, 0], [969.6969696969696, 0, 960])
    smaller = read_agents(path, ReadOptions(width=640, height=360, horizontal_fov=90.0)).members[0].rig
    np.testing.assert_allclose(smaller.intrinsics[0], [[320, 0, 320], [0, 320, 180], [0, 0, 1]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "w-3, jump-2",
            "move 2: expected one of w, s, a, d, up, down, left, right, a dash and latents, given 'jump-2'",
        ),
        ("w-3, right", "move 2: expected one of .*, given 'right'"),
        ("w-0.5", r"move 1 \(w\): expected a whole number of latents, given '0.5'"),
        ("w--5", r"move 1 \(w\): expected a whole number of latents, given '-5'"),
        ("w-9000, s-1001", r"move 2 \(s\): the poses are more than 10000 latents"),
        ("w-99999999999999", r"move 1 \(w\): expected a whole number of latents"),
        (" , ", "the pose string has no moves"),
    ],
)
def test_a_mistake_in_a_pose_string_is_named(text, message, tmp_path):
    path = tmp_path / "walk.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"walk\.txt: {message}"):
        read_agents(path, format_id="hy_worldplay")


def test_recognising_a_pose_string_takes_no_time():
    # A pattern that backtracks would need minutes for this.
    text = "w-3" + " " * 60000 + "x"
    assert not find_format("hy_worldplay").recognise(Head(STRING, text.encode()))
    assert find_format("hy_worldplay").recognise(Head(STRING, STRING.read_bytes()))


def test_training_files_are_world_to_camera_with_a_pose_per_frame(tmp_path):
    poses = random_poses(5, seed=1)
    lens = [[600, 0, 480], [0, 600, 270], [0, 0, 1]]
    document = {str(i): {"intrinsic": lens, "w2c": pose.tolist()} for i, pose in enumerate(inverse(poses))}
    path = tmp_path / "pose.json"
    path.write_text(json.dumps(document))
    assert recognise(path).id == "hy_worldplay"
    np.testing.assert_allclose(read_agents(path).members[0].poses, poses, atol=1e-12)


def test_every_fourth_frame_is_written(tmp_path, caplog):
    world = Agents((Agent("a", random_poses(11, seed=2), front_rig(64, 48)),), 24.0)
    write_agents(world, tmp_path / "a.json", "hy_worldplay")
    assert "takes a pose per four frames, so the path of 11 frames ends at frame 8" in caplog.text
    again = read_agents(tmp_path / "a.json", PER_FRAME)
    assert torch.equal(again.members[0].poses, world.members[0].poses[[0, 4, 8]])
    whole = read_agents(tmp_path / "a.json")
    expected = resample_agents(world.select_frames([0, 4, 8]), 9, keep="path")
    assert torch.equal(whole.members[0].poses, expected.members[0].poses)


def test_every_camera_comes_back_exactly_frame_by_frame(tmp_path_factory):
    path = tmp_path_factory.mktemp("worldplay") / "path.json"

    @settings(deadline=None, max_examples=10)
    @given(world=worlds())
    def check(world):
        write_agents(world, path, "hy_worldplay", HyWorldPlayWriteOptions(one_pose_per="frame"))
        for camera in camera_files(world, path):
            (again,) = read_agents(camera.path, PER_FRAME).members
            assert torch.equal(again.poses, camera.poses)
            assert torch.equal(again.intrinsics()[:, 0], camera.intrinsics)
            assert (again.rig.width, again.rig.height) == (camera.agent.rig.width, camera.agent.rig.height)

    check()


def test_poses_out_of_order_are_sorted_and_said(tmp_path, caplog):
    document = json.loads(GOLDEN.read_text())
    path = tmp_path / "pose.json"
    path.write_text(json.dumps({key: document[key] for key in ("0", "2", "1")}))
    assert torch.equal(read_agents(path).members[0].poses, read_agents(GOLDEN).members[0].poses)
    assert "not listed in the order of their indices" in caplog.text


def test_missing_poses_are_said(tmp_path, caplog):
    path = golden(tmp_path, lambda document: document.update({"3": document.pop("1")}))
    assert read_agents(path, PER_FRAME).frame_count == 3
    assert "broken.json: poses between 0 and 2 are missing; time runs on without them" in caplog.text


def test_off_centre_lens_is_said(tmp_path, caplog):
    rig = front_rig(64, 48)
    rig.intrinsics[0, 1, 2] -= 2.0
    write_agents(Agents((Agent("red", torch.eye(4)[None], rig),), 24.0), tmp_path / "a.json", "hy_worldplay")
    assert "agent 'red', view 'front' has a lens with an off-centre principal point" in caplog.text


def change_of(index, key, value):
    return lambda document: document[index].__setitem__(key, value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda document: document["1"].pop("K"), "pose 1: 'K' is missing"),
        (lambda document: document["1"].pop("extrinsic"), "pose 1: 'extrinsic' is missing"),
        (change_of("1", "extrinsic", [[1, 0, 0, 0]] * 3), "pose 1, extrinsic: expected a list of 4 lists of 4 numbers"),
        (change_of("2", "K", [[math.nan, 0, 480], [0, 600, 270], [0, 0, 1]]), r"pose 2, K\[0\]\[0\]: .* given nan"),
        (change_of("2", "K", [[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]]), "pose 2, K: the principal point is that of a"),
        (change_of("2", "K", [[1, 0, 0.1], [0, 1, 0.1], [0, 0, 1]]), "pose 2, K: expected a principal point in pixels"),
        (change_of("0", "extrinsic", np.diag([2.0, 2, 2, 1]).tolist()), "extrinsic, pose 0: the rotation is not ortho"),
        (
            change_of("0", "extrinsic", np.diag([1.0, 1, -1, 1]).tolist()),
            "extrinsic, pose 0: the rotation is left-hand",
        ),
        (lambda document: document.__setitem__("x", {}), "expected the index of a latent as key, given 'x'"),
        (lambda document: document.clear(), "the file holds no poses"),
    ],
)
def test_a_mistake_is_named_with_its_place(change, message, tmp_path):
    with pytest.raises(ValueError, match=rf"broken\.json: {message}"):
        read_agents(golden(tmp_path, change), format_id="hy_worldplay")


@pytest.mark.parametrize("options", [HyWorldPlayReadOptions, HyWorldPlayWriteOptions])
def test_options_are_checked(options):
    with pytest.raises(ValueError, match="one_pose_per must be one of latent, frame, given 'second'"):
        options(one_pose_per="second")
