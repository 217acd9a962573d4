import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytransform3d.rotations import active_matrix_from_angle

from shared_world.tests.unit.world.formats.random_worlds import worlds
from shared_world.world.agents import Agent, Agents
from shared_world.world.formats import ReadOptions, read_agents, write_agents
from shared_world.world.formats.nerfstudio_transforms import (
    NerfstudioReadOptions,
    NerfstudioWriteOptions,
)
from shared_world.world.formats.opengl_axes import WORLD_TO_OURS
from shared_world.world.poses import heading
from shared_world.world.rigs import four_view_rig, front_rig

GOLDEN = Path(__file__).parent / "data" / "transforms.json"
EIGHT = ReadOptions(frame_rate=8.0)


def golden(tmp_path, **changes):
    """A copy of the golden file with keys set, or removed where the value is None."""
    document = json.loads(GOLDEN.read_text())
    document.update(changes)
    path = tmp_path / "camera.json"
    path.write_text(json.dumps({key: value for key, value in document.items() if value is not None}))
    return path


def test_one_camera_per_agent_comes_back_exactly(tmp_path):
    path = tmp_path / "transforms.json"

    @settings(deadline=None)
    @given(world=worlds(centred=False, agent_frame_is_first_view=True), world_up=st.sampled_from(["z", "y", "-y"]))
    def check(world, world_up):
        write_agents(world, path, "nerfstudio_transforms", NerfstudioWriteOptions(world_up=world_up))
        again = read_agents(path, NerfstudioReadOptions(world_up=world_up))
        assert again.names == world.names
        assert again.frame_rate == world.frame_rate
        for agent, wanted in zip(again.members, world.members, strict=True):
            assert torch.equal(agent.poses, wanted.poses)
            assert agent.rig.view_names == wanted.rig.view_names
            np.testing.assert_allclose(agent.rig.view_to_agent, wanted.rig.view_to_agent, atol=1e-11)
            assert torch.equal(agent.intrinsics(), wanted.intrinsics())
            assert (agent.rig.width, agent.rig.height) == (wanted.rig.width, wanted.rig.height)

    check()


def test_mounted_cameras_keep_their_place_in_the_world(tmp_path):
    mount = (0.2, -1.6, 0.5)
    poses = torch.eye(4, dtype=torch.float64).repeat(4, 1, 1)
    poses[:, 2, 3] = torch.arange(4)
    world = Agents((Agent("ego", poses, four_view_rig(360, 240, mount=mount)),), 8.0)
    write_agents(world, tmp_path / "transforms.json", "nerfstudio_transforms")
    again = read_agents(tmp_path / "transforms.json")
    assert again.members[0].rig.view_names == ("front", "rear", "left", "right")
    np.testing.assert_allclose(again.extrinsics(), world.extrinsics(), atol=1e-12)


def test_golden_file():
    agents = read_agents(GOLDEN, EIGHT)
    (camera,) = agents.members
    assert camera.rig.view_names == ("front",)
    # Sorted as numbers: frame_2 before frame_10.
    np.testing.assert_allclose(camera.poses[:, :3, 3], [[1, -2, 3], [1, -2, 4]])
    np.testing.assert_allclose(heading(camera.poses), [90, 0])
    # Level cameras: down stays down.
    np.testing.assert_allclose(camera.poses[:, :3, 1], [[0, 1, 0], [0, 1, 0]])
    np.testing.assert_allclose(
        camera.intrinsics()[:, 0],
        [[[600, 0, 321], [0, 510, 239], [0, 0, 1]], [[500, 0, 321], [0, 510, 239], [0, 0, 1]]],
    )
    assert (camera.rig.width, camera.rig.height) == (640, 480)


def test_axes_against_rotations_by_name():
    half, quarter = active_matrix_from_angle(0, math.pi), active_matrix_from_angle(0, math.pi / 2)
    # A quarter turn about x brings z up to -y; a half turn brings y up to -y and OpenGL's camera to OpenCV's.
    np.testing.assert_allclose(WORLD_TO_OURS["z"][:3, :3], quarter, atol=1e-15)
    np.testing.assert_allclose(WORLD_TO_OURS["y"][:3, :3], half, atol=1e-15)
    document = json.loads(GOLDEN.read_text())
    for world_up, turn in (("z", quarter), ("y", half), ("-y", np.eye(3))):
        agents = read_agents(GOLDEN, NerfstudioReadOptions(frame_rate=8.0, world_up=world_up, order="as listed"))
        for frame, pose in zip(document["frames"], agents.members[0].poses, strict=True):
            matrix = np.array(frame["transform_matrix"])
            np.testing.assert_allclose(pose[:3, :3], turn @ matrix[:3, :3] @ half, atol=1e-12)
            np.testing.assert_allclose(pose[:3, 3], turn @ matrix[:3, 3], atol=1e-12)


