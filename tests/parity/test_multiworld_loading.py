"""MultiWorld files through the pack's loader and ComfyUI's own."""

import importlib
import json
import logging

import comfy.lora
import comfy.ops
import comfy.sd
import comfy.supported_models
import latent_preview
import pytest
import safetensors.torch
import torch
from comfy.cli_args import LatentPreviewMethod, args

from shared_world.models import loading
from shared_world.models.checkpoints import CheckpointError, open_checkpoint, write_checkpoint
from shared_world.models.cogvideox.key_layouts import PREFIXES
from shared_world.models.loading import load_multi_agent_model
from shared_world.models.multiworld import comfyui as multiworld
from shared_world.models.multiworld.identity import rotate_by_agent
from shared_world.models.multiworld.layout import (
    IDENTITY_TABLES,
    MultiWorldLayout,
    expected_shapes,
    layout_from_shapes,
)
from shared_world.models.multiworld.options import MultiWorldOptions
from shared_world.models.multiworld.transformer import MultiWorldTransformer
from shared_world.tests.parity.multiworld_models import (
    VARIANTS,
    conditioning,
    first_frame_latent,
    native_model,
    sample,
    weights,
    write_model,
)
from shared_world.tests.parity.native_models import relative_error

HEADS = {"config": json.dumps({"transformer": {"num_heads": 2}})}
"""What ComfyUI's loader reads."""


def run(model, variant):
    return sample(model, conditioning(variant), first_frame_latent(model, variant))


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """Variant -> what the float32 model samples."""
    return {variant: run(native_model(tmp_path_factory.mktemp(variant), variant), variant) for variant in VARIANTS}


@pytest.fixture
def known_models():
    """ComfyUI's list of models, put back afterwards."""
    before = list(comfy.supported_models.models)
    yield comfy.supported_models.models
    comfy.supported_models.models[:] = before


def tables(base, agents=8):
    """The released program's tables, by rotating unit vectors."""
    ones = torch.zeros(1, agents, 1, 64)
    ones[..., ::2] = 1
    rotated = rotate_by_agent(ones, base)[0, :, 0]
    return {IDENTITY_TABLES[0]: rotated[:, ::2].contiguous(), IDENTITY_TABLES[1]: rotated[:, 1::2].contiguous()}


