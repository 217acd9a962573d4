"""The backbone against diffusers', in plain torch and inside ComfyUI."""

from dataclasses import replace

import comfy.ops
import pytest
import safetensors.torch
import torch
from comfy.ldm.cogvideo.model import CogVideoXTransformer3DModel as ComfyTransformer

from shared_world.development.tiny_checkpoints import CONFIG, random_weights
from shared_world.models.checkpoints import open_checkpoint, read_tensors
from shared_world.models.cogvideox.config import CogVideoXConfig, config_from_shapes
from shared_world.models.cogvideox.transformer import CogVideoXTransformer
from shared_world.models.layers import Layers
from shared_world.models.shareverse.comfyui import NativeTransformer
from shared_world.models.shareverse.options import ShareVerseOptions
from shared_world.tests.parity.diffusers_cogvideox import diffusers_transformer, diffusers_velocity
from shared_world.tests.tiny_networks import TINY, random_inputs

THREE_HEADS = replace(CONFIG, layers=3, dim=192)
FLOAT32_ERROR = 1e-5


@pytest.fixture(params=[CONFIG, TINY, THREE_HEADS], ids=["learned and rotary", "rotary", "three heads"])
def pair(request):
    """Our network and diffusers' with the same weights; the learned table's rows for the text are not zero."""
    weights = random_weights(CogVideoXTransformer(request.param), seed=0)
    if request.param.learned_grid:
        assert weights["patch_embed.pos_embedding"][:, : request.param.text_tokens].any()
    network = CogVideoXTransformer(request.param)
    network.load_state_dict(weights)
    return network.eval(), diffusers_transformer(request.param, weights)


def velocity(network, inputs, dtype=torch.float32):
    with torch.no_grad():
        return network(inputs.latents.to(dtype), inputs.timesteps, inputs.text.to(dtype))


def largest(difference):
    return difference.abs().max().item()


def test_forward_equals_diffusers(pair):
    network, reference = pair
    inputs = random_inputs(2, CONFIG.learned_grid)
    expected = diffusers_velocity(reference, inputs.latents, inputs.timesteps, inputs.text)
    assert expected.std() > 0.1
    assert largest(velocity(network, inputs) - expected) < FLOAT32_ERROR


def test_bfloat16_is_as_close_to_float32_as_diffusers_is(pair):
    network, reference = pair
    inputs = random_inputs(2, CONFIG.learned_grid)
    exact = velocity(network, inputs)
    expected = diffusers_velocity(
        reference.bfloat16(), inputs.latents.bfloat16(), inputs.timesteps, inputs.text.bfloat16()
    )
    given = velocity(network.bfloat16(), inputs, torch.bfloat16)
    assert given.dtype == expected.dtype == torch.bfloat16
    assert (given - exact).square().mean().sqrt() < 1.5 * (expected - exact).square().mean().sqrt()
    assert largest(given.float() - expected.float()) < 0.1


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_comfyui_layers_and_kernels_change_nothing(pair, dtype):
    network, reference = pair
    options = ShareVerseOptions(cross_agent="none")
    native = NativeTransformer(network.config, options, comfy.ops.disable_weight_init, dtype=dtype).eval()
    native.load_state_dict(network.state_dict(), strict=False)
    inputs = random_inputs(2, CONFIG.learned_grid)
    expected = diffusers_velocity(reference, inputs.latents, inputs.timesteps, inputs.text)
    bound = FLOAT32_ERROR if dtype == torch.float32 else 0.1
    assert largest(velocity(native, inputs, dtype).float() - expected) < bound


def test_published_file_has_our_names_and_shapes():
    with torch.device("meta"):
        published = diffusers_transformer(CogVideoXConfig())
        network = CogVideoXTransformer(CogVideoXConfig(), Layers(device=torch.device("meta")))
    expected = {name: tensor.shape for name, tensor in published.state_dict().items()}
    assert {name: tensor.shape for name, tensor in network.state_dict().items()} == expected
    assert config_from_shapes({name: tuple(shape) for name, shape in expected.items()}) == CogVideoXConfig()


def test_fewer_frames_take_the_first_rows_of_the_table_where_diffusers_makes_a_new_one():
    frames, rows, columns = CONFIG.learned_grid
    weights = random_weights(CogVideoXTransformer(CONFIG), seed=0)
    network = CogVideoXTransformer(CONFIG)
    network.load_state_dict(weights)
    inputs = random_inputs(1, (frames - 2, rows, columns))
    arguments = (inputs.latents, inputs.timesteps, inputs.text)
    given = velocity(network, inputs)

    kept = CONFIG.text_tokens + (frames - 2) * rows * columns
    shorter = {"patch_embed.pos_embedding": weights["patch_embed.pos_embedding"][:, :kept]}
    cut = diffusers_transformer(replace(CONFIG, learned_grid=(frames - 2, rows, columns)), weights | shorter)
    assert largest(given - diffusers_velocity(cut, *arguments)) < FLOAT32_ERROR
    assert largest(given - diffusers_velocity(diffusers_transformer(CONFIG, weights), *arguments)) > 1e-2


@pytest.mark.parametrize("prefix", ["", "model.diffusion_model."])
def test_weights_in_comfyui_layout_mean_the_same(tmp_path, prefix):
    reference = ComfyTransformer(
        num_attention_heads=TINY.dim // TINY.head_dim,
        attention_head_dim=TINY.head_dim,
        in_channels=TINY.in_channels,
        time_embed_dim=TINY.time_dim,
        text_embed_dim=TINY.text_dim,
        num_layers=TINY.layers,
        spatial_interpolation_scale=1.0,
        use_rotary_positional_embeddings=True,
        operations=comfy.ops.disable_weight_init,
    )
    weights = random_weights(reference, seed=0)
    reference.load_state_dict(weights)
    path = tmp_path / "comfyui.safetensors"
    safetensors.torch.save_file({prefix + name: tensor for name, tensor in weights.items()}, path)

    checkpoint = open_checkpoint(path)
    assert checkpoint.kind == "CogVideoX-I2V"
    network = CogVideoXTransformer(config_from_shapes(checkpoint.shapes, {"text_tokens": TINY.text_tokens}))
    network.load_state_dict(read_tensors(checkpoint))
    inputs = random_inputs(2)
    with torch.no_grad():
        expected = reference(inputs.latents, inputs.timesteps, inputs.text)
    assert expected.std() > 0.1
    assert largest(velocity(network, inputs) - expected) < FLOAT32_ERROR