def test_z_up_undoes_the_transform_that_nerfstudio_applies_to_colmap_worlds(tmp_path):
    # nerfstudio's converter: x, z, -y.
    applied = torch.eye(4, dtype=torch.float64)[[0, 2, 1, 3]] * torch.tensor([1.0, 1.0, -1.0, 1.0]).double()[:, None]
    assert torch.equal(WORLD_TO_OURS["z"] @ applied, torch.eye(4, dtype=torch.float64))
    write_agents(
        Agents((Agent("a", torch.eye(4)[None], front_rig(8, 8)),), 8.0), tmp_path / "t.json", "nerfstudio_transforms"
    )
    written = json.loads((tmp_path / "t.json").read_text())["applied_transform"]
    assert torch.equal(torch.tensor(written).double(), applied[:3])


def test_written_file_has_the_keys_nerfstudio_asks_for(tmp_path):
    world = Agents((Agent("ego/../x", torch.eye(4).repeat(2, 1, 1), front_rig(360, 240)),), 8.0)
    write_agents(world, tmp_path / "transforms.json", "nerfstudio_transforms")
    document = json.loads((tmp_path / "transforms.json").read_text())
    assert {key: document[key] for key in ("camera_model", "w", "h", "cx", "cy")} == {
        "camera_model": "OPENCV", "w": 360, "h": 240, "cx": 180.0, "cy": 120.0,
    }  # fmt: skip
    assert document["fl_x"] == document["fl_y"] == pytest.approx(180.0)
    paths = [frame["file_path"] for frame in document["frames"]]
    assert len(set(paths)) == 2
    assert all(".." not in path and not path.startswith("/") for path in paths)
    # At our world's origin, looking along z: nerfstudio's +y with z up, so the camera's back axis is -y.
    np.testing.assert_allclose(
        document["frames"][0]["transform_matrix"], [[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]
    )


def test_angle_of_view_instead_of_focal_lengths(tmp_path):
    lens = {"fl_x": None, "fl_y": None, "cx": None, "cy": None, "camera_angle_x": math.pi / 2}
    frames = [dict(frame) for frame in json.loads(GOLDEN.read_text())["frames"]]
    del frames[1]["fl_x"]
    path = golden(tmp_path, **lens, frames=frames)
    (camera,) = read_agents(path, EIGHT).members
    np.testing.assert_allclose(camera.rig.intrinsics[0], [[320, 0, 320], [0, 320, 240], [0, 0, 1]])
    assert camera.frame_intrinsics is None
    assert camera.name == "camera"

    path = golden(tmp_path, **lens, frames=frames, w=None, h=None)
    with pytest.raises(
        ValueError, match=r"camera\.json: frame 1: the picture size 'w' is missing; set width and height"
    ):
        read_agents(path, EIGHT)
    (camera,) = read_agents(path, ReadOptions(frame_rate=8.0, width=800, height=800)).members
    np.testing.assert_allclose(camera.rig.intrinsics[0], [[400, 0, 400], [0, 400, 400], [0, 0, 1]])


def test_units_scale_positions_only():
    near = read_agents(GOLDEN, EIGHT).members[0].poses
    far = read_agents(GOLDEN, NerfstudioReadOptions(frame_rate=8.0, metres_per_unit=2.5)).members[0].poses
    assert torch.equal(far[:, :3, 3], 2.5 * near[:, :3, 3])
    assert torch.equal(far[:, :3, :3], near[:, :3, :3])


def test_folders_can_be_views_or_agents(tmp_path):
    poses = torch.eye(4, dtype=torch.float64).repeat(3, 1, 1)
    poses[:, 2, 3] = torch.arange(3)
    world = Agents((Agent("ego", poses, four_view_rig(360, 240)),), 8.0)
    path = tmp_path / "transforms.json"
    write_agents(world, path, "nerfstudio_transforms")
    document = json.loads(path.read_text())
    for frame in document["frames"]:
        del frame["agent"], frame["view"]
    path.write_text(json.dumps(document))

    views = read_agents(path, NerfstudioReadOptions(grouping="views by folder"))
    assert views.members[0].rig.view_names == ("0_front", "1_rear", "2_left", "3_right")
    np.testing.assert_allclose(views.extrinsics(), world.extrinsics(), atol=1e-12)

    agents = read_agents(path, NerfstudioReadOptions(grouping="agents by folder"))
    assert agents.names == ("0_front", "1_rear", "2_left", "3_right")
    np.testing.assert_allclose(agents.poses(), world.extrinsics()[0].transpose(0, 1), atol=1e-12)

    whole = read_agents(path)
    assert (len(whole), whole.frame_count, whole.members[0].rig.view_count) == (1, 12, 1)
    assert whole.names == (tmp_path.name,)

    document["frames"].pop()
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match="view '3_right' has 2 frames, view '0_front' has 3"):
        read_agents(path, NerfstudioReadOptions(grouping="views by folder"))
    with pytest.raises(ValueError, match="agent '3_right' has 2 frames, agent '0_front' has 3"):
        read_agents(path, NerfstudioReadOptions(grouping="agents by folder"))


