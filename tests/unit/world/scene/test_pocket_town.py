"""From one agent's pictures to what another agent sees, against the town's own pictures."""

import sys
from functools import cache

import pytest
import torch

from shared_world.pocket.render import render_agents
from shared_world.pocket.town import FIRST_CAR
from shared_world.tests.unit.pocket.scenes import crossroads
from shared_world.world.agents import Agents
from shared_world.world.encounters import CAMERA_HEIGHT, encounter
from shared_world.world.rigs import front_rig
from shared_world.world.scene import (
    RenderOptions,
    Scene,
    anchor_cloud,
    fit_gaussian,
    gaussians_of_agents,
    holistic_cloud,
    render_for_agent,
    scale_from_camera_height,
)

HEIGHT, WIDTH, FRAMES = 96, 144, 3


@cache
def town_pictures():
    """Agent 2 follows agent 1; RGB, depth and masks (agents, frames, height, width) of their front views."""
    rig = front_rig(WIDTH, HEIGHT, mount=(0.0, -CAMERA_HEIGHT, 0.0))
    agents = encounter("following_then_parting", distance=10.0, speed=5.0, frames=17, rig=rig)
    agents = agents.select_frames([0, 8, 16])
    pictures = render_agents(crossroads(), agents, samples=4)
    rgb, depth, instances = pictures.rgb[:, :, 0], pictures.depth[:, :, 0], pictures.instances[:, :, 0]
    return agents, rgb, depth, instances >= FIRST_CAR


def cameras(agents: Agents, number: int) -> tuple[torch.Tensor, torch.Tensor]:
    return agents.members[number].extrinsics()[:, 0], agents.members[number].intrinsics()[:, 0]


def agreement(cloud, viewer: int, frame: int) -> tuple[float, float]:
    """PSNR on covered pixels without cars, and the share of them with the town's depth.

    Through gaps between points one sees what a nearer surface would hide, hence the difference.
    """
    agents, rgb, depth, cars = town_pictures()
    options = RenderOptions(point_radius=0.02)
    video = render_for_agent(Scene(cloud), agents, agents.names[viewer], HEIGHT, WIDTH, options=options)
    covered = torch.isfinite(video.depth[frame]) & ~cars[viewer, frame]
    assert covered.float().mean() > 0.1
    squared = (video.rgb[frame] - rgb[viewer, frame])[covered].square().mean(-1)
    same = (video.depth[frame] / depth[viewer, frame] - 1.0)[covered].abs() < 0.05
    psnr = -10.0 * torch.log10(squared.mean()).item()
    sys.stdout.write(f"{psnr:.1f} dB on covered pixels, {same.float().mean():.1%} of them at the town's depth\n")
    return psnr, same.float().mean().item()


def background(viewer: int, frame: int):
    agents, rgb, depth, cars = town_pictures()
    extrinsics, intrinsics = cameras(agents, viewer)
    pictures = rgb[viewer, frame], depth[viewer, frame], extrinsics[frame], intrinsics[frame]
    return anchor_cloud(*pictures, cars[viewer, frame], dilation=2)


def test_seen_from_its_own_camera_a_cloud_is_its_picture():
    psnr, share = agreement(background(0, 1), 0, 1)
    assert share > 0.97
    assert psnr > 30.0


def test_another_agent_sees_the_same_town():
    # Agent 2 follows agent 1, so it looks along the same road from farther back.
    psnr, share = agreement(background(1, 1), 0, 1)
    assert share > 0.9
    assert psnr > 22.0


def test_all_frames_together_cover_more_than_one():
    agents, rgb, depth, cars = town_pictures()
    whole = holistic_cloud(rgb[1], depth[1], *cameras(agents, 1), cars[1], dilation=2, voxel=0.1, farthest=80.0)
    psnr, share = agreement(whole, 0, 1)
    assert share > 0.9
    assert psnr > 22.0
    options = RenderOptions(point_radius=0.02)
    seen = [
        torch.isfinite(render_for_agent(Scene(cloud), agents, agents.names[0], HEIGHT, WIDTH, options=options).depth)
        for cloud in (background(1, 0), whole)
    ]
    assert seen[1][2].sum() > 1.2 * seen[0][2].sum()


def test_a_wrong_pose_would_be_noticed():
    agents, rgb, depth, cars = town_pictures()
    extrinsics, intrinsics = cameras(agents, 1)
    turned = extrinsics[1].clone()
    turned[:3, 3] += torch.tensor([0.0, 0.0, 1.5])
    moved = anchor_cloud(rgb[1, 1], depth[1, 1], turned, intrinsics[1], cars[1, 1], dilation=2)
    right, wrong = agreement(background(1, 1), 0, 1)[0], agreement(moved, 0, 1)[0]
    assert right > wrong + 2.0


def test_the_blob_covers_the_car():
    agents, _, depth, cars = town_pictures()
    scene = Scene(background(1, 1), gaussians_of_agents(agents))
    video = render_for_agent(scene, agents, agents.names[1], HEIGHT, WIDTH)
    plain = render_for_agent(Scene(scene.background), agents, agents.names[1], HEIGHT, WIDTH)
    blob = video.depth != plain.depth
    for frame in range(FRAMES):
        car = cars[1, frame]
        if car.sum() < 20:
            continue
        assert (blob[frame] & car).sum() > 0.9 * car.sum()
        assert video.depth[frame][car].median().item() == pytest.approx(depth[1, frame][car].median().item(), abs=2.0)
    assert blob.any()


def test_a_fitted_gaussian_is_where_the_car_is():
    agents, _, depth, cars = town_pictures()
    fitted = fit_gaussian(depth[1], cars[1], *cameras(agents, 1), agents.names[0])
    truth = gaussians_of_agents(agents)[0].means
    error = torch.linalg.vector_norm(fitted.means - truth, dim=-1)[fitted.seen]
    sys.stdout.write(f"fitted mean against the box's centre: {error.tolist()} m\n")
    # The camera sees the rear of the car, half its length from the centre.
    assert error.max() < 2.1


def test_the_height_of_the_camera_gives_the_scale():
    agents, _, depth, _ = town_pictures()
    _, intrinsics = cameras(agents, 1)
    factor = scale_from_camera_height(depth[1, 1] / 3.0, intrinsics[1], CAMERA_HEIGHT)
    sys.stdout.write(f"scale: {factor:.3f} for 3\n")
    assert factor == pytest.approx(3.0, rel=0.02)
