"""Which files make a ShareVerse, and what an untrained extension holds."""

import json
from dataclasses import replace

import pytest
import safetensors.torch
import torch

from shared_world.development.tiny_checkpoints import random_weights
from shared_world.models.checkpoints import CheckpointError, open_checkpoint, write_checkpoint
from shared_world.models.cogvideox.config import CogVideoXConfig
from shared_world.models.cogvideox.transformer import CogVideoXTransformer
from shared_world.models.layers import Layers
from shared_world.models.shareverse.checkpoint import base_config, plan_shareverse, untrained_extension
from shared_world.models.shareverse.options import ShareVerseOptions
from shared_world.models.shareverse.transformer import Coupling, ShareVerseTransformer
from shared_world.tests.tiny_networks import TINIEST, TINIEST_RECORD, random_inputs
from shared_world.world.raymaps import RaymapOptions

GRID = TINIEST.learned_grid


def plan(path, base=None):
    return plan_shareverse(open_checkpoint(path), base and open_checkpoint(base))


def built(plan):
    network = ShareVerseTransformer(plan.config, plan.options)
    network.load_state_dict(plan.read())
    return network.eval()


def refusal(path, base=None):
    with pytest.raises(CheckpointError) as error:
        plan(path, base)
    sentence = str(error.value)
    assert sentence.endswith(".")
    return sentence


@pytest.fixture
def rewritten(tmp_path, shareverse_weights, shareverse_record):
    """Writes the whole model anew, with other tensors or another record."""

    def write(tensors=None, **changes):
        path = tmp_path / "rewritten.safetensors"
        record = {name: entry for name, entry in (shareverse_record | changes).items() if entry is not None}
        write_checkpoint(path, shareverse_weights if tensors is None else tensors, record)
        return path

    return write


class TestLoading:
    def test_extension_beside_its_base_equals_the_whole_file(self, base_file, extension_file, shareverse_file):
        whole, pair = plan(shareverse_file), plan(extension_file, base_file)
        assert whole.config == pair.config == TINIEST
        assert whole.options == pair.options == ShareVerseOptions()
        inputs, coupling = random_inputs(2, GRID, TINIEST), Coupling(2)
        assert torch.equal(inputs.run(built(whole), coupling), inputs.run(built(pair), coupling))

    def test_base_beside_a_whole_file_is_not_read(self, base_file, shareverse_file):
        assert [source.path for source in plan(shareverse_file, base_file).sources] == [shareverse_file]

    def test_prefixed_whole_file_with_flags_beside_the_network_is_read(
        self, tmp_path, shareverse_weights, shareverse_record
    ):
        path = tmp_path / "saved.safetensors"
        tensors = {f"model.diffusion_model.{name}": tensor for name, tensor in shareverse_weights.items()}
        flags = {"v_pred": torch.empty(0), "ztsnr": torch.empty(0)}
        safetensors.torch.save_file(tensors | flags, path, {"shared_world": json.dumps(shareverse_record)})
        given = plan(path).read()
        assert given.keys() == shareverse_weights.keys()
        assert all(torch.equal(given[name], shareverse_weights[name]) for name in given)

    @pytest.mark.parametrize("cross_agent", ["attention", "full_block", "none"])
    @pytest.mark.parametrize("recorded", [True, False])
    def test_kind_of_cross_agent_block_is_recorded_or_shown_by_names(
        self, tmp_path, base_weights, cross_agent, recorded
    ):
        options = ShareVerseOptions(cross_agent=cross_agent)
        path = tmp_path / "model.safetensors"
        record = {"network": TINIEST_RECORD, "options": options.to_dict()}
        if not recorded:
            del record["options"]["cross_agent"]
        write_checkpoint(path, base_weights | untrained_extension(base_weights, TINIEST, options), record)
        assert plan(path).options == options

    def test_every_option_survives_the_file(self, rewritten):
        options = ShareVerseOptions(
            text_in_cross_agent=True,
            agent_positions="shared",
            raymap=RaymapOptions(layout="per_tile", packing="aether_released", channel_layout="channel_major"),
            latent_scale=1.15,
            snr_shift_scale=3.0,
            latent_rgb_factors=((0.1, 0.2, 0.3),) * 16,
        )
        assert plan(rewritten(options=options.to_dict())).options == options

    def test_file_without_options_is_read_literally_and_says_so(self, rewritten, caplog):
        assert plan(rewritten(options=None)).options == ShareVerseOptions()
        assert "rewritten.safetensors does not record how it was made" in caplog.text


