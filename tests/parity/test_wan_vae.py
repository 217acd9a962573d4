"""Wan 2.2's VAE of a width of its own as ComfyUI's VAE: against the network alone, and against the published width."""

import comfy.model_management
import comfy.sd
import pytest
import safetensors.torch
import torch
from comfy.ldm.wan.vae2_2 import WanVAE

from shared_world.development.tiny_multiworld import WAN_VAE, wan_vae_weights
from shared_world.models.checkpoints import CheckpointError
from shared_world.models.native_vae import NativeVAE
from shared_world.models.vae_loading import load_vae
from shared_world.models.wan_vae_comfyui import has_own_width, wan_vae_from_tensors

CHANNELS = 48
CPU = torch.device("cpu")
SETTINGS = {"z_dim": CHANNELS, "temperal_downsample": [False, True, True]}


@pytest.fixture(autouse=True)
def inference_mode():
    """As around every node that runs."""
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def weights():
    return wan_vae_weights()


@pytest.fixture(scope="module")
def path(tmp_path_factory, weights):
    path = tmp_path_factory.mktemp("vae") / "narrow.safetensors"
    safetensors.torch.save_file(weights, path)
    return str(path)


@pytest.fixture(scope="module")
def network(weights):
    network = WanVAE(dim=WAN_VAE["dim"], dec_dim=WAN_VAE["dec_dim"], **SETTINGS).eval()
    network.load_state_dict(weights)
    return network


@pytest.fixture(scope="module")
def vae(path):
    return load_vae(path)


def pictures(frames, height=32, width=48):
    return torch.rand(frames, height, width, 3, generator=torch.Generator().manual_seed(frames))


def latents(views, frames, height=2, width=3):
    return torch.randn(views, CHANNELS, frames, height, width, generator=torch.Generator().manual_seed(frames))


def encoded(network, images):
    """Latents of one video (frames, height, width, 3) in 0..1."""
    return network.encode(2 * images.movedim(-1, 0)[None] - 1)


def decoded(network, samples):
    """Pictures (views, frames, height, width, 3) in 0..1."""
    return (network.decode(samples) / 2 + 0.5).clamp(0, 1).movedim(1, -1)


def assert_near(given, expected):
    """Equal but for rounding, which norms over so few channels amplify where all of them are small."""
    torch.testing.assert_close(given, expected, rtol=1e-4, atol=2e-4)


def published():
    """The published width: names and shapes of all tensors, without values."""
    with torch.device("meta"):
        return WanVAE(dim=160, dec_dim=256, **SETTINGS).state_dict()


@pytest.fixture(scope="module")
def stock():
    """ComfyUI's own, without values."""
    with torch.inference_mode(), torch.device("meta"):
        return comfy.sd.VAE(sd=published())


@pytest.fixture(scope="module")
def own():
    """The pack's, if it were used for the published width."""
    with torch.inference_mode(), torch.device("meta"):
        return wan_vae_from_tensors("published.safetensors", published())


class TestPublishedWidth:
    def test_comfyui_loads_it_itself(self):
        assert not has_own_width(published())

    def test_every_attribute_is_as_comfyui_sets_it(self, stock, own):
        assert type(stock.first_stage_model) is type(own.first_stage_model) is WanVAE
        assert vars(stock).keys() == vars(own).keys()
        differing = {name for name, value in vars(stock).items() if not callable(value) and getattr(own, name) != value}
        assert differing == {"downscale_ratio", "patcher", "upscale_ratio"}
        assert own.downscale_ratio[1:] == stock.downscale_ratio[1:] == (16, 16)
        assert own.upscale_ratio[1:] == stock.upscale_ratio[1:] == (16, 16)

    @pytest.mark.parametrize("count", range(20))
    def test_lengths_are_comfyuis(self, stock, own, count):
        assert own.downscale_ratio[0](count) == stock.downscale_ratio[0](count)
        assert own.upscale_ratio[0](count) == stock.upscale_ratio[0](count)

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
    def test_memory_is_comfyuis_and_in_proportion_to_the_width(self, stock, own, vae, dtype):
        video, latent = (1, 3, 81, 480, 640), (1, CHANNELS, 21, 30, 40)
        assert own.memory_used_encode(video, dtype) == stock.memory_used_encode(video, dtype)
        assert own.memory_used_decode(latent, dtype) == stock.memory_used_decode(latent, dtype)
        narrower = stock.memory_used_encode(video, dtype) * WAN_VAE["dim"] / 160
        assert vae.memory_used_encode(video, dtype) == pytest.approx(narrower)
        narrower = stock.memory_used_decode(latent, dtype) * WAN_VAE["dec_dim"] / 256
        assert vae.memory_used_decode(latent, dtype) == pytest.approx(narrower)

    def test_pixels_are_scaled_as_comfyui_scales_them(self, stock, own):
        values = torch.tensor([-1.5, -1.0, 0.0, 0.3, 1.0, 2.0])
        assert torch.equal(own.process_input(values), stock.process_input(values))
        assert torch.equal(own.process_output(values.clone()), stock.process_output(values.clone()))


