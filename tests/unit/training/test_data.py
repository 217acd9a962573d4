from dataclasses import replace
from pathlib import Path

import pytest
import torch

from shared_world.models.checkpoints import open_checkpoint, read_tensors, write_checkpoint
from shared_world.training.autoencoders import load_autoencoder
from shared_world.training.cameras import affine_maps
from shared_world.training.clips import list_clips, read_windows
from shared_world.training.data import LATENTS, MAPS, PIXELS, latent_caches, pixel_caches
from shared_world.training.loop import make_accelerator
from shared_world.training.settings import LoopSettings
from shared_world.world.raymaps import RaymapOptions

OPTIONS = RaymapOptions(layout="per_tile")


@pytest.fixture
def accelerator():
    return make_accelerator(LoopSettings(steps=1, batch_size=1, micro_batch_size=1, learning_rate=1.0))


def windows_of(data):
    return [window for clip in list_clips(Path(data.train)) for window in read_windows(clip, data)]


def all_of(cache):
    return cache.gather(torch.arange(len(cache)), "cpu")


def test_latents_and_cameras_are_those_of_the_clips(data_settings, vae_file, accelerator):
    autoencoder = load_autoencoder(vae_file, "cpu")
    caches = latent_caches(data_settings, autoencoder, OPTIONS, "raymap", accelerator)
    assert (len(caches.train), len(caches.validation)) == (6, 2)
    tensors = all_of(caches.train)
    for index, window in enumerate(windows_of(data_settings)):
        torch.testing.assert_close(tensors[LATENTS][index], autoencoder.encode(window.tiles).half())
        torch.testing.assert_close(tensors[MAPS][index], affine_maps(window.agents, OPTIONS, "raymap", 4, 4))
    assert caches.record["town_seeds"] == [1000, 1005]


def test_pixels_are_those_of_the_clips(data_settings, accelerator):
    caches = pixel_caches(replace(data_settings, max_clips=4, validation=None, on_device=True), accelerator)
    assert caches.validation is None
    expected = torch.stack([window.tiles for window in windows_of(data_settings)[:4]])
    assert torch.equal(all_of(caches.train)[PIXELS], expected)


def test_another_autoencoder_or_raymap_makes_other_caches(data_settings, vae_file, accelerator, tmp_path):
    other_file = tmp_path / "vae.safetensors"
    checkpoint = open_checkpoint(vae_file)
    doubled = {name: 2 * tensor for name, tensor in read_tensors(checkpoint).items()}
    write_checkpoint(other_file, doubled, checkpoint.record)
    first = all_of(
        latent_caches(data_settings, load_autoencoder(vae_file, "cpu"), OPTIONS, "raymap", accelerator).train
    )
    other = load_autoencoder(other_file, "cpu")
    assert not torch.equal(
        all_of(latent_caches(data_settings, other, OPTIONS, "raymap", accelerator).train)[LATENTS], first[LATENTS]
    )
    packed = replace(OPTIONS, channel_layout="channel_major")
    moved = all_of(latent_caches(data_settings, other, packed, "raymap", accelerator).train)[MAPS]
    assert not torch.equal(moved, first[MAPS])
