"""Scene From Points against the nodes of ComfyUI that make what it reads."""

import logging
from io import BytesIO

import comfy_extras.nodes_depth_anything_3 as depth_anything
import folder_paths
import numpy as np
import pytest
import torch
from comfy_api.latest import Types
from comfy_extras.nodes_gaussian_splat import File3DToSplat, SplatToFile3D

from shared_world.nodes.camera_sources import AgentsFromCameras
from shared_world.nodes.scene import ScenePreview
from shared_world.nodes.scene_from_points import SceneFromPoints
from shared_world.tests.unit.world.formats.test_camera_table import rows
from shared_world.tests.unit.world.scene.cameras import random_cloud, turned
from shared_world.tests.unit.world.scene.ply_samples import CARLA, COLMAP, COLOURS, PLACES
from shared_world.world.poses import inverse
from shared_world.world.scene import Scene, project
from shared_world.world.scene.ply import ply_bytes

HEIGHT, WIDTH = 28, 42
"""Of pictures: multiples of Depth Anything's patches, so that its lenses are those of the depth."""

LENS = torch.tensor([[40.0, 0.0, WIDTH / 2], [0.0, 40.0, HEIGHT / 2], [0.0, 0.0, 1.0]])


def cloud_of(points, axes="by source", unit=1.0, voxel=0.0, **changes):
    (scene,) = SceneFromPoints.execute(points, axes, unit, voxel, **changes).args
    assert isinstance(scene, Scene)
    assert scene.agents == ()
    return scene.background


def file(data, kind="ply"):
    return Types.File3D(BytesIO(data), kind)


def estimate():
    """DA3_GEOMETRY of two pictures, of which the second was taken elsewhere."""
    random = torch.Generator().manual_seed(0)
    poses = torch.stack([torch.eye(4).double(), turned(25.0, -10.0, (0.5, -0.2, 1.0))])
    return poses, {
        "depth": 1.0 + 4.0 * torch.rand(2, HEIGHT, WIDTH, generator=random),
        "image": torch.rand(2, HEIGHT, WIDTH, 3, generator=random),
        "confidence": 1.0 + torch.rand(2, HEIGHT, WIDTH, generator=random),
        "extrinsics": inverse(poses)[None, :, :3].float(),
        "intrinsics": LENS.expand(1, 2, 3, 3),
        "mode": "multiview",
    }


def depth_anything_points(geometry, picture=0, threshold=0.0):
    return depth_anything.DA3GeometryToPointCloud.execute(geometry, picture, threshold, True, 1).args[0]


@pytest.mark.parametrize("picture", [0, 1])
def test_depth_anythings_points_lie_where_its_cameras_saw_them(picture):
    """The cameras come out of the same geometry by Agents From Cameras, so points and agents are in one world."""
    _, geometry = estimate()
    cloud = cloud_of(depth_anything_points(geometry, picture), unit=0.5, right=3.0, up=1.5, forward=-2.0, turn=40.0)
    source = {"source": "depth geometry", "geometry": geometry, "pictures_are": "agents"}
    placed = {"metres_per_unit": 0.5, "right": 3.0, "up": 1.5, "forward": -2.0, "turn": 40.0}
    (agents,) = AgentsFromCameras.execute("camera", 0, 8.0, source, **placed).args
    camera = agents.members[picture]
    pixels, depth = project(cloud.points, camera.poses[0], camera.rig.intrinsics[0])
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    # ComfyUI's node takes a pixel's number for its place.
    np.testing.assert_allclose(pixels, np.stack([columns.ravel(), rows.ravel()], 1), atol=1e-3)
    torch.testing.assert_close(depth.float(), 0.5 * geometry["depth"][picture].flatten(), rtol=1e-4, atol=1e-4)
    assert torch.equal(cloud.colours, geometry["image"][picture].reshape(-1, 3))


def test_depth_anythings_confidence_means_what_it_means_in_comfyui():
    _, geometry = estimate()
    kept = depth_anything_points(geometry, threshold=0.6)
    chosen = cloud_of(depth_anything_points(geometry), unit=2.0, confidence_threshold=0.6)
    assert 100 < len(chosen) == len(kept["points"]) < HEIGHT * WIDTH
    assert torch.equal(chosen.colours, kept["colors"])


def test_pixels_without_depth_do_not_become_points_before_the_camera():
    _, geometry = estimate()
    geometry["depth"][0, :5] = torch.inf
    single = {"depth": geometry["depth"][:1], "image": geometry["image"][:1], "mode": "mono"}
    assert len(cloud_of(depth_anything_points(single), unit=2.0)) == (HEIGHT - 5) * WIDTH


