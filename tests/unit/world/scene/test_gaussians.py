import logging
import math

import numpy as np
import pytest
import torch

from shared_world.tests.unit.world.scene.cameras import HEIGHT, LENS, WIDTH, turned
from shared_world.world.agents import Agent, Agents, Body
from shared_world.world.rigs import front_rig
from shared_world.world.scene import fit_gaussian, gaussian_of_body, gaussians_of_agents, unproject

BODY = Body((0.6, 1.8, 4.0), (0.1, -0.9, 0.2))
POSES = torch.stack([turned(yaw, 5.0, (yaw / 10, -0.2, 3.0)) for yaw in (0.0, 30.0, 60.0)])


def test_a_body_has_the_moments_of_its_solid_box():
    means, covariances = gaussian_of_body(POSES, BODY)
    grid = (torch.arange(20).double() + 0.5) / 20 - 0.5
    inside = torch.cartesian_prod(grid, grid, grid) * torch.tensor(BODY.size) + torch.tensor(BODY.centre)
    for pose, mean, covariance in zip(POSES, means, covariances, strict=True):
        points = inside @ pose[:3, :3].T + pose[:3, 3]
        torch.testing.assert_close(mean, points.mean(0), atol=1e-6, rtol=0)
        np.testing.assert_allclose(covariance, np.cov(points.T.numpy()), rtol=0.01, atol=1e-3)


def test_sigmas_to_the_face_set_the_size():
    _, covariances = gaussian_of_body(torch.eye(4).double()[None], BODY, sigmas_to_face=2.5)
    assert covariances[0].diagonal().sqrt().mul(2.5).tolist() == pytest.approx([0.3, 0.9, 2.0])


def test_agents_without_a_body_are_refused_by_name():
    rig = front_rig(8, 8)
    agents = Agents((Agent("red", POSES, rig, BODY), Agent("blue", POSES, rig)), 8.0)
    with pytest.raises(ValueError, match="agent 'blue' has no body"):
        gaussians_of_agents(agents)
    alone = Agents(agents.members[:1], 8.0)
    with pytest.raises(ValueError, match="no agent 'green' to colour"):
        gaussians_of_agents(alone, {"green": (0.0, 1.0, 0.0)})
    (red,) = gaussians_of_agents(alone, {"red": (1.0, 0.0, 0.0)})
    assert red.colour == (1.0, 0.0, 0.0)
    assert torch.equal(red.means, gaussian_of_body(POSES, BODY)[0])


def subject(frames=3):
    depth = 4.0 + torch.rand(frames, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    masks = torch.zeros(frames, HEIGHT, WIDTH, dtype=torch.bool)
    masks[:, 4:16, 8:22] = True
    return depth, masks


def test_fit_is_the_covariance_of_the_pixels_inside_the_mask():
    depth, masks = subject()
    depth[:, 9, 12], depth[:, 9, 13], depth[:, 9, 14] = 0.0, math.inf, math.nan
    fitted = fit_gaussian(depth, masks, POSES, LENS, "red", erosion=0)
    assert fitted.seen.all()
    points = unproject(depth.double(), POSES, LENS.expand(3, 3, 3))
    for frame in range(3):
        kept = points[frame][masks[frame] & torch.isfinite(depth[frame]) & (depth[frame] > 0)]
        torch.testing.assert_close(fitted.means[frame], kept.mean(0), atol=1e-5, rtol=0)
        expected = np.cov(kept.T.numpy()) + 1e-6 * np.eye(3)
        np.testing.assert_allclose(fitted.covariances[frame], expected, rtol=1e-4, atol=1e-5)


def test_depth_in_half_precision_and_a_far_away_world_origin_cost_no_accuracy():
    depth, masks = subject()
    depth = depth.half()
    shift = torch.tensor([4e5, 0.0, 5e6]).double()
    moved = POSES.clone()
    moved[:, :3, 3] += shift
    here, there = (fit_gaussian(depth, masks, poses, LENS, "red") for poses in (POSES, moved))
    torch.testing.assert_close(there.means - shift, here.means, atol=1e-6, rtol=0)
    torch.testing.assert_close(there.covariances, here.covariances, atol=1e-6, rtol=0)
    exact = fit_gaussian(depth.double(), masks, POSES, LENS, "red")
    torch.testing.assert_close(here.means, exact.means)


def test_masks_shrink_by_two_pixels_but_never_to_nothing():
    depth, masks = subject()
    inner = torch.zeros_like(masks)
    inner[:, 6:14, 10:20] = True
    small = torch.zeros_like(masks)
    small[:, 9:12, 10:14] = True
    for given, used in ((masks, inner), (small, small)):
        shrunk, exact = fit_gaussian(depth, given, POSES, LENS, "red"), fit_gaussian(depth, used, POSES, LENS, "red", 0)
        torch.testing.assert_close(shrunk.means, exact.means)
        torch.testing.assert_close(shrunk.covariances, exact.covariances)


def test_frames_without_the_subject_are_filled(caplog):
    depth, masks = subject(6)
    poses = POSES[:1].expand(6, 4, 4)
    masks[[0, 2, 3, 5]] = False
    with caplog.at_level(logging.WARNING):
        fitted = fit_gaussian(depth, masks, poses, LENS, "red")
    assert "agent 'red' is seen in 2 of 6 frames" in caplog.text
    assert fitted.seen.tolist() == [False, True, False, False, True, False]
    assert torch.isfinite(fitted.means).all()
    torch.testing.assert_close(fitted.means[0], fitted.means[1])
    torch.testing.assert_close(fitted.means[2], (2 * fitted.means[1] + fitted.means[4]) / 3)
    torch.testing.assert_close(fitted.covariances[2], fitted.covariances[1])
    torch.testing.assert_close(fitted.covariances[5], fitted.covariances[4])


def test_a_subject_that_is_never_seen_is_refused():
    depth, masks = subject()
    with pytest.raises(ValueError, match="agent 'red' is seen in none of 3 frames"):
        fit_gaussian(depth, masks & False, POSES, LENS, "red")
    with pytest.raises(ValueError, match="agent 'red': depth has 3 frames, masks 2"):
        fit_gaussian(depth, masks[:2], POSES, LENS, "red")
