"""Sampling through ComfyUI's own nodes against the released program, and what may not change the result."""

import re

import comfy.hooks
import comfy.ldm.wan.model
import comfy.model_management
import comfy.model_sampling
import comfy.sample
import comfy.samplers
import pytest
import safetensors.torch
import torch
from comfy.ldm.modules.attention import attention_pytorch
from comfy_api.torch_helpers.torch_compile import set_torch_compile_wrapper

from shared_world.models.batch import AGENTS, COUPLING_OPTIONS
from shared_world.models.multiworld import attention as multiworld_attention
from shared_world.models.multiworld.conditioning import (
    CAMERA,
    CONTINUOUS_ACTIONS,
    DISCRETE_ACTIONS,
    ENCODE_EVERY_STEP,
    GLOBAL_STATE,
    ROBOT_ACTIONS,
    ROBOT_COUNTS,
)
from shared_world.models.multiworld.schedule import MULTIWORLD_SCHEDULER, official_sigmas
from shared_world.sampling.joint import SamplerSettings, sample_jointly, with_coupling
from shared_world.tests.parity.multiworld_models import (
    REFERENCE,
    VARIANTS,
    conditioning,
    first_frame_latent,
    native_model,
    reference,
    sample,
)
from shared_world.tests.parity.native_models import relative_error

FULL = 1e-5
ORDER = 1e-5
"""Other batch sizes add numbers in another order."""


