"""MetaWorld files through the pack's loader and ComfyUI's own: whole files, extensions, prefixes, what is refused."""

import importlib
import json
import logging
from dataclasses import replace

import comfy.latent_formats
import comfy.lora
import comfy.sd
import comfy.supported_models
import latent_preview
import pytest
import safetensors.torch
import torch
from comfy.cli_args import LatentPreviewMethod, args

from shared_world.models.checkpoints import CheckpointError, open_checkpoint, write_checkpoint
from shared_world.models.cogvideox.key_layouts import PREFIXES
from shared_world.models.loading import extend_base_model, load_multi_agent_model
from shared_world.models.metaworld import comfyui as metaworld
from shared_world.models.metaworld.checkpoint import OWN_CONFIG
from shared_world.models.metaworld.options import MetaWorldOptions
from shared_world.tests.parity.metaworld_models import (
    COMFYUI_METADATA,
    HEADS,
    LAYOUT,
    NETWORK,
    OPTIONS,
    base_weights,
    extra_weights,
    inputs,
    run,
    variants,
    whole_weights,
    write_model,
)
from shared_world.tests.parity.native_models import relative_error

VARIANTS = variants()
STAGE_1 = replace(OPTIONS, alignment=False)
FULL = {"dtype": torch.float32}


@pytest.fixture
def known_models():
    """ComfyUI's list of models, put back afterwards."""
    before = list(comfy.supported_models.models)
    yield comfy.supported_models.models
    comfy.supported_models.models[:] = before


@pytest.fixture(scope="module")
def given():
    return inputs(2)


@pytest.fixture(scope="module")
def expected(tmp_path_factory, given):
    """What the whole file of the released kind computes."""
    path = write_model(tmp_path_factory.mktemp("whole") / "model.safetensors", whole_weights())
    return run(load_multi_agent_model(str(path), None, FULL), given)


@pytest.fixture
def base_file(tmp_path):
    return write_model(tmp_path / "phantom.safetensors", base_weights(), None)


def write_extension(path, tensors, options=OPTIONS, prefix=""):
    named = {prefix + name: tensor for name, tensor in tensors.items()}
    write_checkpoint(path, named, {"system": "metaworld", "options": options.to_dict(), "base_model": "phantom"})
    return path


def config_entry(options=OPTIONS):
    """ComfyUI's part of the metadata of a file that its stock loader is to read."""
    return {"config": json.dumps({"transformer": {"num_heads": HEADS, OWN_CONFIG: options.to_dict()}})}


