"""Differences between pictures: PSNR, SSIM and temporal flicker."""

import torch
from torch import Tensor
from torch.nn.functional import conv2d

HIGHEST_PSNR = 100.0
"""Decibels of identical pictures, so that they can be averaged; 8-bit rounding alone gives 58.9."""

WINDOW = 11
WINDOW_DEVIATION = 1.5
STABILISERS = (0.01**2, 0.03**2)
"""C1 and C2 of SSIM for pixels in 0..1."""

VALUES_AT_A_TIME = 1 << 18
"""Pixel values that SSIM compares together, so that they stay in the cache of a CPU."""


def decibels(squared_error: Tensor) -> Tensor:
    """Mean squared error (...) of pixels in 0..1 as PSNR in dB, at most `HIGHEST_PSNR`; NaN stays NaN."""
    return -10.0 * torch.log10(squared_error.clamp(min=10.0 ** (-HIGHEST_PSNR / 10.0)))


def psnr(generated: Tensor, truth: Tensor) -> Tensor:
    """PSNR of RGB pictures in dB.

    Args:
        generated, truth: (..., height, width, 3) in 0..1.

    Returns:
        (...,) one value per picture, from the squared error over its pixels and channels; at most `HIGHEST_PSNR`.
    """
    return decibels((generated - truth).square().mean((-3, -2, -1)))


def ssim(generated: Tensor, truth: Tensor) -> Tensor:
    """Structural similarity of Wang et al. 2004, per channel and then averaged over the channels.

    Gaussian window of 11x11 with sigma 1.5, C1 = 0.01^2 and C2 = 0.03^2, population variances, averaged over the
    positions where the window lies within the picture, as in the paper and in scikit-image. (torchmetrics averages over
    a reflected border, too.)

    Args:
        generated, truth: (..., height, width, 3) in 0..1, at least 11 pixels on each side.

    Returns:
        (...,) one value per picture, 1 for identical ones.

    Raises:
        ValueError: if a picture is smaller than the window.
    """
    batch, (height, width, channels) = generated.shape[:-3], generated.shape[-3:]
    if height < WINDOW or width < WINDOW:
        raise ValueError(f"SSIM needs pictures of at least {WINDOW}x{WINDOW} pixels, given {width}x{height}.")
    step = max(1, VALUES_AT_A_TIME // (height * width * channels))
    pairs = zip(*(_planes(pictures).split(step) for pictures in (generated, truth)), strict=True)
    return torch.cat([_similarity(first, second) for first, second in pairs]).view(batch)


def _planes(pictures: Tensor) -> Tensor:
    """(pictures, 3, height, width) of (..., height, width, 3)."""
    return pictures.reshape(-1, *pictures.shape[-3:]).movedim(-1, 1)


def _similarity(first: Tensor, second: Tensor) -> Tensor:
    """SSIM (pictures,) of (pictures, channels, height, width)."""
    moments = torch.stack([first, second, first * first, second * second, first * second])
    mean_first, mean_second, square_first, square_second, product = _smooth(moments)
    c1, c2 = STABILISERS
    covariance = product - mean_first * mean_second
    variances = square_first - mean_first.square() + square_second - mean_second.square()
    luminance = (2.0 * mean_first * mean_second + c1) / (mean_first.square() + mean_second.square() + c1)
    return (luminance * (2.0 * covariance + c2) / (variances + c2)).mean((-3, -2, -1))


def _smooth(planes: Tensor) -> Tensor:
    """Gaussian means of (..., height, width) at all positions where the window fits."""
    offsets = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    weights = torch.exp(-0.5 * (offsets / WINDOW_DEVIATION).square())
    weights = (weights / weights.sum()).to(planes)
    channels = planes.reshape(1, -1, *planes.shape[-2:])
    count = channels.shape[1]
    across, down = (weights.view(size).expand(count, 1, -1, -1) for size in ((1, 1, 1, -1), (1, 1, -1, 1)))
    smooth = conv2d(conv2d(channels, across, groups=count), down, groups=count)
    return smooth.view(*planes.shape[:-2], *smooth.shape[-2:])


def temporal_flicker(video: Tensor) -> Tensor:
    """VBench's temporal flickering: (255 - mean absolute difference of consecutive frames in 0..255) / 255.

    Pixels are not rounded to bytes first. 1 means that nothing moves, so a frozen video scores best: compare it with
    the value of the ground truth.

    Args:
        video: (..., frames, height, width, 3) in 0..1.

    Returns:
        (...,) in 0..1; NaN for a single frame.
    """
    first, second = video[..., :-1, :, :, :], video[..., 1:, :, :, :]
    return 1.0 - (second - first).abs().mean((-4, -3, -2, -1))