@pytest.mark.parametrize("variant", VARIANTS)
class TestEveryVariant:
    def test_network_has_exactly_the_published_tensors(self, tmp_path, variant):
        network = native_model(tmp_path, variant).model.diffusion_model
        shapes = {name: tuple(tensor.shape) for name, tensor in weights(variant).items()}
        assert {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()} == shapes
        assert expected_shapes(layout_from_shapes(shapes)) == shapes

    def test_stock_loader_takes_the_file(self, tmp_path, variant, expected, caplog, known_models):
        multiworld.register()
        path = tmp_path / "model.safetensors"
        write_checkpoint(path, weights(variant), {}, HEADS)
        with caplog.at_level(logging.WARNING):
            model = comfy.sd.load_diffusion_model(str(path), {"dtype": torch.float32})
        assert isinstance(model.model, multiworld.MultiWorldModel)
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert torch.equal(run(model, variant), expected[variant])

    @pytest.mark.parametrize("prefix", PREFIXES)
    def test_backbone_may_have_any_usual_prefix(self, tmp_path, variant, expected, prefix):
        model = load_multi_agent_model(str(write_model(tmp_path, variant, prefix)), None, {"dtype": torch.float32})
        assert torch.equal(run(model, variant), expected[variant])

    @pytest.mark.parametrize("disable_dynamic", [True, False])
    def test_comfyui_can_load_the_model_again(self, tmp_path, variant, expected, disable_dynamic):
        path = str(write_model(tmp_path, variant))
        load, arguments = load_multi_agent_model(path, None, {"dtype": torch.float32}).cached_patcher_init
        assert torch.equal(run(load(*arguments, disable_dynamic=disable_dynamic), variant), expected[variant])

    @pytest.mark.parametrize(
        ("dtype", "bound"),
        [(torch.bfloat16, 1e-5), (torch.float16, 1e-4), (torch.float8_e4m3fn, 0.1), (torch.float8_e5m2, 0.2)],
    )
    def test_smaller_precision_is_close(self, tmp_path, variant, expected, dtype, bound):
        model = native_model(tmp_path, variant, dtype)
        assert model.model.get_dtype() == dtype
        stored = {name: tensor.dtype for name, tensor in model.model.diffusion_model.state_dict().items()}
        assert set(stored.values()) <= {dtype, torch.float32, torch.bfloat16}
        assert stored["blocks.1.cross_attn.k_ctx.weight"] == dtype
        assert relative_error(run(model, variant), expected[variant]) < bound

    def test_scaled_fp8_file_is_close(self, tmp_path, variant, expected, monkeypatch):
        """Blocks of such a file hold fp8 weights and a scale for each."""
        stored = {"scaled_fp8": torch.empty(2, dtype=torch.float8_e4m3fn)}
        for name, tensor in weights(variant).items():
            if name.startswith("blocks.") and tensor.ndim == 2:
                scale = tensor.float().abs().max() / 448
                stored[name] = (tensor.float() / scale).to(torch.float8_e4m3fn)
                stored[name.replace(".weight", ".scale_weight")] = scale[None]
            else:
                stored[name] = tensor
        path = tmp_path / "scaled.safetensors"
        safetensors.torch.save_file(stored, path, HEADS)
        # ComfyUI cannot move quantised weights between CPU and CPU in inference mode.
        monkeypatch.setattr(torch, "inference_mode", torch.no_grad)
        model = load_multi_agent_model(str(path))
        assert 1e-3 < relative_error(run(model, variant), expected[variant]) < 0.06

    def test_model_that_comfyui_saved_is_read_again(self, tmp_path, variant, expected):
        model = native_model(tmp_path, variant)
        path = tmp_path / "saved.safetensors"
        comfy.sd.save_checkpoint(str(path), model, metadata=HEADS)
        again = load_multi_agent_model(str(path), None, {"dtype": torch.float32})
        assert torch.equal(run(again, variant), expected[variant])

    @pytest.mark.parametrize(
        "missing",
        [
            "patch_embedding.bias",
            "blocks.0.ffn.0.weight",
            "blocks.1.cross_attn.norm_k_ctx.weight",
            "action_encoder.agent_pooling.agent_attn.qkv.weight",
            "pipe.env_encoder.connector.0.weight",
            "pipe.env_encoder.connector.2.bias",
            "head.modulation",
        ],
    )
    def test_missing_tensor_is_named(self, tmp_path, variant, missing):
        path = write_model(tmp_path, variant, **{missing: None})
        with pytest.raises(CheckpointError) as error:
            load_multi_agent_model(str(path))
        assert str(error.value) == f"{path.name} is taken for MultiWorld, but it lacks {missing}."

    def test_stock_loader_names_a_missing_tensor_too(self, tmp_path, variant, known_models):
        multiworld.register()
        path = tmp_path / "model.safetensors"
        tensors = weights(variant)
        del tensors["blocks.1.cross_attn.v_ctx.bias"]
        write_checkpoint(path, tensors, {}, HEADS)
        with pytest.raises(CheckpointError, match=r"it lacks blocks\.1\.cross_attn\.v_ctx\.bias\."):
            comfy.sd.load_diffusion_model(str(path))

    def test_surplus_tensors_are_named_and_ignored(self, tmp_path, variant, expected, caplog):
        path = write_model(tmp_path, variant, **{"text_embedding.0.weight": torch.zeros(4, 4)})
        model = load_multi_agent_model(str(path), None, {"dtype": torch.float32})
        assert "ignoring 1 tensors that the network has no place for, such as text_embedding.0.weight" in caplog.text
        assert torch.equal(run(model, variant), expected[variant])

    def test_every_module_has_a_lora_key(self, tmp_path, variant):
        model = native_model(tmp_path, variant).model
        keys = comfy.lora.model_lora_keys_unet(model, {})
        for name in model.diffusion_model.state_dict():
            if name.endswith(".weight"):
                module = name.removesuffix(".weight")
                assert keys[f"diffusion_model.{module}"] == f"diffusion_model.{name}"

    def test_lora_equals_merged_weights_and_leaves_the_model_alone(self, tmp_path, variant, expected):
        generator = torch.Generator().manual_seed(6)
        modules = ("blocks.1.cross_attn.k_ctx", "blocks.0.cross_attn.k", "action_encoder.agent_pooling.agent_attn.qkv")
        lora, merged = {}, dict(weights(variant))
        for module in modules:
            rows, columns = merged[f"{module}.weight"].shape
            down, up = (torch.randn(shape, generator=generator) / 4 for shape in ((2, columns), (rows, 2)))
            lora |= {
                f"diffusion_model.{module}.lora_A.weight": down,
                f"diffusion_model.{module}.lora_B.weight": up,
            }
            merged[f"{module}.weight"] = merged[f"{module}.weight"].float() + 0.5 * up @ down
        model = native_model(tmp_path, variant)
        changed, _ = comfy.sd.load_lora_for_models(model, None, lora, 0.5, 0.0)
        path = write_model(tmp_path, variant, **{f"{module}.weight": merged[f"{module}.weight"] for module in modules})
        whole = load_multi_agent_model(str(path), None, {"dtype": torch.float32})
        given = run(changed, variant)
        assert relative_error(given, run(whole, variant)) < 1e-5
        assert relative_error(given, expected[variant]) > 1e-2
        assert torch.equal(run(model, variant), expected[variant])


