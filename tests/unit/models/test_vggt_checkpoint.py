import re

import pytest
import safetensors.torch
import torch

from shared_world.development.tiny_checkpoints import random_weights
from shared_world.models.checkpoints import CheckpointError
from shared_world.models.vggt.checkpoint import UNUSED, read_global_state
from shared_world.models.vggt.config import AggregatorConfig
from shared_world.models.vggt.global_state import GlobalStateNetwork

TINY = AggregatorConfig(
    layers=3, patch_layers=2, dim=24, head_dim=12, hidden=40, learned_side=5, registers=2, patch_registers=3
)
HEADS = {"camera_head.trunk.0.norm1.weight": torch.ones(3), "depth_head.norm.weight": torch.ones(3)}


@pytest.fixture(scope="module")
def weights():
    return random_weights(GlobalStateNetwork(TINY), seed=0)


@pytest.fixture
def write(tmp_path):
    def write(tensors):
        safetensors.torch.save_file(tensors, tmp_path / "vggt.safetensors")
        return tmp_path / "vggt.safetensors"

    return write


def refusal(path):
    """The sentence with which a file is refused."""
    with pytest.raises(CheckpointError) as error:
        read_global_state(path)
    sentence = str(error.value)
    assert sentence.startswith(path.name)
    assert re.fullmatch(r"[^\n]+\.", sentence), sentence
    assert not re.search(r"[.!?] +[A-Z]", sentence), sentence
    return sentence


def test_sizes_are_read_from_the_weights_and_heads_are_left_out(weights, write):
    config, tensors = read_global_state(write(weights | HEADS | {UNUSED: torch.ones(1, 24)}))
    assert config == TINY
    assert tensors.keys() == weights.keys()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in tensors.items())


def test_names_are_the_published_ones(weights):
    expected = {
        "aggregator.camera_token",
        "aggregator.register_token",
        "aggregator.patch_embed.cls_token",
        "aggregator.patch_embed.pos_embed",
        "aggregator.patch_embed.register_tokens",
    }
    layers = {"patch_embed.patch_embed.proj", "patch_embed.norm"}
    block = {"norm1", "norm2", "attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"}
    for blocks, count, norms in (
        ("patch_embed.blocks", 2, set()),
        ("frame_blocks", 3, {"attn.q_norm", "attn.k_norm"}),
        ("global_blocks", 3, {"attn.q_norm", "attn.k_norm"}),
    ):
        for index in range(count):
            layers |= {f"{blocks}.{index}.{layer}" for layer in block | norms}
            expected |= {f"aggregator.{blocks}.{index}.{scale}.gamma" for scale in ("ls1", "ls2")}
    expected |= {f"aggregator.{layer}.{kind}" for layer in layers for kind in ("weight", "bias")}
    assert weights.keys() == expected


@pytest.mark.parametrize(
    "name",
    [
        "camera_token",
        "register_token",
        "patch_embed.pos_embed",
        "patch_embed.patch_embed.proj.weight",
        "patch_embed.blocks.1.ls2.gamma",
        "frame_blocks.0.attn.q_norm.weight",
        "frame_blocks.1.mlp.fc2.bias",
        "global_blocks.2.attn.k_norm.weight",
    ],
)
def test_missing_tensor_is_named(weights, write, name):
    sentence = refusal(write({key: tensor for key, tensor in weights.items() if key != f"aggregator.{name}"}))
    assert f"taken for VGGT, but it lacks aggregator.{name}." in sentence


def test_layer_without_its_global_block_is_missing_that(weights, write):
    left = {key: tensor for key, tensor in weights.items() if not key.startswith("aggregator.global_blocks.2.")}
    assert "it lacks aggregator.global_blocks.2.norm1.weight, aggregator.global_blocks.2." in refusal(write(left))


def test_file_without_the_aggregator_says_so(write):
    assert "has no tensor 'aggregator.*'" in refusal(write(HEADS))
    sentence = refusal(write({"decoder.conv_in.weight": torch.ones(1)}))
    assert "is a VAE and has no tensor 'aggregator.*', so it lacks VGGT's aggregator" in sentence


@pytest.mark.parametrize(
    ("name", "shape", "part"),
    [
        ("patch_embed.patch_embed.proj.weight", (24, 588), "has shape (24, 588) instead of 4 axes"),
        ("patch_embed.pos_embed", (1, 25, 24), "24 positions of patches, which form no square"),
        ("patch_embed.pos_embed", (1, 0, 24), "-1 positions of patches, which form no square"),
        ("frame_blocks.0.attn.q_norm.weight", (10,), "cannot be split into heads of 10"),
        ("frame_blocks.0.attn.q_norm.weight", (0,), "cannot be split into heads of 0"),
        ("global_blocks.2.mlp.fc1.weight", (40, 12), "has shape (40, 12) instead of (40, 24)"),
    ],
)
def test_tensor_of_another_shape_is_named(weights, write, name, shape, part):
    sentence = refusal(write(weights | {f"aggregator.{name}": torch.ones(shape)}))
    assert "taken for VGGT" in sentence
    assert part in sentence


def test_quantised_weights_are_refused(weights, write):
    scale = {"aggregator.frame_blocks.0.attn.qkv.weight_scale": torch.ones(1)}
    assert "holds quantised weights" in refusal(write(weights | scale))


def test_damaged_file_is_refused(weights, write):
    path = write(weights)
    path.write_bytes(path.read_bytes()[:-100])
    assert "is cut off" in refusal(path)
