"""The tiny files under published names: they load as what they stand for, and everything in them has an effect."""

import json

import comfy.sample
import comfy.samplers
import comfy.sd
import pytest
import safetensors.torch
import torch

from shared_world.development.tiny_multiworld import DIM, HEADS, LAYOUTS, VGGT, write_tiny_multiworld
from shared_world.models.checkpoints import METADATA_KEY, open_checkpoint
from shared_world.models.inspection import inspect_checkpoint
from shared_world.models.loading import load_multi_agent_model
from shared_world.models.multiworld.comfyui import MultiWorldModel, register
from shared_world.models.multiworld.conditioning import GLOBAL_STATE, KEYS
from shared_world.models.multiworld.schedule import official_sigmas
from shared_world.models.native_vae import NativeVAE
from shared_world.models.vae_loading import load_vae
from shared_world.models.vggt.comfyui import load_global_state_encoder
from shared_world.nodes.global_state import FOLDER

MODELS = {
    "multiworld_480p_fulldata": "ItTakesTwo",
    "multiworld_480p_toydata": "ItTakesTwo toy",
    "multiworld_320p_robots": "robots",
}
VGGT_FILE, VAE_FILE = "vggt_1b", "wan2.2_vae"
FRAMES = 3
SHIFTS_A_SOFTMAX = "action_encoder.agent_pooling.weight_proj.2.bias"
"""The same number is added for all agents."""

# Networks of this size are too small to share: threads would wait for each other, the longer the busier the machine is.
torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    write_tiny_multiworld(folder)
    return folder


@pytest.fixture(scope="module")
def files(folder):
    return {path.stem: path for path in folder.rglob("*.safetensors")}