class TestRefusals:
    def test_extension_without_base_names_the_base(self, extension_file):
        assert refusal(extension_file) == (
            "extension.safetensors holds only ShareVerse's extra modules; choose its base model (base.safetensors) as "
            "'base_model' too."
        )

    def test_base_in_place_of_a_shareverse_names_the_node_that_extends_it(self, base_file):
        assert "base.safetensors is CogVideoX-I2V, not ShareVerse; use the node 'Extend Base Model'" in refusal(
            base_file
        )

    @pytest.mark.parametrize(
        ("kind", "tensors"),
        [
            ("a LoRA", {"transformer.transformer_blocks.0.attn1.to_q.lora_A.weight": (4, 8)}),
            ("a LoRA", {"diffusion_model.cross_agent_blocks.0.projector.lora_B.weight": (8, 4)}),
            ("a VAE", {"decoder.conv_in.conv.weight": (8, 8, 3, 3, 3)}),
            ("Wan", {"blocks.0.self_attn.q.weight": (8, 8)}),
            ("a T5 text encoder", {"encoder.block.0.layer.0.SelfAttention.q.weight": (8, 8)}),
            ("MultiWorld", {"blocks.0.cross_attn.k_ctx.weight": (8, 8)}),
        ],
    )
    def test_foreign_file_is_called_by_its_kind_as_model_and_as_base(self, tmp_path, extension_file, kind, tensors):
        path = tmp_path / "foreign.safetensors"
        safetensors.torch.save_file({name: torch.zeros(shape) for name, shape in tensors.items()}, path)
        assert refusal(path) == f"foreign.safetensors is {kind}, not ShareVerse."
        assert refusal(extension_file, path) == f"foreign.safetensors is {kind}; ShareVerse extends CogVideoX-I2V."

    @pytest.mark.parametrize(
        ("kind", "changes"),
        [
            ("CogVideoX-T2V", {"patch_embed.proj.weight": (32, 16, 2, 2)}),
            ("CogVideoX 1.5", {"patch_embed.proj.weight": (32, 256)}),
            ("CogVideoX with 48 input channels", {"patch_embed.proj.weight": (32, 48, 2, 2)}),
            ("an incomplete CogVideoX", {"proj_out.weight": None}),
        ],
    )
    def test_wrong_cogvideox_is_no_base(self, tmp_path, base_weights, extension_file, kind, changes):
        path = tmp_path / "other.safetensors"
        tensors = base_weights | {name: shape and torch.zeros(shape) for name, shape in changes.items()}
        write_checkpoint(path, {name: tensor for name, tensor in tensors.items() if tensor is not None}, {})
        assert refusal(extension_file, path) == f"other.safetensors is {kind}; ShareVerse extends CogVideoX-I2V."
        assert refusal(path).startswith(f"other.safetensors is {kind}, not ShareVerse")

    def test_shareverse_is_no_base(self, extension_file, shareverse_file):
        assert "shareverse.safetensors is ShareVerse; ShareVerse extends" in refusal(extension_file, shareverse_file)

    @pytest.mark.parametrize(
        "missing",
        [
            "proj_out.weight",
            "time_embedding.linear_1.weight",
            "transformer_blocks.0.attn1.norm_q.weight",
            "transformer_blocks.2.ff.net.2.bias",
            "cross_agent_blocks.1.projector.weight",
            "raymap_encoders.1.bias",
        ],
    )
    def test_missing_tensor_is_named(self, rewritten, shareverse_weights, missing):
        tensors = {name: tensor for name, tensor in shareverse_weights.items() if name != missing}
        assert refusal(rewritten(tensors)) == (
            f"rewritten.safetensors is taken for ShareVerse, but it lacks {missing}."
        )

    def test_lost_cross_agent_blocks_are_not_taken_for_the_ablation(self, rewritten, shareverse_weights):
        tensors = {name: value for name, value in shareverse_weights.items() if "cross_agent_blocks" not in name}
        assert "lacks cross_agent_blocks.0." in refusal(rewritten(tensors))

    def test_misshapen_tensor_is_named_with_both_shapes(self, rewritten, shareverse_weights):
        tensors = shareverse_weights | {"cross_agent_blocks.0.projector.weight": torch.zeros(32, 16)}
        assert "cross_agent_blocks.0.projector.weight has shape (32, 16) instead of (32, 32)" in refusal(
            rewritten(tensors)
        )

    @pytest.mark.parametrize("name", ["cross_agent_blocks.0.ff.net.2.bias", "raymap_encoders.2.bias"])
    def test_surplus_extra_module_is_not_left_out_silently(self, rewritten, shareverse_weights, name):
        sentence = refusal(rewritten(shareverse_weights | {name: torch.zeros(32)}))
        assert sentence == (
            f"rewritten.safetensors holds {name}, for which a ShareVerse of 4 blocks with cross_agent 'attention' has "
            "no place."
        )

    def test_extension_of_a_larger_base_is_misshapen(self, tmp_path, extension_file):
        other = replace(TINIEST, dim=48)
        path = tmp_path / "larger.safetensors"
        write_checkpoint(path, random_weights(CogVideoXTransformer(other), 0), {"network": TINIEST_RECORD})
        assert "has shape (32, 24, 2, 2) instead of (48, 24, 2, 2)" in refusal(extension_file, path)

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ({"window": 3, "sparse": True}, "does not know (sparse, window); update the node pack."),
            ({"raymap": {"layout": "sphere"}}, "sphere"),
            ({"raymap": {"fisheye": True}}, "fisheye"),
            ({"raymap": 5}, "damaged"),
            ({"raymap": {"view_layout": 5}}, "damaged"),
            (
                {"cross_agent": "sometimes"},
                "'cross_agent' must be 'attention' or 'full_block' or 'none', given 'sometimes'",
            ),
            ({"agent_positions": "random"}, "'agent_positions' must be 'consecutive' or 'shared', given 'random'"),
            ({"text_in_cross_agent": "no"}, "'text_in_cross_agent' must be False or True, given 'no'"),
            ({"latent_scale": float("nan")}, "'latent_scale' must be a positive number, given nan"),
            ({"latent_scale": 0}, "'latent_scale' must be a positive number, given 0"),
            ({"snr_shift_scale": "3"}, "'snr_shift_scale' must be a positive number, given '3'"),
            ({"latent_rgb_factors": [[1, 2]]}, "'latent_rgb_factors' must be rows of three numbers"),
            ({"latent_rgb_factors": 1}, "'latent_rgb_factors' must be rows of three numbers"),
        ],
    )
    def test_unknown_option_or_value_is_named(self, rewritten, options, sentence):
        assert sentence in refusal(rewritten(options=options))

    @pytest.mark.parametrize(
        ("network", "sentence"),
        [
            ({}, "13 x 30 x 45 video tokens and 226 text tokens need 17776"),
            ({"learned_grid": [3, 2, 3], "text_tokens": 4}, "3 x 2 x 3 video tokens and 4 text tokens need 22"),
            ({"learned_grid": [2, 2, 3], "text_tokens": "four"}, "given 'four' and [2, 2, 3]"),
        ],
    )
    def test_wrong_record_of_the_position_table_is_named(self, rewritten, network, sentence):
        assert sentence in refusal(rewritten(network=network))

    def test_quantised_file_is_refused(self, rewritten, shareverse_weights):
        scales = {"transformer_blocks.0.attn1.to_q.scale_weight": torch.ones(1)}
        assert "holds quantised weights" in refusal(rewritten(shareverse_weights | scales))