def test_views_that_move_against_each_other_are_no_rig(tmp_path):
    frames = json.loads(GOLDEN.read_text())["frames"]
    still = [dict(frame, file_path=f"other/{index}.png") for index, frame in enumerate(reversed(frames))]
    path = golden(
        tmp_path, frames=[*frames, *(dict(frame, transform_matrix=frames[0]["transform_matrix"]) for frame in still)]
    )
    with pytest.raises(ValueError, match=r"agent 'camera', frame 1: view 'other' has moved 1(.414)? m and 90 degrees"):
        read_agents(path, NerfstudioReadOptions(frame_rate=8.0, grouping="views by folder"))


def test_distortion_is_said_and_fisheye_refused(tmp_path, caplog):
    read_agents(golden(tmp_path, k1=0.1), EIGHT)
    assert "camera.json: lens distortion is ignored" in caplog.text
    with pytest.raises(ValueError, match=r"camera_model: expected a perspective camera .* given 'OPENCV_FISHEYE'"):
        read_agents(golden(tmp_path, camera_model="OPENCV_FISHEYE"), EIGHT)


def test_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path):
    path = tmp_path / "data" / "transforms.json"
    path.parent.mkdir()
    path.write_bytes(b"\xef\xbb\xbf" + GOLDEN.read_bytes().replace(b"\n", b"\r\n"))
    assert read_agents(path, EIGHT) == read_agents(GOLDEN, EIGHT)


def test_missing_frame_rate_is_said(caplog):
    assert read_agents(GOLDEN).frame_rate == 24.0
    assert "transforms.json names no frame rate" in caplog.text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[0, 0, -1, 4]", "[0, 0, NaN, 4]", r"frame 0, transform_matrix\[1\]\[2\]: expected .* given nan"),
        ("[0, 0, -1, 4]", "[0, -1, 4]", r"frame 0, transform_matrix\[1\]: expected a list of 4 numbers"),
        ("[0, 0, -1, 4]", "[0, 0, 1, 4]", "transform_matrix, frame 0: the rotation is left-handed"),
        ("[0, 0, -1, 4]", "[0, 0, -2, 4]", "transform_matrix, frame 0: the rotation is not orthonormal"),
        ('"fl_x": 600.0', '"fl_x": "600"', "frame 1, fl_x: expected a finite number, given '600'"),
        ('"fl_x": 600.0', '"fl_x": 0', "agent '.*': rig, view 'front': focal lengths must be positive"),
        ('"fl_x": 600.0', '"w": 320', "frame 0: the picture has 640x480 pixels, frame 1 has 320x480"),
        ('"w": 640', '"w": 0', "w: expected a whole number from 1 up, given 0"),
        ('"file_path": "images/frame_2.png"', '"file_path": 2', "frame 1, file_path: expected a text, given 2"),
        ('"frames": [', '"frames": [], "others": [', "frames: the list is empty"),
    ],
)
def test_a_mistake_is_named_with_its_place(old, new, message, tmp_path):
    text = GOLDEN.read_text()
    assert old in text
    path = tmp_path / "camera.json"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=rf"camera\.json: .*({message})"):
        read_agents(path, EIGHT)


@pytest.mark.parametrize(
    "options", [{"world_up": "x"}, {"grouping": "cameras"}, {"order": "random"}, {"metres_per_unit": 0.0}]
)
def test_options_are_checked(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} must be"):
        NerfstudioReadOptions(**options)
