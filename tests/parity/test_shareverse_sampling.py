"""ShareVerse under ComfyUI's own samplers, against diffusers' scheduler and transformer."""

from dataclasses import replace

import comfy.samplers
import pytest
import torch
from diffusers import CogVideoXDDIMScheduler

from shared_world.development.tiny_checkpoints import CONFIG
from shared_world.models.shareverse.comfyui import AGENTS, COUPLING_OPTIONS, RAYMAPS, NoiseSchedule
from shared_world.models.shareverse.options import ShareVerseOptions
from shared_world.tests.parity.diffusers_cogvideox import diffusers_transformer, diffusers_velocity
from shared_world.tests.parity.native_models import (
    base_weights,
    conditioning,
    latent_shape,
    native_model,
    relative_error,
    sample,
    with_values,
)
from shared_world.tests.tiny_networks import TINIEST, TINY

AGENTS_SHAPE = latent_shape(2)
ROTARY_ONLY = replace(TINIEST, learned_grid=None)
GRID = TINIEST.learned_grid


def ddim(snr_shift_scale):
    """The scheduler with the settings of CogVideoX-5B-I2V, except for the shift, which is 1 there."""
    return CogVideoXDDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        rescale_betas_zero_snr=True,
        snr_shift_scale=snr_shift_scale,
    )


@pytest.fixture(scope="module")
def model():
    """Two or more agents, coupled."""
    return native_model()


@pytest.fixture(scope="module")
def rotary_model():
    """The same for latents of any size."""
    return native_model(ROTARY_ONLY)


class TestSchedule:
    @pytest.mark.parametrize("snr_shift_scale", [1.0, 3.0])
    def test_noise_levels_are_those_of_diffusers(self, snr_shift_scale):
        signal = ddim(snr_shift_scale).alphas_cumprod.sqrt()
        given = 1 / (1 + NoiseSchedule(snr_shift_scale).sigmas.double().square()).sqrt()
        assert (given - signal).abs()[:-1].max() < 1e-6
        # The last step has no signal at all in diffusers; here a trace of it is left, so that sigma is finite.
        assert signal[-1] == 0
        assert 0 < given[-1] < 1e-4

    @pytest.mark.parametrize("steps", [1, 4, 10, 50])
    def test_simple_scheduler_takes_the_trailing_timesteps(self, steps):
        schedule, reference = NoiseSchedule(), ddim(1.0)
        reference.set_timesteps(steps)
        sigmas = comfy.samplers.calculate_sigmas(schedule, "simple", steps)
        assert schedule.timestep(sigmas[:-1]).tolist() == reference.timesteps.tolist()
        assert sigmas[-1] == 0

    @pytest.mark.parametrize("snr_shift_scale", [1.0, 3.0])
    @pytest.mark.parametrize("config", [CONFIG, TINY], ids=["learned and rotary", "rotary"])
    def test_ten_euler_steps_are_ten_ddim_steps(self, snr_shift_scale, config):
        options = ShareVerseOptions(snr_shift_scale=snr_shift_scale)
        native = native_model(config, options, trained=False)
        positive = conditioning(1, config, CONFIG.learned_grid)
        shape = latent_shape(1, CONFIG)
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(2))
        given = sample(native, positive, shape, steps=10, noise=noise)

        transformer, scheduler = diffusers_transformer(config, base_weights(config)), ddim(snr_shift_scale)
        [[text, values]] = positive
        first_frame = torch.zeros(shape)
        first_frame[:, :, :1] = 0.7 * values["concat_latent_image"]
        scheduler.set_timesteps(10)
        latents = noise
        for timestep in scheduler.timesteps:
            velocity = diffusers_velocity(
                transformer, torch.cat([latents, first_frame], dim=1), timestep.expand(1), text
            )
            latents = scheduler.step(velocity, timestep, latents, return_dict=False)[0]
        assert (latents - noise).std() > 0.1
        assert relative_error(given, latents / 0.7) < 1e-4

    def test_first_frame_is_scaled_like_the_latents_and_fills_latent_frame_0_only(self, model):
        [[_, values]] = conditioning(2)
        first_frames = values["concat_latent_image"]
        noise = torch.zeros(AGENTS_SHAPE)
        given = model.model.concat_cond(noise=noise, **values)
        assert torch.equal(given[:, :, :1], 0.7 * first_frames)
        assert not given[:, :, 1:].any()
        assert not model.model.concat_cond(noise=noise).any()
        assert not noise.any()