class TestExtending:
    @pytest.mark.parametrize("cross_agent", ["attention", "full_block"])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    def test_modules_are_copies_of_every_second_block_or_zero(self, base_weights, cross_agent, dtype):
        base = {name: tensor.to(dtype) for name, tensor in base_weights.items()}
        extension = untrained_extension(base, TINIEST, ShareVerseOptions(cross_agent=cross_agent))
        for name, tensor in extension.items():
            assert tensor.dtype == dtype
            module, stage, rest = name.split(".", 2)
            if module == "raymap_encoders" or rest.startswith("projector."):
                assert not tensor.any()
            else:
                source = base[f"transformer_blocks.{2 * int(stage)}.{rest}"]
                assert torch.equal(tensor, source)
                assert tensor.data_ptr() != source.data_ptr()
        copied = {name.split(".")[2] for name in extension if name.startswith("cross_agent_blocks.")}
        expected = {"norm1", "attn1", "projector"} | ({"norm2", "ff"} if cross_agent == "full_block" else set())
        assert copied == expected
        assert {name.split(".")[1] for name in extension} == {"0", "1"}

    @pytest.mark.parametrize("cross_agent", ["attention", "full_block", "none"])
    def test_parameters_at_the_published_size(self, cross_agent):
        options = ShareVerseOptions(cross_agent=cross_agent)
        network = ShareVerseTransformer(CogVideoXConfig(), options, Layers(device=torch.device("meta")))
        dim = 3072
        linear = dim * dim + dim
        adaptive_norm = 512 * 6 * dim + 6 * dim + 2 * dim
        attention = adaptive_norm + 4 * linear + 4 * 64 + linear
        feed_forward = adaptive_norm + 8 * dim * dim + 5 * dim
        per_block = {"attention": attention, "full_block": attention + feed_forward, "none": 0}[cross_agent]
        assert sum(tensor.numel() for tensor in network.cross_agent_blocks.parameters()) == 21 * per_block
        assert sum(tensor.numel() for tensor in network.raymap_encoders.parameters()) == 21 * (24 * 2 * 2 * dim + dim)

    def test_base_config_reads_a_complete_base(self, base_file):
        assert base_config(open_checkpoint(base_file)) == TINIEST

    @pytest.mark.parametrize("missing", ["transformer_blocks.3.ff.net.2.bias", "time_embedding.linear_1.weight"])
    def test_incomplete_base_cannot_be_extended(self, tmp_path, base_weights, missing):
        path = tmp_path / "base.safetensors"
        tensors = {name: tensor for name, tensor in base_weights.items() if name != missing}
        write_checkpoint(path, tensors, {"network": TINIEST_RECORD})
        with pytest.raises(CheckpointError, match=f"taken for CogVideoX-I2V, but it lacks {missing}"):
            base_config(open_checkpoint(path))

    def test_shareverse_cannot_be_extended_again(self, shareverse_file):
        with pytest.raises(CheckpointError, match=r"shareverse\.safetensors is ShareVerse; ShareVerse extends"):
            base_config(open_checkpoint(shareverse_file))
