import logging
import math

import numpy as np
import pytest
import torch

from shared_world.nodes.scene import SceneFromImage, SceneFromVideo, ScenePreview
from shared_world.world.agents import Agent, Agents, Body
from shared_world.world.poses import inverse, pitch_rotation, rigid, yaw_rotation
from shared_world.world.rigs import front_rig, pinhole_intrinsics
from shared_world.world.scene import AgentGaussian, PointCloud, Scene

HEIGHT, WIDTH = 6, 8
METRES = {"depth_values": "metres"}
AS_GIVEN = {"metric_scale": "as given"}
SETTINGS = {
    "depth_values": METRES,
    "horizontal_fov": 90.0,
    "metric_scale": AS_GIVEN,
    "camera_height": 0.0,
    "camera_pitch": 0.0,
    "farthest": 0.0,
}
FUSION = {"voxel": 0.001, "neighbours": 0, "deviations": 2.0}


def pictures(frames=1, height=HEIGHT, width=WIDTH, seed=0):
    return torch.rand(frames, height, width, 3, generator=torch.Generator().manual_seed(seed))


def plane(metres=4.0, frames=1, height=HEIGHT, width=WIDTH):
    """A MASK of depth."""
    return torch.full((frames, height, width), metres)


def from_image(image, depth, **changes):
    return SceneFromImage.execute(image, depth, **(SETTINGS | changes)).args


def from_video(images, depth, **changes):
    return SceneFromVideo.execute(images, depth, **(SETTINGS | FUSION | changes)).args


def on_plane(metres=4.0, height=HEIGHT, width=WIDTH):
    """(height, width, 3) float64 places of pixel centres at a depth, seen through 90 degrees."""
    u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    focal = width / 2.0
    return np.stack([(u - width / 2) / focal * metres, (v - height / 2) / focal * metres, np.full(u.shape, metres)], -1)


def walker(frames=1, pose=None):
    """An agent with a camera of 90 degrees on its origin."""
    poses = torch.eye(4).double().repeat(frames, 1, 1) if pose is None else pose
    return Agents((Agent("walker", poses, front_rig(2 * WIDTH, 2 * HEIGHT)),), 8.0)


def close(points, expected, tolerance=1e-5):
    assert np.abs(points.numpy().reshape(-1, 3) - expected.reshape(-1, 3)).max() < tolerance


def test_every_pixel_is_a_point_in_its_colour():
    image = pictures()
    scene, posed = from_image(image, plane())
    close(scene.background.points, on_plane())
    assert torch.equal(scene.background.colours, image.reshape(-1, 3))
    assert scene.agents == ()
    assert torch.equal(posed.depth, plane())


def test_camera_stands_at_its_height_and_looks_along_its_pitch():
    scene, _ = from_image(pictures(), plane(), camera_height=1.6, camera_pitch=-30.0)
    sine, cosine = math.sin(math.radians(30.0)), math.cos(math.radians(30.0))
    middle = scene.background.points.double().mean(0)
    assert torch.allclose(middle, torch.tensor([0.0, -1.6 + 4.0 * sine, 4.0 * cosine]).double(), atol=1e-5)


def test_connected_camera_wins_over_height_and_pitch_and_gives_its_lens():
    pose = rigid(yaw_rotation(90.0), torch.tensor([10.0, 0.0, 0.0]).double())[None]
    scene, _ = from_image(
        pictures(), plane(), camera=walker(pose=pose), horizontal_fov=0.0, camera_height=9.0, camera_pitch=45.0
    )
    expected = on_plane()
    close(scene.background.points, np.stack([10.0 + expected[..., 2], expected[..., 1], -expected[..., 0]], -1))


def test_subjects_far_pixels_and_unknown_depth_are_left_out():
    depth = plane()
    depth[0, 0, 0], depth[0, 0, 1], depth[0, 0, 2], depth[0, 0, 3] = 0.0, math.inf, math.nan, 50.0
    masks = torch.zeros(2, HEIGHT, WIDTH)
    masks[0, -1, 0] = masks[1, -1, -1] = 1.0
    scene, _ = from_image(pictures(), depth, subjects=masks, mask_growth=0, farthest=20.0)
    assert len(scene.background) == HEIGHT * WIDTH - 6
    grown, _ = from_image(pictures(), depth, subjects=masks, mask_growth=1, farthest=20.0)
    assert len(grown.background) == HEIGHT * WIDTH - 10


