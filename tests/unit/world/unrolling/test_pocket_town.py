"""From one car's video to the other car's path, and to what the other car sees, against the town itself."""

import sys
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from shared_world.tests.unit.world.unrolling.town_video import FRAME_RATE, HEIGHT, OPTIONS, WIDTH, TownVideo, town_video
from shared_world.world.agents import Agents
from shared_world.world.encounters import CAR
from shared_world.world.poses import heading, inverse
from shared_world.world.scene import RenderOptions, Scene, dilate, gaussian_of_body, render_for_agent
from shared_world.world.unrolling import UnrolledWorld, subjects, track_subject

PRESETS = ["following_then_parting", "left_turn_meeting", "crossing", "head_on"]


def centre_errors(video: TownVideo, world: UnrolledWorld) -> Tensor:
    """(frames,) metres from the middle of the found body to that of the true one."""
    found = world.agents.members[1]
    return torch.linalg.vector_norm(gaussian_of_body(found.poses, found.body)[0] - video.centres(), dim=-1)


def report(what: str, errors: Tensor) -> None:
    sys.stdout.write(
        f"{what}: mean {errors.mean():.2f} m, median {errors.median():.2f} m, largest {errors.max():.2f} m "
        f"in {len(errors)} frames\n"
    )


@pytest.mark.parametrize("preset", PRESETS)
def test_a_car_of_known_size_is_found_where_it_is(preset):
    video = town_video(preset)
    world = video.unrolled()
    seen = world.seen[0]
    errors = centre_errors(video, world)[seen]
    visible = torch.linalg.vector_norm(world.scene.agents[0].means - video.centres(), dim=-1)[seen]
    report(f"{preset}, centre of the car", errors)
    report(f"{preset}, mean of the points seen", visible)
    assert seen.sum() >= 15
    assert errors.mean() < 0.4
    assert errors.median() < 0.3
    assert errors.max() < 1.0
    assert visible.mean() > 2.0 * errors.mean()


@pytest.mark.parametrize("preset", PRESETS)
def test_it_faces_the_way_it_drives(preset):
    video = town_video(preset)
    world = video.unrolled()
    turned = heading(inverse(video.filmed.poses) @ world.agents.members[1].poses)[world.seen[0]].abs()
    sys.stdout.write(f"{preset}: heading off by {turned.mean():.1f} degrees, at most {turned.max():.1f}\n")
    assert turned.mean() < 5.0
    assert turned.max() < 20.0


@pytest.mark.parametrize("filming", [0, 1])
def test_a_car_that_leaves_the_picture_is_not_turned_by_its_own_error(filming, monkeypatch):
    # In its last frames only a part is seen. The rounds must settle there too.
    video = town_video("head_on")
    camera = video.agents.members[filming]
    given = (video.depth[filming], video.cars[filming], camera.extrinsics()[:, 0], camera.intrinsics()[:, 0])
    track = track_subject(*given, "car", FRAME_RATE, CAR)
    monkeypatch.setattr(subjects, "ROUNDS", 40)
    longer = track_subject(*given, "car", FRAME_RATE, CAR)
    assert (longer.centres() - track.centres()).abs().max() < 0.01
    true = video.agents.members[1 - filming].poses
    assert heading(inverse(true) @ track.poses)[track.seen].abs().max() < 10.0


@pytest.mark.parametrize("preset", ["left_turn_meeting", "head_on"])
def test_the_size_comes_out_of_a_car_seen_from_two_sides(preset):
    video = town_video(preset)
    world = video.unrolled(known_size=False)
    errors = centre_errors(video, world)[world.seen[0]]
    report(f"{preset}, size not known", errors)
    body = world.agents.members[1].body
    sys.stdout.write(f"{preset}: found size {body.size}\n")
    assert body.size == pytest.approx((2.0, 1.4, 4.2), rel=0.15)
    assert body.centre == (0.0, -body.size[1] / 2.0, 0.0)
    assert errors.mean() < 0.5


def test_of_a_car_seen_from_behind_the_rear_part_is_found():
    # Nothing says how long it is, and the middle of what is seen lies behind its middle.
    video = town_video("following_then_parting")
    world = video.unrolled(known_size=False)
    seen = world.seen[0]
    errors = centre_errors(video, world)[seen]
    visible = torch.linalg.vector_norm(world.scene.agents[0].means - video.centres(), dim=-1)[seen]
    report("seen from behind, size not known", errors)
    assert errors.mean() < 0.75 * visible.mean()


def test_wide_masks_with_the_background_in_them_change_little():
    video = town_video("left_turn_meeting")
    world = video.unrolled(masks=dilate(video.cars[1], 2.0)[None])
    errors = centre_errors(video, world)[video.unrolled().seen[0]]
    report("masks too wide by 2 pixels", errors)
    assert errors.median() < 0.4
    assert errors.mean() < 0.7