STOPS_EARLY = {"dpm_fast", "dpm_adaptive", "uni_pc", "uni_pc_bh2"}
"""ComfyUI ends these before the last noise level, so that some noise stays on frames that a mask keeps."""


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Variant -> MODEL in float32."""
    return {variant: native_model(tmp_path_factory.mktemp(variant), variant) for variant in VARIANTS}


@pytest.fixture(scope="module")
def expected(models):
    """Variant -> one view, two steps."""
    return {
        variant: sample(model, conditioning(variant), first_frame_latent(model, variant))
        for variant, model in models.items()
    }


def furthest(given, wanted):
    return (given - wanted).abs().max().item()


def scaled(model, samples):
    return model.model.latent_format.process_in(samples.clone())


class TestSchedule:
    @pytest.mark.parametrize("steps", [2, 35, 50])
    def test_noise_levels_are_the_released_ones_bit_for_bit(self, steps):
        tensors = safetensors.torch.load_file(REFERENCE / "reference_scheduler.safetensors")
        sigmas = official_sigmas(steps)
        assert sigmas[-1] == 0
        assert torch.equal(sigmas[:-1], tensors[f"sigmas_{steps}"])

    @pytest.mark.parametrize("steps", [2, 35, 50])
    def test_timesteps_reach_the_network_rounded_to_bfloat16(self, models, steps):
        tensors = safetensors.torch.load_file(REFERENCE / "reference_scheduler.safetensors")
        model = models["robots"].model
        timesteps = model.model_sampling.timestep(official_sigmas(steps)[:-1]).float()
        given = model.process_timestep(timesteps, x=None)
        assert torch.equal(given, tensors[f"timesteps_{steps}_as_bf16"])

    def test_simple_is_the_released_schedule_where_steps_divide_1000(self, models):
        sampling = models["robots"].model.model_sampling
        assert sampling.shift == 5
        for steps, bound in ((2, 1e-7), (50, 1e-7), (35, 0.003)):
            error = furthest(comfy.samplers.calculate_sigmas(sampling, "simple", steps), official_sigmas(steps))
            assert error < bound
        assert error > 0.002

    @pytest.mark.parametrize("steps", [2, 35, 50])
    def test_scheduler_in_comfyuis_list_is_the_released_one(self, models, steps):
        assert comfy.samplers.KSampler.SCHEDULERS.count(MULTIWORLD_SCHEDULER) == 1
        sampling = models["robots"].model.model_sampling
        given = comfy.samplers.calculate_sigmas(sampling, MULTIWORLD_SCHEDULER, steps)
        assert torch.equal(given, official_sigmas(steps))

    def test_scheduler_follows_another_shift_of_the_model(self):
        sampling = comfy.model_sampling.ModelSamplingDiscreteFlow()
        sampling.set_parameters(shift=8.0)
        given = comfy.samplers.calculate_sigmas(sampling, MULTIWORLD_SCHEDULER, 10)
        assert torch.equal(given, official_sigmas(10, shift=8.0))

    def test_scheduler_gives_models_without_a_shift_falling_levels_of_their_own(self):
        sampling = comfy.model_sampling.ModelSamplingDiscrete()
        given = comfy.samplers.calculate_sigmas(sampling, MULTIWORLD_SCHEDULER, 10)
        assert given[0] == sampling.sigma_max
        assert given[-1] == 0
        assert (given.diff() < 0).all()

    @pytest.mark.parametrize(("steps", "shift"), [(0, 5.0), (10, 0.0)])
    def test_schedule_without_steps_is_refused(self, steps, shift):
        with pytest.raises(ValueError, match=f"given {steps} and {shift}"):
            official_sigmas(steps, shift)


@pytest.mark.parametrize("variant", VARIANTS)
class TestReleasedProgram:
    def test_ksampler(self, expected, variant):
        assert furthest(expected[variant], reference(variant)["sample32_t16.final"]) < FULL

    def test_sampler_custom_with_the_released_noise_levels(self, models, variant):
        model, positive = models[variant], conditioning(variant)
        latent = first_frame_latent(model, variant)
        noise = comfy.sample.prepare_noise(latent["samples"], 0)
        assert torch.equal(noise, reference(variant)["sample32.noise"])
        with torch.inference_mode():
            samples = comfy.sample.sample_custom(
                model,
                noise,
                1.0,
                comfy.samplers.sampler_object("euler"),
                official_sigmas(2),
                positive,
                positive,
                latent["samples"],
                noise_mask=latent["noise_mask"],
                disable_pbar=True,
            )
        assert furthest(scaled(model, samples), reference(variant)["sample32_t16.final"]) < FULL

    def test_joint_sampler(self, models, variant):
        model, positive = models[variant], conditioning(variant)
        latent = first_frame_latent(model, variant, views=2)
        settings = SamplerSettings(2, 1.0, "euler", "simple")
        with torch.inference_mode():
            result = sample_jointly(model, positive, positive, latent, settings, seed=0)
        for view in scaled(model, result["samples"]).split(1):
            assert furthest(view, reference(variant)["sample32_t16.final"]) < FULL

    def test_clean_first_frame_stays_as_it_is(self, expected, variant):
        given = expected[variant][:, :, :1]
        assert furthest(given, reference(variant)["in.first_frame_latent"]) < 1e-6

    def test_timestep_that_is_not_rounded_gives_another_video(self, expected, variant):
        assert (expected[variant] - reference(variant)["sample32.final"]).abs().mean() > 0.05

    @pytest.mark.parametrize("native", [True, False])
    def test_bfloat16_is_as_close_as_the_released_program_to_itself(self, tmp_path, monkeypatch, variant, native):
        """On a CPU ComfyUI stores bfloat16 and computes in float32, elsewhere it computes in bfloat16 too."""
        if native:
            monkeypatch.setattr(comfy.model_management, "should_use_bf16", lambda *_, **__: True)
        model = native_model(tmp_path, variant, torch.bfloat16)
        assert model.model.get_dtype_inference() == (torch.bfloat16 if native else torch.float32)
        error = sample(model, conditioning(variant), first_frame_latent(model, variant))
        error = (error - reference(variant)["sample16.final"].float()).abs()
        assert error.mean() < 0.01
        assert error.max() < 0.06


@pytest.mark.parametrize("variant", VARIANTS)
class TestViewsAndWorlds:
    def test_views_with_the_same_first_frame_and_noise_are_the_same(self, models, expected, variant):
        model = models[variant]
        views = sample(model, conditioning(variant), first_frame_latent(model, variant, views=3))
        for view in views.split(1):
            assert furthest(view, expected[variant]) < ORDER

    @pytest.mark.parametrize("at_a_time", [1, 2])
    def test_views_one_after_another_give_what_a_batch_gives(self, models, variant, at_a_time):
        model = models[variant]
        positive, latent = self.different_views(model, variant)
        together = sample(model, positive, latent)
        apart = sample(with_coupling(model, "all", at_a_time), positive, latent)
        assert furthest(apart, together) < ORDER
        assert furthest(together[1], together[0]) > 0.1

    @staticmethod
    def different_views(model, variant):
        latent = first_frame_latent(model, variant, views=3)
        latent["samples"] += 0.2 * torch.arange(3)[:, None, None, None, None]
        positive = conditioning(variant)
        if variant == "robots":
            positive[0][1][CAMERA] = torch.cat([positive[0][1][CAMERA] + view for view in range(3)])
        return positive, latent

    def test_each_view_is_what_it_is_alone(self, models, variant):
        model = models[variant]
        positive, latent = self.different_views(model, variant)
        together = sample(model, positive, latent)
        for view in range(3):
            own = {"samples": latent["samples"][view : view + 1], "noise_mask": latent["noise_mask"][:1]}
            alone = conditioning(variant)
            if variant == "robots":
                alone[0][1][CAMERA] = positive[0][1][CAMERA][view : view + 1]
            assert furthest(sample(model, alone, own | {"batch_index": [0]})[0], together[view]) < ORDER

    def test_each_world_has_its_own_actions_and_state(self, models, variant):
        """Two worlds of two views: what a world is given reaches its own views only."""
        model = models[variant]
        first, second = conditioning(variant), other_actions(variant)
        both = [[None, {key: torch.cat([first[0][1][key], second[0][1][key]]) for key in first[0][1]}]]
        both[0][1][AGENTS] = 2
        latent = first_frame_latent(model, variant, views=4)
        result = sample(model, both, latent)
        pair = first_frame_latent(model, variant, views=2)
        for world, own in enumerate((first, second)):
            assert furthest(result[2 * world : 2 * world + 2], sample(model, own, pair)) < ORDER
        assert furthest(result[0], result[2]) > 1e-2


def other_actions(variant):
    """Other actions and another global state, of the same shapes."""
    changed = conditioning(variant)
    values = changed[0][1]
    values[GLOBAL_STATE] = values[GLOBAL_STATE].flip(1) * 0.5
    if variant == "robots":
        values |= {ROBOT_ACTIONS: -values[ROBOT_ACTIONS], ROBOT_COUNTS: torch.tensor([2]), CAMERA: -values[CAMERA]}
    else:
        values |= {DISCRETE_ACTIONS: 1 - values[DISCRETE_ACTIONS], CONTINUOUS_ACTIONS: -values[CONTINUOUS_ACTIONS]}
    return changed


@pytest.mark.parametrize("variant", VARIANTS)
class TestEncodingOnce:
    @pytest.fixture
    def encodings(self, models, variant):
        """How often actions are encoded, and how often keys are computed, in a run."""
        network = models[variant].model.diffusion_model
        calls = []
        hooks = [
            module.register_forward_hook(lambda *_, name=name: calls.append(name))
            for name, module in (("tokens", network.action_encoder), ("keys", network.blocks[1].cross_attn.k_ctx))
        ]
        yield calls
        for hook in hooks:
            hook.remove()

    def test_a_run_encodes_once_for_each_conditioning(self, models, variant, encodings):
        model = models[variant]
        sample(model, conditioning(variant), first_frame_latent(model, variant), other_actions(variant), steps=4)
        assert sorted(encodings) == ["keys", "keys", "tokens", "tokens"]

    def test_encoding_at_every_step_gives_the_same(self, models, variant, encodings, expected):
        model = models[variant]
        every = conditioning(variant, **{ENCODE_EVERY_STEP: True})
        assert furthest(sample(model, every, first_frame_latent(model, variant)), expected[variant]) < ORDER
        assert len(encodings) == 4

    def test_weights_that_change_during_a_run_are_encoded_at_every_step(self, models, variant):
        model = models[variant].model
        kwargs = {**conditioning(variant)[0][1], "noise": torch.zeros(2, 48, 9, 4, 6), "device": torch.device("cpu")}
        with torch.inference_mode():
            assert "memory" in model.extra_conds(**kwargs)
            hooked = model.extra_conds(**kwargs, hooks=comfy.hooks.HookGroup())
            assert "memory" in hooked  # An empty group changes no weights.
            group = comfy.hooks.HookGroup()
            group.add(comfy.hooks.WeightHook())
            assert "memory" not in model.extra_conds(**kwargs, hooks=group)
        assert "memory" not in model.extra_conds(**kwargs)

    def test_keys_and_values_that_views_share_are_held_once(self, models, variant):
        model = models[variant].model
        kwargs = {**conditioning(variant)[0][1], "noise": torch.zeros(4, 48, 9, 4, 6), "device": torch.device("cpu")}
        with torch.inference_mode():
            memory = model.extra_conds(**kwargs)["memory"]
        assert {len(tensor) for tensor in memory.cond} == {1}
        spread = memory.process_cond(batch_size=4)
        for held, given in zip(memory.cond, spread.cond, strict=True):
            assert given.shape == (4, *held.shape[1:])
            assert given.data_ptr() == held.data_ptr()

    def test_nothing_of_a_run_stays_on_the_model(self, models, variant, expected):
        model, network = models[variant], models[variant].model.diffusion_model
        before = {name: tensor.data_ptr() for name, tensor in network.state_dict().items()}
        attributes = {name: set(vars(module)) for name, module in network.named_modules()}
        sample(model, conditioning(variant), first_frame_latent(model, variant))
        assert {name: tensor.data_ptr() for name, tensor in network.state_dict().items()} == before
        assert {name: set(vars(module)) for name, module in network.named_modules()} == attributes
        assert not any(key.startswith("shared_world") for key in model.model_options["transformer_options"])

    def test_interrupted_run_leaves_the_model_as_it_was(self, models, variant, expected):
        model, latent = models[variant], first_frame_latent(models[variant], variant)

        def interrupt(step, *_):
            comfy.model_management.interrupt_current_processing()

        with pytest.raises(comfy.model_management.InterruptProcessingException):
            sample(model, other_actions(variant), latent, steps=5, callback=interrupt)
        assert torch.equal(sample(model, conditioning(variant), latent), expected[variant])


@pytest.mark.parametrize("variant", VARIANTS)
class TestGuidance:
    @pytest.fixture
    def batch_sizes(self, models, variant):
        sizes = []
        network = models[variant].model.diffusion_model
        hook = network.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
        yield sizes
        hook.remove()

    def test_negative_is_not_evaluated_at_one(self, models, variant, expected, batch_sizes):
        model = models[variant]
        given = sample(model, conditioning(variant), first_frame_latent(model, variant), other_actions(variant))
        assert torch.equal(given, expected[variant])
        assert batch_sizes == [1, 1]

    def test_other_actions_guide_in_one_batch_as_they_do_one_after_the_other(
        self, models, variant, expected, batch_sizes, monkeypatch
    ):
        model, latent = models[variant], first_frame_latent(models[variant], variant, views=2)
        positive, negative = conditioning(variant), other_actions(variant)
        together = sample(model, positive, latent, negative, cfg=2.0)
        assert batch_sizes == [4, 4]
        batch_sizes.clear()
        monkeypatch.setattr(model.model, "memory_required", lambda *_, **__: 1e18)
        apart = sample(model, positive, latent, negative, cfg=2.0)
        assert batch_sizes == [2] * 4
        assert furthest(apart, together) < 1e-5
        assert furthest(together[:1], expected[variant]) > 1e-2

    def test_negative_of_another_node_is_enough_without_guidance(self, models, variant, expected):
        model = models[variant]
        text = [[torch.zeros(1, 4, 32), {}]]
        given = sample(model, conditioning(variant), first_frame_latent(model, variant), text)
        assert torch.equal(given, expected[variant])

    def test_conditioning_of_another_node_is_refused_with_the_right_one(self, models, variant):
        model = models[variant]
        text = [[torch.zeros(1, 4, 32), {}]]
        with pytest.raises(ValueError, match="use the conditioning of the node 'MultiWorld Conditioning'"):
            sample(model, text, first_frame_latent(model, variant))


class TestRefusals:
    @pytest.mark.parametrize(
        ("variant", "changes", "sentence"),
        [
            (
                "itt_full",
                {DISCRETE_ACTIONS: torch.zeros(1, 33, 3, 10)},
                "button states have shape (1, 33, 3, 10); this model needs (worlds, frames, 2 players, 10 buttons)",
            ),
            (
                "itt_full",
                {CONTINUOUS_ACTIONS: torch.zeros(1, 32, 2, 2)},
                "look axes have shape (1, 32, 2, 2); this model needs (worlds, 33 frames, 2 players, 2 axes)",
            ),
            (
                "itt_toy",
                {DISCRETE_ACTIONS: torch.full((1, 33, 2, 10), 2)},
                "Frame 0, player 1: button 0 is 2; give 0 for released, 1 for pressed",
            ),
            ("itt_toy", {DISCRETE_ACTIONS: None}, f"lacks {DISCRETE_ACTIONS};"),
            ("itt_toy", {GLOBAL_STATE: None}, f"lacks {GLOBAL_STATE};"),
            ("itt_toy", {GLOBAL_STATE: torch.zeros(1, 261, 63)}, "global-state tokens have shape (1, 261, 63)"),
            (
                "itt_toy",
                {ROBOT_ACTIONS: torch.zeros(1, 4, 9, 8)},
                "The model is MultiWorld for ItTakesTwo, the conditioning holds actions for robots",
            ),
            (
                "robots",
                {DISCRETE_ACTIONS: torch.zeros(1, 33, 2, 10)},
                "The model is MultiWorld for robots, the conditioning holds actions for ItTakesTwo",
            ),
            ("robots", {ROBOT_ACTIONS: torch.zeros(1, 4, 9, 7)}, "robot actions have shape (1, 4, 9, 7)"),
            ("robots", {CAMERA: torch.zeros(1, 16)}, "cameras have shape (1, 16)"),
            ("robots", {CAMERA: torch.zeros(3, 1, 16)}, "for 3 items, the latent batch has 2"),
            ("robots", {ROBOT_COUNTS: torch.tensor([5])}, "World 1 is said to have 5 robots, its actions hold 4"),
            ("robots", {ROBOT_COUNTS: torch.tensor([3, 3])}, "robot counts have shape (2,)"),
            ("robots", {ROBOT_ACTIONS: torch.zeros(1, 4, 8, 8)}, "actions for 8 latent frames, the latents have 9"),
        ],
    )
    def test_unfit_conditioning_is_refused_in_a_sentence(self, models, variant, changes, sentence):
        model = models[variant]
        with pytest.raises(ValueError, match=re.escape(sentence)):
            sample(model, conditioning(variant, **changes), first_frame_latent(model, variant, views=2))

    def test_all_robots_count_where_no_count_is_given(self, models):
        model, latent = models["robots"], first_frame_latent(models["robots"], "robots")
        given = sample(model, conditioning("robots", **{ROBOT_COUNTS: None}), latent)
        every = sample(model, conditioning("robots", **{ROBOT_COUNTS: torch.tensor([4])}), latent)
        assert torch.equal(given, every)


@pytest.mark.parametrize("sampler", comfy.samplers.KSampler.SAMPLERS)
def test_every_sampler_of_comfyui_gives_finite_latents_and_keeps_the_first_frame(models, sampler):
    model = models["robots"]
    latent = first_frame_latent(model, "robots", views=2)
    given = sample(model, conditioning("robots"), latent, sampler=sampler, steps=3)
    assert given.isfinite().all()
    if sampler not in STOPS_EARLY:
        assert furthest(given[:, :, :1], reference("robots")["in.first_frame_latent"].expand(2, -1, -1, -1, -1)) < 1e-5


def test_compiled_model_samples_the_same(models, expected, monkeypatch):
    # As on a GPU: the attention that ComfyUI takes on a CPU is compiled piece by piece, which takes five times as long.
    for module in (comfy.ldm.wan.model, multiworld_attention):
        monkeypatch.setattr(module, "optimized_attention", attention_pytorch)
    model = models["robots"]
    compiled = model.clone()
    set_torch_compile_wrapper(compiled, backend="eager")
    given = sample(compiled, conditioning("robots"), first_frame_latent(model, "robots"))
    assert relative_error(given, expected["robots"]) < 1e-5


def test_view_by_view_option_is_the_joint_samplers(models):
    options = with_coupling(models["robots"], "all", 1).model_options["transformer_options"]
    assert options[COUPLING_OPTIONS]["agents_at_a_time"] == 1
