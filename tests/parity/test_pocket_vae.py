"""The pocket VAE as ComfyUI's VAE against the network on its own."""

import comfy.model_management
import pytest
import torch
from comfy.ldm.wan.vae import WanVAE
from comfy.sd import VAE

from shared_world.development.tiny_checkpoints import POCKET_VAE, random_weights, write_tiny_pocket_vae
from shared_world.models.pocket_vae import load_pocket_vae
from shared_world.models.pocket_vae_comfyui import load_native_pocket_vae
from shared_world.sampling.decoding import decode_agents

CHANNELS = POCKET_VAE.latent_channels
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def inference_mode():
    """As around every node that runs."""
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("vae") / "pocket.safetensors"
    write_tiny_pocket_vae(path)
    return str(path)


@pytest.fixture(scope="module")
def network(path):
    return load_pocket_vae(path)[0]


@pytest.fixture(scope="module")
def vae(path):
    return load_native_pocket_vae(path)


@pytest.fixture(scope="module")
def wan():
    """ComfyUI's VAE of the same compression and layout."""
    weights = random_weights(WanVAE(dim=8, z_dim=CHANNELS, temperal_downsample=[False, True, True]), seed=0)
    return VAE(sd=weights)


def pictures(frames, height=16, width=24):
    return torch.rand(frames, height, width, 3, generator=torch.Generator().manual_seed(frames))


def latents(agents, frames, height=2, width=3):
    return torch.randn(agents, CHANNELS, frames, height, width, generator=torch.Generator().manual_seed(frames)) / 3


def encoded(network, images):
    """Latents of one video (frames, height, width, 3) in 0..1."""
    return network.encode(2 * images.movedim(-1, 0)[None] - 1)


def decoded(network, samples):
    """Pictures (agents, frames, height, width, 3) in 0..1."""
    return (network.decode(samples) / 2 + 0.5).clamp(0, 1).movedim(1, -1)


def assert_near(given, expected):
    torch.testing.assert_close(given, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("frames", "kept"), [(1, 1), (4, 1), (5, 5), (8, 5), (9, 9), (17, 17)])
def test_video_is_encoded_by_the_network_after_the_last_frames_are_cut_off(network, vae, frames, kept):
    images = pictures(frames)
    assert_near(vae.encode(images), encoded(network, images[:kept]))


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5])
def test_latents_of_several_agents_are_decoded_by_the_network(network, vae, frames):
    samples = latents(2, frames)
    expected = decoded(network, samples)
    given = vae.decode(samples)
    assert given.shape == (2, 4 * frames - 3, 16, 24, 3)
    assert 0.02 < given.std() < 0.4
    assert_near(given, expected)
    assert_near(torch.stack(list(decode_agents(vae, samples))), expected)


def test_sides_are_cropped_around_the_middle(network, vae):
    images = pictures(5, 21, 30)
    assert_near(vae.encode(images), encoded(network, images[:, 2:18, 3:27]))


def test_transparency_is_left_out(vae):
    images = pictures(5)
    assert torch.equal(vae.encode(torch.cat([images, images[..., :1]], dim=-1)), vae.encode(images))


@pytest.mark.parametrize("frames", [1, 9, 10])
def test_agents_are_encoded_together_as_one_by_one(vae, frames):
    videos = torch.stack([pictures(frames, 21, 30), pictures(frames, 21, 30).flip(0)])
    assert_near(vae.encode(videos), torch.cat([vae.encode(video) for video in videos]))


def test_latents_of_another_vae_are_refused(vae):
    with pytest.raises(ValueError, match=rf"{CHANNELS} latent channels, given a LATENT of shape \(1, 4, 2, 2, 3\)"):
        vae.decode(torch.zeros(1, 4, 2, 2, 3))
    with pytest.raises(ValueError, match="given a LATENT of shape"):
        vae.decode(torch.zeros(1, CHANNELS, 2, 3))


@pytest.mark.parametrize("size", [(7, 24), (16, 5)])
def test_pictures_of_less_than_a_latent_pixel_are_refused(vae, size):
    with pytest.raises(ValueError, match="at least 8x8 pixels"):
        vae.encode(pictures(1, *size))


def test_tiles_of_a_picture_are_decoded_to_their_places(vae):
    """Two tiles along each side: outside their overlap only a tile's inner border can differ."""
    samples = latents(1, 2, 12, 12)
    whole = vae.decode(samples)
    tiled = vae.decode_tiled(samples, tile_x=8, tile_y=8, overlap=4, tile_t=16, overlap_t=2)
    assert tiled.shape == whole.shape
    assert_near(tiled[:, :, :32, :32], whole[:, :, :32, :32])
    assert_near(tiled[:, :, -32:, -32:], whole[:, :, -32:, -32:])
    assert (tiled - whole).abs().mean() < 0.1 * whole.std()


def test_tiles_of_time_are_decoded_to_their_frames(vae):
    samples = latents(1, 6)
    whole = vae.decode(samples)
    tiled = vae.decode_tiled(samples, tile_x=64, tile_y=64, overlap=8, tile_t=4, overlap_t=2)
    assert tiled.shape == whole.shape
    assert_near(tiled[:, :5], whole[:, :5])
    assert_near(tiled[:, 13:], whole[:, 13:])