class TestWholeFiles:
    @pytest.mark.parametrize("variant", VARIANTS)
    def test_network_has_exactly_the_tensors_of_the_file(self, tmp_path, variant):
        weights = whole_weights(VARIANTS[variant])
        path = write_model(tmp_path / "model.safetensors", weights, VARIANTS[variant])
        state = load_multi_agent_model(str(path), None, FULL).model.diffusion_model.state_dict()
        assert state.keys() == weights.keys()
        assert all(torch.equal(state[name], tensor) for name, tensor in weights.items())

    @pytest.mark.parametrize("variant", VARIANTS)
    def test_stock_loader_takes_the_file(self, tmp_path, variant, caplog, known_models):
        metaworld.register()
        options, path = VARIANTS[variant], tmp_path / "model.safetensors"
        write_checkpoint(path, whole_weights(options), {}, config_entry(options))
        with caplog.at_level(logging.WARNING):
            model = comfy.sd.load_diffusion_model(str(path), FULL)
        assert isinstance(model.model, metaworld.MetaWorldModel)
        assert model.model.diffusion_model.options == options
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
        inputs_of_kind = inputs(2, depth=options.depth != "without")
        own = load_multi_agent_model(str(path), None, FULL)
        assert torch.equal(run(model, inputs_of_kind), run(own, inputs_of_kind))

    @pytest.mark.parametrize("prefix", PREFIXES)
    def test_any_usual_prefix(self, tmp_path, given, expected, prefix):
        named = {prefix + name: tensor for name, tensor in whole_weights().items()}
        path = write_model(tmp_path / "model.safetensors", named)
        assert torch.equal(run(load_multi_agent_model(str(path), None, FULL), given), expected)

    def test_released_file_without_metadata(self, tmp_path, given, caplog):
        """Stage 1 as released: the branch with and without depth, no alignment, nothing recorded but heads."""
        options = replace(STAGE_1, depth="either")
        path = write_model(tmp_path / "model.safetensors", whole_weights(options), None)
        model = load_multi_agent_model(str(path), None, FULL)
        assert model.model.diffusion_model.options == options
        assert "does not record how it was made" in caplog.text
        assert run(model, given, "none").isfinite().all()

    @pytest.mark.parametrize("disable_dynamic", [True, False])
    def test_comfyui_can_load_the_model_again(self, tmp_path, base_file, given, expected, disable_dynamic):
        extension = write_extension(tmp_path / "extension.safetensors", extra_weights())
        model = load_multi_agent_model(str(extension), str(base_file), FULL)
        load, arguments = model.cached_patcher_init
        assert torch.equal(run(load(*arguments, disable_dynamic=disable_dynamic), given), expected)

    @pytest.mark.parametrize(
        ("dtype", "bound"), [(torch.bfloat16, 0.02), (torch.float16, 3e-3), (torch.float8_e4m3fn, 0.2)]
    )
    def test_smaller_precision_is_close(self, tmp_path, given, expected, dtype, bound):
        path = write_model(tmp_path / "model.safetensors", whole_weights())
        model = load_multi_agent_model(str(path), None, {"dtype": dtype})
        stored = {name: tensor.dtype for name, tensor in model.model.diffusion_model.state_dict().items()}
        assert stored["blocks.1.wsa.k.weight"] == stored["cond_depth_mlp.2.weight"] == dtype
        computed = model.model.get_dtype_inference()
        cast = {
            name: value.to(computed) if torch.is_tensor(value) and name != "timestep" else value
            for name, value in given.items()
        }
        assert 0 < relative_error(run(model, cast).float(), expected) < bound

    def test_scaled_fp8_base_takes_a_plain_extension(self, tmp_path, given, expected):
        stored = {"scaled_fp8": torch.empty(2, dtype=torch.float8_e4m3fn)}
        for name, tensor in base_weights().items():
            stored[name] = tensor
            if name.startswith("blocks.") and tensor.ndim == 2:
                scale = tensor.abs().max() / 448
                stored[name] = (tensor / scale).to(torch.float8_e4m3fn)
                stored[name.replace(".weight", ".scale_weight")] = scale[None]
        base = tmp_path / "scaled.safetensors"
        write_checkpoint(base, stored, {"network": NETWORK})
        extension = write_extension(tmp_path / "extension.safetensors", extra_weights())
        model = load_multi_agent_model(str(extension), str(base))
        computed = model.model.get_dtype_inference()
        cast = {
            name: value.to(computed) if torch.is_tensor(value) and name != "timestep" else value
            for name, value in given.items()
        }
        assert 1e-3 < relative_error(run(model, cast).float(), expected) < 0.1
        with pytest.raises(CheckpointError, match=r"quantised weights .* extend a file in bfloat16"):
            extend_base_model(str(base), tmp_path / "new.safetensors", OPTIONS)

    def test_model_that_comfyui_saved_is_read_again(self, tmp_path, given, expected):
        path = write_model(tmp_path / "model.safetensors", whole_weights())
        saved = tmp_path / "saved.safetensors"
        comfy.sd.save_checkpoint(str(saved), load_multi_agent_model(str(path), None, FULL), metadata=config_entry())
        assert torch.equal(run(load_multi_agent_model(str(saved), None, FULL), given), expected)


