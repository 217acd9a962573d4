from pathlib import Path

import pytest
import torch

from shared_world.world.agents import Agent, Agents
from shared_world.world.formats import ReadOptions, read_agents_from_files, write_agents
from shared_world.world.formats.cameras import agent_name, camera_files, single_camera_agent
from shared_world.world.formats.files import write_folder
from shared_world.world.rigs import Rig, four_view_rig, front_rig, pinhole_intrinsics

PATH = Path("out") / "walk.txt"


def agents(*names_and_rigs: tuple[str, Rig]) -> Agents:
    return Agents(tuple(Agent(name, torch.eye(4).repeat(2, 1, 1), rig) for name, rig in names_and_rigs), 8.0)


def test_a_single_camera_keeps_the_name_of_the_file():
    (file,) = camera_files(agents(("red", front_rig(8, 8))), PATH)
    assert (file.path, file.name) == (PATH, "agent 'red', view 'front'")


def test_several_cameras_get_files_by_agent_and_view():
    files = camera_files(agents(("red", front_rig(8, 8)), ("blue", four_view_rig(8, 8))), PATH)
    assert [file.path.name for file in files] == [
        "walk_red.txt", "walk_blue_front.txt", "walk_blue_rear.txt", "walk_blue_left.txt", "walk_blue_right.txt",
    ]  # fmt: skip
    assert all(file.path.parent == PATH.parent for file in files)


def test_names_cannot_leave_the_folder_or_meet():
    files = camera_files(agents(*((name, front_rig(8, 8)) for name in ("../a", "..\\a", "_A", "x" * 500))), PATH)
    names = [file.path.name for file in files]
    assert names[:3] == ["walk__a.txt", "walk__a_2.txt", "walk__A_3.txt"]
    assert all(file.path.parent == PATH.parent and len(file.path.name) < 100 for file in files)


def test_a_lens_that_changes_is_kept_per_frame():
    poses, lens = torch.eye(4).repeat(3, 1, 1), pinhole_intrinsics(8, 8, 90.0)
    assert single_camera_agent("a", poses, lens, (8, 8)).frame_intrinsics is None
    zoom = lens.repeat(3, 1, 1)
    zoom[2, 0, 0] = 9.0
    assert torch.equal(single_camera_agent("a", poses, zoom, (8, 8)).frame_intrinsics[:, 0], zoom)


def test_files_of_one_name_are_called_like_their_folder():
    assert agent_name(Path("walk") / "left.txt") == "left"
    assert agent_name(Path("walk") / "poses.npy") == "walk"
    assert agent_name(Path("freiburg1_xyz") / "groundtruth.txt") == "freiburg1_xyz"
    assert agent_name(Path("scene") / "sparse" / "0") == "scene"


def test_cameras_of_several_files_go_on_one_rig(tmp_path):
    world = agents(("ego", four_view_rig(8, 8, mount=(0.0, -1.6, 0.5))))
    written = write_agents(world, tmp_path / "walk.txt", "kitti")
    options = ReadOptions(8.0, 8, 8, horizontal_fov=90.0, cameras="rig")
    (again,) = read_agents_from_files(written, options).members
    assert again.name == "walk_ego_front"
    assert again.rig.view_names == ("walk_ego_front", "walk_ego_rear", "walk_ego_left", "walk_ego_right")
    assert torch.allclose(again.extrinsics(), world.members[0].extrinsics(), atol=1e-12)
    apart = read_agents_from_files(written, ReadOptions(8.0, 8, 8, horizontal_fov=90.0))
    assert len(apart) == 4


def test_a_folder_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    write_folder(tmp_path / "new", {"a": b"1", "b": b"2"})
    assert {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()} == {"a": b"1", "b": b"2"}
    with pytest.raises(ValueError, match="there is something at this place already"):
        write_folder(tmp_path / "new", {"a": b"3"})
    with pytest.raises(FileNotFoundError, match=r"the folder .*missing does not exist; make it first"):
        write_folder(tmp_path / "missing" / "new", {"a": b"1"})

    def disk_full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", disk_full)
    with pytest.raises(OSError, match="No space left"):
        write_folder(tmp_path / "other", {"a": b"1"})
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
