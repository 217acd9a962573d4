"""MetaWorld's network against ComfyUI's own Wan, against its equations, and what agents may and may not see."""

import itertools
from dataclasses import replace

import comfy.model_management
import comfy.ops
import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from shared_world.models.batch import COUPLING_OPTIONS
from shared_world.models.metaworld.alignment import Coupling
from shared_world.models.metaworld.block import EVALUATION, Evaluation
from shared_world.models.metaworld.layout import expected_shapes
from shared_world.models.metaworld.options import MetaWorldOptions
from shared_world.models.metaworld.transformer import MetaWorldTransformer
from shared_world.tests.parity.direct_alignment import DirectAlignment
from shared_world.tests.parity.metaworld_models import (
    FRAMES,
    HEADS,
    HEIGHT,
    LAYOUT,
    OPTIONS,
    ORDER,
    WIDTH,
    inputs,
    native_model,
    of_items,
    plain_wan,
    random_tensors,
    run,
    variants,
)

VARIANTS = variants()
ROWS, COLUMNS = HEIGHT // 2, WIDTH // 2
TOKENS = ROWS * COLUMNS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("metaworld")


@pytest.fixture(scope="module")
def models(folder):
    """Variant -> MODEL with all extra weights random."""
    return {variant: native_model(folder, options) for variant, options in VARIANTS.items()}


@pytest.fixture(scope="module")
def model(models):
    """As released, with alignment."""
    return models["released"]


@pytest.fixture(scope="module")
def wan(folder):
    return plain_wan(folder)


@pytest.fixture
def training(monkeypatch):
    """ComfyUI's rotation that can be differentiated."""
    monkeypatch.setattr(comfy.model_management, "in_training", True)


def largest(difference):
    return difference.abs().max().item()


def given_for(options, agents, **changes):
    return inputs(agents, depth=options.depth != "without", **changes)


def plain(given):
    """Inputs that ComfyUI's Wan takes too."""
    return {name: value for name, value in given.items() if name not in ("condition", "agents")}


@pytest.mark.parametrize("variant", VARIANTS)
class TestUntrained:
    def test_is_its_base_bit_for_bit(self, tmp_path, wan, variant):
        options = VARIANTS[variant]
        untrained = native_model(tmp_path, options, trained=False)
        for identities in (0, 2):
            given = given_for(options, 3, identities=identities)
            with torch.no_grad():
                expected = wan.model.diffusion_model(**plain(given), transformer_options={})
            for topology, agents_at_a_time in (("ring", 0), ("all", 0), ("none", 0), ("ring", 3)):
                assert torch.equal(run(untrained, given, topology, agents_at_a_time), expected)

    def test_every_extra_tensor_matters(self, models, variant):
        options, trained = VARIANTS[variant], models[variant]
        network = trained.model.diffusion_model
        conditions = [True] if options.depth != "either" else [True, False]
        given = [inputs(2, depth=depth and options.depth != "without") for depth in conditions]
        before = [run(trained, one) for one in given]
        for name, parameter in network.named_parameters():
            if not (".wsa." in name or name.startswith("cond_")):
                continue
            with torch.no_grad():
                kept = parameter.clone()
                parameter += torch.linspace(-1, 1, parameter.numel()).view_as(parameter)
                changes = [largest(run(trained, one) - old) for one, old in zip(given, before, strict=True)]
                parameter.copy_(kept)
            assert max(changes) > 1e-4, name