class TestIdentityBase:
    @pytest.mark.parametrize(("variant", "base"), [("itt_toy", 2), ("itt_full", 2), ("robots", 20)])
    def test_follows_from_the_variant(self, tmp_path, variant, base):
        assert native_model(tmp_path, variant).model.diffusion_model.options == MultiWorldOptions(base)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    @pytest.mark.parametrize(("variant", "base"), [("itt_full", 20), ("itt_full", 2), ("robots", 2)])
    def test_is_read_from_tables_in_the_file(self, tmp_path, variant, base, dtype, known_models):
        changes = {name: table.to(dtype) for name, table in tables(base).items()}
        path = write_model(tmp_path, variant, **changes)
        model = load_multi_agent_model(str(path), None, {"dtype": torch.float32})
        assert model.model.diffusion_model.options.identity_base == base
        assert run(model, variant).isfinite().all()

        stock = tmp_path / "stock.safetensors"
        write_checkpoint(stock, weights(variant) | changes, {}, HEADS)
        model = comfy.sd.load_diffusion_model(str(stock))
        assert model.model.diffusion_model.options.identity_base == base

    def test_tables_of_the_published_base_change_nothing(self, tmp_path, expected, caplog):
        path = write_model(tmp_path, "robots", **tables(20))
        with caplog.at_level(logging.WARNING):
            model = load_multi_agent_model(str(path), None, {"dtype": torch.float32})
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert torch.equal(run(model, "robots"), expected["robots"])

    def test_record_is_stronger_than_variant_and_tables(self, tmp_path):
        path = tmp_path / "model.safetensors"
        record = {"network": {"num_heads": 2}, "options": {"identity_base": 7.5}}
        write_checkpoint(path, weights("robots") | tables(20), record)
        assert load_multi_agent_model(str(path)).model.diffusion_model.options == MultiWorldOptions(7.5)

    def test_stock_loader_takes_it_from_comfyuis_own_entry(self, tmp_path, known_models):
        multiworld.register()
        config = {"num_heads": 2, "multiworld": {"identity_base": 7.5}}
        path = tmp_path / "model.safetensors"
        write_checkpoint(path, weights("robots"), {}, {"config": json.dumps({"transformer": config})})
        for model in (comfy.sd.load_diffusion_model(str(path)), load_multi_agent_model(str(path))):
            assert model.model.diffusion_model.options == MultiWorldOptions(7.5)


class TestRegistration:
    def test_comes_first_once_and_again_after_a_reload(self, known_models):
        known_models[:] = [model for model in known_models if model.__name__ != "MultiWorldConfig"]
        others = list(known_models)
        multiworld.register()
        multiworld.register()
        assert known_models == [multiworld.MultiWorldConfig, *others]
        spec = importlib.util.find_spec("shared_world.models.multiworld.comfyui")
        reloaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(reloaded)
        reloaded.register()
        assert known_models == [reloaded.MultiWorldConfig, *others]

    def test_other_models_are_left_to_comfyui(self, tmp_path, known_models):
        """The same file without MultiWorld's own tensors is a plain Wan2.2."""
        multiworld.register()
        tensors = {
            name: tensor
            for name, tensor in weights("itt_full").items()
            if "_ctx" not in name and not name.startswith(("action_encoder.", "pipe."))
        }
        path = tmp_path / "wan.safetensors"
        safetensors.torch.save_file(tensors, path, HEADS)
        assert type(comfy.sd.load_diffusion_model(str(path)).model).__name__ == "WAN22"

    def test_published_sizes_have_as_many_tensors_as_published(self):
        backbone = {"dim": 3072, "layers": 30, "ffn_dim": 14336, "time_dim": 256, "in_channels": 48}
        backbone |= {"out_channels": 48, "environment_dim": 2048, "connector_dim": 2048}
        layout = MultiWorldLayout("robots", **backbone, joints=8, camera_dim=16, camera_hidden=(768, 1536))
        wan = {"model_type": "t2v", "in_dim": 48, "out_dim": 48, "dim": 3072, "ffn_dim": 14336, "num_heads": 24}
        network = MultiWorldTransformer(
            layout,
            MultiWorldOptions(20.0),
            **wan,
            num_layers=30,
            device=torch.device("meta"),
            dtype=torch.bfloat16,
            operations=comfy.ops.disable_weight_init,
        )
        shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
        assert shapes == expected_shapes(layout)
        assert len(shapes) == 989
        connector = 10_490_880
        assert sum(tensor.numel() for tensor in network.state_dict().values()) == 5_597_413_824 + connector


