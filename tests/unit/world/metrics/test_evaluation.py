import math
from dataclasses import replace

import pytest
import torch

from shared_world.tests.unit.world.metrics.painted_room import known_clip
from shared_world.world.metrics.evaluation import evaluate_clip, evaluate_variants
from shared_world.world.metrics.known_clip import KnownClip
from shared_world.world.poses import rigid, yaw_rotation

PICTURE_KEYS = {"psnr", "psnr_all_frames", "psnr_last_frame", "ssim", "temporal_flicker"}
CONSISTENCY_KEYS = {
    "consistency_error", "consistency_psnr", "shared_points",
    "raw_consistency_error", "raw_consistency_psnr", "points_seen_alike",
}  # fmt: skip
CAR_KEYS = {
    f"car_{what}" for what in ("hit_rate", "pixels", "found_rate", "centroid_error", "overlap", "views", "colour_error")
}
REGION_KEYS = {
    f"{what}_{region}" for what in ("psnr", "pixels") for region in ("seen", "partner_saw", "nobody_saw", "other_car")
}


@pytest.fixture(scope="module")
def clip():
    return known_clip()


@pytest.fixture(scope="module")
def truth_numbers(clip):
    return evaluate_clip(clip.truth, clip)


def noisy(pictures: torch.Tensor, deviation: float) -> torch.Tensor:
    noise = torch.randn(pictures.shape, generator=torch.Generator().manual_seed(0))
    return (pictures + deviation * noise).clamp(0, 1)


def test_ground_truth_is_perfect(truth_numbers):
    assert set(truth_numbers) == PICTURE_KEYS | CONSISTENCY_KEYS | CAR_KEYS | REGION_KEYS
    for name, value in truth_numbers.items():
        if "psnr" in name and name != "raw_consistency_psnr" and not math.isnan(value):
            assert value == 100.0, name
    for name, value in (("ssim", 1.0), ("car_hit_rate", 1.0), ("car_found_rate", 1.0), ("car_overlap", 1.0)):
        assert truth_numbers[name] == pytest.approx(value, abs=1e-6), name
    assert truth_numbers["car_centroid_error"] == truth_numbers["consistency_error"] == 0.0
    assert truth_numbers["car_colour_error"] == pytest.approx(0.0, abs=1e-6)
    assert truth_numbers["raw_consistency_error"] < 0.004
    for name in ("shared_points", "points_seen_alike", "car_pixels", "car_views", "pixels_seen", "pixels_other_car"):
        assert truth_numbers[name] > 0, name


def test_swapped_agents_are_bad_everywhere(clip, truth_numbers):
    numbers = evaluate_clip(clip.truth.flip(0), clip)
    assert numbers["psnr"] < 20.0
    assert numbers["ssim"] < 0.9
    assert numbers["consistency_error"] > 0.05
    assert numbers["raw_consistency_error"] > 10 * truth_numbers["raw_consistency_error"]
    assert numbers["car_overlap"] < 0.2
    assert numbers["psnr_other_car"] < 20.0


def test_a_view_without_the_other_car_fails_only_there(clip):
    numbers = evaluate_clip(clip.without_others, clip)
    assert numbers["car_hit_rate"] == numbers["car_found_rate"] == numbers["car_overlap"] == 0.0
    assert math.isnan(numbers["car_centroid_error"])
    assert numbers["psnr_seen"] == 100.0
    assert numbers["psnr_other_car"] < 15.0


def test_numbers_of_a_constant_error_are_the_textbook_ones(clip):
    darker = clip.truth - 0.05
    darker[:, 0] = clip.truth[:, 0]
    numbers = evaluate_clip(darker, clip)
    expected = -20.0 * math.log10(0.05)
    for name in ("psnr", "psnr_last_frame", "psnr_seen", "psnr_other_car"):
        assert numbers[name] == pytest.approx(expected, abs=1e-3), name
    frames = clip.truth.shape[1]
    assert numbers["psnr_all_frames"] == pytest.approx((100.0 + (frames - 1) * expected) / frames, abs=1e-3)
    assert numbers["consistency_error"] == pytest.approx(0.0, abs=1e-6)


def test_psnr_is_that_of_an_agents_tile(clip):
    generated = clip.truth.clone()
    generated[:, :, 0] = 1.0 - generated[:, :, 0]
    numbers = evaluate_clip(generated, clip)
    error = (generated - clip.truth)[:, 1:].double().square().mean((2, 3, 4, 5))
    assert numbers["psnr"] == pytest.approx((-10.0 * error.log10()).mean().item(), abs=1e-3)


def test_more_noise_is_worse(clip):
    rows = [evaluate_clip(noisy(clip.truth, deviation), clip) for deviation in (0.02, 0.05, 0.1)]
    for name, better in (
        ("psnr", max), ("ssim", max), ("psnr_seen", max), ("car_overlap", max), ("consistency_error", min),
        ("raw_consistency_error", min),
    ):  # fmt: skip
        values = [row[name] for row in rows]
        assert values == sorted(values, reverse=better is max), name


def test_the_order_of_agents_does_not_matter(clip):
    turned = KnownClip(
        *(getattr(clip, name).flip(0) for name in ("truth", "depth", "extrinsics", "intrinsics", "instances")),
        buildings=clip.buildings,
        cars=clip.cars[::-1],
        without_others=clip.without_others.flip(0),
    )
    generated = noisy(clip.truth, 0.05)
    assert evaluate_clip(generated.flip(0), turned) == pytest.approx(
        evaluate_clip(generated, clip), rel=1e-4, abs=1e-6, nan_ok=True
    )


