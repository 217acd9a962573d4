"""MetaWorld through ComfyUI's own samplers and guiders: conditioning, guidance, schedule, and what may not matter."""

import logging
from dataclasses import replace

import comfy.hooks
import comfy.latent_formats
import comfy.ldm.wan.model
import comfy.model_management
import comfy.sample
import comfy.samplers
import comfy.sd
import pytest
import torch
from comfy.ldm.modules.attention import attention_pytorch
from comfy_api.torch_helpers.torch_compile import set_torch_compile_wrapper
from comfy_extras.nodes_custom_sampler import Guider_DualCFG

from shared_world.models.batch import AGENTS, COUPLING_OPTIONS
from shared_world.models.checkpoints import open_checkpoint
from shared_world.models.metaworld import alignment
from shared_world.models.metaworld.comfyui import load_metaworld
from shared_world.models.metaworld.conditioning import (
    CONDITION_DEPTH,
    CONDITION_RGB,
    ENCODE_EVERY_STEP,
    IDENTITIES,
    NULL_IDENTITIES,
    null_identities,
)
from shared_world.models.metaworld.schedule import METAWORLD_SCHEDULER, metaworld_scheduler, official_sigmas
from shared_world.tests.parity.metaworld_models import (
    FRAMES,
    HEIGHT,
    OPTIONS,
    ORDER,
    WIDTH,
    conditioning,
    native_model,
    plain_wan,
    run,
    sample,
    whole_weights,
    with_coupling,
    write_model,
)

EMPTY = torch.zeros(2, 16, FRAMES, HEIGHT, WIDTH)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("metaworld")


@pytest.fixture(scope="module")
def model(folder):
    return native_model(folder)


def largest(difference):
    return difference.abs().max().item()


def without_identities(positive):
    """The negative conditioning of the release."""
    [[text, values]] = positive
    return [[text, values | {IDENTITIES: null_identities(values[IDENTITIES])}]]


class Recorder:
    """Counts and keeps what the network is called with."""

    def __init__(self, network, monkeypatch):
        self.calls, self.encoded = [], 0
        forward, encode = network._forward, network.encode_condition

        def recorded_forward(*args, **kwargs):
            self.calls.append((args, kwargs))
            return forward(*args, **kwargs)

        def recorded_encode(condition):
            self.encoded += 1
            return encode(condition)

        monkeypatch.setattr(network, "_forward", recorded_forward)
        monkeypatch.setattr(network, "encode_condition", recorded_encode)


@pytest.fixture
def recorder(model, monkeypatch):
    return Recorder(model.model.diffusion_model, monkeypatch)


class TestSchedule:
    @pytest.mark.parametrize(("steps", "shift"), [(1, 5.0), (2, 5.0), (40, 5.0), (7, 3.0)])
    def test_noise_levels_are_the_released_ones(self, steps, shift):
        """Timesteps evenly from 1000 to 1, then 0, each shifted."""
        spaced = [1.0] if steps == 1 else [(1000 - 999 * step / (steps - 1)) / 1000 for step in range(steps)]
        expected = [shift * level / (1 + (shift - 1) * level) for level in [*spaced, 0.0]]
        assert official_sigmas(steps, shift).tolist() == pytest.approx(expected, abs=1e-7)

    def test_scheduler_in_comfyuis_list(self, model):
        assert comfy.samplers.KSampler.SCHEDULERS.count(METAWORLD_SCHEDULER) == 1
        sampling = model.model.model_sampling
        assert sampling.shift == 5
        assert torch.equal(comfy.samplers.calculate_sigmas(sampling, METAWORLD_SCHEDULER, 40), official_sigmas(40))

    def test_model_without_a_shift(self):
        class Even:
            sigma_max = torch.tensor(1.0)

            @staticmethod
            def percent_to_sigma(percent):
                return 1 - percent

        assert metaworld_scheduler(Even(), 3).tolist() == pytest.approx([1, 0.5005, 0.001, 0])

    @pytest.mark.parametrize(("steps", "shift"), [(0, 5.0), (3, 0.0)])
    def test_impossible(self, steps, shift):
        with pytest.raises(ValueError, match="at least 1 step and a positive shift"):
            official_sigmas(steps, shift)


