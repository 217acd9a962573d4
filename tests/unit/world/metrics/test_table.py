import math

import numpy as np
import pytest

from shared_world.world.metrics.table import Column, compare, markdown_differences, markdown_table, summarise


def clips(**values: list[float]) -> list[dict[str, float]]:
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


def test_means_have_the_usual_standard_error():
    values = [20.0, 22.5, 19.0, 24.0, 21.0]
    estimate = summarise(clips(psnr=values), "psnr")
    assert estimate.value == pytest.approx(np.mean(values))
    assert estimate.error == pytest.approx(np.std(values, ddof=1) / math.sqrt(5))
    assert estimate.clips == 5


def test_missing_numbers_do_not_count_as_zero():
    rows = [*clips(psnr=[20.0, math.nan, 22.0]), {}]
    estimate = summarise(rows, "psnr")
    assert (estimate.value, estimate.error, estimate.clips) == (21.0, pytest.approx(1.0), 2)
    nothing = summarise([{}, {"psnr": math.nan}], "psnr")
    assert math.isnan(nothing.value)
    assert math.isnan(nothing.error)
    assert nothing.clips == 0


def test_one_clip_has_no_spread():
    estimate = summarise(clips(psnr=[20.0]), "psnr")
    assert estimate.value == 20.0
    assert math.isnan(estimate.error)
    assert math.isnan(summarise(clips(psnr=[20.0], pixels=[5]), "psnr", "pixels").error)


def test_region_psnr_pools_the_squared_error_over_all_pixels():
    rows = clips(psnr=[10.0, 20.0, math.nan], pixels=[300, 100, 0])
    estimate = summarise(rows, "psnr", "pixels")
    assert estimate.value == pytest.approx(-10 * math.log10((300 * 0.1 + 100 * 0.01) / 400))
    assert estimate.clips == 2


def test_the_spread_of_pooled_psnr_is_that_of_repeated_draws():
    generator = np.random.default_rng(0)

    def draw() -> list[dict[str, float]]:
        pixels = generator.integers(50, 500, 80)
        return clips(psnr=list(generator.normal(18.0, 2.0, 80)), pixels=list(pixels))

    estimates = [summarise(draw(), "psnr", "pixels") for _ in range(300)]
    observed = np.std([estimate.value for estimate in estimates])
    assert np.mean([estimate.error for estimate in estimates]) == pytest.approx(observed, rel=0.15)


def test_differences_are_paired_by_clip():
    hard = np.array([10.0, 20.0, 30.0, 40.0])
    first, second = clips(psnr=list(hard + 1.0)), clips(psnr=list(hard))
    difference = compare(first, second, "psnr")
    assert difference.value == pytest.approx(1.0)
    assert difference.error == pytest.approx(0.0, abs=1e-12)
    assert summarise(first, "psnr").error > 5
    second[0]["psnr"] = math.nan
    assert compare(first, second, "psnr").clips == 3


def test_clips_must_match_to_be_compared():
    with pytest.raises(ValueError, match="clip by clip, given 2 and 1"):
        compare(clips(psnr=[1.0, 2.0]), clips(psnr=[1.0]), "psnr")


def test_the_table_shows_results_beside_controls():
    results = {
        "full model": clips(psnr=[20.0, 22.0], psnr_partner_saw=[15.0, math.nan], pixels_partner_saw=[40, 0]),
        "frozen": clips(psnr=[13.0, 14.0], psnr_partner_saw=[math.nan] * 2, pixels_partner_saw=[0, 0]),
    }
    assert markdown_table(results).splitlines() == [
        "| 2 clips | PSNR dB ↑ | new, partner saw dB ↑ |",
        "| --- | ---: | ---: |",
        "| full model | 21.00 ± 1.00 | 15.00 (1) |",
        "| frozen | 13.50 ± 0.50 | - |",
    ]


def test_the_table_of_differences_leaves_out_the_baseline():
    results = {"a|b": clips(x=[3.0, 5.0]), "wrong partner": clips(x=[1.0, 2.0])}
    table = markdown_differences(results, "wrong partner", {"x": Column("x", 1), "absent": Column("absent")})
    assert table.splitlines() == ["| minus wrong partner | x |", "| --- | ---: |", "| a\\|b | +2.5 ± 0.5 |"]
    with pytest.raises(ValueError, match=r"no variant 'oracle' .* there are a\|b, wrong partner"):
        markdown_differences(results, "oracle")


def test_an_empty_table_is_a_heading():
    assert markdown_table({}).splitlines()[0] == "| 0 clips |"