def test_the_place_of_the_world_does_not_matter(clip):
    moved = rigid(yaw_rotation(-40.0), torch.tensor([500.0, 20.0, -300.0]).double()) @ clip.extrinsics
    generated = noisy(clip.truth, 0.05)
    there = evaluate_clip(generated, replace(clip, extrinsics=moved))
    assert there == pytest.approx(evaluate_clip(generated, clip), rel=1e-2, nan_ok=True)


def test_only_what_the_known_parts_allow_is_measured(clip):
    generated = noisy(clip.truth, 0.05)
    cameras = {"depth": clip.depth, "extrinsics": clip.extrinsics, "intrinsics": clip.intrinsics}
    labels = {"instances": clip.instances, "buildings": clip.buildings, "cars": clip.cars}
    assert set(evaluate_clip(generated, KnownClip(clip.truth))) == PICTURE_KEYS
    assert set(evaluate_clip(generated, KnownClip(clip.truth, **cameras))) == PICTURE_KEYS | CONSISTENCY_KEYS
    assert set(evaluate_clip(generated, KnownClip(clip.truth, **labels))) == PICTURE_KEYS | REGION_KEYS
    with_cars = KnownClip(clip.truth, **labels, without_others=clip.without_others)
    assert set(evaluate_clip(generated, with_cars)) == PICTURE_KEYS | REGION_KEYS | CAR_KEYS


def test_numbers_without_pixels_are_missing_not_zero(clip):
    opaque = replace(clip, transmittance=torch.zeros_like(clip.depth))
    numbers = evaluate_clip(clip.truth, opaque)
    for region in ("seen", "partner_saw", "nobody_saw", "other_car"):
        assert numbers[f"pixels_{region}"] == 0
        assert math.isnan(numbers[f"psnr_{region}"])
    assert numbers["shared_points"] == 0
    assert math.isnan(numbers["consistency_error"])
    alone = evaluate_clip(clip.without_others, replace(clip, truth=clip.without_others))
    assert math.isnan(alone["car_hit_rate"])
    assert math.isnan(alone["car_found_rate"])


def test_a_single_frame_has_nothing_generated():
    clip = known_clip(frames=1)
    numbers = evaluate_clip(clip.truth, clip)
    assert numbers["psnr_all_frames"] == 100.0
    for name in ("psnr", "ssim", "temporal_flicker", "car_hit_rate", "psnr_seen"):
        assert math.isnan(numbers[name]), name


def test_views_below_the_window_have_no_ssim():
    clip = known_clip(frames=2, height=8, width=12)
    assert "ssim" not in evaluate_clip(clip.truth, KnownClip(clip.truth))


def test_lpips_is_what_the_given_function_says_of_later_frames(clip):
    def mean_difference(generated: torch.Tensor, truth: torch.Tensor) -> float:
        assert generated.shape == truth.shape == clip.truth[:, 1:].shape
        return (generated - truth).abs().mean().item()

    assert evaluate_clip(clip.truth - 0.05, clip, mean_difference)["lpips"] == pytest.approx(0.05, abs=1e-5)
    assert "lpips" not in evaluate_clip(clip.truth, clip)


def test_variants_are_measured_alike(clip):
    results = evaluate_variants({"truth": clip.truth, "swapped": clip.truth.flip(0)}, clip)
    assert list(results) == ["truth", "swapped"]
    assert results["swapped"] == pytest.approx(evaluate_clip(clip.truth.flip(0), clip), nan_ok=True)


def test_half_precision_frames_are_accepted(clip):
    numbers = evaluate_clip(clip.truth.half(), clip)
    assert numbers["psnr"] > 65.0


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda pictures: pictures[:, :2], "frames is 2, in the ground truth 3; compare the same frames"),
        (lambda pictures: pictures[..., :20, :, :], "height is 20, in the ground truth 24"),
        (lambda pictures: pictures[0], r"expected shape \(agents, frames, views, height, width, 3\)"),
        (lambda pictures: pictures * 255, "expected 0..1; rescale them"),
        (lambda pictures: pictures * 2 - 1, "expected 0..1; rescale them"),
        (lambda pictures: (pictures * 255).byte(), "divide by 255"),
        (lambda pictures: pictures[:, :0], "there are no pixels"),
    ],
)
def test_frames_that_cannot_be_compared_are_refused(clip, spoil, message):
    with pytest.raises(ValueError, match=f"the generated frames: .*{message}"):
        evaluate_clip(spoil(clip.truth), clip)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_failed_sampling_is_named_not_measured(clip, value):
    broken = clip.truth.clone()
    broken[1, 2, 3, 4, 5] = value
    with pytest.raises(ValueError, match="the generated frames, agent 1, frame 2, view 3: a pixel is not a finite"):
        evaluate_clip(broken, clip)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth": torch.ones(2, 3, 4, 24, 30)}, "depth: width is 30, in the ground truth 36"),
        ({"transmittance": torch.ones(2, 3, 24, 36)}, r"transmittance: expected shape \(2, 3, 4, 24, 36\)"),
        ({"extrinsics": None}, "extrinsics and intrinsics together"),
        ({"extrinsics": torch.eye(4).double().expand(2, 3, 4, 4)}, r"expected shape \(2, 3, 4, 4, 4\)"),
        ({"intrinsics": torch.zeros(2, 3, 4, 3, 3).double()}, "focal lengths must be positive"),
        ({"extrinsics": 2.0 * torch.eye(4).double().expand(2, 3, 4, 4, 4)}, "agent 0, view 0, frame 0"),
        ({"cars": (1000,)}, "1 cars for 2 agents"),
        ({"instances": torch.zeros(2, 3, 4, 24, 36)}, "must be integers"),
    ],
)
def test_ground_truth_that_does_not_fit_is_refused(clip, change, message):
    with pytest.raises(ValueError, match=message):
        replace(clip, **change)