class TestConditioning:
    def test_everything_reaches_the_network_in_its_own_scale(self, model, recorder):
        positive = conditioning(2, identities=2, **{ENCODE_EVERY_STEP: True})
        sample(model, positive, 2, steps=1)
        [(args, kwargs)] = recorder.calls
        to_network = comfy.latent_formats.Wan21().process_in
        values = positive[0][1]
        both = torch.cat([to_network(values[CONDITION_RGB]), to_network(values[CONDITION_DEPTH])], dim=1)
        assert torch.equal(kwargs["condition"], both)
        assert torch.equal(args[4], to_network(values[IDENTITIES]))
        assert kwargs["agents"] == 2
        assert args[1].tolist() == [1000, 1000]

    def test_is_encoded_once_per_run_agent_and_conditioning(self, model, recorder):
        sample(model, conditioning(2), 2, steps=3)
        assert (len(recorder.calls), recorder.encoded) == (3, 4)
        assert all("condition" not in kwargs for _, kwargs in recorder.calls)

    def test_is_encoded_at_every_step_where_weights_may_change(self, model):
        hooks = comfy.hooks.HookGroup()
        hooks.add(comfy.hooks.WeightHook())
        given = {"noise": EMPTY, "device": torch.device("cpu"), **conditioning(2)[0][1]}
        with torch.inference_mode():
            assert "encoded_condition" in model.model.extra_conds(**given, hooks=comfy.hooks.HookGroup())
            for reason in ({"hooks": hooks}, {ENCODE_EVERY_STEP: True}):
                assert {"condition", "agents", IDENTITIES} == set(model.model.extra_conds(**given, **reason))
        with torch.enable_grad():
            assert {"condition", "agents", IDENTITIES} == set(model.model.extra_conds(**given))

    def test_encoding_once_changes_nothing(self, model):
        once = sample(model, conditioning(2), 2, steps=3)
        every_step = sample(model, conditioning(2, **{ENCODE_EVERY_STEP: True}), 2, steps=3)
        assert largest(once - every_step) < ORDER
        assert (
            largest(once - sample(model, conditioning(2, **{CONDITION_RGB: torch.ones_like(EMPTY)}), 2, steps=3)) > 0.01
        )

    def test_one_set_of_identities_serves_all_agents(self, model):
        """As ComfyUI's own Phantom node makes it."""
        shared = conditioning(2)[0][1][IDENTITIES][:1]
        given = sample(model, conditioning(2, **{IDENTITIES: shared}), 2)
        assert torch.equal(given, sample(model, conditioning(2, **{IDENTITIES: shared.repeat(2, 1, 1, 1, 1)}), 2))

    def test_worlds_in_a_batch_take_turns(self, model, recorder):
        """Two worlds of two agents: agents follow each other within a world."""
        sample(model, conditioning(2), 4, steps=1)
        [(args, kwargs)] = recorder.calls
        assert torch.equal(kwargs["encoded_condition"][:2], kwargs["encoded_condition"][2:])
        assert torch.equal(args[4][:2], args[4][2:])
        assert not torch.equal(args[4][0], args[4][1])

    def test_without_condition_and_text_it_runs(self, model):
        nothing = conditioning(2, identities=0, **{CONDITION_RGB: None, CONDITION_DEPTH: None})
        nothing[0][0] = None
        assert sample(model, nothing, 2).isfinite().all()

    def test_depth_is_left_out_where_the_network_takes_none(self, tmp_path, caplog):
        model = native_model(tmp_path, replace(OPTIONS, depth="without"))
        with caplog.at_level(logging.WARNING):
            given = sample(model, conditioning(2), 2)
        assert "takes no depth condition video; it is left out" in caplog.text
        assert torch.equal(given, sample(model, conditioning(2, **{CONDITION_DEPTH: None}), 2))

    @pytest.mark.parametrize("sampler", ["euler", "uni_pc", "dpmpp_2m", "euler_ancestral"])
    def test_untrained_model_samples_what_wan_samples(self, folder, tmp_path, sampler):
        positive = conditioning(2, identities=2)
        untrained, wan = native_model(tmp_path, trained=False), plain_wan(folder)
        sampling = wan.model.model_sampling
        sampling.set_parameters(shift=5)
        given = sample(untrained, positive, 2, without_identities(positive), cfg=5, steps=3, sampler=sampler)
        expected = sample(wan, positive, 2, without_identities(positive), cfg=5, steps=3, sampler=sampler)
        assert torch.equal(given, expected)