def test_the_empty_mask_of_load_image_changes_nothing():
    scene, _ = from_image(pictures(), plane(), subjects=torch.zeros(1, 64, 64))
    assert len(scene.background) == HEIGHT * WIDTH


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"depth_values": "metres"}, lambda grey: grey),
        ({"depth_values": "grey is distance", "white_is": 10.0, "black_is": 2.0}, lambda grey: 2.0 + 8.0 * grey),
        (
            {"depth_values": "grey is inverse distance", "white_is": 2.0, "black_is": 10.0},
            lambda grey: 1.0 / (grey / 2.0 + (1.0 - grey) / 10.0),
        ),
    ],
)
@pytest.mark.parametrize("channels", [None, 3, 4])
def test_greys_mean_what_is_chosen(values, expected, channels):
    grey = torch.linspace(0.1, 1.0, HEIGHT * WIDTH).view(1, HEIGHT, WIDTH)
    depth = grey if channels is None else grey[..., None].repeat(1, 1, 1, channels)
    _, posed = from_image(pictures(), depth, depth_values=values)
    assert np.allclose(posed.depth.numpy(), expected(grey.double().numpy()), rtol=1e-6)


def test_moge_geometry_brings_lens_and_mask():
    lens = torch.tensor([[[0.5, 0.0, 0.5], [0.0, 0.5 * WIDTH / HEIGHT, 0.5], [0.0, 0.0, 1.0]]])
    mask = torch.ones(1, HEIGHT, WIDTH, dtype=torch.bool)
    mask[0, 0] = False
    geometry = {"depth": plane(), "intrinsics": lens, "mask": mask, "image": pictures(), "points": torch.zeros(1)}
    scene, posed = from_image(pictures(), geometry, horizontal_fov=0.0)
    close(scene.background.points, on_plane()[1:])
    assert torch.allclose(posed.intrinsics[0], pinhole_intrinsics(WIDTH, HEIGHT, 90.0))
    assert geometry["depth"].min() == 4.0


def test_typed_field_of_view_wins_over_the_geometry():
    lens = pinhole_intrinsics(WIDTH, HEIGHT, 30.0)[None, None]
    _, posed = from_image(pictures(), {"depth": plane(), "intrinsics": lens})
    assert torch.allclose(posed.intrinsics[0], pinhole_intrinsics(WIDTH, HEIGHT, 90.0))


@pytest.mark.parametrize(("width", "height"), [(56, 42), (56, 28), (160, 120)])
def test_lens_of_depth_anything_is_scaled_from_the_picture_that_it_works_on(width, height):
    """Its depth has the size of the picture, its lens that of multiples of 14; a later ComfyUI may scale it itself."""
    lens = pinhole_intrinsics(width, height, 90.0)
    lens[1, 1] = height / 120 * 80.0
    geometry = {"depth": plane(height=120, width=160), "intrinsics": lens[None, None], "mode": "multiview"}
    _, posed = from_image(pictures(height=120, width=160), geometry, horizontal_fov=0.0)
    assert torch.allclose(posed.intrinsics[0], pinhole_intrinsics(160, 120, 90.0))


def test_sky_of_depth_anything_is_left_out():
    sky = torch.zeros(1, HEIGHT, WIDTH)
    sky[0, :2] = 0.9
    scene, _ = from_image(pictures(), {"depth": plane(), "sky": sky, "mode": "mono"})
    assert len(scene.background) == (HEIGHT - 2) * WIDTH


def ground_depth(height, width=32, rows=24):
    """Depth of a level ground, seen level through 90 degrees from a height in any unit; 0 above the horizon."""
    v = torch.arange(rows) + 0.5 - rows / 2.0
    depth = torch.where(v > 0, height * (width / 2.0) / v.clamp(min=0.1), 0.0)
    return depth[None, :, None].repeat(1, 1, width)


