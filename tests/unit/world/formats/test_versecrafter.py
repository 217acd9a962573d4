import io
import json
import math
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from scipy.spatial.transform import Rotation

from shared_world.tests.unit.world.formats.random_worlds import random_poses, worlds
from shared_world.world.agents import Agent, Agents, Body
from shared_world.world.formats import ReadOptions, read_agents, recognise, write_agents
from shared_world.world.formats.cameras import camera_files
from shared_world.world.formats.versecrafter import VerseCrafterReadOptions, object_path
from shared_world.world.paths import upright_poses
from shared_world.world.poses import heading
from shared_world.world.rigs import four_view_rig, front_rig

FOLDER = Path(__file__).parent / "data" / "versecrafter"
CAMERA, OBJECTS = FOLDER / "custom_camera_trajectory.npz", FOLDER / "custom_3D_gaussian_trajectory.json"
OPTIONS = ReadOptions(frame_rate=16.0, width=1280, height=720, horizontal_fov=90.0)


def saved(path, **arrays):
    np.savez(path, **arrays)
    return path


def test_golden_camera_with_its_objects():
    agents = read_agents(CAMERA, OPTIONS)
    assert agents.names == ("custom_camera_trajectory", "object 1", "object 2")
    camera, car, person = agents.members
    # Blender's y is our forward, its z our up.
    np.testing.assert_allclose(camera.poses[:, :3, 3], [[-0.5, -1.5, -0.25], [-0.5, -1.5, 0.75], [1, -1.5, 0.75]])
    np.testing.assert_allclose(heading(camera.poses), [0, 0, 90])
    np.testing.assert_allclose(camera.poses[:, :3, 1], [[0, 1, 0]] * 3)
    np.testing.assert_allclose(camera.rig.intrinsics[0], [[640, 0, 640], [0, 640, 360], [0, 0, 1]])
    np.testing.assert_allclose(car.poses[:, :3, 3], [[2, -0.75, 5], [2, -0.75, 5.5], [2, -0.75, 5.5]])
    np.testing.assert_allclose(person.poses[:, :3, 3], [[-2, -0.9, 6], [-1.5, -0.9, 6], [-1.5, -0.9, 6]])
    # The car drives forward, the person walks to the right, so that its width is along our z.
    np.testing.assert_allclose(heading(car.poses), [0, 0, 0])
    np.testing.assert_allclose(heading(person.poses), [90, 90, 90])
    # Width, height, length of a box with these standard deviations.
    root = 2 * math.sqrt(3)
    np.testing.assert_allclose(car.body.size, [0.5 * root, 0.25 * root, 1.0 * root])
    np.testing.assert_allclose(person.body.size, [0.1 * root, 0.5 * root, 0.2 * root])
    assert car.rig == camera.rig


def test_objects_can_be_left_out_and_stand_alone(tmp_path):
    options = VerseCrafterReadOptions(**vars(OPTIONS), objects=False)
    assert read_agents(CAMERA, options).names == ("custom_camera_trajectory",)
    shutil.copy(CAMERA, tmp_path)
    assert read_agents(tmp_path / CAMERA.name, OPTIONS).names == ("custom_camera_trajectory",)
    alone = read_agents(OBJECTS, OPTIONS)
    assert alone.names == ("object 1", "object 2")
    assert alone.members[0].rig.width == 1280
    rig = four_view_rig(64, 48)
    assert read_agents(OBJECTS, ReadOptions(frame_rate=16.0, rig=rig)).members[0].rig == rig


def test_every_camera_comes_back_exactly(tmp_path_factory):
    path = tmp_path_factory.mktemp("versecrafter") / "path.npz"

    @settings(deadline=None, max_examples=10)
    @given(world=worlds(centred=False))
    def check(world):
        for old in path.parent.iterdir():
            old.unlink()
        write_agents(world, path, "versecrafter")
        for camera in camera_files(world, path):
            again = read_agents(camera.path, ReadOptions(frame_rate=world.frame_rate))
            found = again.members[0]
            assert torch.equal(found.poses, camera.poses)
            np.testing.assert_allclose(found.intrinsics()[:, 0], camera.intrinsics, rtol=1e-12)
            assert (found.rig.width, found.rig.height) == (camera.agent.rig.width, camera.agent.rig.height)
            others = [agent.name for agent in world.members if agent.body and agent.name != camera.agent.name]
            assert list(again.names[1:]) == others

    check()