class TestCoupling:
    def test_options_of_the_model_decide(self, model):
        positive = conditioning(2)
        ring, none = (sample(with_coupling(model, topology), positive, 2) for topology in ("ring", "none"))
        assert torch.equal(ring, sample(model, positive, 2))
        assert largest(ring - none) > 1e-3
        grouped = sample(with_coupling(model, "ring", 1), positive, 2)
        assert largest(ring - grouped) < ORDER

    def test_guidance_branches_may_run_together_or_alone(self, model, monkeypatch):
        positive = conditioning(3)
        negative = without_identities(positive)
        together = sample(model, positive, 3, negative, cfg=5)
        batches = []
        record = model.model.diffusion_model._forward
        monkeypatch.setattr(
            model.model.diffusion_model,
            "_forward",
            lambda x, *rest, **kw: batches.append(len(x)) or record(x, *rest, **kw),
        )
        monkeypatch.setattr(model.model, "memory_required", lambda *_, **__: 2.0**60)
        alone = sample(model, positive, 3, negative, cfg=5)
        assert batches == [3] * 4
        assert largest(together - alone) < 5 * ORDER

    def test_alignment_without_weights_stops_the_run(self, tmp_path):
        model = native_model(tmp_path, replace(OPTIONS, alignment=False))
        with pytest.raises(ValueError, match=r"lacks blocks\.0\.wsa\.q\.weight.* choose topology 'none'"):
            sample(model, conditioning(2), 2)
        assert sample(with_coupling(model, "none"), conditioning(2), 2).isfinite().all()


class TestGuidance:
    def test_null_identities_are_zeros_for_the_network(self, model, recorder):
        positive = conditioning(2)
        sample(model, without_identities(positive), 2, steps=1)
        [(args, _)] = recorder.calls
        assert largest(args[4]) < 1e-6

    def test_null_identities_of_another_vae(self):
        scaled = comfy.latent_formats.LatentFormat()
        assert not null_identities(torch.ones(1, 4, 1, 2, 2), scaled).any()

    def test_identities_named_as_null_are_exact_zeros_for_the_network(self, model, recorder):
        positive = conditioning(2, identities=2, **{NULL_IDENTITIES: torch.tensor([[False, True], [True, True]])})
        sample(model, positive, 2, steps=1)
        [(args, _)] = recorder.calls
        to_network = comfy.latent_formats.Wan21().process_in
        assert torch.equal(args[4][0, :, 0], to_network(positive[0][1][IDENTITIES])[0, :, 0])
        assert not args[4][0, :, 1].any()
        assert not args[4][1].any()

    def test_naming_null_identities_and_encoding_them_give_the_same_samples(self, model):
        positive = conditioning(2)
        [[text, values]] = positive
        named = [[text, values | {NULL_IDENTITIES: torch.ones(1, 1, dtype=torch.bool)}]]
        expected = sample(model, positive, 2, without_identities(positive), cfg=5)
        assert largest(sample(model, positive, 2, named, cfg=5) - expected) < 1e-4

    @staticmethod
    def denoised(model, positive, topology="ring"):
        """What one evaluation predicts, at the first noise level."""
        values, to_network = positive[0][1], comfy.latent_formats.Wan21().process_in
        noise = comfy.sample.prepare_noise(EMPTY, 0)
        given = {
            "x": noise,
            "timestep": torch.full((2,), 1000.0),
            "context": positive[0][0].expand(2, -1, -1),
            "condition": torch.cat([to_network(values[CONDITION_RGB]), to_network(values[CONDITION_DEPTH])], dim=1),
            "time_dim_concat": to_network(values[IDENTITIES]),
            "agents": 2,
        }
        return noise - run(model, given, topology)

    def test_released_guidance_is_the_difference_that_identities_make(self, model):
        """One Euler step from level 1 to 0 gives the prediction itself."""
        positive = conditioning(2)
        negative = without_identities(positive)
        with_identities, without = self.denoised(model, positive), self.denoised(model, negative)
        expected = without + 5 * (with_identities - without)
        given = model.model.process_latent_in(sample(model, positive, 2, negative, cfg=5, steps=1))
        assert largest(given - expected) < 1e-4

    def test_three_branches_are_comfyuis_dual_guider(self, model):
        """neg + g_img (pos_i - neg) + g_text (pos_it - pos_i)."""
        with_text = conditioning(2)
        no_text = torch.zeros_like(with_text[0][0])
        identities = [[no_text, with_text[0][1]]]
        nothing = without_identities(identities)
        guider = Guider_DualCFG(model)
        guider.set_conds(with_text, identities, nothing)
        guider.set_cfg(7.5, 5.0)
        noise = comfy.sample.prepare_noise(EMPTY, 0)
        sampler = comfy.samplers.sampler_object("euler")
        with torch.inference_mode():
            samples = guider.sample(noise, EMPTY, sampler, torch.tensor([1.0, 0.0]), seed=0, disable_pbar=True)
        given = model.model.process_latent_in(samples.clone())
        neg, pos_i, pos_it = (self.denoised(model, one) for one in (nothing, identities, with_text))
        assert largest(given - (neg + 5.0 * (pos_i - neg) + 7.5 * (pos_it - pos_i))) < 2e-4


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({AGENTS: 3}, "latent batch has 2 items, the conditioning 3 agents"),
            ({CONDITION_RGB: None}, "a depth condition video without an RGB one; connect both"),
            ({CONDITION_DEPTH: None}, "needs an RGB and a depth condition video"),
            ({CONDITION_RGB: EMPTY[:, :, :2]}, r"RGB condition has \(16, 2, 4, 6\) .* latents \(16, 3, 4, 6\)"),
            ({CONDITION_DEPTH: EMPTY[..., :4]}, r"depth condition has \(16, 3, 4, 4\)"),
            ({CONDITION_DEPTH: EMPTY[:1]}, "RGB conditions for 2 agents and depth conditions for 1"),
            (
                {CONDITION_RGB: EMPTY.repeat(2, 1, 1, 1, 1)},
                r"shape \(4, 16, 3, 4, 6\) for 2 agents and a latent batch of 2",
            ),
            ({IDENTITIES: EMPTY[:, :, :1, :2]}, r"identity latents have \(16, 2, 6\) .* the latents \(16, 4, 6\)"),
            ({IDENTITIES: EMPTY.repeat(3, 1, 1, 1, 1)}, "identity latents has shape"),
            ({IDENTITIES: EMPTY[0]}, "it needs five axes"),
            (
                {NULL_IDENTITIES: torch.ones(2, 2, dtype=torch.bool)},
                r"Null identities of shape \(2, 2\) are given for 2 agents with 1 identities",
            ),
        ],
    )
    def test_conditioning_that_does_not_fit(self, model, changes, sentence):
        with pytest.raises(ValueError, match=sentence):
            sample(model, conditioning(2, **changes), 2)

    def test_topology_of_another_system(self, model):
        broken = model.clone()
        broken.model_options["transformer_options"][COUPLING_OPTIONS] = {"topology": "tree"}
        with pytest.raises(ValueError, match="given 'tree'"):
            sample(broken, conditioning(2), 2)