class TestExtensions:
    @pytest.mark.parametrize("prefix", ["", "model.", "module."])
    def test_base_and_extension_are_the_whole_file(self, tmp_path, base_file, given, expected, prefix):
        extension = write_extension(tmp_path / "extension.safetensors", extra_weights(), prefix=prefix)
        model = load_multi_agent_model(str(extension), str(base_file), FULL)
        assert torch.equal(run(model, given), expected)

    def test_second_stage_on_a_first(self, tmp_path, given, expected):
        """Stage 1 holds the condition branch; the extension adds alignment alone."""
        extra = extra_weights()
        alignment = {name: tensor for name, tensor in extra.items() if ".wsa." in name}
        condition = {name: tensor for name, tensor in extra.items() if ".wsa." not in name}
        first = write_model(tmp_path / "first.safetensors", base_weights() | condition, STAGE_1)
        second = write_extension(tmp_path / "second.safetensors", alignment)
        assert torch.equal(run(load_multi_agent_model(str(second), str(first), FULL), given), expected)

    def test_branch_alone_with_a_prefix_is_an_extension(self, tmp_path, base_file, given):
        branch = {name: tensor for name, tensor in extra_weights().items() if ".wsa." not in name}
        path = write_extension(tmp_path / "branch.safetensors", branch, STAGE_1, prefix="model.")
        model = load_multi_agent_model(str(path), str(base_file), FULL)
        whole = write_model(tmp_path / "whole.safetensors", base_weights() | branch, STAGE_1)
        expected = run(load_multi_agent_model(str(whole), None, FULL), given, "none")
        assert torch.equal(run(model, given, "none"), expected)

    def test_base_of_a_whole_file_is_not_used(self, tmp_path, base_file, given, expected, caplog):
        path = write_model(tmp_path / "model.safetensors", whole_weights())
        assert torch.equal(run(load_multi_agent_model(str(path), str(base_file), FULL), given), expected)
        assert "its base model phantom.safetensors is not used" in caplog.text


class TestExtendBaseModel:
    @pytest.mark.parametrize("variant", VARIANTS)
    def test_untrained_model_is_its_base(self, tmp_path, base_file, variant):
        options = VARIANTS[variant]
        path = extend_base_model(str(base_file), tmp_path / "new.safetensors", options)
        record = open_checkpoint(path).record
        assert record["options"] == json.loads(json.dumps(options.to_dict()))
        assert (record["system"], record["base_model"]) == ("metaworld", "phantom.safetensors")
        model = load_multi_agent_model(str(path), str(base_file), FULL)
        assert model.model.diffusion_model.options == options
        state, base = model.model.diffusion_model.state_dict(), base_weights()
        for part in ("q.weight", "k.bias", "v.weight"):
            assert torch.equal(state[f"blocks.1.wsa.{part}"], base[f"blocks.1.self_attn.{part}"])
        assert not state["blocks.0.wsa.o.weight"].any()

    def test_is_the_same_every_time(self, tmp_path, base_file):
        first, second = (
            safetensors.torch.load_file(extend_base_model(str(base_file), tmp_path / name, OPTIONS))
            for name in ("1.safetensors", "2.safetensors")
        )
        assert all(torch.equal(first[name], second[name]) for name in first)
        assert first["cond_depth_mlp.0.weight"].any()

    def test_precision_is_that_of_the_base(self, tmp_path):
        halves = {name: tensor.bfloat16() for name, tensor in base_weights().items()}
        base = write_model(tmp_path / "base.safetensors", halves, None)
        tensors = safetensors.torch.load_file(extend_base_model(str(base), tmp_path / "new.safetensors", OPTIONS))
        assert {tensor.dtype for tensor in tensors.values()} == {torch.bfloat16}

    def test_second_stage_keeps_the_trained_branch(self, tmp_path):
        first = write_model(tmp_path / "first.safetensors", whole_weights(STAGE_1), STAGE_1)
        path = extend_base_model(str(first), tmp_path / "new.safetensors", replace(OPTIONS, condition="latents"))
        assert all(".wsa." in name for name in safetensors.torch.load_file(path))
        options = load_multi_agent_model(str(path), str(first), FULL).model.diffusion_model.options
        assert options == OPTIONS

    def test_nothing_to_add(self, tmp_path):
        whole = write_model(tmp_path / "whole.safetensors", whole_weights())
        with pytest.raises(CheckpointError, match=r"whole\.safetensors .* nothing to add"):
            extend_base_model(str(whole), tmp_path / "new.safetensors", OPTIONS)

    def test_latents_of_the_base_stay_its_own(self, tmp_path):
        own = replace(STAGE_1, latent_scale=0.5, latent_rgb_factors=((0.1, 0.2, 0.3),) * 16)
        first = write_model(tmp_path / "first.safetensors", whole_weights(STAGE_1), own)
        path = extend_base_model(str(first), tmp_path / "new.safetensors", OPTIONS)
        latent_format = load_multi_agent_model(str(path), str(first), FULL).model.latent_format
        assert latent_format.process_in(torch.ones(1)) == 0.5
        assert len(latent_format.latent_rgb_factors) == 16