class TestEquations:
    @pytest.mark.parametrize("qk_norm", [True, False])
    @pytest.mark.parametrize("topology", ["ring", "all", "none"])
    @pytest.mark.parametrize("agents", [1, 2, 3])
    def test_alignment_is_a_loop_over_frames_in_float64(self, models, qk_norm, topology, agents):
        network = models["released" if qk_norm else "no norm of queries and keys"].model.diffusion_model
        block = network.blocks[1]
        weights = {name.removeprefix("wsa."): w for name, w in block.state_dict().items() if name.startswith("wsa.")}
        generator = torch.Generator().manual_seed(5)
        features = torch.randn(agents, (FRAMES + 2) * TOKENS, LAYOUT.dim, generator=generator)
        # As far as alignment can see: Wan's table for all frames, of which it takes what belongs to a picture.
        freqs = network.rope_encode(FRAMES + 2, HEIGHT, WIDTH, device=features.device, dtype=features.dtype)
        aligned = self.aligned(block, features, freqs, Coupling(agents, topology))
        direct = DirectAlignment(weights, HEADS, ROWS, COLUMNS, qk_norm)
        video = features[:, : FRAMES * TOKENS].unflatten(1, (FRAMES, TOKENS))
        expected = torch.from_numpy(direct(video.double().numpy(), topology)).flatten(1, 2)
        assert largest(aligned[:, : FRAMES * TOKENS].double() - expected) < 1e-5
        assert torch.equal(aligned[:, FRAMES * TOKENS :], features[:, FRAMES * TOKENS :])

    @staticmethod
    def aligned(block, features, freqs, coupling):
        """What the alignment alone makes of features: all other parts of the block are silenced."""
        listed = coupling.sources()
        evaluation = Evaluation(coupling, torch.tensor(listed) if listed else None, FRAMES)
        options = {EVALUATION: evaluation, "block_index": 1, "grid_sizes": (FRAMES + 2, ROWS, COLUMNS)}
        silent = {"self_attn": Zero(), "cross_attn": Zero(), "ffn": Zero()}
        kept = {name: getattr(block, name) for name in silent}
        for name, module in silent.items():
            setattr(block, name, module)
        try:
            with torch.no_grad():
                return block(features, torch.zeros(len(features), 1, 6, LAYOUT.dim), freqs, None, None, options)
        finally:
            for name, module in kept.items():
                setattr(block, name, module)

    def test_condition_is_the_released_branch_on_the_video_tokens(self, model, wan):
        """Against Wan itself with the branch, written out in float64, put into its patch embedding."""
        network, given = model.model.diffusion_model, inputs(1, identities=2)
        weights = {name: tensor.double() for name, tensor in network.state_dict().items()}
        tokens = nn.functional.conv3d(
            given["condition"].double(),
            weights["cond_depth_embedding.weight"],
            weights["cond_depth_embedding.bias"],
            stride=(1, 2, 2),
        )
        tokens = tokens.flatten(2).transpose(1, 2)
        for layer in (0, 2, 4):
            tokens = tokens @ weights[f"cond_depth_mlp.{layer}.weight"].T + weights[f"cond_depth_mlp.{layer}.bias"]
            if layer < 4:
                tokens = 0.5 * tokens * (1 + torch.erf(tokens / 2**0.5))
        added = tokens.transpose(1, 2).unflatten(2, (FRAMES, ROWS, COLUMNS)).float()

        plain_network = wan.model.diffusion_model
        embed = plain_network.patch_embedding.forward

        def embed_with_condition(x):
            embedded = embed(x)
            embedded[:, :, :FRAMES] += added
            return embedded

        plain_network.patch_embedding.forward = embed_with_condition
        try:
            with torch.no_grad():
                expected = plain_network(**plain(given), transformer_options={})
        finally:
            del plain_network.patch_embedding.forward
        assert largest(run(model, given) - expected) < ORDER

    @pytest.mark.parametrize("variant", ["paper's latents", "latents without depth"])
    def test_papers_condition_is_added_to_the_latents(self, models, wan, variant):
        model, given = models[variant], given_for(VARIANTS[variant], 1)
        weights = model.model.diffusion_model.state_dict()
        kernel = weights["cond_latent_compression.weight"][:, :, 0, 0, 0].double()
        added = torch.einsum("oi,bifhw->bofhw", kernel, given["condition"].double())
        added += weights["cond_latent_compression.bias"].double().view(-1, 1, 1, 1)
        with torch.no_grad():
            changed = {**plain(given), "x": (given["x"].double() + added).float()}
            expected = wan.model.diffusion_model(**changed, transformer_options={})
        assert largest(run(model, given) - expected) < ORDER

    def test_depth_free_condition_goes_through_the_patch_embedding(self, models):
        network = models["either"].model.diffusion_model
        latents = inputs(2, depth=False)["condition"]
        with torch.no_grad():
            tokens = network.patch_embedding(latents).flatten(2).transpose(1, 2)
            assert torch.equal(network.encode_condition(latents), network.cond_video_mlp(tokens))

    def test_odd_sizes_are_padded_as_the_latents(self, model):
        given = inputs(2)
        for name in ("x", "condition", "time_dim_concat"):
            given[name] = given[name][..., :-1, :-1]
        assert run(model, given).shape == given["x"].shape


