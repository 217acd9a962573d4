import math

import pytest
import torch

from shared_world.evaluation.building_colours import BuildingColours
from shared_world.evaluation.clips import open_test_clips
from shared_world.evaluation.controls import FrozenFirstFrame, OwnFrameOracle, Reconstruction, Truth
from shared_world.evaluation.frame_files import frames_path, read_frames, write_frames
from shared_world.evaluation.front_view import FRONT, front_view, in_tile
from shared_world.evaluation.measuring import BETWEEN_AGENTS, Measuring
from shared_world.evaluation.partners import wrong_partners
from shared_world.evaluation.sampled import Sampled, WrongPartner
from shared_world.evaluation.variants import Variant
from shared_world.world.metrics.controls import own_frame_oracle
from shared_world.world.metrics.evaluation import evaluate_clip
from shared_world.world.tiles import TWO_BY_TWO, split_images


class Swapped(Variant):
    """The truth, with the agents in each other's place."""

    name = "swapped"

    def frames(self, batch):
        return [item.known.truth.flip(0) for item in batch.clips]


class Broken(Variant):
    """A network that diverged."""

    name = "broken"

    def frames(self, batch):
        return [item.known.truth * torch.nan for item in batch.clips]


def test_truth_is_perfect_and_swapped_agents_are_bad(clips, tmp_path):
    measured = Measuring(tmp_path, clips, [Truth(), Swapped()], batch=3, shown=0).run()
    for part in ("all_views", "front"):
        true, swapped = ([getattr(clip, part) for clip in measured[name]] for name in ("truth", "swapped"))
        assert all(clip["psnr"] == 100.0 and clip["ssim"] == pytest.approx(1.0) for clip in true)
        assert all(clip["consistency_error"] in (0.0, pytest.approx(math.nan, nan_ok=True)) for clip in true)
        assert max(clip["psnr"] for clip in swapped) < 25.0


def test_front_view_keeps_the_regions_of_all_views(batch):
    for item in batch.clips:
        for name, mask in item.known.regions.items():
            assert torch.equal(item.front.regions[name], mask[:, :, FRONT : FRONT + 1])
    # A building that only a side view showed is "seen" in the front views, too.
    alone = [evaluate_clip(item.front.truth, item.front)["pixels_seen"] for item in batch.clips]
    hidden = []
    for item in batch.clips:
        blind = front_view(item.known)
        own = type(item.known)(
            truth=blind.truth,
            instances=blind.instances,
            buildings=blind.buildings,
            cars=blind.cars,
            transmittance=blind.transmittance,
        )
        hidden.append(evaluate_clip(own.truth, own)["pixels_seen"])
    assert sum(alone) > sum(hidden)


def test_front_numbers_are_those_of_the_front_view(clips, batch, tmp_path):
    measured = Measuring(tmp_path, clips, [FrozenFirstFrame()], batch=4, shown=0).run()["frozen_first_frame"]
    for item, clip in zip(batch.clips, measured, strict=True):
        front = item.known.truth[:, :, FRONT]
        error = (front[:, 1:] - front[:, :1]).square().mean((2, 3, 4))
        assert clip.front["psnr"] == pytest.approx((-10 * torch.log10(error)).mean().item(), abs=1e-4)
        assert clip.all_views["psnr"] != pytest.approx(clip.front["psnr"], abs=1e-3)


def test_results_do_not_depend_on_the_batch_size(clips, models, sampling, tmp_path):
    runs = []
    for size in (1, 4):
        variants = [Sampled(models["full"], sampling), Reconstruction(sampling.autoencoder)]
        runs.append(Measuring(tmp_path / str(size), clips, variants, size, shown=0).run())
    for name, measured in runs[0].items():
        for one, four in zip(measured, runs[1][name], strict=True):
            for key in ("psnr", "ssim", "psnr_seen", "temporal_flicker"):
                assert one.all_views[key] == pytest.approx(four.all_views[key], abs=1e-3, nan_ok=True), (name, key)


def test_agents_of_different_samplings_are_not_compared(clips, models, sampling, tmp_path):
    partners = wrong_partners(clips.chosen, clips.listed)
    variants = [Sampled(models["full"], sampling), WrongPartner(models["full"], sampling, partners)]
    right, wrong = Measuring(tmp_path, clips, variants, batch=4, shown=0).run().values()
    assert set(right[0].all_views) >= BETWEEN_AGENTS
    assert set(right[0].all_views) - set(wrong[0].all_views) == BETWEEN_AGENTS
    assert right[0].seconds > 0


def test_oracle_colours_come_from_the_reference_alone(files, clips, batch):
    colours = BuildingColours(files.reference, clips.chosen)
    oracle = OwnFrameOracle(colours)
    for item, views in zip(batch.clips, oracle.frames(batch), strict=True):
        flattered = own_frame_oracle(item.known)
        same = views == flattered
        unseen = item.known.regions["partner_saw"] | item.known.regions["nobody_saw"]
        assert same.all(-1)[~unseen].all()
        assert not unseen.any() or not same[unseen].all()
    reference = [entry.name for entry in open_test_clips(files.reference).listed]
    assert len(oracle.depends_on(clips.chosen[0])["reference"]) == len(reference)


def test_reference_may_not_be_the_test_clips(files, clips):
    with pytest.raises(ValueError, match="has towns of the evaluated clips"):
        BuildingColours(files.clips, clips.chosen)


def test_frames_that_are_no_pictures_name_variant_and_clip(clips, tmp_path):
    with pytest.raises(ValueError, match="broken, clip 00000000: the generated frames, agent 0, frame 0"):
        Measuring(tmp_path, clips, [Broken()], batch=2, shown=0).run()


def test_frames_come_back_as_tiles(batch, tmp_path):
    item = batch.clips[0]
    path = frames_path(tmp_path, "truth", item.name)
    write_frames(path, item.known.truth, 2.0)
    assert torch.equal((read_frames(path, 2) * 255).round().byte(), item.clip.tiles)
    front = in_tile(item.front.truth)
    views = split_images(front, TWO_BY_TWO)
    assert torch.equal(views[:, :, FRONT], item.known.truth[:, :, FRONT])
    assert not views[:, :, [view for view in range(4) if view != FRONT]].any()
