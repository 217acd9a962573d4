import math

import pytest
import torch

from shared_world.tests.unit.world.metrics.painted_room import known_clip
from shared_world.world.metrics import photometric
from shared_world.world.metrics.photometric import photometric_consistency
from shared_world.world.metrics.shared_points import find_shared_points


@pytest.fixture(scope="module")
def clip():
    return known_clip(frames=2)


@pytest.fixture(scope="module")
def points(clip):
    return find_shared_points(clip.depth, clip.extrinsics, clip.intrinsics, surfaces=clip.instances)


def test_agents_agree_in_the_truth(clip, points):
    result = photometric_consistency(clip.truth, points)
    assert result.points == len(points) > 3000
    assert result.error < 0.004
    assert result.psnr > 38.0
    relative = photometric_consistency(clip.truth, points, clip.truth)
    assert (relative.error, relative.psnr) == (0.0, 100.0)


def test_swapped_agents_disagree(clip, points):
    swapped = clip.truth.flip(0)
    agreed = photometric_consistency(clip.truth, points).error
    assert photometric_consistency(swapped, points).error > 20 * agreed
    assert photometric_consistency(swapped, points, clip.truth).error > 20 * agreed


def test_an_offset_of_one_agent_is_the_error(clip, points):
    offset = clip.truth.clone()
    offset[1] += 0.1
    result = photometric_consistency(offset, points, clip.truth)
    assert result.error == pytest.approx(0.1, abs=1e-5)
    assert result.psnr == pytest.approx(20.0, abs=1e-3)
    assert photometric_consistency(offset, points).error == pytest.approx(0.1, abs=0.004)


def test_agents_that_are_wrong_in_the_same_way_agree(clip, points):
    assert photometric_consistency(clip.truth - 0.1, points, clip.truth).error == pytest.approx(0.0, abs=1e-6)


def test_noise_that_agents_do_not_share_has_its_expected_size(clip, points):
    deviation = 0.05
    noise = deviation * torch.randn(clip.truth.shape, generator=torch.Generator().manual_seed(0))
    x, y = points.fractions.double().unbind(-1)
    # Bilinear weights average the other agent's noise: its variance falls by the sum of their squares.
    share = ((1 - x) ** 2 + x**2) * ((1 - y) ** 2 + y**2)
    expected = deviation * math.sqrt(1.0 + share.mean().item())
    result = photometric_consistency(clip.truth + noise, points, clip.truth)
    assert result.psnr == pytest.approx(-20.0 * math.log10(expected), abs=0.15)


def test_grey_is_consistent_with_itself_but_not_beyond_the_truth(clip, points):
    grey = torch.full_like(clip.truth, 0.5)
    assert photometric_consistency(grey, points).error == 0.0
    darker_partner = clip.truth * torch.tensor([1.0, 0.5])[:, None, None, None, None, None]
    assert photometric_consistency(grey, points, darker_partner).error > 0.2


def test_the_order_of_agents_does_not_matter(clip, points):
    generated = clip.truth * torch.linspace(0.8, 1.0, clip.truth.shape[4])[:, None]
    turned = find_shared_points(
        clip.depth.flip(0), clip.extrinsics.flip(0), clip.intrinsics.flip(0), surfaces=clip.instances.flip(0)
    )
    there = photometric_consistency(generated.flip(0), turned, clip.truth.flip(0))
    here = photometric_consistency(generated, points, clip.truth)
    assert (there.points, there.error) == (here.points, pytest.approx(here.error, rel=1e-5))


def test_parts_in_memory_change_nothing(clip, points, monkeypatch):
    generated = clip.truth.flip(0)
    whole = photometric_consistency(generated, points, clip.truth)
    monkeypatch.setattr(photometric, "POINTS_AT_A_TIME", 1000)
    parts = photometric_consistency(generated, points, clip.truth)
    assert parts.error == pytest.approx(whole.error, rel=1e-5)
    assert parts.psnr == pytest.approx(whole.psnr, rel=1e-5)


def test_without_shared_points_the_result_is_missing(clip):
    nothing = torch.full_like(clip.depth, math.inf)
    points = find_shared_points(nothing, clip.extrinsics, clip.intrinsics)
    result = photometric_consistency(clip.truth, points, clip.truth)
    assert result.points == 0
    assert math.isnan(result.error)
    assert math.isnan(result.psnr)


def test_points_of_other_pictures_are_refused(clip, points):
    with pytest.raises(ValueError, match="find the points anew"):
        photometric_consistency(clip.truth[:, :1], points)