class TestSymmetry:
    @pytest.mark.parametrize("variant", ["released", "before self-attention", "after block"])
    @pytest.mark.parametrize("agents_at_a_time", [0, 2])
    def test_rolling_the_agents_of_a_ring_rolls_the_results(self, models, variant, agents_at_a_time):
        model, given = models[variant], inputs(4)
        result = run(model, given, "ring", agents_at_a_time)
        for order in ([1, 2, 3, 0], [3, 0, 1, 2]):
            rolled = run(model, of_items(given, order), "ring", agents_at_a_time)
            assert largest(rolled - result[order]) < ORDER
        swapped = [1, 0, 2, 3]
        assert largest(run(model, of_items(given, swapped)) - result[swapped]) > 1e-3

    @pytest.mark.parametrize("topology", ["all", "none"])
    def test_swapping_agents_swaps_the_results(self, model, topology):
        given, order = inputs(4), [2, 0, 3, 1]
        result = run(model, given, topology)
        assert largest(run(model, of_items(given, order), topology) - result[order]) < ORDER

    def test_a_ring_of_two_is_everybody(self, model):
        given = inputs(2)
        assert torch.equal(run(model, given, "ring"), run(model, given, "all"))

    @pytest.mark.parametrize("topology", ["ring", "all"])
    def test_one_agent_is_not_coupled(self, model, topology):
        given = inputs(1)
        assert torch.equal(run(model, given, topology), run(model, given, "none"))

    def test_ring_is_what_stock_samplers_get(self, model):
        given = inputs(3)
        with torch.no_grad():
            default = model.model.diffusion_model(**given, transformer_options={})
        assert torch.equal(default, run(model, given, "ring"))


class TestWhoSeesWhom:
    @staticmethod
    def one_block(folder):
        """Through one block news travels one step of the ring."""
        model = native_model(folder)
        network = model.model.diffusion_model
        network.blocks = network.blocks[:1]
        return model

    @pytest.mark.parametrize(("topology", "seers"), [("ring", {1, 2}), ("all", {0, 1, 2, 3}), ("none", {1})])
    @pytest.mark.parametrize("part", ["x", "condition", "context"])
    def test_a_change_reaches_the_agents_that_look(self, tmp_path, topology, seers, part):
        model = self.one_block(tmp_path)
        given = inputs(4)
        changed = given | {part: given[part].clone()}
        changed[part][1] = -changed[part][1]
        difference = (run(model, changed, topology) - run(model, given, topology)).flatten(1).abs().amax(1)
        reached = {agent for agent in range(4) if difference[agent] > 1e-4}
        # Text comes after the alignment: in one block nobody can see what it does to another agent.
        assert reached == ({1} if part == "context" else seers)

    @pytest.mark.parametrize("topology", ["ring", "all"])
    def test_an_agent_sees_only_the_same_frame_of_others(self, tmp_path, topology):
        """With self-attention silenced, nothing else can carry a frame into another."""
        model = self.one_block(tmp_path)
        model.model.diffusion_model.blocks[0].self_attn = Zero()
        given = inputs(2)
        changed = given | {"x": given["x"].clone()}
        changed["x"][0, :, 1] = -changed["x"][0, :, 1]
        difference = (run(model, changed, topology) - run(model, given, topology)).abs().amax((1, 3, 4))
        assert difference[0].nonzero().flatten().tolist() == [1]
        assert difference[1].nonzero().flatten().tolist() == [1]

    @pytest.mark.parametrize("topology", ["ring", "all"])
    def test_identities_are_never_aligned(self, tmp_path, topology):
        """With self-attention silenced, an agent's identity could reach another one by alignment alone."""
        model = self.one_block(tmp_path)
        model.model.diffusion_model.blocks[0].self_attn = Zero()
        given = inputs(2, identities=2)
        changed = given | {"time_dim_concat": -given["time_dim_concat"]}
        assert torch.equal(run(model, changed, topology), run(model, given, topology))

    def test_identities_are_an_agents_own(self, model):
        given = inputs(3, identities=2)
        changed = given | {"time_dim_concat": given["time_dim_concat"].clone()}
        changed["time_dim_concat"][1] *= -1
        difference = (run(model, changed, "none") - run(model, given, "none")).flatten(1).abs().amax(1)
        assert difference[1] > 1e-3
        assert difference[0] == difference[2] == 0

    @pytest.mark.parametrize("identities", [0, 1, 3])
    def test_output_has_the_frames_of_the_video(self, model, identities):
        given = inputs(2, identities=identities)
        assert run(model, given).shape == given["x"].shape

    def test_worlds_and_guidance_branches_do_not_see_each_other(self, model):
        given = inputs(3, worlds=2)
        both = run(model, given)
        alone = run(model, of_items(given, [3, 4, 5]))
        assert largest(both[3:] - alone) < ORDER
        changed = given | {"x": torch.cat([-given["x"][:3], given["x"][3:]])}
        assert torch.equal(run(model, changed)[3:], both[3:])