class TestSamplers:
    @pytest.mark.parametrize("scheduler", comfy.samplers.KSampler.SCHEDULERS)
    def test_scheduler_gives_finite_latents(self, model, scheduler):
        assert sample(model, conditioning(2), AGENTS_SHAPE, scheduler=scheduler).isfinite().all()

    def test_worlds_in_one_batch_are_sampled_as_if_alone(self, model):
        noise = torch.randn(latent_shape(4), generator=torch.Generator().manual_seed(3))
        # First frames and raymaps of one world serve both.
        both = sample(model, conditioning(2), noise.shape, noise=noise)
        for world in (slice(0, 2), slice(2, 4)):
            alone = sample(model, conditioning(2), AGENTS_SHAPE, noise=noise[world])
            assert relative_error(both[world], alone) < 1e-5

    def test_agents_see_each_other_unless_the_topology_says_no(self, model):
        positive = conditioning(2)
        raymaps = positive[0][1][RAYMAPS]
        changed = with_values(positive, **{RAYMAPS: torch.cat([raymaps[:1], -raymaps[1:]])})
        uncoupled = model.clone()
        uncoupled.model_options["transformer_options"][COUPLING_OPTIONS] = {"topology": "none"}
        before, after = (sample(model, each, AGENTS_SHAPE) for each in (positive, changed))
        assert relative_error(after[0], before[0]) > 1e-3
        before, after = (sample(uncoupled, each, AGENTS_SHAPE) for each in (positive, changed))
        assert torch.equal(after[0], before[0])
        assert relative_error(after[1], before[1]) > 1e-3

    def test_one_agent_at_a_time_gives_the_same_video(self, model):
        one_by_one = model.clone()
        one_by_one.model_options["transformer_options"][COUPLING_OPTIONS] = {"agents_at_a_time": 1}
        given, expected = (sample(each, conditioning(2), AGENTS_SHAPE) for each in (one_by_one, model))
        assert relative_error(given, expected) < 1e-5


class TestGuidance:
    @pytest.fixture
    def batch_sizes(self, model, rotary_model):
        """Batch items of every call of either network."""
        sizes = []

        def note_size(module, arguments):
            sizes.append(len(arguments[0]))

        hooks = [each.model.diffusion_model.register_forward_pre_hook(note_size) for each in (model, rotary_model)]
        yield sizes
        for hook in hooks:
            hook.remove()

    @pytest.fixture
    def scarce_memory(self, monkeypatch):
        """Makes ComfyUI believe that a batch of two guidance branches does not fit."""

        def apply(model):
            monkeypatch.setattr(model.model, "memory_usage_factor", 1e12)

        return apply

    def test_branches_in_one_batch_equal_branches_one_by_one(self, model, batch_sizes, scarce_memory):
        positive = conditioning(2)
        negative = with_values(positive, concat_latent_image=None)
        together = sample(model, positive, AGENTS_SHAPE, negative, cfg=3.0)
        assert batch_sizes == [4, 4]
        batch_sizes.clear()
        scarce_memory(model)
        apart = sample(model, positive, AGENTS_SHAPE, negative, cfg=3.0)
        assert batch_sizes == [2, 2, 2, 2]
        assert relative_error(together, apart) < 1e-5
        assert relative_error(together, sample(model, positive, AGENTS_SHAPE)) > 1e-2

    @pytest.mark.parametrize(
        "changes",
        [
            {"concat_latent_image": None},
            {RAYMAPS: None},
            {"text": torch.ones(2, 4, TINIEST.text_dim)},
            {"text": torch.ones(2, 6, TINIEST.text_dim)},
            {"text": torch.ones(1, 4, TINIEST.text_dim)},
        ],
        ids=["no first frame", "no raymaps", "other text", "longer text", "one text for all agents"],
    )
    def test_positive_prediction_does_not_depend_on_the_negative_beside_it(self, rotary_model, changes):
        positive = conditioning(2, ROTARY_ONLY, GRID)
        negative = with_values(positive, **changes)
        only_positive = rotary_model.clone()
        only_positive.set_model_sampler_cfg_function(lambda branches: branches["cond"], disable_cfg1_optimization=True)
        given = sample(only_positive, positive, AGENTS_SHAPE, negative, cfg=3.0)
        assert relative_error(given, sample(rotary_model, positive, AGENTS_SHAPE)) < 1e-5

    def test_equal_branches_change_nothing(self, model):
        positive = conditioning(2)
        guided = sample(model, positive, AGENTS_SHAPE, cfg=3.0)
        assert relative_error(guided, sample(model, positive, AGENTS_SHAPE)) < 1e-5

    def test_without_text_the_empty_prompt_is_zeros(self, model, caplog):
        [[text, values]] = conditioning(2)
        with caplog.at_level("INFO"):
            given = sample(model, [[None, values]], AGENTS_SHAPE)
        assert "using zeros for the empty prompt" in caplog.text
        assert relative_error(given, sample(model, [[torch.zeros_like(text), values]], AGENTS_SHAPE)) < 1e-5


