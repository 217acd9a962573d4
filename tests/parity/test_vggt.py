"""The Global State Encoder against tensors of the official program, in plain torch and inside ComfyUI."""

from pathlib import Path

import comfy.model_management
import pytest
import safetensors.torch
import torch

from shared_world.models.layers import Layers
from shared_world.models.vggt.checkpoint import read_global_state
from shared_world.models.vggt.comfyui import load_global_state_encoder
from shared_world.models.vggt.global_state import GlobalStateNetwork
from shared_world.models.vggt.preprocessing import fit_views, preprocess_views

REFERENCE = Path(__file__).parent / "multiworld_reference"
VGGT = str(REFERENCE / "tiny_vggt.safetensors")
FLOAT32_ERROR = 1e-5
CPU = torch.device("cpu")


def reference(name):
    return safetensors.torch.load_file(REFERENCE / f"{name}.safetensors")


@pytest.fixture(autouse=True)
def inference_mode():
    """As around every node that runs."""
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def network():
    return plain_network()


@pytest.fixture(scope="module")
def encoder():
    return load_global_state_encoder(VGGT)


def plain_network(dtype=None):
    config, tensors = read_global_state(VGGT)
    network = GlobalStateNetwork(config, Layers(dtype=dtype))
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)


def raw_views(family):
    """Views (views, height, width, 3) in 0..1 as ComfyUI loads them: two halves of a screen, or three cameras."""
    images = reference("reference_images")
    if family == "robots":
        return images["robots.raw_views_u8"] / 255
    return torch.stack(images["itt.raw_split_screen_u8"].chunk(2, dim=1)) / 255


def official(family):
    return reference("reference_robots" if family == "robots" else "reference_itt_toy")


def largest(difference):
    return difference.abs().max().item()


families = pytest.mark.parametrize("family", ["itt", "robots"])


@families
def test_pictures_are_the_official_ones_bit_for_bit(family):
    assert torch.equal(fit_views(raw_views(family)), reference("reference_images")[f"{family}.preprocessed_u8"])


@families
def test_every_layer_equals_the_official_one(network, family):
    expected = official(family)
    pictures = preprocess_views(raw_views(family))[None]
    layers = 0
    for index, outputs in enumerate(network.aggregator.layer_outputs(pictures)):
        layer = expected[f"vggt.layer{index}_first8"]
        assert layer.std() > 0.5
        assert largest(torch.cat(outputs, dim=-1)[:, :, :8] - layer) < FLOAT32_ERROR
        layers += 1
    assert layers == 2


@families
def test_state_of_the_world_equals_the_official_one(network, encoder, family):
    expected = official(family)["env.pooled_tokens"]
    assert expected.std() > 0.5
    plain = network(preprocess_views(raw_views(family))[None])[0]
    assert largest(plain - expected) < FLOAT32_ERROR
    given = encoder.encode(raw_views(family))
    assert given.shape == expected.shape == (261, 64)
    assert given.device == CPU
    assert given.dtype == torch.float32
    assert largest(given - expected) < FLOAT32_ERROR


def test_bfloat16_is_what_mixed_precision_computes(network):
    """The official program runs float32 weights under automatic mixed precision."""
    pictures = preprocess_views(raw_views("robots"))[None]
    with torch.autocast("cpu", torch.bfloat16):
        mixed = network(pictures)
    error = (mixed - network(pictures)).abs().mean()
    assert error > 1e-3
    assert torch.equal(plain_network(torch.bfloat16)(pictures), mixed)

    half = load_global_state_encoder(VGGT, dtype=torch.bfloat16)
    assert half.network.aggregator.frame_blocks[0].attn.qkv.weight.dtype == torch.bfloat16
    assert (half.encode(raw_views("robots")) - network(pictures)[0]).abs().mean() < 1.2 * error


def test_weights_on_the_cpu_are_float32(encoder):
    assert encoder.dtype == torch.float32
    assert {tensor.dtype for tensor in encoder.network.state_dict().values()} == {torch.float32}


def test_weights_in_the_types_of_the_file_compute_in_float32(encoder):
    """Dynamic VRAM keeps weights as they are stored, here in bfloat16."""
    kept = load_global_state_encoder(VGGT)
    kept.network.load_state_dict(read_global_state(VGGT)[1], assign=True)
    assert {tensor.dtype for tensor in kept.network.state_dict().values()} == {torch.bfloat16}
    pictures = preprocess_views(raw_views("robots"))[None]
    assert largest(kept.network(pictures)[0] - encoder.encode(raw_views("robots"))) < FLOAT32_ERROR


def test_model_management_loads_and_unloads_it(encoder):
    def is_loaded():
        return any(loaded.model is encoder.patcher for loaded in comfy.model_management.current_loaded_models)

    expected = encoder.encode(raw_views("itt"))
    assert is_loaded()
    comfy.model_management.unload_all_models()
    assert not is_loaded()
    assert torch.equal(encoder.encode(raw_views("itt")), expected)
    assert is_loaded()


def test_weights_that_do_not_fit_are_cast_one_by_one(encoder):
    small = load_global_state_encoder(VGGT, disable_dynamic=True)
    small.patcher.load(CPU, lowvram_model_memory=1)
    layers = [layer for layer in small.network.modules() if hasattr(layer, "comfy_cast_weights")]
    assert layers
    assert all(layer.comfy_cast_weights for layer in layers)
    pictures = preprocess_views(raw_views("itt"))[None]
    assert largest(small.network(pictures)[0] - encoder.encode(raw_views("itt"))) < FLOAT32_ERROR


def test_another_device_gets_weights_of_its_own(encoder):
    copy = encoder.patcher.deepclone_multigpu(CPU)
    assert copy.model is not encoder.network
    expected = encoder.network.state_dict()
    assert copy.model_state_dict().keys() == expected.keys()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in copy.model_state_dict().items())
    reload, arguments = encoder.patcher.cached_patcher_init
    assert reload(*arguments, disable_dynamic=True).model is not encoder.network


def test_room_is_asked_for_by_the_number_of_views(encoder, monkeypatch):
    asked = []
    load = comfy.model_management.load_models_gpu

    def remember(models, memory_required=0, **options):
        asked.append(memory_required)
        load(models, memory_required=memory_required, **options)

    monkeypatch.setattr(comfy.model_management, "load_models_gpu", remember)
    for views in (1, 2, 4):
        encoder.encode(torch.rand(views, 32, 32, 3))
    pixels = 3 * 224 * 224 * 4
    assert asked[0] > 261 * 32 * 4 * 8
    assert asked == [asked[0], 2 * asked[0], 4 * asked[0]]
    assert asked[0] < 10 * pixels
