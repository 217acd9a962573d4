import json
import math
from dataclasses import replace

import pytest
import torch

from shared_world.tests.unit.world.metrics.painted_room import known_clip
from shared_world.world.metrics.evaluation import evaluate_clip
from shared_world.world.metrics.known_clip import KnownClip
from shared_world.world.metrics.report import clip_notes, clip_table, evaluate_with_controls, to_json


@pytest.fixture(scope="module")
def clip():
    return known_clip()


def test_the_result_stands_beside_every_control_there_is(clip):
    generated = 0.9 * clip.truth
    results = evaluate_with_controls(generated, clip, reconstruction=0.99 * clip.truth)
    assert list(results) == ["generated", "VAE alone", "frozen first frame", "own-frame oracle", "ground truth"]
    assert results["generated"] == pytest.approx(evaluate_clip(generated, clip), nan_ok=True)
    assert results["ground truth"]["psnr"] == 100.0 > results["VAE alone"]["psnr"] > results["generated"]["psnr"]
    assert results["frozen first frame"]["temporal_flicker"] == 1.0
    assert results["own-frame oracle"]["car_hit_rate"] == 0.0
    for missing in ("instances", "without_others"):
        assert "own-frame oracle" not in evaluate_with_controls(generated, replace(clip, **{missing: None}))
    reference = evaluate_with_controls(generated, KnownClip(clip.truth), known_as="reference")
    assert list(reference) == ["generated", "frozen first frame", "reference"]


@pytest.mark.parametrize(("height", "measured"), [(30, False), (31, True)])
def test_lpips_is_left_out_for_views_that_its_networks_cannot_take(height, measured):
    truth = torch.rand(1, 2, 1, height, 48, 3)
    results = evaluate_with_controls(truth, KnownClip(truth), lambda generated, true: 0.5)
    assert all(("lpips" in numbers) == measured for numbers in results.values())


def test_the_table_has_all_variants_and_is_aligned(clip):
    results = evaluate_with_controls(0.9 * clip.truth, clip)
    lines = clip_table(results).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == ["", *results]
    assert len({len(line) for line in lines}) == 1
    assert cells[1] == [cells[1][0], *(rule for rule in cells[1][1:] if set(rule) == {"-", ":"})]
    rows = {row[0]: row[1:] for row in cells[2:]}
    assert rows["PSNR dB ↑"] == [f"{numbers['psnr']:.2f}" for numbers in results.values()]
    (seen,) = (title for title in rows if title.startswith("seen dB"))
    assert seen == f"seen dB ↑ ({results['generated']['pixels_seen']:.0f} px)"
    assert "LPIPS ↓" not in rows


def test_what_was_not_measured_is_a_dash_and_null():
    results = {"generated": {"psnr": 20.0, "ssim": math.nan}, "other": {"psnr": 30.0}}
    assert [cell.strip() for cell in clip_table(results).splitlines()[-1].split("|")[2:-1]] == ["-", "-"]
    assert json.loads(to_json({"clip": results})) == {
        "clip": {"generated": {"psnr": 20.0, "ssim": None}, "other": {"psnr": 30.0}}
    }


def test_controls_are_explained_once():
    notes = clip_notes(["generated", "frozen first frame", "own-frame oracle", "frozen first frame"]).splitlines()
    assert [note.split(":")[0] for note in notes] == ["frozen first frame", "own-frame oracle"]
    assert "fitted to this very clip" in notes[1]