def test_camera_height_fixes_the_scale_and_puts_the_ground_at_zero():
    scale = {"metric_scale": "camera height"}
    image = pictures(height=24, width=32)
    scene, posed = from_image(image, ground_depth(0.02), metric_scale=scale, camera_height=1.6)
    assert scene.background.points[:, 1].abs().max() < 1e-3
    assert torch.allclose(posed.depth, ground_depth(1.6), rtol=1e-3)


def test_ground_mask_says_what_is_ground():
    depth = ground_depth(0.5)
    depth[:, 20:] = ground_depth(0.3)[:, 20:]
    ground = torch.zeros(1, 24, 32)
    ground[:, 20:] = 1.0
    scale = {"metric_scale": "camera height"}
    image = pictures(height=24, width=32)
    _, posed = from_image(image, depth, metric_scale=scale, camera_height=1.5, ground=ground)
    assert torch.allclose(posed.depth[0, 20:], ground_depth(1.5)[0, 20:], rtol=1e-3)


def test_known_distance_counts_pixels_of_the_picture_not_of_the_depth():
    depth = plane(0.5)
    depth[0, 2, 3] = 0.25
    scale = {"metric_scale": "known distance", "distance": 5.0, "column": 3 * 4 + 2, "row": 2 * 4 + 1}
    _, posed = from_image(pictures(height=4 * HEIGHT, width=4 * WIDTH), depth, metric_scale=scale)
    u, v = ((3 * 4 + 2.5) / 4 - WIDTH / 2) / (WIDTH / 2), ((2 * 4 + 1.5) / 4 - HEIGHT / 2) / (WIDTH / 2)
    assert posed.depth[0, 2, 3].item() == pytest.approx(5.0 / math.sqrt(1.0 + u * u + v * v), rel=1e-5)


def test_larger_picture_is_averaged_to_the_size_of_the_depth():
    image = pictures(height=2 * HEIGHT, width=2 * WIDTH)
    scene, _ = from_image(image, plane())
    expected = image.view(HEIGHT, 2, WIDTH, 2, 3).mean((1, 3)).view(-1, 3)
    assert torch.allclose(scene.background.colours, expected, atol=1e-6)


def test_only_the_first_picture_is_taken_and_the_log_says_so(caplog):
    with caplog.at_level(logging.WARNING):
        scene, _ = from_image(pictures(3), torch.cat([plane(4.0), plane(9.0)]))
    assert scene.background.points[:, 2].max() == pytest.approx(4.0)
    assert "takes the first of 3 pictures and of 2 depth maps" in caplog.text


def test_depth_that_is_no_distance_is_warned_about(caplog):
    from_image(pictures(), plane(0.5))
    assert "looks like relative depth in 0..1, not metres; fix the scale by a known camera height" in caplog.text


def test_depth_anything_with_paths_in_metres_is_warned_about_until_its_scale_is_fixed(caplog):
    geometry = {"depth": plane(), "mode": "mono"}
    known = {"metric_scale": "known distance", "distance": 4.0, "column": 4, "row": 3}
    from_image(pictures(), geometry, metric_scale=known)
    from_image(pictures(), {"depth": plane()})
    assert caplog.text == ""
    from_image(pictures(), geometry)
    assert "not in metres, so that paths in metres do not fit the scene; choose camera height or known" in caplog.text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"depth": pictures()}, "The depth is a coloured picture"),
        ({"depth": {"points": plane()}}, "The geometry has no depth, only points"),
        ({"depth": {"depth": plane(), "points": plane()}}, "points but no lens, as that of a panorama"),
        ({"horizontal_fov": 0.0}, "The lens is not known"),
        (
            {"depth": {"depth": plane(), "intrinsics": torch.eye(3)[None, None]}, "horizontal_fov": 0.0},
            "The lens is not",
        ),
        ({"depth": plane(width=16)}, "The pictures are 8x6, the depth 16x6, which is another shape"),
        ({"depth": plane(0.0)}, "No pixel of 1 frames has a usable depth"),
        ({"subjects": torch.ones(1, HEIGHT, WIDTH)}, "cover all 48 pixels with depth, so that the scene is empty"),
        ({"subjects": torch.ones(1, 8, 8)}, "the mask is 8x8, the depth 8x6"),
        ({"metric_scale": {"metric_scale": "camera height"}}, "the camera height, which is 0"),
        (
            {"metric_scale": {"metric_scale": "known distance", "distance": 1.0, "column": 8, "row": 0}},
            "column 8, row 0 lies outside of the picture of 8x6",
        ),
        ({"depth_values": None}, "The choice of depth_values is none of those that there are"),
        ({"metric_scale": None}, "The choice of metric_scale is none of those that there are"),
        (
            {"depth_values": {"depth_values": "grey is inverse distance", "white_is": 1.0, "black_is": 0.0}},
            "two distances above 0 m, given 1 and 0",
        ),
        (
            {"depth_values": {"depth_values": "grey is distance", "white_is": 3.0, "black_is": 3.0}},
            "White and black both stand for 3 m",
        ),
    ],
)
def test_what_makes_no_scene_is_refused_in_one_sentence(changes, message):
    depth = changes.pop("depth", plane())
    with pytest.raises(ValueError, match=r"\.$") as refused:
        from_image(pictures(), depth, **changes)
    assert message in str(refused.value)