class TestRefusals:
    @pytest.mark.parametrize(
        "missing",
        [
            "patch_embedding.bias",
            "head.modulation",
            "text_embedding.2.weight",
            "blocks.0.ffn.0.weight",
            "blocks.1.wsa.o.bias",
            "blocks.0.wsa.norm_q.weight",
            "cond_depth_embedding.bias",
            "cond_depth_mlp.4.weight",
        ],
    )
    def test_missing_tensor_is_named(self, tmp_path, missing, known_models):
        weights = whole_weights()
        del weights[missing]
        path = write_model(tmp_path / "model.safetensors", weights)
        with pytest.raises(CheckpointError) as error:
            load_multi_agent_model(str(path))
        assert str(error.value) == f"{path.name} is taken for MetaWorld, but it lacks {missing}."
        if missing == "head.modulation":
            return  # ComfyUI does not take it for a Wan.
        metaworld.register()
        stock = tmp_path / "stock.safetensors"
        write_checkpoint(stock, weights, {}, config_entry())
        with pytest.raises((CheckpointError, KeyError), match=missing.replace(".", r"\.")):
            comfy.sd.load_diffusion_model(str(stock))

    def test_extension_without_its_base(self, tmp_path):
        path = write_extension(tmp_path / "extension.safetensors", extra_weights())
        with pytest.raises(CheckpointError, match=r"choose that \(phantom\) as 'base_model' too"):
            load_multi_agent_model(str(path))

    def test_base_alone(self, base_file):
        with pytest.raises(
            CheckpointError, match="is Wan, not MetaWorld; use the node 'Extend Base Model' on it first"
        ):
            load_multi_agent_model(str(base_file))

    def test_extension_of_more_blocks_than_the_base_has(self, tmp_path, base_file):
        extra = extra_weights()
        last = {name: tensor for name, tensor in extra.items() if "blocks.1." in name}
        later = {name.replace("blocks.1.", "blocks.5."): tensor.clone() for name, tensor in last.items()}
        path = write_extension(tmp_path / "extension.safetensors", extra | later)
        with pytest.raises(CheckpointError, match=r"holds blocks\.5\.wsa\..* MetaWorld of 2 blocks"):
            load_multi_agent_model(str(path), str(base_file))

    def test_extension_of_fewer_blocks(self, tmp_path, base_file):
        extra = {name: tensor for name, tensor in extra_weights().items() if "blocks.1." not in name}
        path = write_extension(tmp_path / "extension.safetensors", extra)
        with pytest.raises(CheckpointError, match=r"lacks blocks\.1\.wsa\.q\.weight, .* and 7 more"):
            load_multi_agent_model(str(path), str(base_file))

    def test_extension_for_another_width(self, tmp_path, base_file):
        extra = extra_weights() | {"blocks.0.wsa.q.weight": torch.zeros(64, 64)}
        path = write_extension(tmp_path / "extension.safetensors", extra)
        with pytest.raises(CheckpointError, match=r"wsa\.q\.weight has shape \(64, 64\) instead of \(48, 48\)"):
            load_multi_agent_model(str(path), str(base_file))

    def test_two_branches(self, tmp_path):
        both = whole_weights() | extra_weights(replace(STAGE_1, condition="latents"))
        path = write_model(tmp_path / "model.safetensors", both)
        with pytest.raises(CheckpointError, match=r"holds cond_depth_embedding\.bias, for which .* has no place"):
            load_multi_agent_model(str(path))

    def test_other_wan_as_a_base(self, tmp_path):
        image_to_video = base_weights() | {"patch_embedding.weight": torch.zeros(LAYOUT.dim, 36, 1, 2, 2)}
        base = write_model(tmp_path / "i2v.safetensors", image_to_video, None)
        extension = write_extension(tmp_path / "extension.safetensors", extra_weights())
        for refused in (
            lambda: load_multi_agent_model(str(extension), str(base)),
            lambda: extend_base_model(str(base), tmp_path / "new.safetensors", OPTIONS),
        ):
            with pytest.raises(CheckpointError, match="a Wan with 36 input and 16 output channels; MetaWorld needs"):
                refused()

    def test_base_of_another_kind(self, tmp_path):
        base = tmp_path / "vae.safetensors"
        safetensors.torch.save_file({"decoder.conv1.weight": torch.zeros(2)}, base)
        extension = write_extension(tmp_path / "extension.safetensors", extra_weights())
        with pytest.raises(CheckpointError, match=r"vae\.safetensors is a VAE; MetaWorld extends Phantom-Wan or Wan"):
            load_multi_agent_model(str(extension), str(base))

    def test_width_without_a_number_of_heads(self, tmp_path, known_models):
        path = tmp_path / "model.safetensors"
        safetensors.torch.save_file(whole_weights(), path)
        metaworld.register()
        for load in (load_multi_agent_model, comfy.sd.load_diffusion_model):
            with pytest.raises(CheckpointError, match="tokens of width 48 cannot have 0 attention heads"):
                load(str(path))

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"window": 3}, r"does not know \(window\); update the node pack"),
            ({"alignment_place": "here"}, "'alignment_place' must be 'after_self_attention' or .* given 'here'"),
            ({"latent_scale": 0}, "'latent_scale' must be a positive number, given 0"),
            ({"latent_rgb_factors": [1]}, "'latent_rgb_factors' must be rows of three numbers"),
        ],
    )
    def test_unknown_record(self, tmp_path, changes, sentence):
        path = tmp_path / "model.safetensors"
        write_checkpoint(path, whole_weights(), {"network": NETWORK, "options": OPTIONS.to_dict() | changes})
        with pytest.raises(CheckpointError, match=sentence):
            load_multi_agent_model(str(path))

    def test_lost_alignment_is_told_when_the_file_is_loaded(self, tmp_path, caplog):
        path = write_model(tmp_path / "model.safetensors", whole_weights(STAGE_1), OPTIONS)
        load_multi_agent_model(str(path))
        assert "should hold World-State Alignment, but has none of its tensors" in caplog.text


