"""A ShareVerse MODEL with what ComfyUI does to any MODEL: precisions, LoRA, preview, compilation, interrupt, saving."""

import comfy.lora
import comfy.model_management
import comfy.sd
import latent_preview
import pytest
import safetensors.torch
import torch
from comfy.cli_args import LatentPreviewMethod, args
from comfy.ldm.modules.attention import attention_pytorch
from comfy_api.torch_helpers import set_torch_compile_wrapper

from shared_world.development.tiny_checkpoints import write_tiny_checkpoints
from shared_world.models import native_attention
from shared_world.models.checkpoints import CheckpointError, write_checkpoint
from shared_world.models.loading import extend_base_model, load_multi_agent_model
from shared_world.models.shareverse.comfyui import RAYMAPS, LatentFormat, build_shareverse
from shared_world.models.shareverse.options import ShareVerseOptions
from shared_world.tests.parity.native_models import (
    base_weights,
    conditioning,
    latent_shape,
    native_model,
    relative_error,
    sample,
    shareverse_weights,
    with_values,
)
from shared_world.tests.tiny_networks import TINIEST, TINIEST_RECORD, TINY

SHAPE = latent_shape(2)
OPTIONS = ShareVerseOptions()
RECORD = {"system": "shareverse", "options": OPTIONS.to_dict(), "network": TINIEST_RECORD}


@pytest.fixture(scope="module")
def expected():
    """What the float32 model samples for two agents."""
    return sample(native_model(), conditioning(2), SHAPE)


@pytest.fixture
def files(tmp_path):
    """A base, the extra modules for it, and both in one file."""
    whole = shareverse_weights(TINIEST, OPTIONS)
    base = base_weights(TINIEST)
    extension = {name: tensor for name, tensor in whole.items() if name not in base}
    write_checkpoint(tmp_path / "base.safetensors", base, {"network": TINIEST_RECORD})
    write_checkpoint(tmp_path / "extension.safetensors", extension, RECORD)
    write_checkpoint(tmp_path / "whole.safetensors", whole, RECORD)
    return tmp_path


class TestLoading:
    def test_one_file_or_extension_and_base_sample_the_same(self, files, expected):
        whole = load_multi_agent_model(str(files / "whole.safetensors"))
        pair = load_multi_agent_model(str(files / "extension.safetensors"), str(files / "base.safetensors"))
        for model in (whole, pair):
            assert torch.equal(sample(model, conditioning(2), SHAPE), expected)

    @pytest.mark.parametrize("disable_dynamic", [True, False])
    def test_comfyui_can_load_the_model_again(self, files, expected, disable_dynamic):
        path, base = str(files / "extension.safetensors"), str(files / "base.safetensors")
        load, arguments = load_multi_agent_model(path, base).cached_patcher_init
        assert torch.equal(sample(load(*arguments, disable_dynamic=disable_dynamic), conditioning(2), SHAPE), expected)

    @pytest.mark.parametrize(
        ("dtype", "bound"), [(torch.bfloat16, 0.02), (torch.float16, 0.01), (torch.float8_e4m3fn, 0.15)]
    )
    @pytest.mark.parametrize("stored", [torch.float32, torch.bfloat16])
    def test_smaller_precision_is_close(self, files, expected, dtype, bound, stored):
        path = files / "stored.safetensors"
        tensors = {name: tensor.to(stored) for name, tensor in shareverse_weights(TINIEST, OPTIONS).items()}
        write_checkpoint(path, tensors, RECORD)
        model = load_multi_agent_model(str(path), None, {"dtype": dtype})
        assert model.model.get_dtype() == dtype
        dtypes = {name: tensor.dtype for name, tensor in model.model.diffusion_model.state_dict().items()}
        table = dtypes.pop("patch_embed.pos_embedding")
        assert set(dtypes.values()) == {dtype}
        # Eight bits would be too coarse for a table that is added to the tokens.
        assert table == (torch.bfloat16 if dtype == torch.float8_e4m3fn else dtype)
        given = sample(model, conditioning(2), SHAPE)
        assert 0 < relative_error(given, expected) < bound

    def test_extended_base_samples_like_its_base_without_cameras(self, files):
        path = extend_base_model(str(files / "base.safetensors"), files / "new.safetensors", OPTIONS)
        extended = load_multi_agent_model(str(path), str(files / "base.safetensors"))
        with_cameras = conditioning(2)
        without = with_values(with_cameras, **{RAYMAPS: None})
        assert torch.equal(sample(extended, with_cameras, SHAPE), sample(extended, without, SHAPE))

    def test_base_that_is_none_writes_no_extension(self, files):
        with pytest.raises(CheckpointError, match=r"whole\.safetensors is ShareVerse; ShareVerse extends"):
            extend_base_model(str(files / "whole.safetensors"), files / "new.safetensors", OPTIONS)
        assert not (files / "new.safetensors").exists()

    def test_model_that_comfyui_saved_is_read_again(self, tmp_path):
        positive, shape = conditioning(2, TINY, (1, 2, 3)), latent_shape(2, TINY, (1, 2, 3))
        model = native_model(TINY)
        comfy.sd.save_checkpoint(
            str(tmp_path / "saved.safetensors"), model, metadata={}, extra_keys={"ztsnr": torch.tensor([])}
        )
        assert any(name.startswith("model.diffusion_model.") for name in self.names(tmp_path / "saved.safetensors"))
        again = load_multi_agent_model(str(tmp_path / "saved.safetensors"))
        assert torch.equal(sample(again, positive, shape), sample(model, positive, shape))

    @staticmethod
    def names(path):
        with safetensors.safe_open(path, "pt") as file:
            return list(file.keys())

    def test_example_models_load_and_their_agents_see_each_other(self, tmp_path):
        write_tiny_checkpoints(tmp_path)
        folder = tmp_path / "diffusion_models"
        whole = load_multi_agent_model(str(folder / "shareverse_tiny.safetensors"))
        pair = load_multi_agent_model(
            str(folder / "shareverse_tiny_extension.safetensors"), str(folder / "cogvideox_i2v_tiny.safetensors")
        )
        config = whole.model.model_config.unet_config["config"]
        positive = conditioning(2, config)
        raymaps = positive[0][1][RAYMAPS]
        other = with_values(positive, **{RAYMAPS: torch.cat([raymaps[:1], -raymaps[1:]])})
        shape = latent_shape(2, config)
        given = sample(whole, positive, shape)
        assert torch.equal(sample(pair, positive, shape), given)
        assert relative_error(sample(whole, other, shape)[0], given[0]) > 1e-3


