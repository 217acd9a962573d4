import json
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
from accelerate.state import AcceleratorState

from shared_world.models.checkpoints import CheckpointError
from shared_world.models.pocket_vae import load_pocket_vae
from shared_world.training.autoencoders import load_autoencoder, to_video
from shared_world.training.clips import list_clips, read_windows
from shared_world.training.run_log import LOG_NAME
from shared_world.training.vae_run import train_vae


def result_path(settings):
    return Path(settings.output) / f"{settings.name}.safetensors"


def videos(settings, data_set):
    clips = list_clips(Path(data_set))
    return to_video(torch.cat([window.tiles for clip in clips for window in read_windows(clip, settings.data)]))


@pytest.fixture
def trained(vae_settings):
    loop = replace(vae_settings.loop, steps=60, learning_rate=3e-3, log_every=10, validate_every=30)
    settings = replace(vae_settings, loop=loop)
    train_vae(settings)
    return settings


def test_autoencoder_learns_and_says_how_well_on_unseen_clips(trained):
    lines = [json.loads(line) for line in (Path(trained.output) / LOG_NAME).read_text().splitlines()]
    losses = [line["loss"] for line in lines if "loss" in line]
    assert losses[-1] < losses[0]
    network, record = load_pocket_vae(result_path(trained))
    truth = videos(trained, trained.data.validation)
    with torch.no_grad():
        shown = network.decode(network.encode(truth)).clamp(-1, 1)
    psnr = (-10 * ((shown - truth) / 2).square().mean((1, 2, 3, 4)).log10()).mean().item()
    assert record["training"]["validation"]["psnr"] == pytest.approx(psnr, abs=0.1)
    assert [line["psnr"] for line in lines if "psnr" in line][-1] == pytest.approx(psnr, abs=0.1)


def test_recorded_scale_and_colours_are_those_of_the_latents(trained):
    autoencoder = load_autoencoder(result_path(trained), "cpu")
    truth = videos(trained, trained.data.train)
    with torch.no_grad():
        latents = autoencoder.network.encode(truth) * autoencoder.latent_scale
    assert latents.square().mean().item() == pytest.approx(1.0, rel=0.02)
    factors = torch.tensor(autoencoder.latent_rgb_factors)
    assert factors.shape == (4, 3)
    preview = torch.einsum("bcfhw,cr->brfhw", latents, factors)[:, :, 0]
    colours = torch.nn.functional.avg_pool2d(truth[:, :, 0], 8)
    assert torch.corrcoef(torch.stack([preview.flatten(), colours.flatten()]))[0, 1] > 0.7


def test_interrupted_run_ends_as_an_uninterrupted_one(vae_settings):
    settings = replace(vae_settings, export_dtype="float32", loop=replace(vae_settings.loop, steps=10))
    straight, interrupted = (
        replace(settings, output=f"{settings.output}_1"),
        replace(settings, output=f"{settings.output}_2"),
    )
    train_vae(straight)
    calls = iter(range(4))
    train_vae(interrupted, asked_to_stop=lambda: next(calls, None) is None)
    AcceleratorState._reset_state(reset_partial_state=True)
    train_vae(interrupted)
    first, second = (safetensors.torch.load_file(result_path(run)) for run in (straight, interrupted))
    assert [name for name in first if not torch.equal(first[name], second[name])] == []


def test_cached_latents_are_the_autoencoder_s(trained, monkeypatch):
    autoencoder = load_autoencoder(result_path(trained), "cpu")
    tiles = torch.cat([window.tiles for window in read_windows(list_clips(Path(trained.data.train))[0], trained.data)])
    whole = autoencoder.encode(tiles)
    assert whole.shape == (2, 4, 2, 4, 4)
    torch.testing.assert_close(whole, autoencoder.network.encode(to_video(tiles)))
    monkeypatch.setattr("shared_world.training.autoencoders.PIXELS_PER_CALL", 1)
    torch.testing.assert_close(autoencoder.encode(tiles), whole)


def test_cogvideox_s_vae_is_read_with_diffusers(tmp_path):
    diffusers = pytest.importorskip("diffusers")
    torch.manual_seed(0)
    network = diffusers.AutoencoderKLCogVideoX(
        block_out_channels=(8, 8, 8, 8), layers_per_block=1, norm_num_groups=2, latent_channels=4, scaling_factor=0.7
    )
    network.save_pretrained(tmp_path / "vae")
    autoencoder = load_autoencoder(tmp_path / "vae", "cpu")
    assert (autoencoder.channels, autoencoder.latent_scale) == (4, 0.7)
    tiles = torch.randint(0, 256, (1, 5, 16, 16, 3), dtype=torch.uint8)
    latents = autoencoder.encode(tiles)
    expected = network.eval().encode(tiles.movedim(-1, 1) / 255 * 2 - 1).latent_dist.mean
    torch.testing.assert_close(latents, expected)


def test_other_files_are_no_autoencoder(tmp_path):
    path = tmp_path / "model.safetensors"
    safetensors.torch.save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match=r"model\.safetensors is .* not a pocket VAE"):
        load_autoencoder(path, "cpu")