def test_compiled_model_samples_the_same(model, monkeypatch):
    # As on a GPU: the attention that ComfyUI takes on a CPU is compiled piece by piece, which takes five times as long.
    for module in (comfy.ldm.wan.model, alignment):
        monkeypatch.setattr(module, "optimized_attention", attention_pytorch)
    coupled = with_coupling(model, "ring", 1)
    compiled = coupled.clone()
    set_torch_compile_wrapper(compiled, backend="eager")
    assert largest(sample(compiled, conditioning(2), 2) - sample(coupled, conditioning(2), 2)) < ORDER


def test_lora_on_alignment_is_the_merged_weight(folder, tmp_path):
    generator = torch.Generator().manual_seed(6)
    lora, merged = {}, whole_weights()
    for module in ("blocks.1.wsa.k", "cond_depth_mlp.2", "blocks.0.self_attn.q"):
        rows, columns = merged[f"{module}.weight"].shape
        down, up = (torch.randn(shape, generator=generator) / 4 for shape in ((2, columns), (rows, 2)))
        lora |= {f"diffusion_model.{module}.lora_A.weight": down, f"diffusion_model.{module}.lora_B.weight": up}
        merged[f"{module}.weight"] = merged[f"{module}.weight"] + 0.5 * up @ down
    model = native_model(folder)
    changed, _ = comfy.sd.load_lora_for_models(model, None, lora, 0.5, 0.0)
    path = write_model(tmp_path / "merged.safetensors", merged)
    expected = sample(load_metaworld(open_checkpoint(path), None, {"dtype": torch.float32}), conditioning(2), 2)
    given = sample(changed, conditioning(2), 2)
    assert largest(given - expected) < ORDER
    assert largest(given - sample(model, conditioning(2), 2)) > 1e-2
