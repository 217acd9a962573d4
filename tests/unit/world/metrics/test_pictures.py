import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from shared_world.world.metrics import pictures
from shared_world.world.metrics.pictures import psnr, ssim, temporal_flicker


def random_pictures(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, 3, generator=torch.Generator().manual_seed(seed))


def similarity_in_double_precision(first: torch.Tensor, second: torch.Tensor) -> float:
    """SSIM of (height, width, 3) after Wang et al. 2004 with scipy's filter."""

    def smooth(plane: np.ndarray) -> np.ndarray:
        return gaussian_filter(plane, 1.5, radius=5, mode="reflect")[5:-5, 5:-5]

    channels = []
    for channel in range(3):
        x, y = (picture[..., channel].double().numpy() for picture in (first, second))
        mean_x, mean_y = smooth(x), smooth(y)
        variance_x, variance_y = smooth(x * x) - mean_x**2, smooth(y * y) - mean_y**2
        covariance = smooth(x * y) - mean_x * mean_y
        above = (2 * mean_x * mean_y + 1e-4) * (2 * covariance + 9e-4)
        channels.append((above / ((mean_x**2 + mean_y**2 + 1e-4) * (variance_x + variance_y + 9e-4))).mean())
    return float(np.mean(channels))


@pytest.mark.parametrize(("offset", "expected"), [(0.1, 20.0), (0.01, 40.0), (1.0 / 255.0, 48.1308)])
def test_a_constant_offset_has_its_textbook_psnr(offset, expected):
    truth = 0.5 * random_pictures(2, 4, 5)
    assert psnr(truth + offset, truth) == pytest.approx([expected, expected], abs=2e-3)


def test_psnr_agrees_with_a_loop_over_pixels():
    first, second = random_pictures(2, 3, 4, 5), random_pictures(2, 3, 4, 5, seed=1)
    result = psnr(first, second)
    assert result.shape == (2, 3)
    for index in np.ndindex(2, 3):
        errors = [
            (a - b) ** 2 for a, b in zip(first[index].flatten().tolist(), second[index].flatten().tolist(), strict=True)
        ]
        assert result[index].item() == pytest.approx(-10.0 * math.log10(sum(errors) / len(errors)), abs=1e-4)


def test_identical_pictures_have_a_finite_psnr_that_can_be_averaged():
    truth = random_pictures(2, 4, 5)
    assert psnr(truth, truth).tolist() == [100.0, 100.0]


@pytest.mark.parametrize("size", [(11, 11), (13, 30), (40, 24)])
def test_ssim_agrees_with_double_precision(size):
    first = random_pictures(*size)
    noisy = (first + 0.2 * random_pictures(*size, seed=1)).clamp(0, 1)
    smooth = torch.linspace(0, 1, size[0])[:, None, None].expand(*size, 3)
    for second in (noisy, 1.0 - first, smooth):
        expected = similarity_in_double_precision(first, second)
        assert ssim(first, second).item() == pytest.approx(expected, abs=2e-5)


def test_ssim_gives_every_picture_its_own_value(monkeypatch):
    first, second = random_pictures(2, 3, 12, 14), random_pictures(2, 3, 12, 14, seed=1)
    together = ssim(first, second)
    monkeypatch.setattr(pictures, "VALUES_AT_A_TIME", 1)
    assert together.shape == (2, 3)
    torch.testing.assert_close(ssim(first, second), together)
    assert together[1, 2].item() == pytest.approx(similarity_in_double_precision(first[1, 2], second[1, 2]), abs=2e-5)


def test_ssim_of_identical_pictures_is_one_and_of_opposite_ones_negative():
    truth = random_pictures(16, 16)
    assert ssim(truth, truth).item() == pytest.approx(1.0, abs=1e-6)
    assert ssim(1.0 - truth, truth).item() < -0.5


def test_ssim_refuses_pictures_below_its_window():
    with pytest.raises(ValueError, match="at least 11x11 pixels, given 12x10"):
        ssim(random_pictures(10, 12), random_pictures(10, 12))


def test_flicker_follows_its_formula_on_bytes():
    video = (random_pictures(5, 6, 7) * 255).round()
    bytes_ = video.numpy().astype(np.uint8).astype(np.float64)
    differences = [np.abs(after - before).mean() for before, after in pairwise(bytes_)]
    assert temporal_flicker(video / 255).item() == pytest.approx((255 - np.mean(differences)) / 255, abs=1e-6)


def test_flicker_knows_still_and_blinking_videos():
    still = random_pictures(1, 4, 5).expand(6, 4, 5, 3)
    blinking = (torch.arange(6) % 2).float()[:, None, None, None].expand(6, 4, 5, 3)
    rates = temporal_flicker(torch.stack([still, blinking, blinking * 0.25]))
    assert rates.tolist() == pytest.approx([1.0, 0.0, 0.75])


def test_flicker_of_a_single_frame_is_missing():
    assert math.isnan(temporal_flicker(random_pictures(1, 4, 5)).item())
