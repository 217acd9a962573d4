import math

import pytest
import torch

from shared_world.world.unrolling.smoothing import (
    fill_gaps,
    headings_from_motion,
    smooth_covariances,
    window_for,
)

TIME = torch.arange(30).double() / 10.0


def seen_but(*frames: int) -> torch.Tensor:
    seen = torch.ones(len(TIME), dtype=torch.bool)
    seen[list(frames)] = False
    return seen


def test_a_steadily_accelerated_path_is_not_changed_by_smoothing():
    path = torch.stack([3.0 * TIME, 0.0 * TIME, 1.0 + TIME - 2.0 * TIME**2], 1)
    torch.testing.assert_close(fill_gaps(path, seen_but(), 9), path)


def test_noise_becomes_less():
    path = torch.stack([3.0 * TIME, 0.0 * TIME, TIME], 1)
    noisy = path + 0.1 * torch.randn(path.shape, generator=torch.Generator().manual_seed(0))
    assert (fill_gaps(noisy, seen_but(), 9) - path).square().mean() < 0.5 * (noisy - path).square().mean()


def test_gaps_are_straight_and_ends_are_held():
    path = torch.stack([3.0 * TIME, 0.0 * TIME, -TIME], 1)
    broken = path.clone()
    hidden = [0, 1, 12, 13, 14, 28, 29]
    broken[hidden] = math.nan
    for window in (0, 7):
        filled = fill_gaps(broken, seen_but(*hidden), window)
        torch.testing.assert_close(filled[2:28], path[2:28])
        torch.testing.assert_close(filled[:2], path[[2, 2]])
        torch.testing.assert_close(filled[28:], path[[27, 27]])


def test_holding_at_the_end_does_not_pull_on_the_path():
    path = torch.stack([8.0 * TIME, 0.0 * TIME, 0.0 * TIME], 1)
    filled = fill_gaps(path, seen_but(*range(20, 30)), 9)
    assert filled[19, 0].item() == pytest.approx(path[19, 0].item())


def test_one_frame_seen_is_enough():
    path = torch.randn(30, 3, generator=torch.Generator().manual_seed(0)).double()
    seen = torch.zeros(30, dtype=torch.bool)
    seen[4] = True
    assert torch.equal(fill_gaps(path, seen, 9), path[4].expand(30, 3))
    assert headings_from_motion(path, seen, 10.0, 9, 0.3) is None


@pytest.mark.parametrize(("window", "frames", "used"), [(9, 30, 9), (8, 30, 7), (9, 6, 5), (0, 30, -1), (1, 30, 1)])
def test_windows_are_odd_and_fit(window, frames, used):
    assert window_for(window, frames) == used


def test_headings_are_those_of_a_circle():
    angle = 1.5 * TIME
    path = torch.stack([torch.sin(angle), 0.0 * TIME, torch.cos(angle)], 1) * 5.0
    found = headings_from_motion(path, seen_but(), 10.0, 5, 0.3)
    # A quarter of a turn further than the radius; beyond 180 degrees they go on.
    torch.testing.assert_close(found, torch.rad2deg(angle) + 90.0, atol=1.5, rtol=0.0)


def test_standing_keeps_the_heading():
    travelled = torch.cat([torch.zeros(8), torch.arange(12) / 2.0, torch.full((10,), 5.5)]).double()
    path = torch.stack([travelled, torch.zeros(30), torch.zeros(30)], 1).double()
    path[:, 2] += 0.001 * torch.randn(30, generator=torch.Generator().manual_seed(0))
    found = headings_from_motion(path, seen_but(), 10.0, 5, 0.3)
    torch.testing.assert_close(found, torch.full((30,), 90.0).double(), atol=0.5, rtol=0.0)


def test_what_never_moves_has_no_heading():
    path = 0.001 * torch.randn(30, 3, generator=torch.Generator().manual_seed(0)).double()
    assert headings_from_motion(path, seen_but(), 10.0, 9, 0.3) is None


def test_covariances_stay_positive_definite():
    roots = torch.randn(30, 3, 3, generator=torch.Generator().manual_seed(0)).double()
    covariances = roots @ roots.mT + 1e-6 * torch.eye(3)
    smooth = smooth_covariances(covariances, 9)
    assert (torch.linalg.eigvalsh(smooth) > 0.0).all()
    torch.testing.assert_close(smooth[10], covariances[6:15].mean(0))