class TestLora:
    @pytest.fixture
    def lora(self):
        """Rank-2 changes of an attention and a projector of the extra modules, and of a block of the base."""
        generator = torch.Generator().manual_seed(6)
        modules = (
            "cross_agent_blocks.1.attn1.to_k",
            "cross_agent_blocks.0.projector",
            "transformer_blocks.3.attn1.to_q",
        )
        return {
            f"diffusion_model.{module}.lora_{side}.weight": torch.randn(shape, generator=generator) / 4
            for module in modules
            for side, shape in (("A", (2, TINIEST.dim)), ("B", (TINIEST.dim, 2)))
        }

    def test_every_module_has_a_lora_key(self):
        keys = comfy.lora.model_lora_keys_unet(native_model().model, {})
        for name in native_model().model.diffusion_model.state_dict():
            if name.endswith(".weight"):
                module = name.removesuffix(".weight")
                assert keys[f"diffusion_model.{module}"] == f"diffusion_model.{name}"
                assert keys[f"lora_unet_{module.replace('.', '_')}"] == f"diffusion_model.{name}"

    def test_lora_equals_merged_weights_and_leaves_the_model_alone(self, lora, expected):
        model = native_model()
        changed, _ = comfy.sd.load_lora_for_models(model, None, lora, 0.5, 0.0)
        given = sample(changed, conditioning(2), SHAPE)

        weights = shareverse_weights(TINIEST, OPTIONS)
        for name in [name for name in lora if ".lora_A." in name]:
            weight = name.removeprefix("diffusion_model.").replace(".lora_A.", ".")
            weights[weight] = weights[weight] + 0.5 * lora[name.replace("lora_A", "lora_B")] @ lora[name]
        merged = build_shareverse(TINIEST, OPTIONS, weights, {"dtype": torch.float32})
        assert relative_error(given, sample(merged, conditioning(2), SHAPE)) < 1e-5
        assert relative_error(given, expected) > 1e-2
        assert torch.equal(sample(model, conditioning(2), SHAPE), expected)


class TestPreview:
    @pytest.fixture
    def previewer(self, monkeypatch):
        monkeypatch.setattr(args, "preview_method", LatentPreviewMethod.Latent2RGB)
        return latent_preview.get_previewer(torch.device("cpu"), native_model().model.latent_format)

    def test_picture_shows_all_agents_side_by_side(self, previewer):
        latents = torch.randn(latent_shape(3), generator=torch.Generator().manual_seed(7))
        picture = previewer.decode_latent_to_preview(latents)
        _, _, _, height, width = latents.shape
        assert picture.size == (3 * width, height)
        for agent in range(3):
            own = previewer.decode_latent_to_preview(latents[agent : agent + 1])
            assert own.tobytes() == picture.crop((agent * width, 0, (agent + 1) * width, height)).tobytes()
            assert own.getextrema() != ((0, 0),) * 3

    def test_every_step_of_a_run_can_be_shown(self, previewer):
        pictures = []
        sample(
            native_model(),
            conditioning(2),
            SHAPE,
            callback=lambda step, denoised, noisy, steps: pictures.append(previewer.decode_latent_to_preview(denoised)),
        )
        assert [picture.size for picture in pictures] == [(2 * SHAPE[-1], SHAPE[-2])] * 2

    def test_colours_and_scale_are_those_of_the_checkpoint(self):
        factors = ((0.1, 0.2, 0.3),) * 16
        own = LatentFormat(ShareVerseOptions(latent_scale=2.0, latent_rgb_factors=factors))
        assert own.latent_rgb_factors == [list(row) for row in factors]
        latents = torch.ones(latent_shape(1))
        assert torch.equal(own.process_in(latents), 2 * latents)
        assert torch.equal(own.process_out(own.process_in(latents)), latents)


def test_interrupted_run_leaves_the_model_as_it_was(expected):
    model = native_model()
    steps = []

    def interrupt(step, *_):
        steps.append(step)
        comfy.model_management.interrupt_current_processing()

    with pytest.raises(comfy.model_management.InterruptProcessingException):
        sample(model, conditioning(2), SHAPE, steps=5, callback=interrupt)
    assert steps == [0]
    assert torch.equal(sample(model, conditioning(2), SHAPE), expected)


def test_compiled_model_samples_the_same(expected, monkeypatch):
    model = native_model()
    compiled = model.clone()
    set_torch_compile_wrapper(compiled, backend="eager")
    with monkeypatch.context() as as_on_a_gpu:
        # The attention that ComfyUI takes on a CPU is compiled piece by piece, which takes five times as long.
        as_on_a_gpu.setattr(native_attention, "optimized_attention", attention_pytorch)
        assert relative_error(sample(compiled, conditioning(2), SHAPE), expected) < 1e-5
    assert torch.equal(sample(model, conditioning(2), SHAPE), expected)
