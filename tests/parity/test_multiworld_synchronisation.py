"""The network never makes the host wait for the device: nothing is read back or copied over while it is evaluated."""

import comfy.ldm.modules.attention
import comfy.ldm.wan.model
import comfy.ops
import pytest
import torch
from comfy.patcher_extension import WrappersMP
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import shared_world.models.multiworld.attention
from shared_world.models.multiworld.conditioning import ENCODE_EVERY_STEP, ROBOT_ACTIONS
from shared_world.models.multiworld.options import MultiWorldOptions
from shared_world.models.multiworld.transformer import MultiWorldTransformer
from shared_world.tests.parity.multiworld_models import (
    VARIANTS,
    conditioning,
    first_frame_latent,
    inputs,
    native_model,
    probe_timestep,
    reference,
    sample,
)

aten = torch.ops.aten
READS = {
    aten._local_scalar_dense.default,
    aten.equal.default,
    aten.masked_select.default,
    aten.nonzero.default,
    aten._unique2.default,
    aten.repeat_interleave.Tensor,
}
"""Operations whose result the host has to know before it can go on."""


class OnTheDevice(TorchDispatchMode):
    """Refuses what the host would have to wait for; with `device`, every operation on a tensor that is elsewhere."""

    def __init__(self, device=None):
        super().__init__()
        self.device = device
        self.operations = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        self.operations += 1
        assert function not in READS, f"{function} makes the host wait"
        if self.device:
            tensors = [leaf for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, torch.Tensor)]
            elsewhere = [tensor.shape for tensor in tensors if tensor.device.type != self.device]
            assert not elsewhere, f"{function} with tensors {elsewhere} that are not on the device"
        return result


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Variant -> MODEL in float32."""
    return {variant: native_model(tmp_path_factory.mktemp(variant), variant) for variant in VARIANTS}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("every_step", [False, True])
def test_nothing_is_read_back_while_a_step_is_computed(models, variant, every_step):
    model, mode = models[variant].clone(), OnTheDevice()

    def watched(executor, *args, **kwargs):
        with mode:
            return executor(*args, **kwargs)

    model.add_wrapper(WrappersMP.APPLY_MODEL, watched)
    positive = conditioning(variant, **{ENCODE_EVERY_STEP: every_step})
    given = sample(model, positive, first_frame_latent(model, variant, views=2))
    assert given.isfinite().all()
    assert mode.operations > 100


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("at_a_time", [0, 1])
def test_nothing_comes_from_the_host_while_the_network_is_evaluated(models, monkeypatch, variant, kept, at_a_time):
    """On torch's device without memory, which like a GPU is another one than the CPU."""
    attention = comfy.ldm.modules.attention.attention_pytorch
    for module in (comfy.ldm.wan.model, shared_world.models.multiworld.attention):
        monkeypatch.setattr(module, "optimized_attention", attention)
    # ComfyUI's own, for all Wan networks, makes the frequencies on the CPU.
    monkeypatch.setattr(comfy.ldm.wan.model, "sinusoidal_embedding_1d", cosine_and_sine)
    network = meta_network(models[variant].model.diffusion_model)
    placed = {name: tensor.to("meta") for name, tensor in inputs(variant).items()}
    latents = reference(variant)["in.latents"].repeat(2, 1, 1, 1, 1).to("meta")
    timestep = probe_timestep(latents).to("meta")
    spread = {name: tensor.expand(2, *tensor.shape[1:]) for name, tensor in placed.items()}
    if variant == "robots":
        placed["robots"] = spread["robots"] = tuple(inputs(variant)["robots"].tolist())
    given = {"memory": [tensor.expand(2, -1, -1) for tensor in network.memory(**placed)]} if kept else spread
    options = {"shared_world": {"agents_at_a_time": at_a_time}}
    with torch.inference_mode(), OnTheDevice("meta") as mode:
        velocity = network(latents, timestep, None, transformer_options=options, **given)
    assert velocity.shape == latents.shape
    assert mode.operations > 100


def test_guided_robots_encoded_at_every_step_are_those_encoded_once(models):
    """Both conditionings of two views share a batch of four, for which there are two robot counts."""
    model = models["robots"]
    samples = []
    for every_step in (False, True):
        positive, negative = (conditioning("robots", **{ENCODE_EVERY_STEP: every_step}) for _ in range(2))
        negative[0][1][ROBOT_ACTIONS] = -negative[0][1][ROBOT_ACTIONS]
        samples.append(sample(model, positive, first_frame_latent(model, "robots", views=2), negative, cfg=2.0))
    once, every = samples
    assert (every - once).abs().max() < 1e-5


def test_one_conditioning_is_not_copied_for_the_views_that_share_it(models):
    model, sizes = models["robots"].clone(), []

    def watched(executor, *args, **kwargs):
        sizes.extend(
            (len(tensor), tensor.untyped_storage().nbytes() // tensor[0].nbytes) for tensor in kwargs["memory"]
        )
        return executor(*args, **kwargs)

    model.add_wrapper(WrappersMP.APPLY_MODEL, watched)
    sample(model, conditioning("robots"), first_frame_latent(model, "robots", views=3))
    assert set(sizes) == {(3, 1)}


def cosine_and_sine(dim, position):
    """ComfyUI's embedding with a single frequency."""
    assert dim == 2
    return torch.stack([position.cos(), position.sin()], dim=1)


def meta_network(like):
    """The same network without weights."""
    layout = like.layout
    return MultiWorldTransformer(
        layout,
        MultiWorldOptions(like.options.identity_base),
        in_dim=layout.in_channels,
        out_dim=layout.out_channels,
        dim=layout.dim,
        ffn_dim=layout.ffn_dim,
        freq_dim=layout.time_dim,
        num_heads=like.num_heads,
        num_layers=layout.layers,
        device=torch.device("meta"),
        operations=comfy.ops.disable_weight_init,
    )