class TestGroups:
    @pytest.mark.parametrize("variant", ["released", "before self-attention", "after block", "paper's latents"])
    @pytest.mark.parametrize("topology", ["ring", "all", "none"])
    def test_results_are_those_of_all_agents_at_once(self, models, variant, topology):
        model, given = models[variant], inputs(4, worlds=2)
        whole = run(model, given, topology)
        for agents_at_a_time in (1, 3, 9):
            assert largest(run(model, given, topology, agents_at_a_time) - whole) < ORDER

    @pytest.mark.parametrize(
        ("agents", "group", "frames", "expected"),
        [(4, 1, 21, 6), (4, 2, 21, 11), (3, 0, 5, 5), (2, 7, 5, 5), (8, 1, 3, 1)],
    )
    def test_alignment_runs_as_many_frames_as_fill_that_many_agents(self, agents, group, frames, expected):
        assert Coupling(agents, "all", group).frames_at_a_time(frames) == expected

    @pytest.mark.parametrize("topology", ["ring", "all"])
    def test_memory_per_agent_is_less_than_half(self, folder, topology):
        """Beside what every agent must hold, one agent's temporary features are held at a time."""
        network = wide_network()

        def growth(agents_at_a_time):
            peaks = [peak_memory(network, agents, topology, agents_at_a_time) for agents in (1, 4)]
            return peaks[1] - peaks[0]

        assert 0 < growth(1) < 0.5 * growth(0)

    def test_gradients_are_equal(self, folder, training):
        model, given = native_model(folder), inputs(3)
        network = model.model.diffusion_model.requires_grad_(True)
        gradients = []
        for group in (0, 1):
            network.zero_grad()
            options = {"shared_world": {"topology": "ring", "agents_at_a_time": group}}
            network(**given, transformer_options=options).square().mean().backward()
            gradients.append({name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None})
        assert gradients[0].keys() == gradients[1].keys()
        assert {"blocks.0.wsa.q.weight", "cond_depth_embedding.weight"} <= gradients[0].keys()
        for name, gradient in gradients[0].items():
            assert largest(gradient - gradients[1][name]) < ORDER, name


class TestUntrainedGradients:
    def test_zero_layers_learn(self, folder, training):
        """What is zero must get a gradient at once, or training would never start."""
        model = native_model(folder, OPTIONS, trained=False)
        network = model.model.diffusion_model.requires_grad_(True)
        network(**inputs(2), transformer_options={}).square().mean().backward()
        for name in ("blocks.0.wsa.o.weight", "blocks.1.wsa.o.bias", "cond_depth_mlp.4.weight"):
            assert network.get_parameter(name).grad.abs().max() > 0


class TestPatches:
    def test_patch_after_cross_attention_is_called_as_by_wan(self, model, wan):
        """As `attn2_patch` is used by other packs; agents are aligned or not."""

        def calls(network, given, **options):
            seen = []

            def patch(arguments):
                seen.append((arguments["transformer_options"]["block_index"], tuple(arguments["x"].shape)))
                return arguments["x"] * 1.5

            patches = {"patches": {"attn2_patch": [patch]}}
            with torch.no_grad():
                result = network(**given, transformer_options=patches | options)
            return seen, result

        given = inputs(2)
        expected, _ = calls(wan.model.diffusion_model, plain(given))
        aligned, result = calls(model.model.diffusion_model, given)
        assert aligned == expected
        assert largest(result - run(model, given)) > 1e-3

    def test_blocks_can_be_wrapped(self, model):
        given, seen = inputs(2), []

        def wrapped(arguments, extra):
            seen.append(arguments["transformer_options"]["block_index"])
            return extra["original_block"](arguments)

        replaced = {"patches_replace": {"dit": {("double_block", 1): wrapped}}}
        with torch.no_grad():
            result = model.model.diffusion_model(**given, transformer_options=replaced)
        assert seen == [1]
        assert torch.equal(result, run(model, given))