def path(frames):
    """Poses that move and turn."""
    places = torch.stack([torch.tensor([0.3 * frame, 0.1, -0.2 * frame]) for frame in range(frames)]).double()
    turns = torch.stack([yaw_rotation(7.0 * frame) @ pitch_rotation(2.0) for frame in range(frames)])
    return rigid(turns, places)


def test_frames_are_put_together_along_the_camera_path():
    poses = path(3)
    scene, posed = from_video(pictures(3), plane(frames=3), camera=walker(pose=poses))
    world = [on_plane().reshape(-1, 3) @ pose[:3, :3].numpy().T + pose[:3, 3].numpy() for pose in poses]
    expected = np.concatenate(world)
    found = scene.background.points.numpy()
    distance = np.abs(found[:, None] - expected[None]).max(-1)
    assert distance.min(0).max() < 2e-3
    assert distance.min(1).max() < 2e-3
    assert torch.equal(posed.extrinsics, poses)


def test_poses_of_depth_anything_start_at_the_camera_height_and_are_scaled_with_the_depth():
    poses = path(3)
    lens = pinhole_intrinsics(WIDTH, HEIGHT, 90.0).repeat(1, 3, 1, 1)
    geometry = {
        "depth": plane(2.0, 3),
        "extrinsics": inverse(poses)[None, :, :3],
        "intrinsics": lens,
        "mode": "multiview",
    }
    distance = torch.tensor([0.5 / (WIDTH / 2.0), 0.5 / (WIDTH / 2.0), 1.0]).norm().item() * 6.0
    scale = {"metric_scale": "known distance", "distance": distance, "column": WIDTH // 2, "row": HEIGHT // 2}
    _, posed = from_video(pictures(3), geometry, camera_height=1.5, horizontal_fov=0.0, metric_scale=scale)
    assert torch.allclose(posed.depth, plane(6.0, 3))
    relative = torch.linalg.solve(poses[0], poses)
    relative[:, :3, 3] *= 3.0
    relative[:, 1, 3] -= 1.5
    assert torch.allclose(posed.extrinsics, relative)


def test_one_mask_holds_for_all_frames_and_many_for_their_own():
    mask = torch.zeros(1, HEIGHT, WIDTH)
    mask[0, 0] = 1.0
    for masks in (mask, mask.repeat(2, 1, 1)):
        scene, _ = from_video(pictures(2), plane(frames=2), camera=walker(2), subjects=masks, mask_growth=0)
        assert len(scene.background) == (HEIGHT - 1) * WIDTH
    own = torch.cat([mask, 0.0 * mask])
    scene, _ = from_video(pictures(2), plane(frames=2), camera=walker(2), subjects=own, mask_growth=0)
    assert len(scene.background) == HEIGHT * WIDTH


def test_a_video_of_one_frame_needs_no_poses():
    scene, posed = from_video(pictures(), plane(), camera_height=2.0)
    assert len(scene.background) == HEIGHT * WIDTH
    assert posed.extrinsics[0, 1, 3] == -2.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "3 pictures need the camera's pose in each"),
        ({"camera": walker(2)}, "agent 'walker', which is the camera, has 2 frames, the depth 3"),
        ({"depth": plane(frames=2)}, "There are 3 pictures and 2 depth maps"),
        ({"camera": walker(3), "subjects": torch.ones(2, HEIGHT, WIDTH)}, "3 images need as many masks"),
    ],
)
def test_videos_that_do_not_fit_together_are_refused(changes, message):
    depth = changes.pop("depth", plane(frames=3))
    with pytest.raises(ValueError, match=r"\.$") as refused:
        from_video(pictures(3), depth, **changes)
    assert message in str(refused.value)