class TestRefusals:
    def test_width_without_a_number_of_heads(self, tmp_path, known_models):
        path = tmp_path / "model.safetensors"
        safetensors.torch.save_file(weights("robots"), path)
        sentence = "tokens of width 64 cannot have 0 attention heads; record 'num_heads' in the metadata"
        with pytest.raises(CheckpointError, match=sentence):
            load_multi_agent_model(str(path))
        multiworld.register()
        with pytest.raises(CheckpointError, match=sentence):
            comfy.sd.load_diffusion_model(str(path))

    @pytest.mark.parametrize(
        ("record", "sentence"),
        [
            ({"options": {"window": 3}}, r"does not know \(window\); update the node pack"),
            ({"options": {"identity_base": -1}}, "'identity_base' must be a positive number, given -1"),
            ({"options": {"identity_base": "20"}}, "'identity_base' must be a positive number, given '20'"),
            ({"network": {"num_heads": 3}}, "width 64 cannot have 3 attention heads"),
            ({"network": {"num_heads": "many"}}, "'num_heads' must be a positive number, given 'many'"),
        ],
    )
    def test_unknown_record(self, tmp_path, record, sentence):
        path = tmp_path / "model.safetensors"
        write_checkpoint(path, weights("robots"), {"network": {"num_heads": 2}} | record)
        with pytest.raises(CheckpointError, match=sentence):
            load_multi_agent_model(str(path))

    @pytest.mark.parametrize("config", ["{", "[1]", '{"transformer": [1]}', '{"transformer": {"multiworld": 1}}'])
    def test_damaged_entry_of_comfyui(self, tmp_path, config):
        path = tmp_path / "model.safetensors"
        write_checkpoint(path, weights("robots"), {}, {"config": config})
        with pytest.raises(CheckpointError, match="the metadata 'config' is not a JSON object of objects"):
            load_multi_agent_model(str(path))

    def test_misshapen_tensor_is_named_with_both_shapes(self, tmp_path):
        path = write_model(tmp_path, "robots", **{"blocks.1.cross_attn.k_ctx.weight": torch.zeros(64, 32)})
        with pytest.raises(CheckpointError, match=r"k_ctx\.weight has shape \(64, 32\) instead of \(64, 64\)"):
            load_multi_agent_model(str(path))

    def test_block_that_is_missing_in_the_middle_is_noticed(self, tmp_path):
        own = [name for name in weights("robots") if name.startswith("blocks.1.")]
        later = {name.replace("blocks.1.", "blocks.2."): weights("robots")[name] for name in own}
        path = write_model(tmp_path, "robots", **later, **dict.fromkeys(own))
        with pytest.raises(CheckpointError, match=r"it lacks blocks\.1\.modulation.* and \d+ more"):
            load_multi_agent_model(str(path))


def test_preview_shows_all_views_side_by_side(tmp_path, monkeypatch):
    monkeypatch.setattr(args, "preview_method", LatentPreviewMethod.Latent2RGB)
    latent_format = native_model(tmp_path, "robots").model.latent_format
    previewer = latent_preview.get_previewer(torch.device("cpu"), latent_format)
    latents = torch.randn(3, 48, 9, 4, 6, generator=torch.Generator().manual_seed(7))
    picture = previewer.decode_latent_to_preview(latents)
    assert picture.size == (3 * 6, 4)
    for view in range(3):
        own = previewer.decode_latent_to_preview(latents[view : view + 1])
        assert own.tobytes() == picture.crop((view * 6, 0, (view + 1) * 6, 4)).tobytes()


def test_header_is_read_once(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(loading, "open_checkpoint", lambda path: opened.append(path) or open_checkpoint(path))
    path = str(write_model(tmp_path, "robots"))
    load_multi_agent_model(path)
    assert opened == [path]