def test_bodies_become_gaussians_that_other_programs_draw_in_their_place(tmp_path):
    positions = torch.tensor([[0.0, 0, 0], [0, 0, 0], [3, -1, 4]])
    turned = upright_poses(positions, torch.tensor([0.0, 90, 0]))
    car = Agent("car", turned, front_rig(64, 48), Body((2.0, 1.5, 4.0), (0.0, -0.75, 1.0)))
    eye = Agent("eye", torch.eye(4).repeat(3, 1, 1), front_rig(64, 48))
    written = write_agents(Agents((eye, car), 24.0), tmp_path / "a.npz", "versecrafter")
    names = [path.name for path in written]
    assert names == ["a_eye.npz", "a_eye_3D_gaussian_trajectory.json", "a_car.npz"]
    document = json.loads(written[1].read_text())
    assert document["metadata"]["num_objects"] == 1
    assert document["metadata"]["num_frames"] == 3
    gaussians = [frame["objects"][0]["gaussian_3d"] for frame in document["frames"]]
    # In Blender's axes x right, y forward, z up: before the agent's origin, and to its right once it has turned.
    np.testing.assert_allclose(
        [item["mean"] for item in gaussians], [[0, 1, 0.75], [1, 0, 0.75], [3, 5, 1.75]], atol=1e-12
    )
    variances = np.array([2.0, 4.0, 1.5]) ** 2 / 12
    np.testing.assert_allclose(gaussians[0]["covariance"], np.diag(variances), atol=1e-12)
    np.testing.assert_allclose(gaussians[1]["covariance"], np.diag(variances[[1, 0, 2]]), atol=1e-12)


def test_an_agent_that_looks_where_it_goes_keeps_path_and_body(tmp_path):
    angles = torch.linspace(0, math.pi, 9, dtype=torch.float64)
    positions = torch.stack([torch.sin(angles) * 10, torch.full((9,), -0.8).double(), torch.cos(angles) * 10], -1)
    steps = torch.diff(positions, dim=0)
    ways = torch.rad2deg(torch.atan2(steps[:, 0], steps[:, 2]))
    poses = upright_poses(positions, torch.cat([ways, ways[-1:]]))
    world = Agents((Agent("car", poses, front_rig(64, 48), Body((1.8, 1.4, 4.2), (0, 0, 0))),), 24.0)
    write_agents(world, tmp_path / "a.json", "versecrafter")
    (car,) = read_agents(tmp_path / "a.json", OPTIONS).members
    np.testing.assert_allclose(car.poses, poses, atol=1e-9)
    np.testing.assert_allclose(car.body.size, [1.8, 1.4, 4.2])
    assert car.name == "car"


def test_agents_without_a_body_are_said_or_refused(tmp_path, caplog):
    world = Agents((Agent("red", random_poses(2, seed=1), front_rig(64, 48)),), 24.0)
    with pytest.raises(ValueError, match=r"a\.json: no agent has a body; write the cameras as \.npz"):
        write_agents(world, tmp_path / "a.json", "versecrafter")
    write_agents(world, tmp_path / "a.npz", "versecrafter")
    assert not caplog.text
    pair = Agents((*world.members, Agent("blue", random_poses(2, seed=1), front_rig(64, 48))), 24.0)
    write_agents(pair, tmp_path / "a.npz", "versecrafter")
    assert "agent 'red' has no body, so it is no object" in caplog.text


def test_lens_of_a_depth_model_is_divided_by_the_picture_size(tmp_path):
    extrinsics = np.load(CAMERA)["extrinsics"]
    lens = np.array([[0.625, 0, 0.5], [0, 1.1, 0.5], [0, 0, 1]])
    rig = read_agents(saved(tmp_path / "a.npz", extrinsics=extrinsics, intrinsic=lens), OPTIONS).members[0].rig
    np.testing.assert_allclose(rig.intrinsics[0], [[800, 0, 640], [0, 792, 360], [0, 0, 1]])
    lens = lens * [[640], [360], [1]]
    path = saved(tmp_path / "b.npz", extrinsics=extrinsics, intrinsic=lens, size=[640, 360])
    rig = read_agents(path, OPTIONS).members[0].rig
    np.testing.assert_allclose(rig.intrinsics[0], [[400, 0, 320], [0, 396, 180], [0, 0, 1]])
    assert (rig.width, rig.height) == (640, 360)


def test_object_files_are_found_by_name():
    assert object_path(CAMERA) == OBJECTS
    assert object_path(Path("x/shot.npz")) == Path("x/shot_3D_gaussian_trajectory.json")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"poses": np.eye(4)[None]}, "the array 'extrinsics' is missing; the file has poses"),
        ({"extrinsics": np.eye(4)}, r"array 'extrinsics': expected frames x 4 x 4 numbers, given shape \(4, 4\)"),
        ({"extrinsics": np.zeros((0, 4, 4))}, "array 'extrinsics': expected frames x 4 x 4"),
        ({"extrinsics": np.full((2, 4, 4), np.nan)}, "array 'extrinsics', frame 0: the pose holds nan at row 0"),
        ({"extrinsics": 2 * np.eye(4)[None]}, "array 'extrinsics', frame 0: the last row"),
        ({"extrinsics": np.array([None])}, "array 'extrinsics.npy': the array holds pickled Python objects"),
        ({"extrinsics": np.eye(4)[None], "intrinsic": np.eye(2)}, "array 'intrinsic': expected 3x3 or 1x3x3 numbers"),
        ({"extrinsics": np.eye(4)[None], "intrinsic": np.eye(3), "size": [0, 4]}, "array 'size': expected width and"),
        ({"extrinsics": np.eye(4)[None], "intrinsic": -np.eye(3)}, "focal lengths must be positive"),
    ],
)
def test_a_broken_camera_is_refused(arrays, message, tmp_path):
    path = saved(tmp_path / "broken.npz", **arrays)
    with pytest.raises(ValueError, match=rf"broken\.npz: .*{message}"):
        read_agents(path, OPTIONS, "versecrafter")