class TestRegistration:
    def test_comes_first_once_and_again_after_a_reload(self, known_models):
        known_models[:] = [model for model in known_models if model.__name__ != "MetaWorldConfig"]
        others = list(known_models)
        metaworld.register()
        metaworld.register()
        assert known_models == [metaworld.MetaWorldConfig, *others]
        spec = importlib.util.find_spec("shared_world.models.metaworld.comfyui")
        reloaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(reloaded)
        reloaded.register()
        assert known_models == [reloaded.MetaWorldConfig, *others]

    def test_plain_wan_is_left_to_comfyui(self, tmp_path, known_models):
        metaworld.register()
        path = tmp_path / "wan.safetensors"
        write_checkpoint(path, base_weights(), {}, COMFYUI_METADATA)
        assert type(comfy.sd.load_diffusion_model(str(path)).model).__name__ == "WAN21"


class TestInsideComfyUI:
    def test_every_module_has_a_lora_key(self, tmp_path):
        path = write_model(tmp_path / "model.safetensors", whole_weights())
        model = load_multi_agent_model(str(path), None, FULL).model
        keys = comfy.lora.model_lora_keys_unet(model, {})
        for name in model.diffusion_model.state_dict():
            if name.endswith(".weight"):
                module = name.removesuffix(".weight")
                assert keys[f"diffusion_model.{module}"] == f"diffusion_model.{name}"

    def test_preview_shows_all_agents_side_by_side(self, tmp_path, monkeypatch):
        monkeypatch.setattr(args, "preview_method", LatentPreviewMethod.Latent2RGB)
        path = write_model(tmp_path / "model.safetensors", whole_weights())
        latent_format = load_multi_agent_model(str(path)).model.latent_format
        previewer = latent_preview.get_previewer(torch.device("cpu"), latent_format)
        assert previewer.decode_latent_to_preview(torch.zeros(3, 16, 2, 4, 6)).size == (18, 4)

    def test_latents_are_wans_where_nothing_else_is_recorded(self, tmp_path):
        path = write_model(tmp_path / "model.safetensors", whole_weights(), MetaWorldOptions())
        model = load_multi_agent_model(str(path)).model
        assert isinstance(model.latent_format, comfy.latent_formats.Wan21)
        assert model.model_sampling.shift == 5