class TestRefusals:
    def test_alignment_without_weights(self, tmp_path):
        model = native_model(tmp_path, replace(OPTIONS, alignment=False))
        given = inputs(3)
        for topology in ("ring", "all"):
            with pytest.raises(ValueError, match=f"Topology '{topology}' aligns 3 agents") as error:
                run(model, given, topology)
            assert "blocks.0.wsa.q.weight, blocks.0.wsa.q.bias" in str(error.value)
            assert "and 17 more" in str(error.value)
            assert "choose topology 'none'" in str(error.value)
        assert run(model, given, "none").isfinite().all()
        assert run(model, inputs(1), "ring").isfinite().all()

    def test_unknown_topology(self, model):
        with pytest.raises(ValueError, match="topology must be 'ring' or 'all' or 'none', given 'star'"):
            run(model, inputs(2), "star")

    def test_batch_that_holds_no_whole_worlds(self, model):
        with pytest.raises(ValueError, match="latent batch has 4 items, which 3 agents cannot share"):
            run(model, inputs(4) | {"agents": 3})

    def test_condition_of_another_length(self, model):
        given = inputs(2)
        with pytest.raises(ValueError, match=r"condition has \(2, 4, 6\).* latents \(3, 4, 6\)"):
            run(model, given | {"condition": given["condition"][:, :, :2]})

    @pytest.mark.parametrize(
        ("depth", "channels", "needs"),
        [
            ("with", 16, "an RGB and a depth condition video"),
            ("without", 32, "an RGB condition video alone"),
            ("either", 48, r"with or without a depth one \(16 or 32 latent channels\), given 48"),
        ],
    )
    def test_condition_of_other_channels(self, models, depth, channels, needs):
        model = models[{"with": "released", "without": "without depth", "either": "either"}[depth]]
        condition = torch.zeros(2, channels, FRAMES, HEIGHT, WIDTH)
        with pytest.raises(ValueError, match=needs):
            run(model, inputs(2) | {"condition": condition})


class Zero(nn.Module):
    """Stands for a part of a block that is switched off."""

    def forward(self, x, *_, **__):
        return torch.zeros_like(x)


def test_no_text_is_many_zero_tokens(model):
    given = inputs(2)
    zeros = given | {"context": torch.zeros(2, 512, LAYOUT.text_dim)}
    assert largest(run(model, given | {"context": None}) - run(model, zeros)) < ORDER


def wide_network():
    """Wide enough that features outweigh everything else, as they do in the published model."""
    layout = replace(LAYOUT, dim=512, ffn_dim=1408, layers=1)
    wan = {"dim": 512, "ffn_dim": 1408, "num_heads": 8, "num_layers": 1, "freq_dim": 32, "text_dim": 24}
    network = MetaWorldTransformer(
        layout, MetaWorldOptions(), **wan, dtype=torch.float32, operations=comfy.ops.disable_weight_init
    )
    network.load_state_dict(random_tensors(expected_shapes(layout, MetaWorldOptions()), seed=0))
    return network.requires_grad_(False)


def peak_memory(network, agents, topology, agents_at_a_time):
    """Most bytes that torch held at once during a run, above what it held before."""
    given = {name: value for name, value in inputs(agents, frames=8).items() if name != "condition"}
    options = {COUPLING_OPTIONS: {"topology": topology, "agents_at_a_time": agents_at_a_time}}
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded, torch.no_grad():
        network(**given, transformer_options=options)
    changes = [event for event in recorded.profiler.kineto_results.events() if event.name() == "[memory]"]
    changes.sort(key=lambda event: event.start_ns())
    return max(itertools.accumulate(event.nbytes() for event in changes))
