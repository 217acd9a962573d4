import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from pytransform3d.rotations import matrix_from_quaternion

from shared_world.tests.unit.world.formats.random_worlds import worlds
from shared_world.world.dialects.cameras import camera_of
from shared_world.world.dialects.load3d_camera import agent_from_load3d_camera, load3d_camera

SIZE = (640, 480)


def info(**changes):
    position, target = {"x": 0.0, "y": 1.6, "z": 5.0}, {"x": 0.0, "y": 1.6, "z": 0.0}
    return {"position": position, "target": target, "zoom": 1, "cameraType": "perspective", "fov": 60.0} | changes


def three_pixel(camera_info, point, width, height):
    """Pixel of a point (x, y, z) of the viewer's world, by three.js's own rules: looks along -z, y up, vertical fov."""
    q = camera_info["quaternion"]
    rotation = matrix_from_quaternion([q["w"], q["x"], q["y"], q["z"]])
    local = rotation.T @ (np.array(point) - [camera_info["position"][axis] for axis in "xyz"])
    focal = height / 2 / math.tan(math.radians(camera_info["fov"]) / 2)
    return width / 2 + focal * local[0] / -local[2], height / 2 - focal * local[1] / -local[2]


@settings(max_examples=20, deadline=None)
@given(worlds())
def test_a_point_has_the_same_pixel_in_the_viewer_and_in_the_agents_camera(agents):
    camera = camera_of(agents.members[0])
    frame = len(camera.poses) - 1
    local = torch.tensor([0.3, -0.4, 2.0], dtype=torch.float64)
    x, y, z = (camera.poses[frame, :3, :3] @ local + camera.poses[frame, :3, 3]).tolist()
    projected = camera.intrinsics[frame] @ local
    expected = (projected[:2] / projected[2]).tolist()
    assert three_pixel(load3d_camera(camera, frame), (x, -y, -z), camera.width, camera.height) == pytest.approx(
        expected, rel=1e-6, abs=1e-4
    )


@settings(max_examples=20, deadline=None)
@given(worlds())
def test_camera_read_back_is_the_same(agents):
    camera = camera_of(agents.members[0])
    read = agent_from_load3d_camera(load3d_camera(camera), "read", (camera.width, camera.height))
    torch.testing.assert_close(read.poses[0], camera.poses[0], rtol=0, atol=1e-9)
    torch.testing.assert_close(read.intrinsics()[0, 0], camera.intrinsics[0], rtol=1e-9, atol=1e-9)


def test_camera_without_quaternion_looks_at_its_target_upright():
    pose = agent_from_load3d_camera(info(), "camera", SIZE).poses[0]
    # At z = 5 of the viewer and looking towards its origin: along its -z, which is our z.
    torch.testing.assert_close(pose[:3, 3], torch.tensor([0.0, -1.6, -5.0], dtype=torch.float64))
    torch.testing.assert_close(pose[:3, :3], torch.eye(3, dtype=torch.float64))


def test_camera_above_its_target_looks_down():
    pose = agent_from_load3d_camera(info(position={"x": 0, "y": 9, "z": 0}, target={"x": 0, "y": 0, "z": 0}), "c", SIZE)
    torch.testing.assert_close(pose.poses[0, :3, 2], torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64))


def test_field_of_view_is_vertical_and_zoom_multiplies_the_focal_length():
    lens = agent_from_load3d_camera(info(zoom=2.0), "camera", SIZE).intrinsics()[0, 0]
    assert lens[0, 0] == lens[1, 1] == pytest.approx(2 * 240 / math.tan(math.radians(30)))
    usual = agent_from_load3d_camera(info(fov=None), "camera", SIZE).intrinsics()[0, 0, 1, 1]
    assert usual == pytest.approx(240 / math.tan(math.radians(17.5)))


def test_field_of_view_over_the_smaller_side_is_the_width_of_an_upright_picture():
    camera = camera_of(agent_from_load3d_camera(info(), "camera", (480, 640)))
    assert load3d_camera(camera)["fov"] == pytest.approx(60.0)
    smaller = load3d_camera(camera, over_smaller_side=True)["fov"]
    assert math.tan(math.radians(smaller) / 2) == pytest.approx(480 / 640 * math.tan(math.radians(30)))


def test_camera_stands_for_as_many_frames_as_asked_for():
    assert agent_from_load3d_camera(info(), "camera", SIZE, frames=9).frame_count == 9


def test_lens_off_its_centre_is_lost_with_a_warning(caplog):
    camera = camera_of(agent_from_load3d_camera(info(), "camera", SIZE))
    camera.intrinsics[:, 0, 2] += 50
    assert load3d_camera(camera)["fov"] == pytest.approx(60.0)
    assert "off the centre" in caplog.text


@pytest.mark.parametrize(
    ("camera_info", "message"),
    [
        (None, "The camera of a 3D viewer is empty"),
        ({}, "The camera of a 3D viewer is empty"),
        (info(cameraType="orthographic"), "The camera is orthographic"),
        (info(position={"x": 0}), "The camera's position needs the numbers x y z"),
        (info(position={"x": 0, "y": math.inf, "z": 0}), "position holds a value that is not finite"),
        (info(target={"x": 0, "y": 1.6, "z": 5}), "looks at the same point"),
        (info(quaternion={"x": 0, "y": 0, "z": 0, "w": 0}), "no rotation"),
        (info(fov=190), "field of view within 0 to 180 degrees"),
    ],
)
def test_what_is_no_camera_is_told(camera_info, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        agent_from_load3d_camera(camera_info, "camera", SIZE)
