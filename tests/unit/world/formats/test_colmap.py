import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from pytransform3d.rotations import matrix_from_quaternion

from shared_world.tests.unit.world.formats.random_worlds import worlds
from shared_world.tests.unit.world.formats.samples import DATA
from shared_world.world.agents import Agent, Agents
from shared_world.world.formats import ReadOptions, read_agents, recognise, write_agents
from shared_world.world.formats.cameras import plain_name
from shared_world.world.formats.colmap import ColmapReadOptions
from shared_world.world.mounts import one_agent_per_view
from shared_world.world.poses import heading
from shared_world.world.rigs import four_view_rig, front_rig

GOLDEN = DATA / "colmap"
EIGHT = ReadOptions(frame_rate=8.0)


@pytest.fixture
def folder(tmp_path) -> Path:
    return shutil.copytree(GOLDEN, tmp_path / "scene" / "sparse" / "0")


def changed(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_golden_model():
    (car,) = read_agents(GOLDEN, EIGHT).members
    assert (car.name, car.rig.view_names) == ("car", ("front", "rear"))
    # In the order of the pictures' numbers: 2.png before 10.png.
    np.testing.assert_allclose(car.poses[:, :3, 3], [[0, 0, 0], [1, -2, 3]], atol=1e-6)
    np.testing.assert_allclose(heading(car.extrinsics()), [[0, 180], [90, -90]], atol=1e-6)
    np.testing.assert_allclose(car.rig.view_to_agent[1, :3, 3], [0, 0, -0.5], atol=1e-6)
    np.testing.assert_allclose(
        car.rig.intrinsics,
        [[[320, 0, 321], [0, 360, 239], [0, 0, 1]], [[300, 0, 320], [0, 300, 240], [0, 0, 1]]],
    )
    assert (car.rig.width, car.rig.height) == (640, 480)


def test_any_file_or_the_folder_can_be_named(folder):
    wanted = read_agents(folder, EIGHT)
    for path in (folder, folder / "cameras.txt", folder / "images.txt"):
        assert recognise(path).id == "colmap"
        assert read_agents(path, EIGHT) == wanted
    for name in ("rigs.txt", "frames.txt"):
        assert read_agents(folder / name, EIGHT, "colmap") == wanted


def test_a_copy_of_a_file_is_not_taken_for_the_one_beside_it(folder):
    changed(Path(shutil.copy(folder / "images.txt", folder / "images (1).txt")), "car", "bus")
    with pytest.raises(
        ValueError, match=r"images \(1\)\.txt: the files of a model are called cameras, images, .*folder"
    ):
        read_agents(folder / "images (1).txt", EIGHT)


def test_quaternions_are_world_to_camera_with_w_first(folder):
    quaternion = np.array([0.8, 0.1, -0.5, 0.3]) / np.linalg.norm([0.8, 0.1, -0.5, 0.3])
    cells = " ".join(map(repr, quaternion.tolist()))
    (folder / "images.txt").write_text(f"7 {cells} 4 5 6 1 a.png\n\n")
    (folder / "rigs.txt").unlink()
    pose = read_agents(folder, EIGHT).members[0].poses[0].numpy()
    rotation = matrix_from_quaternion(quaternion)
    np.testing.assert_allclose(pose[:3, :3], rotation.T, atol=1e-12)
    np.testing.assert_allclose(pose[:3, 3], -rotation.T @ [4, 5, 6], atol=1e-12)


def test_agents_come_back_with_their_rigs(tmp_path_factory):
    @settings(deadline=None, max_examples=25)
    @given(world=worlds(centred=False, agent_frame_is_first_view=True))
    def check(world):
        path = tmp_path_factory.mktemp("colmap") / "model"
        assert write_agents(world, path, "colmap") == (path,)
        zooms = any(agent.frame_intrinsics is not None for agent in world.members)
        assert (path / "rigs.txt").exists() is not zooms
        if zooms:
            world = one_agent_per_view(world)
        again = read_agents(path, ReadOptions(frame_rate=world.frame_rate))
        for agent, wanted in zip(again.members, world.members, strict=True):
            assert plain_name(agent.name) == plain_name(wanted.name)
            np.testing.assert_allclose(agent.extrinsics(), wanted.extrinsics(), atol=1e-9)
            assert torch.equal(agent.intrinsics(), wanted.intrinsics())

    check()


def test_lost_rigs_are_said(tmp_path, caplog):
    zoom = four_view_rig(64, 48).intrinsics.repeat(2, 1, 1, 1)
    zoom[1] *= torch.tensor([2.0, 2.0, 1.0]).double()[:, None]
    agent = Agent("ego", torch.eye(4).repeat(2, 1, 1), four_view_rig(64, 48), None, zoom)
    write_agents(Agents((agent,), 8.0), tmp_path / "model", "colmap")
    assert "the lenses of agent 'ego' change over time, which COLMAP's rigs cannot hold" in caplog.text
    options = ColmapReadOptions(frame_rate=8.0, cameras="rig")
    (again,) = read_agents(tmp_path / "model", options).members
    assert again.rig.view_names == ("ego/front", "ego/rear", "ego/left", "ego/right")
    np.testing.assert_allclose(again.intrinsics()[:, 0, 0, 0], [32, 64])


def test_equal_folder_names_stay_apart(tmp_path):
    still = torch.eye(4).repeat(1, 1, 1)
    members = tuple(Agent(name, still, front_rig(8 * n, 8)) for n, name in enumerate(("a b", "a_b", "A_B"), 1))
    write_agents(Agents(members, 8.0), tmp_path / "model", "colmap")
    again = read_agents(tmp_path / "model", EIGHT)
    assert {agent.name: agent.rig.width for agent in again.members} == {"a_b": 8, "a_b_2": 16, "A_B_3": 24}


def test_images_can_be_grouped_otherwise(folder):
    one = read_agents(folder / "cameras.txt", ColmapReadOptions(frame_rate=8.0, grouping="folders"))
    assert one.names == ("car/front", "car/rear")
    assert one.frame_count == 2
    cameras = read_agents(folder, ColmapReadOptions(frame_rate=8.0, grouping="cameras"))
    assert cameras.names == ("camera 1", "camera 2")
    (whole,) = read_agents(folder, ColmapReadOptions(frame_rate=8.0, grouping="one path")).members
    assert (whole.name, whole.frame_count) == ("scene", 4)
    np.testing.assert_allclose(whole.intrinsics()[:, 0, 0, 0], [320, 320, 300, 300])
    with pytest.raises(ValueError, match="grouping must be one of as written, one path, folders, cameras, given 'rig'"):
        ColmapReadOptions(grouping="rig")


def test_models_before_rigs_keep_one_camera_per_folder(folder):
    for name in ("rigs.txt", "frames.txt"):
        (folder / name).unlink()
    world = read_agents(folder, EIGHT)
    assert world.names == ("car/front", "car/rear")
    (rig,) = read_agents(folder, ReadOptions(frame_rate=8.0, cameras="rig")).members
    assert rig.rig.view_names == ("car/front", "car/rear")
    np.testing.assert_allclose(rig.rig.view_to_agent[1, :3, 3], [0, 0, -0.5], atol=1e-6)


def test_frames_that_colmap_could_not_place_are_left_out(folder, caplog):
    changed(folder / "images.txt", "4 0.70710678 0 0.70710678 0 -3 2 0.5 2 car/rear/10.png\n\n", "")
    (car,) = read_agents(folder, EIGHT).members
    assert (car.frame_count, car.rig.view_count) == (1, 2)
    assert "1 frames are left out, because cameras of their rig have no image there" in caplog.text
    (folder / "rigs.txt").unlink()
    assert read_agents(folder, EIGHT).frame_count == 1
    assert "1 of 2 frames are left out, because not all cameras have them" in caplog.text


def test_lines_of_points_may_be_missing_and_line_ends_windows(folder):
    wanted = read_agents(folder, EIGHT)
    lines = (folder / "images.txt").read_text().splitlines()
    without = [line for line in lines if line and not line.startswith("10.5")]
    for text in ("\n".join(without), "\n\n".join(without), "\ufeff" + "\r\n".join(lines)):
        (folder / "images.txt").write_text(text, newline="")
        assert read_agents(folder, EIGHT) == wanted


def test_distortion_is_said_and_fisheye_refused(folder, caplog):
    read_agents(folder, EIGHT)
    assert "lens distortion is ignored" in caplog.text
    changed(folder / "cameras.txt", "SIMPLE_RADIAL", "OPENCV_FISHEYE")
    with pytest.raises(ValueError, match=r"cameras\.txt, line 5: the camera model 'OPENCV_FISHEYE' is no pinhole"):
        read_agents(folder, EIGHT)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "cameras.txt",
            "320 360 321 239",
            "320 360 321",
            r"cameras\.txt, line 4: cy is missing; the line may be cut off",
        ),
        ("cameras.txt", "320 360 321 239", "320 360 321 nan", r"cameras\.txt, line 4, cy: expected a finite number"),
        ("cameras.txt", "320 360 321 239", "0 360 321 239", r"cameras\.txt, line 4: focal lengths must be positive"),
        ("cameras.txt", "640 480 320", "640.5 480 320", r"cameras\.txt, line 4, WIDTH: expected a whole number"),
        ("cameras.txt", "640 480 320", "0 480 320", r"cameras\.txt, line 4: the picture size must be positive"),
        ("cameras.txt", "640 480 320", "320 480 320", r"images\.txt, line 9: the picture has 640x480 .* 320x480"),
        ("cameras.txt", "2 SIMPLE_RADIAL", "1 SIMPLE_RADIAL", r"cameras\.txt, line 5: camera 1 appears twice"),
        (
            "cameras.txt",
            "2 SIMPLE_RADIAL",
            "3 SIMPLE_RADIAL",
            r"images\.txt, line 9: .* camera 2, which is not in the model",
        ),
        (
            "cameras.txt",
            "240 0.05",
            "240 0.05 7",
            r"cameras\.txt, line 5: SIMPLE_RADIAL has 4 parameters, more are given",
        ),
        (
            "images.txt",
            "-0.5 2 car/rear/2.png",
            "-0.5 2",
            r"images\.txt, line 9: expected IMAGE_ID .*, given 9 columns",
        ),
        ("images.txt", "2 0 0 1 0 0 0 -0.5", "2 0 0 inf 0 0 0 -0.5", r"images\.txt, line 9, QY: expected a finite"),
        (
            "images.txt",
            "2 0 0 1 0 0 0 -0.5",
            "2 0 0 0 0 0 0 -0.5",
            r"images\.txt, line 9: the quaternion has length 0",
        ),
        ("images.txt", "2 0 0 1 0 0 0 -0.5", "1 0 0 1 0 0 0 -0.5", r"images\.txt, line 9: image 1 appears twice"),
        ("images.txt", "0 0 0 -0.5", "0 0 0 -0.9", r"agent 'car', frame 1: view 'rear' has moved 0\.4 m"),
        ("rigs.txt", "1 2 CAMERA", "1 3 CAMERA", r"rigs\.txt, line 4: SENSOR_TYPE is missing"),
        ("frames.txt", "1 1 1 0", "1 1 x 0", r"frames\.txt, line 4, QW: expected a finite number, given 'x'"),
        ("frames.txt", "1 1 1 0", "1 1 1", r"frames\.txt, line 4, NUM_DATA_IDS: expected"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_column(file, old, new, message, folder):
    changed(folder / file, old, new)
    with pytest.raises(ValueError, match=rf"0: {message}"):
        read_agents(folder, EIGHT)


def test_a_missing_file_is_named(folder):
    (folder / "cameras.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"cameras\.txt: there is no such file"):
        read_agents(folder / "images.txt", EIGHT)


def binary_model(folder: Path) -> dict[str, bytes]:
    """The golden model as COLMAP's documentation of its binary files describes them."""
    pose = "<7d"
    half = 0.70710678
    images = [
        (3, (half, 0, -half, 0, 3, 2, -1), 1, b"car/front/10.png", 2),
        (1, (1, 0, 0, 0, 0, 0, 0), 1, b"car/front/2.png", 0),
        (2, (0, 0, 1, 0, 0, 0, -0.5), 2, b"car/rear/2.png", 0),
        (4, (half, 0, half, 0, -3, 2, 0.5), 2, b"car/rear/10.png", 0),
    ]
    files = {
        "cameras.bin": struct.pack("<Q", 2)
        + struct.pack("<IiQQ4d", 1, 1, 640, 480, 320, 360, 321, 239)
        + struct.pack("<IiQQ4d", 2, 2, 640, 480, 300, 320, 240, 0.05),
        "images.bin": struct.pack("<Q", 4)
        + b"".join(
            struct.pack("<I", number)
            + struct.pack(pose, *numbers)
            + struct.pack("<I", camera)
            + name
            + b"\0"
            + struct.pack("<Q", points)
            + points * struct.pack("<ddq", 10.5, 20.25, -1)
            for number, numbers, camera, name, points in images
        ),
        "rigs.bin": struct.pack("<QII", 1, 1, 2)
        + struct.pack("<iI", 0, 1)
        + struct.pack("<iIB", 0, 2, 1)
        + struct.pack(pose, 0, 0, 1, 0, 0, 0, -0.5),
        "frames.bin": struct.pack("<Q", 2)
        + struct.pack("<II7dI", 1, 1, 1, 0, 0, 0, 0, 0, 0, 2)
        + struct.pack("<iIQiIQ", 0, 1, 1, 0, 2, 2)
        + struct.pack("<II7dI", 2, 1, half, 0, -half, 0, 3, 2, -1, 2)
        + struct.pack("<iIQiIQ", 0, 1, 3, 0, 2, 4),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return files


def test_binary_models_say_the_same_as_text(tmp_path):
    binary_model(tmp_path)
    assert recognise(tmp_path).id == "colmap"
    for path in (tmp_path, tmp_path / "images.bin", tmp_path / "frames.bin"):
        assert recognise(path).id == "colmap"
        assert read_agents(path, EIGHT) == read_agents(GOLDEN, EIGHT)


def test_broken_binary_models_are_refused_at_once(tmp_path):
    import random

    from shared_world.tests.unit.world.formats.test_mutations import check, mutated_bytes

    files = binary_model(tmp_path)
    refused = 0
    for seed in range(200):
        chance = random.Random(seed)
        name = chance.choice(list(files))
        (tmp_path / name).write_bytes(mutated_bytes(files[name], chance))
        refused += check(tmp_path / name, "colmap")
        (tmp_path / name).write_bytes(files[name])
    assert refused > 50


def test_a_binary_count_is_not_believed(tmp_path):
    files = binary_model(tmp_path)
    (tmp_path / "images.bin").write_bytes(struct.pack("<Q", 2**60) + files["images.bin"][8:])
    with pytest.raises(ValueError, match=r"images\.bin, byte 0: 1152921504606846976 entries are announced, more than"):
        read_agents(tmp_path, EIGHT)
    (tmp_path / "images.bin").write_bytes(files["images.bin"][:-3])
    with pytest.raises(ValueError, match=r"images\.bin, byte \d+: the file ends too early; it may be cut off"):
        read_agents(tmp_path, EIGHT)


@pytest.mark.parametrize("layout", ["text", "binary"])
def test_pycolmap_reads_what_is_written_and_writes_what_is_read(layout, tmp_path):
    pycolmap = pytest.importorskip("pycolmap")
    poses = torch.eye(4, dtype=torch.float64).repeat(3, 1, 1)
    poses[:, 2, 3] = torch.arange(3)
    members = (Agent("car", poses, four_view_rig(64, 48)), Agent("drone", poses, front_rig(32, 24)))
    world = Agents(members, 8.0)
    write_agents(world, tmp_path / "ours", "colmap")
    model = pycolmap.Reconstruction(str(tmp_path / "ours"))
    assert (len(model.rigs), len(model.frames), len(model.cameras), len(model.images)) == (2, 6, 5, 15)
    for agent, folder in ((members[0], "car/{}/"), (members[1], "drone/")):
        for view, name in enumerate(agent.rig.view_names):
            for frame in range(3):
                image = model.find_image_with_name(f"{folder.format(name)}{frame:05d}.png")
                theirs = np.linalg.inv(np.vstack([image.cam_from_world().matrix(), [0, 0, 0, 1]]))
                np.testing.assert_allclose(agent.extrinsics()[frame, view], theirs, atol=1e-12)
                np.testing.assert_allclose(agent.rig.intrinsics[view], image.camera.calibration_matrix())
    (tmp_path / "theirs").mkdir()
    (model.write_text if layout == "text" else model.write_binary)(str(tmp_path / "theirs"))
    again = read_agents(tmp_path / "theirs", EIGHT)
    assert again.names == ("car", "drone")
    for agent, wanted in zip(again.members, members, strict=True):
        assert agent.rig.view_names == wanted.rig.view_names
        np.testing.assert_allclose(agent.extrinsics(), wanted.extrinsics(), atol=1e-12)
