import json

import comfy.sd
import pytest
import torch
from comfy.ldm.wan.vae import WanVAE

from shared_world.development.tiny_checkpoints import random_weights
from shared_world.nodes.evaluation import EvaluateSharedWorld
from shared_world.nodes.pocket_town import PocketTown
from shared_world.world.metrics.known_clip import KnownClip


@pytest.fixture(scope="module")
def clip():
    """Views and truth of a clip in which both agents see the other."""
    settings = {"split": "test", "town": 0, "preset": "head_on", "seed": 0, "weather": "sunny", "fog_distance": 18.0}
    settings |= {"frames": 9, "frame_rate": 2.0, "travel": 30.0, "view_width": 48, "view_height": 32}
    settings |= {"first_car": "red", "second_car": "red", "samples": 1, "layout": "town"}
    _, _, views, _, truth, *_ = PocketTown.execute(**settings).args
    return views, truth


@pytest.fixture(scope="module")
def vae():
    return comfy.sd.VAE(sd=random_weights(WanVAE(dim=8, z_dim=16, temperal_downsample=[False, True, True]), seed=0))


def evaluate(images, layout="2x2", **given):
    lists = {name: value if isinstance(value, list) else [value] for name, value in given.items()}
    output = EvaluateSharedWorld.execute(images=images, layout=[layout], **lists)
    table, metrics, _ = output.args
    assert output.ui.as_dict() == {"text": (table,)}
    return table, json.loads(metrics)


def test_the_truth_is_perfect_and_swapped_agents_are_bad(clip):
    views, truth = clip
    table, metrics = evaluate(views, truth=truth)
    perfect = metrics["ground truth"]["generated"]
    assert perfect["psnr"] == perfect["psnr_partner_saw"] == perfect["psnr_other_car"] == 100.0
    assert perfect["ssim"] == pytest.approx(1.0)
    assert perfect["car_hit_rate"] == perfect["car_overlap"] == 1.0
    assert perfect["consistency_error"] == 0.0
    assert "own-frame oracle: perfect geometry" in table
    assert "2 agents, 9 of 9 frames, ground truth" in table

    swapped = evaluate(views[4:] + views[:4], truth=truth)[1]["ground truth"]["generated"]
    assert swapped["psnr"] < 18.0
    assert swapped["psnr_partner_saw"] < 18.0
    assert swapped["car_overlap"] < 0.3
    assert swapped["consistency_error"] > 0.03


def test_controls_stand_between(clip):
    views, truth = clip
    numbers = evaluate([video.roll(1, 0) for video in views], truth=truth)[1]["ground truth"]
    assert list(numbers) == ["generated", "frozen first frame", "own-frame oracle", "ground truth"]
    frozen, oracle = numbers["frozen first frame"], numbers["own-frame oracle"]
    assert frozen["psnr"] < oracle["psnr"] < numbers["ground truth"]["psnr"]
    assert oracle["psnr_partner_saw"] < oracle["psnr_seen"]
    assert oracle["car_hit_rate"] == 0.0


def test_any_videos_can_be_the_reference(clip):
    views, truth = clip
    darker = [0.9 * video for video in views]
    table, metrics = evaluate(darker, reference=views)
    assert list(metrics) == ["reference"]
    assert set(metrics["reference"]["generated"]) >= {"psnr", "ssim", "temporal_flicker"}
    assert not any("car" in name or "seen" in name for name in metrics["reference"]["generated"])
    assert "own-frame" not in table
    both = evaluate(darker, reference=views, truth=truth)[1]
    assert list(both) == ["ground truth", "reference"]
    for name, value in metrics["reference"]["generated"].items():
        assert both["ground truth"]["generated"][name] == pytest.approx(value)
    single = evaluate(darker[:3], layout="1x1", reference=views[:3])[1]["reference"]["generated"]
    assert single["psnr"] > 15.0


def test_the_vae_alone_is_the_ceiling(clip, vae):
    views, truth = clip
    table, metrics = evaluate(views, truth=truth, vae=vae)
    numbers = metrics["ground truth"]["VAE alone"]
    assert numbers["psnr"] < 100.0
    assert "VAE alone: the known pictures, encoded and decoded" in table
    tiles = torch.cat([torch.cat(views[0:2], 2), torch.cat(views[2:4], 2)], 1)
    with torch.no_grad():
        decoded = vae.decode(vae.encode(tiles))[0]
    error = (decoded - tiles)[1:].square().mean((1, 2, 3))
    ours = evaluate(views[:4], reference=views[:4], vae=vae)[1]["reference"]["VAE alone"]["psnr"]
    assert ours == pytest.approx(float(-10.0 * error.log10().mean()), abs=1e-3)


def test_a_vae_that_makes_another_length_is_left_out(clip, vae, caplog):
    views, _ = clip
    shorter = [video[:8] for video in views]
    assert "VAE alone" not in evaluate(shorter, reference=shorter, vae=vae)[1]["reference"]
    assert "out of 8 of 96x64; its reconstruction is left out" in caplog.text


def test_a_shorter_result_is_held_against_the_first_frames(clip):
    views, truth = clip
    table, metrics = evaluate([video[:5] for video in views], truth=truth)
    assert metrics["ground truth"]["generated"]["psnr"] == 100.0
    assert "5 of 9 frames" in table


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda views: views[:7], "need 8 videos, given 7, that of agent 'agent 2', view 'right' is missing"),
        (lambda views: [*views[:5], views[5][:4], *views[6:]], "agent 'agent 2', view 'rear' has 4 frames of 48x32"),
        (lambda views: [video[:, ::2, ::2] for video in views], "view 'front' is 24x16 pixels, the ground truth 48x32"),
        (lambda views: [torch.cat([video, video]) for video in views], "has 18 frames, the ground truth 9"),
        (lambda views: [255.0 * video for video in views], "The generated videos: values run from"),
    ],
)
def test_what_cannot_be_compared_is_named(clip, change, message):
    views, truth = clip
    with pytest.raises(ValueError, match=message):
        evaluate(change(views), truth=truth)


def test_what_is_asked_wrongly_is_refused(clip):
    views, truth = clip
    with pytest.raises(ValueError, match="nothing to compare with: connect truth of Pocket Town, or"):
        evaluate(views)
    with pytest.raises(ValueError, match="The reference videos: values run from"):
        evaluate(views, reference=[255.0 * video for video in views])
    with pytest.raises(ValueError, match="given the truth of 2"):
        evaluate(views, truth=[truth, truth])
    with pytest.raises(ValueError, match=r"'agent 1' has 4 views .* a 1x1 tile 1; choose the tile layout"):
        evaluate(views, layout="1x1", truth=truth)
    with pytest.raises(ValueError, match="The reference videos: 2 agents with 4 views each need 8 videos, given 4"):
        evaluate(views, truth=truth, reference=views[:4])


def test_the_view_without_others_is_made_when_it_is_asked_for(clip):
    _, truth = clip
    asked = []

    def look_up():
        asked.append(True)
        return KnownClip(truth.known.truth)

    lazy = type(truth)(truth.agents, look_up)
    assert not asked
    assert lazy.known is lazy.known
    assert len(asked) == 1