def test_pickles_are_never_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("trapped").touch, ())

    stream = io.BytesIO()
    np.save(stream, np.array([Trap()]), allow_pickle=True)
    path = saved(tmp_path / "trap.npz", extrinsics=np.frombuffer(pickle.dumps(Trap()), np.uint8))
    for content in (stream.getvalue(), path.read_bytes()):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"trap\.npz: "):
            read_agents(path, OPTIONS, "versecrafter")
    assert not (tmp_path / "trapped").exists()


def change(*keys):
    *path, last, value = keys

    def apply(document):
        for key in path:
            document = document[key]
        document[last] = value

    return apply


GAUSSIAN = ("frames", 1, "objects", 0, "gaussian_3d")


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (change(*GAUSSIAN, "mean", [0, 1]), r"frame 1, objects\[0\].gaussian_3d.mean: expected a list of 3 numbers"),
        (change(*GAUSSIAN, "mean", [0, math.nan, 1]), r"frame 1, .*mean\[1\]: expected a finite number, given nan"),
        (
            change(*GAUSSIAN, "covariance", (-np.eye(3)).tolist()),
            "object 1, frame 1: covariance: expected a symmetric matrix in square metres without negative",
        ),
        (
            change(*GAUSSIAN, "covariance", [[1, 2, 0], [0, 9, 0], [0, 0, 1]]),
            "object 1, frame 1: covariance: expected a symmetric matrix",
        ),
        (
            change(*GAUSSIAN, "covariance", (1e308 * np.eye(3)).tolist()),
            "object 1, frame 1: covariance: expected a symmetric matrix in square metres",
        ),
        (change("frames", 2, "objects", []), "frame 2: 'object 1' is not in all frames"),
        (change("frames", []), "frames: the list is empty"),
        (change("frames", 0, "objects", 0, "object_id", None), r"frame 0, objects\[0\]: 'object_id' is missing"),
    ],
)
def test_broken_objects_are_refused_alone_and_beside_a_camera(alter, message, tmp_path):
    document = json.loads(OBJECTS.read_text())
    alter(document)
    path = tmp_path / OBJECTS.name
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match=rf"{OBJECTS.name}: {message}"):
        read_agents(path, OPTIONS, "versecrafter")
    shutil.copy(CAMERA, tmp_path)
    with pytest.raises(ValueError, match=rf"{CAMERA.name}: {OBJECTS.name}: {message}"):
        read_agents(tmp_path / CAMERA.name, OPTIONS)


def test_camera_and_objects_need_the_same_frames(tmp_path):
    shutil.copy(OBJECTS, tmp_path)
    path = saved(tmp_path / CAMERA.name, extrinsics=np.eye(4)[None])
    with pytest.raises(ValueError, match=rf"{OBJECTS.name} has 3 frames, the camera has 1; both need the same"):
        read_agents(path, OPTIONS)


def test_line_ends_and_byte_order_mark_do_not_matter(tmp_path):
    path = tmp_path / "objects.json"
    path.write_bytes(b"\xef\xbb\xbf" + OBJECTS.read_bytes().replace(b"\n", b"\r\n"))
    assert recognise(path).id == "versecrafter"
    assert read_agents(path, OPTIONS) == read_agents(OBJECTS, OPTIONS)


def test_covariances_turn_with_the_world(tmp_path):
    rotation = Rotation.from_euler("xyz", [20, 30, 40], degrees=True).as_matrix()
    document = json.loads(OBJECTS.read_text())
    covariance = rotation @ np.diag([1.0, 0.25, 0.04]) @ rotation.T
    for frame in document["frames"]:
        frame["objects"] = [
            dict(frame["objects"][0], gaussian_3d={"mean": [0, 0, 0], "covariance": covariance.tolist()})
        ]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document))
    (found,) = read_agents(path, OPTIONS).members
    # Blender's x, z, y are our x, -y, z; a body's sizes are width, height, length.
    np.testing.assert_allclose(found.body.size, 2 * np.sqrt(3 * np.diag(covariance)[[0, 2, 1]]))