def test_tiles_are_encoded_to_their_places(vae):
    images = pictures(10, 96, 96)
    whole = vae.encode(images)
    tiled = vae.encode_tiled(images, tile_x=64, tile_y=64, overlap=32, tile_t=64, overlap_t=8)
    assert tiled.shape == whole.shape == (1, CHANNELS, 3, 12, 12)
    assert_near(tiled[..., :4, :4], whole[..., :4, :4])
    assert_near(tiled[..., -4:, -4:], whole[..., -4:, -4:])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_weights_stored_in_half_are_computed_with_in_the_type_of_the_device(tmp_path, dtype):
    path = tmp_path / "half.safetensors"
    write_tiny_pocket_vae(path, dtype)
    network, vae = load_pocket_vae(path)[0], load_native_pocket_vae(str(path))
    assert vae.vae_dtype == comfy.model_management.vae_dtype(vae.device, vae.working_dtypes) == torch.float32
    assert_near(vae.encode(pictures(5)), encoded(network, pictures(5)))
    assert_near(vae.decode(latents(1, 2)), decoded(network, latents(1, 2)))


@pytest.mark.parametrize(("dtype", "error"), [(torch.float16, 0.003), (torch.bfloat16, 0.02)])
def test_half_precision_gives_nearly_the_same_pictures(path, vae, dtype, error):
    half = load_native_pocket_vae(path, dtype=dtype)
    assert {parameter.dtype for parameter in half.first_stage_model.parameters()} == {dtype}
    given = half.decode(latents(2, 2))
    assert given.dtype == torch.float32
    assert (given - vae.decode(latents(2, 2))).abs().max() < error
    assert (half.encode(pictures(5)) - vae.encode(pictures(5))).abs().max() < 10 * error


def test_model_management_loads_and_unloads_it(vae):
    expected = vae.decode(latents(1, 2))

    def is_loaded():
        return any(loaded.model is vae.patcher for loaded in comfy.model_management.current_loaded_models)

    assert is_loaded()
    comfy.model_management.unload_all_models()
    assert not is_loaded()
    assert torch.equal(vae.decode(latents(1, 2)), expected)
    assert is_loaded()


def test_weights_that_do_not_fit_are_cast_one_by_one(path, vae):
    small = load_native_pocket_vae(path, dtype=torch.float32, disable_dynamic=True)
    small.patcher.load(CPU, lowvram_model_memory=1)
    layers = [layer for layer in small.first_stage_model.modules() if hasattr(layer, "weight")]
    assert layers
    assert all(layer.comfy_cast_weights for layer in layers)
    samples = latents(1, 2)
    assert_near(decoded(small.first_stage_model, samples), vae.decode(samples))


def test_another_device_gets_weights_of_its_own(vae):
    """Select VAE Device asks for a copy that is read from the file again."""
    copy = vae.patcher.deepclone_multigpu(CPU)
    assert copy.model is not vae.first_stage_model
    assert copy.model_state_dict().keys() == vae.get_sd().keys()
    assert all(torch.equal(tensor, vae.get_sd()[name]) for name, tensor in copy.model_state_dict().items())
    assert vae.patcher.cached_patcher_init[0](*vae.patcher.cached_patcher_init[1], disable_dynamic=True).model


def test_it_has_every_attribute_that_comfyui_gives_its_own_video_vaes(vae, wan):
    """ComfyUI's methods are inherited; an attribute that a later version adds may need another value here."""
    own_to_wan = {"conv_out_channels"}
    assert vars(wan).keys() - own_to_wan <= vars(vae).keys()
    differing = {
        name
        for name, value in vars(wan).items()
        if not callable(value) and name not in own_to_wan and vars(vae)[name] != value
    }
    assert differing == {
        "downscale_ratio",
        "pad_channel_value",  # a VAE with pictures of more than three channels pads them
        "patcher",
        "size",
        "upscale_ratio",
        "working_dtypes",
    }
    assert vae.size == sum(tensor.nbytes for tensor in vae.get_sd().values())


@pytest.mark.parametrize("count", range(20))
def test_lengths_are_those_of_comfyuis_own_video_vaes(vae, wan, count):
    assert vae.downscale_ratio[0](count) == wan.downscale_ratio[0](count)
    assert vae.upscale_ratio[0](count) == wan.upscale_ratio[0](count)
    assert vae.temporal_compression_decode() == wan.temporal_compression_decode() == 4
    assert vae.spacial_compression_encode() == vae.spacial_compression_decode() == 8


def test_memory_grows_with_the_video_and_the_type(vae):
    shape = (1, CHANNELS, 5, 60, 90)
    small = vae.memory_used_decode(shape, torch.float16)
    video = 17 * 480 * 720 * 3 * 2
    assert 4 * video < small < 40 * video
    assert vae.memory_used_decode(shape, torch.float32) == 2 * small
    assert vae.memory_used_decode((1, CHANNELS, 10, 60, 90), torch.float16) == 2 * small
    assert video < vae.memory_used_encode((1, 3, 17, 480, 720), torch.float16) < 40 * video
