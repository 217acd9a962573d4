"""MetaWorld files of all sizes by their headers alone, what they record, and what an inspection says of them."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from shared_world.models.checkpoints import Checkpoint, CheckpointError, open_checkpoint, write_checkpoint
from shared_world.models.cogvideox.key_layouts import PREFIXES
from shared_world.models.inspection import inspect_checkpoint
from shared_world.models.metaworld.checkpoint import base_layout, plan_metaworld, untrained_extension
from shared_world.models.metaworld.layout import (
    WanLayout,
    alignment_shapes,
    condition_shapes,
    expected_shapes,
    layout_from_shapes,
    wan_shapes,
)
from shared_world.models.metaworld.options import MetaWorldOptions

SMALL = WanLayout(dim=16, layers=2, ffn_dim=24, time_dim=8, text_dim=12, channels=16)
WAN_1_3B = WanLayout(dim=1536, layers=30, ffn_dim=8960, time_dim=256, text_dim=4096, channels=16)
WAN_14B = WanLayout(dim=5120, layers=40, ffn_dim=13824, time_dim=256, text_dim=4096, channels=16)
OPTIONS = MetaWorldOptions()
STAGE_1 = replace(OPTIONS, alignment=False)
RECORD = {"system": "metaworld", "network": {"num_heads": 2}, "options": OPTIONS.to_dict()}


def checkpoint(name, shapes):
    """What the headers of a file of any size say; a machine may refuse to map 28 GB that are a hole."""
    return Checkpoint(Path(f"{name}.safetensors"), (), {name: name for name in shapes}, shapes)


def zeros(shapes):
    return {name: torch.zeros(shape) for name, shape in shapes.items()}


def write_small(path, shapes, record=RECORD):
    write_checkpoint(path, zeros(shapes), record)
    return path


class TestPublishedSizes:
    @pytest.mark.parametrize("layout", [WAN_1_3B, WAN_14B])
    @pytest.mark.parametrize("depth", ["with", "without", "either"])
    def test_are_read_from_shapes_alone(self, layout, depth):
        options = replace(STAGE_1, depth=depth)
        plan = plan_metaworld(checkpoint("model", expected_shapes(layout, options)))
        assert (plan.layout, plan.options) == (layout, options)

    @pytest.mark.parametrize(("layout", "other"), [(WAN_1_3B, WAN_14B), (WAN_14B, WAN_1_3B)])
    def test_extension_fits_its_base_and_no_other(self, layout, other):
        base, wrong = checkpoint("base", wan_shapes(layout)), checkpoint("other", wan_shapes(other))
        assert base.kind == "Wan"
        extension = checkpoint("extension", condition_shapes(layout, OPTIONS) | alignment_shapes(layout, OPTIONS))
        assert plan_metaworld(extension, base).layout == layout
        with pytest.raises(CheckpointError, match=r"extension\.safetensors is taken for a MetaWorld extension"):
            plan_metaworld(extension, wrong)

    def test_sizes_are_those_of_the_release_and_of_the_paper(self):
        def parameters(shapes):
            return sum(map(math.prod, shapes.values()))

        # What the release says of its branch, and the survey of alignment: 79.3 million, 104.9 million a layer.
        assert parameters(condition_shapes(WAN_14B, OPTIONS)) / 1e6 == pytest.approx(79.3, abs=0.05)
        assert parameters(alignment_shapes(WAN_14B, OPTIONS)) / 40 / 1e6 == pytest.approx(104.9, abs=0.05)
        assert parameters(wan_shapes(WAN_14B)) / 1e9 == pytest.approx(14.3, abs=0.05)
        assert parameters(wan_shapes(WAN_1_3B)) / 1e9 == pytest.approx(1.42, abs=0.05)
        assert len(wan_shapes(WAN_14B)) == 1095
        assert len(wan_shapes(WAN_1_3B)) == 825


class TestOptions:
    def test_default_is_the_release_with_alignment(self):
        recorded = {"condition": "tokens", "depth": "with", "alignment": True, "alignment_qk_norm": True}
        recorded |= {"alignment_place": "after_self_attention", "latent_scale": None, "latent_rgb_factors": ()}
        assert OPTIONS.to_dict() == recorded

    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"condition": "latents", "depth": "without"},
            {"alignment_place": "after_block", "alignment_qk_norm": False},
            {"latent_scale": 0.7, "latent_rgb_factors": ((0.1, 0.2, 0.3), (0.0, 1.0, -1.0))},
        ],
    )
    def test_survive_json(self, changes):
        options = replace(OPTIONS, **changes)
        assert MetaWorldOptions.from_dict(json.loads(json.dumps(options.to_dict()))) == options

    @pytest.mark.parametrize(
        "options",
        [
            OPTIONS,
            STAGE_1,
            replace(OPTIONS, depth="without"),
            replace(OPTIONS, depth="either"),
            replace(OPTIONS, alignment_qk_norm=False),
            replace(OPTIONS, condition="latents"),
            replace(OPTIONS, condition="latents", depth="without"),
        ],
    )
    def test_tensors_tell_more_than_the_record(self, options):
        shapes = expected_shapes(SMALL, options)
        for recorded in (OPTIONS, STAGE_1, replace(OPTIONS, condition="latents"), options):
            assert recorded.matching(shapes) == options

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"condition": "pixels"}, "'condition' must be 'tokens' or 'latents', given 'pixels'"),
            ({"depth": True}, "'depth' must be 'with' or 'without' or 'either', given True"),
            ({"alignment": "yes"}, "'alignment' must be False or True, given 'yes'"),
            ({"condition": "latents", "depth": "either"}, "'depth' must be 'with' or 'without' where"),
            ({"latent_scale": -1.0}, "'latent_scale' must be a positive number, given -1.0"),
        ],
    )
    def test_impossible_choices(self, changes, sentence):
        with pytest.raises(ValueError, match=sentence):
            replace(OPTIONS, **changes)


class TestRecognition:
    @pytest.mark.parametrize("prefix", ["", *PREFIXES])
    @pytest.mark.parametrize("part", ["condition", "alignment", "both"])
    def test_extension_is_not_a_whole_model(self, tmp_path, prefix, part):
        shapes = {} if part == "alignment" else condition_shapes(SMALL, OPTIONS)
        shapes |= {} if part == "condition" else alignment_shapes(SMALL, OPTIONS)
        path = write_small(tmp_path / "model.safetensors", {prefix + name: shape for name, shape in shapes.items()}, {})
        opened = open_checkpoint(path)
        assert opened.kind == "a MetaWorld extension without its base model"
        assert opened.shapes.keys() == shapes.keys()

    @pytest.mark.parametrize("condition", ["tokens", "latents"])
    @pytest.mark.parametrize("depth", ["with", "without"])
    def test_whole_model(self, tmp_path, condition, depth):
        options = replace(STAGE_1, condition=condition, depth=depth)
        path = write_small(tmp_path / "model.safetensors", expected_shapes(SMALL, options))
        assert open_checkpoint(path).kind == "MetaWorld"
        assert plan_metaworld(open_checkpoint(path)).options == options

    def test_layout_is_that_of_the_shapes(self):
        assert layout_from_shapes(expected_shapes(SMALL, OPTIONS)) == SMALL

    def test_text_to_video_of_another_wan_is_no_base(self, tmp_path):
        path = write_small(tmp_path / "ti2v.safetensors", wan_shapes(replace(SMALL, channels=48)), {})
        assert base_layout(open_checkpoint(path)).channels == 48
        extra = condition_shapes(replace(SMALL, channels=48), OPTIONS) | alignment_shapes(SMALL, OPTIONS)
        extension = write_small(tmp_path / "extension.safetensors", extra)
        with pytest.raises(CheckpointError, match=r"48 latent channels, Wan 2\.1's VAE 16; record .*'latent_scale'"):
            plan_metaworld(open_checkpoint(extension), open_checkpoint(path))

    def test_quantised_file_keeps_its_scales(self, tmp_path):
        tensors = zeros(expected_shapes(SMALL, OPTIONS))
        tensors |= {"blocks.0.ffn.0.scale_weight": torch.ones(1), "scaled_fp8": torch.zeros(2)}
        path = tmp_path / "model.safetensors"
        write_checkpoint(path, tensors | {"surplus": torch.zeros(1)}, RECORD)
        assert plan_metaworld(open_checkpoint(path)).read().keys() == tensors.keys()


class TestUntrainedExtension:
    def test_zero_where_the_paper_says_so_and_copied_where_it_does_not(self):
        generator = torch.Generator().manual_seed(0)
        base = {name: torch.randn(shape, generator=generator) for name, shape in wan_shapes(SMALL).items()}
        extension = untrained_extension(base, SMALL, replace(OPTIONS, depth="either"))
        zero = {name for name, tensor in extension.items() if not tensor.any()}
        biases = {name for name in extension if name.startswith("cond_") and name.endswith(".bias")}
        outputs = {f"blocks.{block}.wsa.o.{part}" for block in (0, 1) for part in ("weight", "bias")}
        assert zero == biases | outputs | {"cond_depth_mlp.4.weight", "cond_video_mlp.4.weight"}
        for name, tensor in extension.items():
            if ".wsa." in name and ".wsa.o." not in name:
                source = base[name.replace("wsa", "self_attn")]
                assert torch.equal(tensor, source)
                assert tensor.data_ptr() != source.data_ptr()

    def test_latent_form_is_all_zero(self):
        base = zeros(wan_shapes(SMALL))
        extension = untrained_extension(base, SMALL, replace(STAGE_1, condition="latents"))
        assert extension.keys() == {"cond_latent_compression.weight", "cond_latent_compression.bias"}
        assert not any(tensor.any() for tensor in extension.values())


class TestInspection:
    def test_whole_file(self, tmp_path):
        path = write_small(tmp_path / "model.safetensors", expected_shapes(SMALL, OPTIONS))
        text = inspect_checkpoint(path).text()
        assert "kind: MetaWorld" in text
        assert "condition: RGB and depth, added to the tokens" in text
        assert "world-state alignment: 2 blocks" in text
        assert "network: dim 16, 2 layers, ffn 24, 2 heads as recorded" in text
        assert "tensors of the network: backbone 69 of 69, condition 8 of 8, alignment 20 of 20" in text
        assert "alignment_place" in text
        assert text.endswith("no problems found")

    def test_first_stage(self, tmp_path):
        options = replace(STAGE_1, condition="latents", depth="without")
        path = write_small(tmp_path / "model.safetensors", expected_shapes(SMALL, options))
        text = inspect_checkpoint(path).text()
        assert "condition: RGB alone, added to the latents" in text
        assert "world-state alignment: none, agents are independent" in text

    def test_extension_is_described_without_its_base(self, tmp_path):
        inspection = inspect_checkpoint(write_small(tmp_path / "e.safetensors", alignment_shapes(SMALL, OPTIONS)))
        assert "condition: no weights" in inspection.findings
        assert "world-state alignment: 2 blocks" in inspection.findings
        assert not inspection.problems

    def test_damage_is_told_by_name(self, tmp_path):
        shapes = expected_shapes(SMALL, OPTIONS)
        del shapes["blocks.1.wsa.k.weight"]
        inspection = inspect_checkpoint(write_small(tmp_path / "model.safetensors", shapes))
        assert "alignment 19 of 20" in inspection.text()
        assert inspection.problems == ["model.safetensors is taken for MetaWorld, but it lacks blocks.1.wsa.k.weight."]

    def test_file_without_heads(self, tmp_path):
        path = tmp_path / "model.safetensors"
        safetensors.torch.save_file(zeros(expected_shapes(SMALL, OPTIONS)), path)
        [problem] = inspect_checkpoint(path).problems
        assert "tokens of width 16 cannot have 0 attention heads; record 'num_heads' in the metadata" in problem
