"""Rollouts of tiny MultiWorld models against a plain loop over ComfyUI's functions."""

import comfy.sample
import comfy.samplers
import comfy.utils
import numpy as np
import pytest
import torch

from shared_world.models.multiworld.conditioning import (
    CAMERA,
    CONTINUOUS_ACTIONS,
    DISCRETE_ACTIONS,
    GLOBAL_STATE,
    ROBOT_ACTIONS,
    ROBOT_COUNTS,
)
from shared_world.models.multiworld.schedule import official_sigmas
from shared_world.sampling.joint import with_coupling
from shared_world.sampling.rollout import eight_bit, roll_out, whole_videos
from shared_world.tests.parity.native_models import native_model
from shared_world.tests.tiny_rollouts import (
    FRAMES,
    HEIGHT,
    SEED,
    STEPS,
    WIDTH,
    load_networks,
    make_rollout,
    random_actions,
    random_pictures,
)
from shared_world.world.actions.panda import panda_inputs

VARIANTS = ("it_takes_two", "robots")


@pytest.fixture(scope="module")
def networks():
    return {variant: load_networks(variant) for variant in VARIANTS}


@pytest.fixture(scope="module")
def two_players(networks):
    """Networks and 25 frames of action, which are three chunks."""
    return networks["it_takes_two"], random_actions("it_takes_two", 25)


@pytest.fixture(autouse=True)
def as_in_comfyui():
    with torch.inference_mode():
        yield


def told(variant, actions):
    if variant == "robots":
        robots = panda_inputs(actions)
        return {
            ROBOT_ACTIONS: robots.tokens[None],
            ROBOT_COUNTS: torch.tensor([2]),
            CAMERA: robots.cameras[:, None],
        }
    return {
        DISCRETE_ACTIONS: actions.discrete.transpose(0, 1)[None].long(),
        CONTINUOUS_ACTIONS: actions.continuous.transpose(0, 1)[None].float(),
    }


