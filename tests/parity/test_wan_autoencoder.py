"""The latents that MetaWorld's trainer learns on are those that ComfyUI gives the trained network."""

import comfy.latent_formats
import pytest
import torch
from diffusers import AutoencoderKLWan

from shared_world.training.autoencoders import load_autoencoder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A Wan 2.1 VAE of small width in diffusers' layout."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("wan") / "vae"
    AutoencoderKLWan(base_dim=8, num_res_blocks=1).save_pretrained(folder)
    return folder


def test_latents_are_normalised_as_comfyui_does(folder):
    autoencoder = load_autoencoder(folder, "cpu")
    assert (autoencoder.channels, autoencoder.latent_scale) == (16, 1.0)
    videos = torch.randint(256, (2, 5, 16, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    latents = autoencoder.encode(videos)
    assert latents.shape == (2, 16, 2, 2, 4)
    plain = AutoencoderKLWan.from_pretrained(folder)
    with torch.no_grad():
        raw = plain.encode(videos.movedim(-1, 1).float() / 127.5 - 1.0).latent_dist.mode()
    expected = comfy.latent_formats.Wan21().process_in(raw)
    torch.testing.assert_close(latents, expected, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(raw, expected, atol=1e-2)
