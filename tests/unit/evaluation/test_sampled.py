from dataclasses import replace

import pytest
import torch
from torch import nn

from shared_world.evaluation.clips import Batch
from shared_world.evaluation.controls import Reconstruction
from shared_world.evaluation.front_view import FRONT
from shared_world.evaluation.generation import camera_maps
from shared_world.evaluation.partners import wrong_partners
from shared_world.evaluation.sampled import Sampled, WrongPartner
from shared_world.pocket.clip_files import read_clip
from shared_world.training.objective import noise_schedule
from shared_world.world.raymaps import build_raymaps
from shared_world.world.tiles import TWO_BY_TWO, split_images


class KnowsTheTruth(nn.Module):
    """Predicts the velocity towards given latents (agents of all worlds, channels, frames, height, width)."""

    def __init__(self, network, latents):
        super().__init__()
        self.config, self.options, self.latents = network.config, network.options, latents

    def forward(self, latents, timesteps, text, raymaps, coupling):
        schedule = noise_schedule(self.options.snr_shift_scale)
        noisy = latents[:, : self.latents.shape[1]]
        signal, deviation = schedule.at(timesteps, noisy)
        return schedule.velocity(self.latents, (noisy - signal * self.latents) / deviation, timesteps)


def shape_of(frames):
    return tuple(frames[0].shape)


def test_network_that_knows_the_truth_is_as_good_as_the_autoencoder(models, sampling, batch):
    latents = sampling.autoencoder.encode(batch.tiles.flatten(0, 1))
    network = KnowsTheTruth(models["full"].network, latents * models["full"].network.options.latent_scale)
    generated = Sampled(replace(models["full"], network=network), sampling).frames(batch)
    for views, reconstruction in zip(generated, Reconstruction(sampling.autoencoder).frames(batch), strict=True):
        torch.testing.assert_close(views, reconstruction, rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", ["full", "raw_pose", "front"])
def test_results_do_not_depend_on_the_batch(name, models, sampling, batch):
    variant = Sampled(models[name], sampling)
    together = variant.frames(batch)
    for item, views in zip(batch.clips, together, strict=True):
        (alone,) = variant.frames(Batch((item,)))
        torch.testing.assert_close(views, alone, rtol=0, atol=1e-4)


def test_seed_and_clip_choose_the_noise(models, sampling, batch):
    first = Sampled(models["full"], sampling).frames(batch)
    other = Sampled(models["full"], replace(sampling, seed=1)).frames(batch)
    assert (first[0] - other[0]).abs().max() > 0.01
    same_clip = Batch((batch.clips[0], replace(batch.clips[0], listed=batch.clips[1].listed)))
    twice = Sampled(models["full"], sampling).frames(same_clip)
    assert (twice[0] - twice[1]).abs().max() > 0.01


@pytest.mark.parametrize("name", ["full", "no_cross_agent", "raw_pose", "front"])
def test_cameras_matter_to_every_model(name, models, sampling, batch):
    item, other = batch.clips[:2]
    moved = replace(item, clip=replace(item.clip, agents=other.clip.agents))
    own, elsewhere = (Sampled(models[name], sampling).frames(Batch((one,)))[0] for one in (item, moved))
    assert (own - elsewhere).abs().max() > 0.01


def test_front_models_are_given_the_front_camera_and_the_front_picture(models, sampling, batch):
    agents = batch.clips[0].clip.agents
    maps = camera_maps(models["front"], agents, 2, 2)
    expected = build_raymaps(agents, models["front"].network.options.raymap, 2, 2)
    torch.testing.assert_close(maps, expected.float(), rtol=1e-4, atol=1e-4)
    whole = camera_maps(models["full"], agents, 4, 4)
    torch.testing.assert_close(maps, whole[..., :2, :2], rtol=1e-4, atol=1e-4)

    (views, *_) = Sampled(models["front"], sampling).frames(batch)
    assert views.shape == (2, 5, 1, 16, 16, 3)
    tiles = batch.tiles.clone()
    other_views = split_images(tiles, TWO_BY_TWO)
    other_views[:, :, :, [view for view in range(4) if view != FRONT]] = 0
    first = sampling.first_latents(models["front"], tiles[:, :, 0])
    cleared = torch.cat(
        [torch.cat([other_views[:, :, :, row + column] for column in (0, 1)], -2) for row in (0, 2)], -3
    )
    assert torch.equal(first, sampling.first_latents(models["front"], cleared[:, :, 0]))


def conditions_of(model, variant, batch):
    """The first-frame latents (calls, worlds, agents, channels, height, width) that the network is given."""
    seen = []

    def note(network, arguments):
        channels = network.config.out_channels
        seen.append(arguments[0][:, channels:, 0].unflatten(0, (-1, 2)))

    handle = model.network.register_forward_pre_hook(note)
    frames = variant.frames(batch)
    handle.remove()
    return torch.stack(seen), frames


def test_wrong_partner_replaces_the_other_agents_first_frame_only(models, sampling, clips, batch):
    partners = wrong_partners(clips.chosen, clips.listed)
    variant = WrongPartner(models["full"], sampling, partners)
    given, _ = conditions_of(models["full"], variant, batch)
    own = sampling.first_latents(models["full"], batch.tiles[:, :, 0])[:, :, :, 0]
    foreign = torch.stack(
        [read_clip(partners[item.name].folder, ground_truth=False).tiles[:, 0] for item in batch.clips]
    )
    foreign = sampling.first_latents(models["full"], foreign)[:, :, :, 0]
    assert (own - foreign).abs().amax((1, 2, 3, 4)).min() > 0.01
    for agent, part in enumerate(given.split(sampling.steps)):
        for step in part:
            torch.testing.assert_close(step[:, agent], own[:, agent])
            torch.testing.assert_close(step[:, 1 - agent], foreign[:, 1 - agent])


def test_wrong_partner_changes_what_coupled_agents_generate_and_nothing_else(models, sampling, clips, batch):
    partners = wrong_partners(clips.chosen, clips.listed)
    for name, coupled in (("full", True), ("no_cross_agent", False)):
        right = torch.stack(list(Sampled(models[name], sampling).frames(batch)))
        wrong = torch.stack(list(WrongPartner(models[name], sampling, partners).frames(batch)))
        difference = (right - wrong).abs().amax((2, 3, 4, 5, 6))
        assert difference.shape == (4, 2)
        assert (difference.min() > 1e-4) if coupled else (difference.max() < 1e-6), name


def test_partners_live_in_other_towns_in_the_same_light(clips):
    def listed(number, town, fog):
        clip = clips.listed[0]
        values = {**clip.listed, "number": number, "town_seed": town, "fog_distance": fog}
        return replace(clip, folder=clip.folder.with_name(f"{number:08d}"), listed=values)

    data_set = [listed(0, 5, 18.0), listed(1, 5, 18.0), listed(2, 6, 20.0), listed(3, 7, 18.0)]
    partners = wrong_partners(data_set[:3], data_set)
    assert [partners[clip.name].name for clip in data_set[:3]] == ["00000003", "00000003", "00000003"]
    assert wrong_partners(data_set[:1], data_set) == {data_set[0].name: data_set[3]}
    assert wrong_partners(data_set[:2], data_set[:2]) is None