def test_depth_anything_without_a_scale_is_warned_about(caplog):
    _, geometry = estimate()
    with caplog.at_level(logging.WARNING):
        cloud_of(depth_anything_points(geometry), unit=2.0)
        assert caplog.text == ""
        cloud_of(depth_anything_points(geometry))
    assert "points are not in metres, so that paths in metres do not fit the scene; set metres_per_unit" in caplog.text


def test_what_scene_preview_writes_comes_back(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_paths, "temp_directory", str(tmp_path))
    scene = Scene(random_cloud())
    _, written = ScenePreview.execute(scene, 128, 0).args
    cloud = cloud_of(written)
    assert torch.equal(cloud.points, scene.background.points)
    torch.testing.assert_close(cloud.colours, scene.background.colours, rtol=0.0, atol=0.5 / 255 + 1e-6)


def test_a_file_on_the_disk_is_read_in_the_axes_that_are_chosen(tmp_path):
    path = tmp_path / "lidar.PLY"
    path.write_bytes(CARLA)
    cloud = cloud_of(Types.File3D(str(path)), "unreal")
    assert cloud.points.tolist() == [[y, -z, x] for x, y, z in PLACES]
    path.write_bytes(CARLA[:-40])
    with pytest.raises(ValueError, match=r"^lidar\.PLY"):
        cloud_of(Types.File3D(str(path)))


def test_ComfyUIs_reader_of_splats_finds_the_same_points():  # noqa: N802
    (splat,) = File3DToSplat.execute(file(COLMAP)).args
    read = cloud_of(file(COLMAP), "opencv")
    assert torch.equal(read.points, splat.positions[0])
    np.testing.assert_allclose(read.colours, np.array(COLOURS) / 255.0, atol=1e-6)
    same = cloud_of(splat)
    assert torch.equal(same.points, read.points)
    torch.testing.assert_close(same.colours, read.colours)


def splats():
    """Two splats; the first has a row that only fills up."""
    opacities = torch.tensor([[0.9, 0.05, 0.5, 0.99], [0.9, 0.9, 0.9, 0.9]])[..., None]
    positions = torch.arange(24.0).reshape(2, 4, 3)
    sh = torch.linspace(-1.0, 1.0, 2 * 4 * 4 * 3).reshape(2, 4, 4, 3)
    rotations = torch.tensor([1.0, 0.0, 0.0, 0.0]).expand(2, 4, 4)
    return Types.SPLAT(positions, torch.full((2, 4, 3), 0.1), rotations, opacities, sh, torch.tensor([3, 4]))


def test_a_splat_becomes_the_centres_of_its_visible_gaussians(caplog):
    cloud = cloud_of(splats(), unit=0.5)
    assert cloud.points.tolist() == [[0.0, 0.5, 1.0], [3.0, 3.5, 4.0]]
    expected = 0.5 + splats().sh[0, [0, 2], 0] / (2.0 * np.sqrt(np.pi))
    torch.testing.assert_close(cloud.colours, expected.clamp(0.0, 1.0))
    assert "takes the first of 2 splats" in caplog.text
    assert len(cloud_of(splats(), opacity_threshold=0.0)) == 3


def test_a_file_of_a_splat_is_the_splat():
    (written,) = SplatToFile3D.execute(splats(), "ply").args
    from_file, from_socket = cloud_of(written), cloud_of(splats())
    assert torch.equal(from_file.points, from_socket.points)
    torch.testing.assert_close(from_file.colours, from_socket.colours)


def test_a_cloud_is_thinned():
    data = ply_bytes(random_cloud())
    assert 100 < len(cloud_of(file(data), voxel=1.0)) < len(cloud_of(file(data)))


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (None, "There are no points: choose a file in Load 3D"),
        (file(b"glTF", "glb"), "The 3D file is a .glb, not a PLY file"),
        (file(b"", "splat"), "put Get Splat between if it is a Gaussian splat"),
        (file(b"solid", ""), "The 3D file is no PLY file"),
        ({"points": None}, "The point cloud of Depth Anything 3 holds no points"),
    ],
)
def test_what_holds_no_points_is_told(points, message):
    with pytest.raises(ValueError, match=message):
        cloud_of(points)


def test_every_socket_that_is_taken_is_in_the_table_of_dialects():
    (points,) = (entry for entry in SceneFromPoints.define_schema().inputs if entry.id == "points")
    incoming = " ".join(row[0] for row in rows("Socket") if row[1].startswith("in"))
    assert [kind.io_type for kind in points.io_types if f"`{kind.io_type}`" not in incoming] == []