def test_a_gap_is_bridged_and_marked():
    video = town_video("left_turn_meeting")
    whole = video.unrolled()
    hidden = torch.arange(14, 19)
    masks = video.cars[1][None].clone()
    masks[:, hidden] = False
    # The background is not what is tested; the car stays in it.
    world = video.unrolled(masks=masks)
    assert not world.seen[0, hidden].any()
    assert torch.equal(world.seen[0, :14], whole.seen[0, :14])
    errors = centre_errors(video, world)[hidden]
    report("gap of 5 frames", errors)
    assert errors.max() < 0.6
    assert any("frames" in warning and "car" in warning for warning in world.warnings)


def test_a_wrong_scale_would_be_noticed():
    video = town_video("left_turn_meeting")
    world = video.unrolled(depth=1.15 * video.depth[1])
    assert centre_errors(video, world)[world.seen[0]].mean() > 0.8


def test_a_car_much_too_large_makes_the_depth_suspect():
    video = town_video("left_turn_meeting")
    world = video.unrolled(depth=3.0 * video.depth[1])
    assert any("'car' seems" in warning and "metres" in warning for warning in world.warnings)
    assert not any("metres" in warning for warning in video.unrolled().warnings)


def test_paths_relative_to_the_camera_are_those_of_the_town():
    video = town_video("following_then_parting")
    world = video.unrolled()
    assert torch.equal(world.camera.poses, video.filming.extrinsics()[:, 0])
    true = inverse(video.filming.extrinsics()[:, 0]) @ video.filmed.poses
    off = (world.relative_paths()[0] - true)[world.seen[0], :3, 3]
    assert torch.linalg.vector_norm(off, dim=-1).mean() < 0.4
    # The car drives ahead, on the ground below the camera.
    assert (world.relative_paths()[0, :10, 2, 3] > 5.0).all()


def agreement(video: TownVideo, cloud, agents: Agents, frame: int) -> tuple[float, float]:
    """PSNR on covered pixels of the town's own picture from the filmed car, and the share of covered pixels."""
    drawn = render_for_agent(
        Scene(cloud), agents, agents.names[0], HEIGHT, WIDTH, options=RenderOptions(point_radius=0.02)
    )
    counted = torch.isfinite(drawn.depth[frame]) & ~video.cars[0, frame]
    squared = (drawn.rgb[frame] - video.rgb[0, frame])[counted].square().mean()
    return -10.0 * torch.log10(squared).item(), counted.float().mean().item()


def found_camera(video: TownVideo, world: UnrolledWorld) -> Agents:
    """The found path with the true car's rig."""
    found = replace(world.agents.members[1], rig=video.filmed.rig)
    return Agents((found,), world.agents.frame_rate)


def test_the_other_car_sees_the_background_as_it_is():
    video = town_video("following_then_parting")
    world = video.unrolled()
    frame = 8
    psnr, share = agreement(video, world.scene.background, video.agents, frame)
    sys.stdout.write(f"from the true other camera: {psnr:.1f} dB on {share:.0%} of the pixels\n")
    closed, found_share = agreement(video, world.scene.background, found_camera(video, world), frame)
    sys.stdout.write(f"from the found other camera: {closed:.1f} dB on {found_share:.0%} of the pixels\n")
    assert share > 0.4
    assert psnr > 20.0
    assert closed > 18.0


def points_on_the_way(video: TownVideo, world: UnrolledWorld) -> int:
    """Points of the background in the space that the car takes up while it is seen, off the ground."""
    seen = video.cars[1].flatten(1).any(1)
    local = world.scene.background.points.double() @ video.filmed.poses[seen, :3, :3]
    local = local - (video.filmed.poses[seen, None, :3, 3] @ video.filmed.poses[seen, :3, :3])
    x, y, z = local.unbind(-1)
    return int(((x.abs() < 1.0) & (y < -0.3) & (y > -1.4) & (z.abs() < 2.1)).any(0).sum())


def test_nothing_of_the_car_stays_in_the_background():
    video = town_video("following_then_parting")
    without_masks = video.unrolled(masks=torch.zeros(0, *video.cars[1].shape), names=[], bodies=None)
    assert points_on_the_way(video, without_masks) > 1000
    assert points_on_the_way(video, video.unrolled()) == 0


def test_bodies_in_place_of_points_seen():
    video = town_video("following_then_parting")
    world = video.unrolled(options=replace(OPTIONS, gaussians="body"))
    found = world.agents.members[1]
    means, covariances = gaussian_of_body(found.poses, found.body)
    assert torch.equal(world.scene.agents[0].means, means)
    assert torch.equal(world.scene.agents[0].covariances, covariances)
