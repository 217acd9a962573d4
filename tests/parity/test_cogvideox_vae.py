"""Decoding against diffusers' CogVideoX VAE of the published size."""

import pytest
import torch
from comfy.sd import VAE
from diffusers import AutoencoderKLCogVideoX

from shared_world.development.tiny_checkpoints import random_weights
from shared_world.sampling.decoding import decode_agents

ERROR = 1e-5


@pytest.fixture(scope="module")
def reference():
    """diffusers' VAE with random weights."""
    with torch.device("meta"):
        vae = AutoencoderKLCogVideoX(
            down_block_types=["CogVideoXDownBlock3D"] * 4,
            up_block_types=["CogVideoXUpBlock3D"] * 4,
            block_out_channels=(128, 256, 256, 512),
            layers_per_block=3,
            latent_channels=16,
            temporal_compression_ratio=4,
        )
    vae.load_state_dict(random_weights(vae, seed=0), assign=True)
    return vae.eval()


@pytest.fixture(scope="module")
def vae(reference):
    """ComfyUI's VAE of the same weights, loaded as its loader does."""
    loaded = VAE(sd=reference.state_dict(), device=torch.device("cpu"), dtype=torch.float32)
    assert type(loaded.first_stage_model).__name__ == "AutoencoderKLCogVideoX"
    return loaded


def random_latents(agents, frames):
    return torch.randn(agents, 16, frames, 2, 3, generator=torch.Generator().manual_seed(1))


def largest(difference):
    return difference.abs().max().item()


def decoded_by_diffusers(reference, latents):
    with torch.no_grad():
        return reference.decode(latents, return_dict=False)[0]


@pytest.fixture(scope="module")
def two_agents(reference):
    """Latents of two agents and their videos (3, 9 frames, height, width) as diffusers decodes them."""
    latents = random_latents(2, 3)
    return latents, [decoded_by_diffusers(reference, latent)[0] for latent in latents.split(1)]


@pytest.mark.parametrize(("latent_frames", "frames"), [(1, 1), (2, 8)])
def test_decoding_two_latent_frames_at_a_time_is_the_published_one(reference, vae, latent_frames, frames):
    latents = random_latents(1, latent_frames)
    expected = decoded_by_diffusers(reference, latents)
    assert expected.shape == (1, 3, frames, 16, 24)
    assert expected.std() > 0.05
    with torch.no_grad():
        given = vae.first_stage_model._decode_batched(latents)
    assert largest(given - expected) < ERROR


def test_stock_decoding_still_differs(vae, two_agents):
    latents, videos = two_agents
    with torch.no_grad():
        stock = vae.first_stage_model.decode(latents[:1])[0]
    assert stock.shape == videos[0].shape
    difference = largest(stock - videos[0])
    assert difference > 1e-3, "ComfyUI decodes CogVideoX as published now: sampling/decoding.py can use VAE.decode."


def test_agents_are_decoded_one_by_one_as_published(vae, two_agents):
    latents, videos = two_agents
    network = vae.first_stage_model
    decoded = list(decode_agents(vae, latents))
    assert len(decoded) == 2
    for pictures, video in zip(decoded, videos, strict=True):
        assert pictures.shape == (9, 16, 24, 3)
        assert largest(pictures - (video / 2 + 0.5).clamp(0, 1).permute(1, 2, 3, 0)) < ERROR
    # The user's VAE goes on decoding as ComfyUI does.
    assert vae.first_stage_model is network
    assert "decode" not in vars(network)


def test_an_even_number_of_latent_frames_loses_the_copies_of_the_first_picture(reference, vae):
    latents = random_latents(1, 2)
    published = decoded_by_diffusers(reference, latents)[0]
    pictures = next(decode_agents(vae, latents))
    assert published.shape[1] == 8
    assert pictures.shape == (5, 16, 24, 3)
    assert largest(pictures - (published[:, 3:] / 2 + 0.5).clamp(0, 1).permute(1, 2, 3, 0)) < ERROR


def test_first_frame_is_encoded_as_published(reference, vae):
    pictures = torch.rand(1, 16, 24, 3, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        expected = reference.encode(2 * pictures.permute(0, 3, 1, 2)[:, :, None] - 1).latent_dist.mode()
    given = vae.encode(pictures)
    assert given.shape == expected.shape == (1, 16, 1, 2, 3)
    assert largest(given - expected) < ERROR


def test_other_video_vaes_are_decoded_as_comfyui_does():
    from comfy.ldm.wan.vae import WanVAE

    network = WanVAE(dim=8, z_dim=16, temperal_downsample=[False, True, True])
    other = VAE(sd=random_weights(network, seed=0), device=torch.device("cpu"), dtype=torch.float32)
    latents = random_latents(2, 2)
    decoded = list(decode_agents(other, latents))
    assert decoded[0].shape == (5, 16, 24, 3)
    for pictures, latent in zip(decoded, latents.split(1), strict=True):
        assert torch.equal(pictures, other.decode(latent)[0])
