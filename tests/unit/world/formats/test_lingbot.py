import shutil

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from shared_world.tests.unit.world.formats.random_worlds import worlds
from shared_world.tests.unit.world.formats.samples import DATA
from shared_world.world.formats import ReadOptions, read_agents, recognise, write_agents
from shared_world.world.mounts import one_agent_per_view
from shared_world.world.poses import heading

GOLDEN = DATA / "lingbot"
RATE = ReadOptions(frame_rate=16.0)


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(GOLDEN, tmp_path / "walk")


def test_golden_folder():
    (camera,) = read_agents(GOLDEN, RATE).members
    assert camera.name == "lingbot"
    np.testing.assert_allclose(camera.poses[:, :3, 3], [[0, 0, 0], [1, -2, 3]])
    np.testing.assert_allclose(heading(camera.poses), [0, 90])
    assert (camera.rig.width, camera.rig.height) == (832, 480)
    np.testing.assert_allclose(camera.rig.intrinsics[0], [[416, 0, 416], [0, 360, 240], [0, 0, 1]])


def test_either_file_or_the_folder_can_be_named(folder):
    for path in (folder, folder / "poses.npy", folder / "intrinsics.npy"):
        assert recognise(path).id == "lingbot"
        assert read_agents(path, RATE) == read_agents(folder, RATE)
    assert read_agents(folder, RATE).names == ("walk",)


def test_another_array_is_not_taken_for_the_poses_beside_it(folder):
    shutil.copy(folder / "poses.npy", folder / "other.npy")
    with pytest.raises(
        ValueError, match=r"other\.npy: expected poses\.npy, intrinsics\.npy or the folder .* 'other\.npy'"
    ):
        read_agents(folder / "other.npy", RATE, "lingbot")


def test_lenses_belong_to_832x480_and_are_scaled_to_the_picture(folder):
    (camera,) = read_agents(folder, ReadOptions(16.0, width=416, height=960)).members
    np.testing.assert_allclose(camera.rig.intrinsics[0], [[208, 0, 208], [0, 720, 480], [0, 0, 1]])
    assert (camera.rig.width, camera.rig.height) == (416, 960)


def test_every_camera_comes_back_from_its_own_folder(tmp_path_factory):
    @settings(deadline=None, max_examples=25)
    @given(world=worlds(centred=False))
    def check(world):
        written = write_agents(world, tmp_path_factory.mktemp("lingbot") / "walk", "lingbot")
        for path, wanted in zip(written, one_agent_per_view(world).members, strict=True):
            options = ReadOptions(world.frame_rate, wanted.rig.width, wanted.rig.height)
            (again,) = read_agents(path, options).members
            assert torch.equal(again.poses, wanted.extrinsics()[:, 0])
            np.testing.assert_allclose(again.intrinsics(), wanted.intrinsics(), rtol=1e-12)
            assert np.load(path / "poses.npy", allow_pickle=False).shape == (world.frame_count, 4, 4)
            assert np.load(path / "intrinsics.npy", allow_pickle=False).shape == (world.frame_count, 4)

    check()


def test_one_lens_may_hold_for_all_frames(folder):
    wanted = read_agents(folder, RATE)
    for shape in ((1, 4), (4,)):
        np.save(folder / "intrinsics.npy", np.array([416, 360, 416, 240]).reshape(shape))
        assert read_agents(folder, RATE) == wanted


def test_a_missing_lens_and_the_rate_are_said(folder, caplog):
    (folder / "intrinsics.npy").unlink()
    world = read_agents(folder)
    assert world.frame_rate == 16.0
    assert world.members[0].rig.intrinsics[0, 0, 0] == pytest.approx(416.0)
    assert "walk names no frame rate: 16 frames per second are assumed" in caplog.text
    assert "walk names no picture size: 832x480" in caplog.text
    assert "walk holds no lens" in caplog.text


def test_an_existing_folder_is_not_touched(folder):
    world = read_agents(folder, RATE)
    with pytest.raises(
        ValueError, match="walk: there is something at this place already; give the name of a new folder"
    ):
        write_agents(world, folder, "lingbot")
    (folder.parent / "empty").mkdir()
    assert write_agents(world, folder.parent / "empty", "lingbot") == (folder.parent / "empty",)
    assert sorted(path.name for path in folder.parent.iterdir()) == ["empty", "walk"]


class Malicious:
    def __reduce__(self):
        return (pytest.fail, ("a pickled object was executed",))


@pytest.mark.parametrize(
    ("file", "array", "message"),
    [
        ("poses.npy", np.zeros((2, 3, 4)), r"poses\.npy: expected shape \(frames, 4, 4\), given \(2, 3, 4\)"),
        ("poses.npy", np.zeros((0, 4, 4)), r"poses\.npy: expected shape \(frames, 4, 4\), given \(0, 4, 4\)"),
        ("poses.npy", np.zeros((2, 4, 4)), r"poses\.npy, frame 0: the last row of a pose must be 0 0 0 1"),
        ("poses.npy", np.full((2, 4, 4), np.nan), r"poses\.npy: the number at \[0, 0, 0\] is nan; remove that frame"),
        ("poses.npy", np.array([Malicious()]), r"poses\.npy: .*pickled"),
        ("poses.npy", np.array(["text"]), r"poses\.npy: expected an array of numbers, given <U4"),
        ("intrinsics.npy", np.ones((3, 4)), r"intrinsics\.npy: expected shape \(2, 4\) .*, given \(3, 4\)"),
        ("intrinsics.npy", np.ones((2, 3, 3)), r"intrinsics\.npy: expected shape \(2, 4\) .*, given \(2, 3, 3\)"),
        ("intrinsics.npy", np.zeros((2, 4)), r"agent 'walk': rig, view 'front': focal lengths must be positive"),
    ],
)
def test_a_mistake_is_named_with_its_file(file, array, message, folder):
    np.save(folder / file, array, allow_pickle=True)
    with pytest.raises(ValueError, match=rf"walk: {message}"):
        read_agents(folder, RATE)


def test_poses_are_needed(folder):
    (folder / "poses.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"poses\.npy: there is no such file"):
        read_agents(folder / "intrinsics.npy", RATE, "lingbot")