class TestSizes:
    @pytest.mark.parametrize(("rows", "columns"), [(1, 0), (0, 1), (1, 1)])
    def test_sides_that_are_no_multiple_of_the_patch_are_extended_and_cut(self, rotary_model, rows, columns):
        network = rotary_model.model.diffusion_model
        generator = torch.Generator().manual_seed(5)
        latents = torch.randn(2, 32, 2, 4, 6, generator=generator)
        raymaps = torch.randn(2, 24, 2, 4, 6, generator=generator)
        text = torch.zeros(2, 4, TINIEST.text_dim)
        # Even inputs whose last row and column are repeated already are what odd inputs are extended to.
        for tensor in (latents, raymaps):
            if rows:
                tensor[..., -1, :] = tensor[..., -2, :]
            if columns:
                tensor[..., -1] = tensor[..., -2]
        cut = (..., slice(4 - rows), slice(6 - columns))
        with torch.no_grad():
            expected = network(latents, torch.ones(2), text, raymaps=raymaps, agents=2)[cut]
            given = network(latents[cut], torch.ones(2), text, raymaps=raymaps[cut], agents=2)
        assert given.shape == latents[cut][:, :16].shape
        assert torch.equal(given, expected)

    def test_odd_sides_are_sampled(self, rotary_model):
        shape = torch.Size((2, 16, 2, 3, 5))
        positive = conditioning(2, ROTARY_ONLY, (2, 2, 3))
        [[_, values]] = positive
        odd = with_values(
            positive,
            concat_latent_image=values["concat_latent_image"][..., :3, :5],
            **{RAYMAPS: values[RAYMAPS][..., :3, :5]},
        )
        given = sample(rotary_model, odd, shape)
        assert given.shape == shape
        assert given.isfinite().all()

    def test_raymaps_of_nearly_the_size_are_not_extended_to_fit(self, rotary_model):
        positive = conditioning(2, ROTARY_ONLY, GRID)
        narrow = with_values(positive, **{RAYMAPS: positive[0][1][RAYMAPS][..., :5]})
        with pytest.raises(ValueError, match=r"Raymaps have \(2, 4, 5\) .* the latents \(2, 4, 6\)"):
            sample(rotary_model, narrow, AGENTS_SHAPE)

    def test_first_frames_of_another_size_are_refused(self, model):
        positive = conditioning(2)
        other = with_values(positive, concat_latent_image=torch.zeros(2, 16, 1, 6, 6))
        with pytest.raises(ValueError, match=r"first frames have \(6, 6\) .* the latents \(4, 6\)"):
            sample(model, other, AGENTS_SHAPE)

    @pytest.mark.parametrize(
        ("changes", "batch", "sentence"),
        [
            ({}, 3, "first frames of 2 agents for 2 agents and a latent batch of 3"),
            ({"concat_latent_image": None}, 3, "raymaps of 2 agents for 2 agents and a latent batch of 3"),
            ({"concat_latent_image": None, RAYMAPS: None}, 3, "batch has 3 items, which 2 agents cannot share"),
            ({}, 1, "first frames of 2 agents for 2 agents and a latent batch of 1"),
            ({"concat_latent_image": torch.zeros(1, 16, 1, 4, 6)}, 2, "first frames of 1 agents for 2 agents"),
            ({RAYMAPS: torch.zeros(1, 24, 2, 4, 6)}, 2, "raymaps of 1 agents for 2 agents"),
            ({AGENTS: 4}, 4, "first frames of 2 agents for 4 agents"),
        ],
    )
    def test_batch_that_does_not_hold_the_agents_is_refused(self, model, changes, batch, sentence):
        with pytest.raises(ValueError, match=sentence):
            sample(model, with_values(conditioning(2), **changes), latent_shape(batch))
