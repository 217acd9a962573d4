import comfy.sample
import comfy.samplers
import pytest
import torch

from shared_world.models.shareverse.comfyui import AGENTS, COUPLING_OPTIONS, RAYMAPS
from shared_world.sampling.joint import (
    SamplerSettings,
    agent_count,
    same_conditioning,
    sample_jointly,
    with_coupling,
)
from shared_world.sampling.noise import agent_noise
from shared_world.tests.parity.native_models import conditioning, latent_shape, native_model, with_values

SHAPE = latent_shape(2)
EULER = SamplerSettings(steps=2, cfg=1.0, sampler="euler", scheduler="simple")


@pytest.fixture(scope="module")
def model():
    return native_model()


@pytest.fixture
def batch_sizes(model):
    """Batch items of every call of the network."""
    sizes = []
    hook = model.model.diffusion_model.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    yield sizes
    hook.remove()


def copied(conditions):
    """Equal conditioning in other tensors, as another node would make it."""
    return [
        [text.clone(), {key: value.clone() if torch.is_tensor(value) else value for key, value in values.items()}]
        for text, values in conditions
    ]


def guided(model, positive, negative, cfg):
    settings = SamplerSettings(2, cfg, "euler", "simple")
    return sample_jointly(model, positive, negative, {"samples": torch.zeros(SHAPE)}, settings, seed=3)["samples"]


def test_an_equal_negative_is_not_evaluated_whatever_the_guidance(model, batch_sizes):
    positive = conditioning(2)
    expected = guided(model, positive, positive, cfg=1.0)
    assert batch_sizes == [2, 2]
    for negative in (positive, copied(positive)):
        batch_sizes.clear()
        assert torch.equal(guided(model, positive, negative, cfg=7.5), expected)
        assert batch_sizes == [2, 2]


def test_another_negative_is_evaluated_beside_the_positive(model, batch_sizes):
    positive = conditioning(2)
    negative = with_values(positive, **{RAYMAPS: torch.zeros_like(positive[0][1][RAYMAPS])})
    result = guided(model, positive, negative, cfg=7.5)
    assert batch_sizes == [4, 4]
    batch_sizes.clear()
    assert not torch.allclose(guided(model, positive, negative, cfg=1.0), result, atol=0.01)
    assert batch_sizes == [2, 2]


def test_an_empty_latent_for_another_vae_gets_the_models_size_as_in_ksampler(model):
    latent = {"samples": torch.zeros(2, 4, 1, SHAPE[3] // 2, SHAPE[4] // 2)}
    latent |= {"downscale_ratio_spacial": 16, "downscale_ratio_temporal": 4 * SHAPE[2]}
    positive = conditioning(2)
    result = sample_jointly(model, positive, positive, latent, EULER, seed=3)
    assert set(result) == {"samples"}  # which is empty no more, so that nobody resizes it again
    assert torch.equal(result["samples"], guided(model, positive, positive, cfg=1.0))


def test_every_sampler_of_comfyui_gives_finite_latents(model):
    positive = conditioning(2)
    for sampler in comfy.samplers.KSampler.SAMPLERS:
        settings = SamplerSettings(3, 1.0, sampler, "simple")
        result = sample_jointly(model, positive, positive, {"samples": torch.zeros(SHAPE)}, settings, seed=3)["samples"]
        assert result.shape == SHAPE
        assert result.isfinite().all(), sampler


def changed_by_one_value(conditions, key):
    other = copied(conditions)
    other[0][1][key].view(-1)[-1] += 1e-6 + 1e-3 * other[0][1][key].view(-1)[-1].abs()
    return other


def test_conditioning_is_the_same_only_if_every_value_is():
    positive = conditioning(2)
    assert same_conditioning(positive, copied(positive))
    others = [
        changed_by_one_value(positive, RAYMAPS),
        changed_by_one_value(positive, "concat_latent_image"),
        with_values(positive, text=positive[0][0] + 1),
        with_values(positive, text=positive[0][0][:, :-1]),
        with_values(positive, concat_latent_image=None),
        with_values(positive, start_percent=0.5),
        with_values(positive, **{AGENTS: 1}),
        [*positive, *positive],
        [[None, positive[0][1]]],
        [],
    ]
    for other in others:
        assert not same_conditioning(positive, other)
        assert not same_conditioning(other, positive)


@pytest.mark.parametrize("items", [1, 3, 5])
def test_latents_that_hold_no_whole_worlds_are_refused(model, batch_sizes, items):
    with pytest.raises(ValueError, match=rf"batch has {items} items, the conditioning 2 agents"):
        sample_jointly(
            model, conditioning(2), conditioning(2), {"samples": torch.zeros(items, *SHAPE[1:])}, EULER, seed=0
        )
    assert batch_sizes == []


def test_conditioning_of_other_nodes_is_one_agent():
    assert agent_count([[None, {}]]) == agent_count([]) == 1
    assert agent_count([[None, {AGENTS: 3}]]) == 3


def test_coupling_is_set_on_a_copy_of_the_model(model):
    assert COUPLING_OPTIONS not in model.model_options["transformer_options"]
    alone = with_coupling(model, "none", 1)
    together = with_coupling(alone, "all", 0)
    assert alone.model_options["transformer_options"][COUPLING_OPTIONS]["topology"] == "none"
    assert together.model_options["transformer_options"][COUPLING_OPTIONS]["topology"] == "all"
    assert COUPLING_OPTIONS not in model.model_options["transformer_options"]


def test_masked_agent_keeps_its_latents_and_the_rest_of_the_latent_is_handed_on(model):
    given = torch.randn(SHAPE, generator=torch.Generator().manual_seed(1))
    mask = torch.zeros(2, 1, *SHAPE[2:])
    mask[0] = 1.0
    latent = {"samples": given.clone(), "noise_mask": mask, "note": "kept"}
    result = sample_jointly(model, conditioning(2), conditioning(2), latent, EULER, seed=0)
    torch.testing.assert_close(result["samples"][1], given[1])
    assert not torch.allclose(result["samples"][0], given[0], atol=0.1)
    assert result["note"] == "kept"
    assert torch.equal(latent["samples"], given)


def test_partial_denoising_starts_from_the_given_latents(model):
    given = torch.randn(SHAPE, generator=torch.Generator().manual_seed(1))
    positive = conditioning(2)
    settings = SamplerSettings(4, 1.0, "euler", "simple", denoise=0.5)
    result = sample_jointly(model, positive, positive, {"samples": given}, settings, seed=3)["samples"]
    expected = comfy.sample.sample(
        model,
        agent_noise(given, [3, 4]),
        4,
        1.0,
        "euler",
        "simple",
        positive,
        positive,
        given,
        denoise=0.5,
        disable_pbar=True,
        seed=3,
    )
    assert torch.equal(result, expected)
    assert not torch.equal(result, sample_jointly(model, positive, positive, {"samples": given}, EULER, 3)["samples"])