@pytest.fixture(scope="module", params=MODELS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def model(name, files):
    return load_multi_agent_model(str(files[name]))


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def action_inputs(name):
    if MODELS[name] == "robots":
        actions, robots = random(1, 3, FRAMES, 8), torch.tensor([3])
        return {"actions": actions, "robots": robots, "camera": random(1, 1, 16, seed=1)}
    frames = 4 * FRAMES - 3
    pressed = random(1, frames, 2, 10) > 0
    return {"discrete": pressed.long(), "continuous": random(1, frames, 2, 2, seed=1)}


def network_inputs(name):
    return {"environment": random(1, 20, 2 * VGGT.dim), **action_inputs(name)}


def velocity(model, **inputs):
    network = model.model.diffusion_model
    timestep = torch.full((1, FRAMES), 600.0)
    timestep[:, 0] = 0
    with torch.inference_mode():
        return network(random(1, 48, FRAMES, 4, 4), timestep, None, transformer_options={}, **inputs)


def change(given, reference):
    """Root mean square of the difference, in units of the reference's."""
    return ((given - reference).square().mean() / reference.square().mean()).sqrt().item()


def test_files_lie_where_their_nodes_look(folder, files):
    assert set(files) == {*MODELS, VGGT_FILE, VAE_FILE}
    assert {files[name].parent for name in MODELS} == {folder / "diffusion_models"}
    assert files[VGGT_FILE].parent == folder / FOLDER
    assert files[VAE_FILE].parent == folder / "vae"


def test_files_are_small_and_say_that_they_are_random(files):
    assert sum(path.stat().st_size for path in files.values()) < 5e6
    for path in files.values():
        with safetensors.safe_open(path, framework="pt") as file:
            assert json.loads(file.metadata()[METADATA_KEY])["training"] == "none: random weights"


def test_files_hold_the_same_each_time(files, tmp_path):
    write_tiny_multiworld(tmp_path)
    for path in tmp_path.rglob("*.safetensors"):
        expected = safetensors.torch.load_file(files[path.stem])
        again = safetensors.torch.load_file(path)
        assert all(torch.equal(tensor, expected[name]) for name, tensor in again.items())


def test_inspect_finds_no_problem_in_any(files):
    for path in files.values():
        assert inspect_checkpoint(path).problems == []


def test_variant_is_that_of_the_published_name(name, files):
    assert f"variant: {MODELS[name]}" in inspect_checkpoint(files[name]).findings


def test_models_load_with_their_sizes(model, name):
    network = model.model.diffusion_model
    assert isinstance(model.model, MultiWorldModel)
    assert network.layout == LAYOUTS[name]
    assert (network.dim, network.num_heads) == (DIM, HEADS)
    assert network.options.identity_base == (20 if MODELS[name] == "robots" else 2)


def test_comfyuis_own_loader_takes_the_models(model, name, files):
    register()
    stock = comfy.sd.load_diffusion_model(str(files[name]))
    assert torch.equal(velocity(stock, **network_inputs(name)), velocity(model, **network_inputs(name)))


def test_every_tensor_of_a_model_has_an_effect(model, name, files):
    network, inputs = model.model.diffusion_model, network_inputs(name)
    reference = velocity(model, **inputs)
    without = []
    for tensor_name in open_checkpoint(files[name]).shapes:
        parameter = network.get_parameter(tensor_name)
        kept = parameter.detach().clone()
        parameter.data = kept + random(*kept.shape, seed=2) * kept.square().mean().sqrt()
        if change(velocity(model, **inputs), reference) < 3e-4:
            without.append(tensor_name)
        parameter.data = kept
    assert without == [SHIFTS_A_SOFTMAX] * (name == "multiworld_480p_toydata")
    assert torch.equal(velocity(model, **inputs), reference)


def test_every_input_has_an_effect_that_can_be_seen(model, name):
    inputs = network_inputs(name)
    reference = velocity(model, **inputs)
    for changed in set(inputs) - {"robots"}:
        other = 1 - inputs[changed] if changed == "discrete" else -inputs[changed]
        assert change(velocity(model, **inputs | {changed: other}), reference) > 0.05, changed
    if "robots" in inputs:
        assert change(velocity(model, **inputs | {"robots": torch.tensor([2])}), reference) > 0.05


def test_agents_are_told_apart(model, name):
    inputs = network_inputs(name)
    axis = {"discrete": 2, "continuous": 2, "actions": 1}
    swapped = {key: tensor.flip(axis[key]) if key in axis else tensor for key, tensor in inputs.items()}
    assert change(velocity(model, **swapped), velocity(model, **inputs)) > 0.05


def test_sampling_stays_finite(model, name):
    keys = KEYS[LAYOUTS[name].variant]
    actions = {keys[key]: tensor for key, tensor in action_inputs(name).items()}
    positive = [[None, {GLOBAL_STATE: random(1, 261, 2 * VGGT.dim), **actions}]]
    latent = torch.zeros(2, 48, FRAMES, 6, 6)
    latent[:, :, 0] = random(2, 48, 6, 6)
    mask = torch.ones(2, 1, FRAMES, 6, 6)
    mask[:, :, 0] = 0
    noise = comfy.sample.prepare_noise(latent, 0, [0, 0])
    euler = comfy.samplers.sampler_object("euler")
    with torch.inference_mode():
        given = comfy.sample.sample_custom(
            model,
            noise,
            1.0,
            euler,
            official_sigmas(50),
            positive,
            positive,
            latent,
            noise_mask=mask,
            disable_pbar=True,
        )
    assert torch.allclose(given[:, :, 0], latent[:, :, 0], atol=1e-5)
    assert given.isfinite().all()
    assert 0.5 < given[:, :, 1:].std() < 3
    assert change(given[0, :, 1:], given[1, :, 1:]) > 0.02


@pytest.fixture(scope="module")
def encoder(files):
    return load_global_state_encoder(str(files[VGGT_FILE]))


class TestGlobalState:
    def test_state_fits_the_models(self, encoder):
        state = encoder.encode(torch.rand(2, 48, 64, 3))
        assert state.shape == (261, LAYOUTS["multiworld_320p_robots"].environment_dim)
        assert state.isfinite().all()

    def test_views_and_their_order_have_an_effect(self, encoder):
        views = torch.rand(2, 224, 224, 3, generator=torch.Generator().manual_seed(0))
        state = encoder.encode(views)
        assert change(encoder.encode(views.flip(0)), state) > 1e-3
        assert change(encoder.encode(views / 2), state) > 0.02
        assert change(encoder.encode(views[:1]), state) > 1e-3


def test_vae_has_the_latents_of_the_models(files):
    vae = load_vae(str(files[VAE_FILE]))
    assert type(vae) is NativeVAE
    samples = vae.encode(torch.rand(5, 32, 32, 3))
    assert samples.shape == (1, 48, 2, 2, 2)
    assert 0.1 < samples.std() < 10
    assert vae.decode(samples).shape == (1, 5, 32, 32, 3)
