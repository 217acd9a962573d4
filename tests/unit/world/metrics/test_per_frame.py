import json
import math

import pytest
import torch

from shared_world.pocket.ground_truth import known_clip
from shared_world.pocket.recipe import ClipOptions, draw_wanted_recipe, render_clip
from shared_world.world.metrics.evaluation import evaluate_clip
from shared_world.world.metrics.known_clip import KnownClip
from shared_world.world.metrics.per_frame import Curve, frame_curves, read_curves, write_curves


@pytest.fixture(scope="module")
def known():
    options = ClipOptions(frames=5, frame_rate=1.0, height=32, width=48, samples=1, presets=("head_on",), fog=(18.0,))
    clip = render_clip(draw_wanted_recipe(options, 3, 0))
    return known_clip(clip, without_others=True)


@pytest.fixture(scope="module")
def generated(known):
    noise = torch.randn(known.truth.shape, generator=torch.Generator().manual_seed(0))
    growing = torch.linspace(0.0, 0.2, known.truth.shape[1])[:, None, None, None, None]
    return (known.truth + growing * noise).clamp(0.0, 1.0)


def test_curves_average_to_the_numbers_of_the_clip(known, generated):
    numbers = evaluate_clip(generated, known)
    first, second, differ, hits = frame_curves(generated, known, ["left", "right"])
    assert [curve.title for curve in (first, second)] == ["PSNR left", "PSNR right"]
    assert [curve.agent for curve in (first, second, differ, hits)] == [0, 1, None, None]
    for curve in (first, second, differ, hits):
        assert len(curve.values) == 5
        assert math.isnan(curve.values[0])
    later = torch.tensor([first.values[1:], second.values[1:]])
    assert later.mean().item() == pytest.approx(numbers["psnr"], abs=1e-4)
    assert later[:, 0].min() > later[:, -1].max()
    frames = known.shared_points.pixels // math.prod(known.truth.shape[2:5]) % 4
    counts = torch.bincount(frames, minlength=4)
    found = torch.tensor(differ.values[1:]).nan_to_num()
    assert ((found * counts).sum() / counts.sum()).item() == pytest.approx(numbers["consistency_error"], rel=1e-5)
    assert min(value for value in hits.values[1:] if not math.isnan(value)) <= numbers["car_hit_rate"]


def test_a_frame_that_no_two_agents_see_alike_has_no_number(known, generated):
    curves = frame_curves(generated[:, :1], KnownClip(known.truth[:, :1]), ["left", "right"])
    assert [len(curve.values) for curve in curves] == [1, 1]
    only_pictures = frame_curves(generated, KnownClip(known.truth), ["left", "right"])
    assert [curve.title for curve in only_pictures] == ["PSNR left", "PSNR right"]


def test_curves_survive_their_text():
    curves = [Curve("PSNR", "dB", (math.nan, 20.125, math.inf), 1)]
    assert read_curves(write_curves(curves)) == [
        {"title": "PSNR", "unit": "dB", "values": [None, 20.125, None], "agent": 1}
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("| PSNR | 20 |", "are no curves; connect curves of Evaluate"),
        ("[1, 2]", "are no curves"),
        ('{"version": 1}', "are no curves"),
        ('{"version": 1, "curves": [{"title": "PSNR"}]}', "are no curves"),
        ('{"version": 2, "curves": []}', "not of version 1"),
        ('{"version": 1, "curves": [{"title": "a", "unit": "", "agent": null, "values": ["x"]}]}', "incomplete"),
        ('{"version": 1, "curves": [{"title": "a", "unit": "", "agent": -1, "values": [1]}]}', "incomplete"),
    ],
)
def test_other_texts_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        read_curves(text)
    with pytest.raises(ValueError, match="curves"):
        read_curves(json.dumps(text))
