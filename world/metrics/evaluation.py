"""All metrics of one clip as named numbers."""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from .checks import check_pictures, check_same_axes
from .known_clip import KnownClip
from .localisation import car_hits, colour_error, localise
from .photometric import photometric_consistency
from .pictures import WINDOW, psnr, ssim, temporal_flicker
from .regions import psnr_by_region

Perceptual = Callable[[Tensor, Tensor], float]


@torch.no_grad()
def evaluate_clip(generated: Tensor, known: KnownClip, lpips: Perceptual | None = None) -> dict[str, float]:
    """Measure generated frames against what is known about their clip.

    Frame 0 is given to the networks; numbers are over frames 1.. unless named otherwise. A number whose inputs are not
    in `known` is left out; one that has no pixels to be measured on is NaN.

    Keys:
        psnr, psnr_all_frames, psnr_last_frame: dB, from the squared error over all views of an agent in one frame (as
            in its tile), then averaged over agents and frames.
        ssim: per view and frame, see `pictures.ssim`; left out for views smaller than its window.
        lpips: if a function is given.
        temporal_flicker: over all frames, see `pictures.temporal_flicker`.
        consistency_error, consistency_psnr, shared_points: between agents, with the differences that the truth has
            itself taken off, see `photometric.photometric_consistency`.
        raw_consistency_error, raw_consistency_psnr, points_seen_alike: between the agents' colours as they are, at
            points that both see from similar distances through similar fog.
        car_hit_rate, car_pixels: see `localisation.car_hits`.
        car_found_rate, car_centroid_error, car_overlap, car_views: see `localisation.Localisation`.
        car_colour_error: see `localisation.colour_error`.
        psnr_<region>, pixels_<region>: see `regions.region_masks`.

    Args:
        generated: (agents, frames, views, height, width, 3) in 0..1.
        known: the clip.
        lpips: from `perceptual.find_lpips`.

    Raises:
        ValueError: if shapes differ from the truth's, a pixel is not finite, or values lie outside 0..1.
    """
    check_pictures(generated, "the generated frames")
    check_same_axes(generated, "the generated frames", known.truth)
    generated = generated.to(known.truth)
    return {
        **_picture_numbers(generated, known.truth, lpips),
        **_consistency_numbers(generated, known),
        **_car_numbers(generated, known),
        **_region_numbers(generated, known),
    }


def evaluate_variants(
    variants: Mapping[str, Tensor], known: KnownClip, lpips: Perceptual | None = None
) -> dict[str, dict[str, float]]:
    """`evaluate_clip` of several sets of frames for one clip: results, ablations and controls by name."""
    return {name: evaluate_clip(frames, known, lpips) for name, frames in variants.items()}


def _picture_numbers(generated: Tensor, truth: Tensor, lpips: Perceptual | None) -> dict[str, float]:
    per_frame = psnr(generated.flatten(2, 3), truth.flatten(2, 3))
    later, true_later = generated[:, 1:], truth[:, 1:]
    numbers = {
        "psnr": per_frame[:, 1:].mean().item(),
        "psnr_all_frames": per_frame.mean().item(),
        "psnr_last_frame": per_frame[:, -1].mean().item(),
    }
    if min(truth.shape[3:5]) >= WINDOW:
        numbers["ssim"] = ssim(later, true_later).mean().item() if later.numel() else math.nan
    if lpips is not None:
        numbers["lpips"] = lpips(later, true_later) if later.numel() else math.nan
    numbers["temporal_flicker"] = temporal_flicker(generated.transpose(1, 2)).mean().item()
    return numbers


def _consistency_numbers(generated: Tensor, known: KnownClip) -> dict[str, float]:
    if known.shared_points is None or known.points_seen_alike is None:
        return {}
    later = generated[:, 1:]
    consistency = photometric_consistency(later, known.shared_points, known.truth[:, 1:])
    alike = photometric_consistency(later, known.points_seen_alike)
    return {
        "consistency_error": consistency.error,
        "consistency_psnr": consistency.psnr,
        "shared_points": float(consistency.points),
        "raw_consistency_error": alike.error,
        "raw_consistency_psnr": alike.psnr,
        "points_seen_alike": float(alike.points),
    }


def _car_numbers(generated: Tensor, known: KnownClip) -> dict[str, float]:
    if known.covered is None or known.without_others is None or known.car_sightings is None:
        return {}
    later = generated[:, 1:]
    hits = car_hits(later, known.truth[:, 1:], known.without_others[:, 1:], known.covered >= 0)
    place = localise(later, known.car_sightings)
    return {
        "car_hit_rate": hits.rate,
        "car_pixels": float(hits.pixels),
        "car_found_rate": place.rate,
        "car_centroid_error": place.error,
        "car_overlap": place.overlap,
        "car_views": float(place.views),
        "car_colour_error": colour_error(later, known.car_sightings),
    }


def _region_numbers(generated: Tensor, known: KnownClip) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for name, region in psnr_by_region(generated, known.truth, known.regions).items():
        numbers[f"psnr_{name}"] = region.psnr
        numbers[f"pixels_{name}"] = float(region.pixels)
    return numbers