@pytest.fixture
def comfyui_folders(tmp_path, monkeypatch):
    """Previews are written here."""
    import folder_paths

    monkeypatch.setattr(folder_paths, "temp_directory", str(tmp_path))


def ground():
    """A green field of 20 m with a red edge on the far side."""
    x, z = torch.meshgrid(torch.linspace(-10, 10, 201), torch.linspace(0, 20, 201), indexing="ij")
    points = torch.stack([x, torch.zeros_like(x), z], -1).reshape(-1, 3)
    far = points[:, 2] > 15.0
    colours = torch.where(far[:, None], torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0]))
    return PointCloud(points, colours)


@pytest.mark.usefixtures("comfyui_folders")
def test_preview_is_a_map_with_forward_up_and_a_file_of_all_points():
    pictures, file = ScenePreview.execute(Scene(ground()), 128, 0).args
    assert pictures.shape == (2, 128, 128, 3)
    assert pictures[0, 15, 64].tolist() == [1.0, 0.0, 0.0]
    assert pictures[0, 100, 64].tolist() == [0.0, 1.0, 0.0]
    header, data = file.get_bytes().split(b"end_header\n", 1)
    assert file.format == "ply"
    assert b"element vertex 40401\n" in header
    points = np.frombuffer(data, dtype=[("place", "<f4", 3), ("colour", "u1", 3)])
    assert np.array_equal(points["place"], ground().points.numpy() * [1, -1, -1])
    assert points["colour"][-1].tolist() == [255, 0, 0]


@pytest.mark.usefixtures("comfyui_folders")
def test_preview_shows_paths_and_bodies_at_the_chosen_frame():
    poses = torch.eye(4).double().repeat(3, 1, 1)
    poses[:, 2, 3] = torch.tensor([5.0, 10.0, 15.0])
    agents = Agents((Agent("a", poses, front_rig(64, 48), Body((2.0, 2.0, 2.0), (0.0, -1.0, 0.0))),), 8.0)
    plain, _ = ScenePreview.execute(Scene(ground()), 128, 0).args
    seen = []
    for frame in (0, 2, 9):
        pictures, file = ScenePreview.execute(Scene(ground()), 128, frame, agents).args
        blue = pictures[0, ..., 2] > 0.5
        seen.append(blue.nonzero().double().mean(0)[0].item())
        assert b"element vertex 42901\n" in file.get_bytes()
    assert not (plain[0, ..., 2] > 0.5).any()
    assert seen[0] > seen[1] + 10.0
    assert seen[1] == seen[2]


@pytest.mark.usefixtures("comfyui_folders")
def test_preview_shows_the_agents_of_the_scene_and_not_their_bodies_too():
    means = torch.tensor([[0.0, -1.0, 10.0], [5.0, -1.0, 10.0]]).double()
    inhabited = Scene(ground(), (AgentGaussian("a", means, 0.3 * torch.eye(3).double().repeat(2, 1, 1)),))
    standing = Agents((Agent("a", torch.eye(4).double().repeat(2, 1, 1), front_rig(8, 6), Body((1.0, 1.0, 1.0))),), 8.0)
    _, file = ScenePreview.execute(inhabited, 128, 0, standing).args
    assert b"element vertex 42901\n" in file.get_bytes()
    columns = []
    for frame in (0, 1):
        pictures, _ = ScenePreview.execute(inhabited, 128, frame).args
        columns.append((pictures[0, ..., 2] > 0.5).nonzero().double().mean(0)[1].item())
    assert columns[0] == pytest.approx(64.0, abs=2.0)
    assert columns[1] > 80.0