def plain_rollout(networks, variant, actions, pictures, chunks):
    """(views, frames, height, width, 3) uint8, by the description of the released program's long mode."""
    videos = []
    for chunk in range(chunks):
        start = chunk * (FRAMES - 1)
        own = actions.select_frames(range(start, start + FRAMES))
        state = networks.encoder.encode(pictures)
        conditioning = [[None, {GLOBAL_STATE: state[None], **told(variant, own)}]]
        latent = torch.zeros(len(pictures), 48, 3, HEIGHT // 16, WIDTH // 16)
        mask = torch.ones(len(pictures), 1, 3, HEIGHT // 16, WIDTH // 16)
        mask[:, :, 0] = 0
        for view, picture in enumerate(pictures):
            latent[view, :, 0] = networks.vae.encode(picture[None])[0, :, 0]
        noise = torch.randn(latent[:1].shape, generator=torch.Generator().manual_seed(SEED)).repeat(
            len(pictures), 1, 1, 1, 1
        )
        sampled = comfy.sample.sample_custom(
            networks.model,
            noise,
            1.0,
            comfy.samplers.sampler_object("euler"),
            official_sigmas(STEPS),
            conditioning,
            conditioning,
            latent,
            noise_mask=mask,
            disable_pbar=True,
            seed=SEED,
        )
        decoded = np.stack([networks.vae.decode(view[None])[0].numpy() for view in sampled])
        levels = np.floor(decoded * np.float32(255)).astype(np.uint8)
        pictures = torch.from_numpy(levels[:, -1].astype(np.float32) / 255)
        videos.append(levels if chunk == 0 else levels[:, 1:])
    return torch.from_numpy(np.concatenate(videos, axis=1))


@pytest.mark.parametrize("variant", VARIANTS)
def test_rollout_is_that_of_a_plain_loop(networks, variant):
    actions = random_actions(variant, 25)
    chunks = list(roll_out(make_rollout(networks[variant], actions)))
    given = torch.cat([chunk.frames for chunk in chunks], dim=1)
    assert given.shape == (2, 25, HEIGHT, WIDTH, 3)
    assert torch.equal(given, plain_rollout(networks[variant], variant, actions, random_pictures(), chunks=3))


@pytest.mark.parametrize("chunks", [1, 2, 4])
def test_chunks_share_one_frame(two_players, chunks):
    networks, _ = two_players
    frames = (FRAMES - 1) * chunks + 1
    made = list(roll_out(make_rollout(networks, random_actions("it_takes_two", frames))))
    assert [chunk.frames.shape[1] for chunk in made] == [FRAMES] + [FRAMES - 1] * (chunks - 1)
    videos = list(whole_videos([chunk.frames for chunk in made]))
    assert [video.shape for video in videos] == [(frames, HEIGHT, WIDTH, 3)] * 2


def test_each_chunk_begins_with_the_cut_off_last_frames_of_the_one_before(two_players, monkeypatch):
    networks, actions = two_players
    seen, encoded = [], []
    encode_state, encode = networks.encoder.encode, networks.vae.encode
    monkeypatch.setattr(networks.encoder, "encode", lambda views: [seen.append(views), encode_state(views)][1])
    monkeypatch.setattr(networks.vae, "encode", lambda pixels: [encoded.append(pixels), encode(pixels)][1])
    chunks = list(roll_out(make_rollout(networks, actions)))
    assert torch.equal(seen[0], random_pictures())
    for number, views in enumerate(seen[1:]):
        decoded = torch.stack([networks.vae.decode(latent[None])[0, -1] for latent in chunks[number].latents])
        assert torch.equal((views * 255).round(), (decoded * 255).floor())
        assert not torch.equal((views * 255).round(), (decoded * 255).round())
    assert torch.equal(torch.cat(encoded), torch.cat(seen))
    assert len(seen) == 3


def test_every_chunk_and_view_starts_from_the_same_noise(two_players):
    networks, actions = two_players
    noise = []
    network = networks.model.model.diffusion_model
    hook = network.register_forward_pre_hook(lambda _, inputs: noise.append(inputs[0][:, :, 1:].clone()))
    chunks = list(roll_out(make_rollout(networks, actions)))
    hook.remove()
    first_steps = torch.cat(noise[::STEPS])
    assert len(noise) == STEPS * len(chunks)
    assert torch.equal(first_steps, first_steps[:1].expand_as(first_steps))
    assert not torch.equal(chunks[0].latents[:, :, 1:], chunks[1].latents[:, :, 1:])


def test_finished_chunks_are_not_sampled_and_the_others_come_out_the_same(two_players):
    networks, actions = two_players
    rollout = make_rollout(networks, actions)
    whole = list(roll_out(rollout))
    calls = []
    hook = networks.model.model.diffusion_model.register_forward_pre_hook(lambda *_: calls.append(1))
    again = list(roll_out(rollout, lambda number: whole[number].latents if number < 2 else None))
    hook.remove()
    assert len(calls) == STEPS
    for chunk, expected in zip(again, whole, strict=True):
        assert chunk.number == expected.number
        assert torch.equal(chunk.latents, expected.latents)
        assert torch.equal(chunk.frames, expected.frames)


def test_a_chunk_is_handed_out_before_the_next_is_begun(two_players):
    networks, actions = two_players
    calls = []
    hook = networks.model.model.diffusion_model.register_forward_pre_hook(lambda *_: calls.append(1))
    running = roll_out(make_rollout(networks, actions))
    for number in range(3):
        assert next(running).number == number
        assert len(calls) == STEPS * (number + 1)
    hook.remove()


def test_views_one_after_another_make_the_same_chunk_up_to_rounding(two_players):
    networks, _ = two_players
    actions = random_actions("it_takes_two", FRAMES)
    (together,) = roll_out(make_rollout(networks, actions))
    (alone,) = roll_out(make_rollout(networks, actions, model=with_coupling(networks.model, "all", 1)))
    assert (alone.frames.int() - together.frames.int()).abs().float().mean() < 0.01


@pytest.mark.parametrize("kept", [0, 1])
def test_one_progress_bar_runs_over_all_chunks(two_players, monkeypatch, kept):
    networks, actions = two_players
    rollout = make_rollout(networks, actions)
    latents = [chunk.latents for chunk in roll_out(rollout)]
    shown = []
    monkeypatch.setattr(
        comfy.utils, "PROGRESS_BAR_HOOK", lambda value, total, preview, node_id=None: shown.append((value, total))
    )
    monkeypatch.setattr(comfy.utils, "PROGRESS_THROTTLE_MIN_INTERVAL", 0.0)
    for _ in roll_out(rollout, lambda number: latents[number] if number < kept else None):
        pass
    assert shown == [(value, 3 * STEPS) for value in range(kept * STEPS + 1, 3 * STEPS + 1)]


def test_levels_are_cut_off_and_survive_the_way_through_float():
    exact = torch.arange(256)
    between = torch.tensor([-0.1, 0.0, 0.9 / 255, 254.9 / 255, 1.0, 1.2])
    assert torch.equal(eight_bit(exact / 255), exact.byte())
    assert eight_bit(between).tolist() == [0, 0, 0, 254, 255, 255]
    video = exact.byte().view(1, 1, 16, 16, 1)
    (back,) = whole_videos([video])
    assert torch.equal(eight_bit(back), video[0])


def test_another_model_is_refused():
    networks = load_networks("it_takes_two")
    with pytest.raises(ValueError, match=r"^A rollout takes a MultiWorld model, given ShareVerseModel; load .*\.$"):
        make_rollout(networks, random_actions("it_takes_two", FRAMES), model=native_model())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"width": 100}, "width is a multiple of 32 pixels, given 100; the nearest is 96"),
        ({"height": 48 - 1}, "height is a multiple of 32 pixels, given 47; the nearest is 32"),
        ({"chunks": (random_actions("it_takes_two", 8),)}, "4k . 1 frames, given 8; the nearest is 9"),
    ],
)
def test_sizes_without_whole_tokens_are_refused_with_the_nearest(two_players, changes, sentence):
    networks, actions = two_players
    with pytest.raises(ValueError, match=sentence):
        make_rollout(networks, actions, **changes)