class TestPictures:
    @pytest.mark.parametrize(("frames", "latent_frames"), [(1, 1), (5, 2), (17, 5), (81, 21)])
    def test_frames_there_and_back(self, network, vae, frames, latent_frames):
        images = pictures(frames)
        samples = vae.encode(images)
        assert samples.shape == (1, CHANNELS, latent_frames, 2, 3)
        assert_near(samples, encoded(network, images))
        given = vae.decode(samples)
        assert given.shape == (1, frames, 32, 48, 3)
        assert 0.02 < given.std() < 0.4
        assert_near(given, decoded(network, samples))

    @pytest.mark.parametrize(("frames", "kept"), [(2, 1), (4, 1), (8, 5)])
    def test_last_frames_of_other_lengths_are_left_out(self, vae, frames, kept):
        images = pictures(frames)
        assert_near(vae.encode(images), vae.encode(images[:kept]))

    def test_sides_are_cropped_around_the_middle(self, vae):
        images = pictures(5, 37, 50)
        assert_near(vae.encode(images), vae.encode(images[:, 2:34, 1:49]))

    @pytest.mark.parametrize("frames", [1, 5])
    def test_views_are_encoded_and_decoded_together_as_one_by_one(self, vae, frames):
        videos = torch.stack([pictures(frames), pictures(frames).flip(0) ** 2])
        samples = vae.encode(videos)
        assert_near(samples, torch.cat([vae.encode(video) for video in videos]))
        assert_near(vae.decode(samples), torch.cat([vae.decode(view) for view in samples.split(1)]))

    def test_every_part_of_the_picture_matters(self, vae):
        """Weights of a degenerate width would decode everything to one colour."""
        first, second = vae.decode(latents(1, 2)), vae.decode(latents(1, 3)[:, :, 1:])
        assert (first - second).abs().mean() > 0.02
        assert first.std(dim=(0, 1, 2, 3)).min() > 0.02


class TestTiles:
    def test_picture_of_one_tile_is_the_whole_picture(self, vae):
        samples = latents(2, 3)
        assert_near(vae.decode_tiled(samples, tile_x=32, tile_y=32, overlap=8, tile_t=16), vae.decode(samples))

    def test_tiles_are_decoded_to_their_places(self, network, vae):
        samples = latents(1, 2, 12, 12)
        tiled = vae.decode_tiled(samples, tile_x=8, tile_y=8, overlap=4, tile_t=16, overlap_t=2)
        assert tiled.shape == (1, 5, 192, 192, 3)
        assert_near(tiled[..., :64, :64, :], decoded(network, samples[..., :8, :8])[..., :64, :64, :])
        assert_near(tiled[..., -64:, -64:, :], decoded(network, samples[..., -8:, -8:])[..., -64:, -64:, :])

    def test_tiles_of_time_are_decoded_to_their_frames(self, network, vae):
        samples = latents(1, 6)
        tiled = vae.decode_tiled(samples, tile_x=64, tile_y=64, overlap=8, tile_t=4, overlap_t=2)
        assert tiled.shape == (1, 21, 32, 48, 3)
        assert_near(tiled[:, :8], decoded(network, samples[:, :, :4])[:, :8])
        assert_near(tiled[:, 13:], decoded(network, samples[:, :, 2:])[:, 5:])

    def test_tiles_are_encoded_to_their_places(self, network, vae):
        images = pictures(5, 192, 192)
        tiled = vae.encode_tiled(images, tile_x=128, tile_y=128, overlap=64, tile_t=64, overlap_t=8)
        assert tiled.shape == (1, CHANNELS, 2, 12, 12)
        assert_near(tiled[..., :4, :4], encoded(network, images[:, :128, :128])[..., :4, :4])
        assert_near(tiled[..., -4:, -4:], encoded(network, images[:, -128:, -128:])[..., -4:, -4:])


class TestLoading:
    @pytest.mark.parametrize("widths", [(4, 256), (160, 2), (192, 256)])
    def test_width_of_encoder_or_decoder_is_enough(self, widths):
        with torch.device("meta"):
            assert has_own_width(WanVAE(dim=widths[0], dec_dim=widths[1], **SETTINGS).state_dict())

    @pytest.mark.parametrize("name", ["narrow.safetensors", "narrow.pt"])
    def test_widths_are_read_from_the_file(self, tmp_path, name):
        weights = wan_vae_weights(dim=6, dec_dim=3)
        path = tmp_path / name
        if path.suffix == ".pt":
            torch.save(weights, path)
        else:
            safetensors.torch.save_file(weights, path)
        given = load_vae(str(path))
        assert type(given) is NativeVAE
        assert all(torch.equal(tensor, weights[name]) for name, tensor in given.get_sd().items())

    def test_every_single_missing_tensor_is_named(self, path, weights):
        for missing in weights:
            rest = {name: tensor for name, tensor in weights.items() if name != missing}
            assert has_own_width(rest)
            with pytest.raises(CheckpointError) as error:
                wan_vae_from_tensors(path, rest)
            message = f"narrow.safetensors is taken for a Wan 2.2 VAE, but it lacks {missing}."
            assert str(error.value) == message

    def test_tensors_of_different_widths_are_refused(self, path, weights):
        changed = weights | {"decoder.conv1.bias": torch.zeros(12)}
        with pytest.raises(CheckpointError, match=r"decoder\.conv1\.bias has shape \(12,\) instead of \(8,\)"):
            wan_vae_from_tensors(path, changed)

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_weights_stored_in_half_are_computed_with_in_the_type_of_the_device(self, path, network, weights, dtype):
        rounded = {name: tensor.to(dtype) for name, tensor in weights.items()}
        given = wan_vae_from_tensors(path, rounded)
        assert given.vae_dtype == torch.float32
        same = WanVAE(dim=WAN_VAE["dim"], dec_dim=WAN_VAE["dec_dim"], **SETTINGS).eval()
        same.load_state_dict(rounded)
        assert_near(given.decode(latents(1, 2)), decoded(same, latents(1, 2)))

    def test_half_precision_gives_nearly_the_same_pictures(self, path, vae, weights):
        half = wan_vae_from_tensors(path, weights, dtype=torch.bfloat16)
        assert {parameter.dtype for parameter in half.first_stage_model.parameters()} == {torch.bfloat16}
        given = half.decode(latents(1, 2))
        assert given.dtype == torch.float32
        assert (given - vae.decode(latents(1, 2))).abs().mean() < 0.02

    def test_model_management_loads_and_unloads_it(self, vae):
        expected = vae.decode(latents(1, 2))
        comfy.model_management.unload_all_models()
        assert not any(loaded.model is vae.patcher for loaded in comfy.model_management.current_loaded_models)
        assert torch.equal(vae.decode(latents(1, 2)), expected)

    def test_another_device_gets_weights_of_its_own(self, vae):
        """Select VAE Device asks for a copy that is read from the file again."""
        copy = vae.patcher.deepclone_multigpu(CPU)
        assert copy.model is not vae.first_stage_model
        assert all(torch.equal(tensor, vae.get_sd()[name]) for name, tensor in copy.model_state_dict().items())
        reload, arguments = vae.patcher.cached_patcher_init
        assert type(reload(*arguments, disable_dynamic=True).model) is WanVAE
