"""The ShareVerse network against its base, against its equations, and how agents see each other."""

import itertools
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from shared_world.development.tiny_checkpoints import CONFIG, random_weights
from shared_world.models.cogvideox.transformer import CogVideoXTransformer, patch_tokens
from shared_world.models.layers import Layers
from shared_world.models.shareverse.checkpoint import untrained_extension
from shared_world.models.shareverse.options import ShareVerseOptions
from shared_world.models.shareverse.transformer import Coupling, CrossAgentBlock, ShareVerseTransformer
from shared_world.tests.tiny_networks import TINIEST, TINY, coupled_network, random_inputs
from shared_world.tests.unit.models.direct_cross_agent_attention import DirectCrossAgentAttention

FLOAT32_ORDER = 1e-5
"""Outputs are of order one: what the order of float32 sums may change."""

VARIANTS = [
    ShareVerseOptions(),
    ShareVerseOptions(cross_agent="full_block"),
    ShareVerseOptions(text_in_cross_agent=True),
    ShareVerseOptions(agent_positions="shared"),
    ShareVerseOptions(cross_agent="full_block", text_in_cross_agent=True, agent_positions="shared"),
    ShareVerseOptions(cross_agent="none"),
]


def variant_name(options):
    words = [options.cross_agent, "text" if options.text_in_cross_agent else "", options.agent_positions]
    return "-".join(filter(None, words))


every_variant = pytest.mark.parametrize("options", VARIANTS, ids=variant_name)
every_coupled_variant = pytest.mark.parametrize("options", VARIANTS[:-1], ids=variant_name)


def test_a_ring_is_refused_since_the_attention_joins_all_agents():
    with pytest.raises(
        ValueError, match="to all agents at once or to none, given topology 'ring'; choose 'all' or 'none'"
    ):
        Coupling(3, "ring")


def largest(difference):
    return difference.abs().max().item()


class TestUntrained:
    @every_variant
    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    @pytest.mark.parametrize("agents", [1, 2, 3])
    def test_base_is_reproduced_bit_for_bit(self, options, dtype, agents):
        base = CogVideoXTransformer(CONFIG)
        weights = random_weights(base, seed=0)
        base.load_state_dict(weights)
        network = ShareVerseTransformer(CONFIG, options)
        network.load_state_dict(weights | untrained_extension(weights, CONFIG, options))
        inputs = random_inputs(6, CONFIG.learned_grid, CONFIG)
        latents, text, raymaps = (tensor.to(dtype) for tensor in (inputs.latents, inputs.text, inputs.raymaps))
        with torch.no_grad():
            expected = base.to(dtype)(latents, inputs.timesteps, text)
            given = network.to(dtype)(latents, inputs.timesteps, text, raymaps=raymaps, coupling=Coupling(agents))
        assert expected.dtype == dtype
        assert expected.std() > 0.1
        assert torch.equal(given, expected)

    @every_coupled_variant
    def test_first_training_step_reaches_projectors_and_raymap_encoders(self, options):
        network = ShareVerseTransformer(TINIEST, options)
        weights = random_weights(CogVideoXTransformer(TINIEST), seed=0)
        network.load_state_dict(weights | untrained_extension(weights, TINIEST, options))
        reached = self.parameters_with_gradient(network)
        extra = {name for name in network.state_dict() if name not in weights}
        behind_the_projector = {
            name for name in extra if name.startswith("cross_agent_blocks.") and ".projector." not in name
        }
        # A zero projector hides what is behind it until it has moved.
        assert set(network.state_dict()) - reached == behind_the_projector

    @every_coupled_variant
    def test_no_parameter_is_dead_once_the_projector_has_moved(self, options):
        network = coupled_network(options, TINIEST)
        assert self.parameters_with_gradient(network) == set(network.state_dict())

    @staticmethod
    def parameters_with_gradient(network):
        inputs = random_inputs(2, TINIEST.learned_grid, TINIEST)
        velocity = network(
            inputs.latents, inputs.timesteps, inputs.text, raymaps=inputs.raymaps, coupling=Coupling(2, "all", 1)
        )
        velocity.square().mean().backward()
        return {
            name for name, value in network.named_parameters() if value.grad is not None and value.grad.abs().sum() > 0
        }


class TestEquations:
    GRID = (2, 2, 1)

    @every_coupled_variant
    @pytest.mark.parametrize("agents", [1, 2, 3])
    def test_cross_agent_block_is_section_4_3(self, options, agents):
        block = CrossAgentBlock(TINIEST, options, Layers())
        block.load_state_dict(random_weights(block, seed=3))
        generator = torch.Generator().manual_seed(4)
        video = torch.randn(2, agents, math.prod(self.GRID), TINIEST.dim, generator=generator)
        text = torch.randn(2, agents, 3, TINIEST.dim, generator=generator)
        time_embedding = torch.randn(2, agents, TINIEST.time_dim, generator=generator)
        rotations = ShareVerseTransformer(TINIEST, options).agent_rotations(agents, self.GRID, torch.device("cpu"))
        with torch.no_grad():
            given = block(video, text, time_embedding, rotations, Coupling(agents).agent_groups(), {})
        direct = DirectCrossAgentAttention(block, TINIEST, self.GRID, options)
        for world in range(2):
            expected = direct(*(tensor[world].double().numpy() for tensor in (video, text, time_embedding)))
            assert np.abs(expected - video[world].numpy()).max() > 0.1
            np.testing.assert_allclose(given[world].numpy(), expected, atol=FLOAT32_ORDER, rtol=0)

    def test_raymap_encoder_sees_each_patch_of_each_frame_alone(self):
        network = coupled_network()
        encoder, patch = network.raymap_encoders[0], TINY.patch_size
        raymaps = random_inputs(2, (2, 2, 3)).raymaps
        with torch.no_grad():
            tokens = patch_tokens(encoder, raymaps).unflatten(1, (2, 2, 3))
        weight, bias = encoder.weight.double(), encoder.bias.double()
        for agent, frame, row, column in itertools.product(range(2), range(2), range(2), range(3)):
            rays = raymaps[agent, :, frame, row * patch :, column * patch :][:, :patch, :patch].double()
            expected = (weight * rays).sum(dim=(1, 2, 3)) + bias
            assert largest(tokens[agent, frame, row, column] - expected) < FLOAT32_ORDER

    @pytest.mark.parametrize("layers", [1, 4, 5])
    def test_encoder_then_coupling_before_every_second_block(self, layers):
        network = coupled_network(config=replace(TINIEST, layers=layers))
        order = []
        parts = ("raymap_encoders", "cross_agent_blocks", "transformer_blocks")
        for name, module in network.named_modules():
            if name.rpartition(".")[0] in parts:
                module.register_forward_hook(lambda *_, name=name: order.append(name))
        random_inputs(2, TINIEST.learned_grid, TINIEST).run(network, Coupling(2))
        expected = []
        for block in range(layers):
            expected += [f"{part}.{block // 2}" for part in parts[:2] if block % 2 == 0]
            expected.append(f"transformer_blocks.{block}")
        assert order == expected

    def test_blocks_know_their_index_in_transformer_options(self):
        seen = []
        network = coupled_network()
        for module in (*network.transformer_blocks, *network.cross_agent_blocks):
            own = module.attn1.kernels

            def attend(query, key, value, transformer_options, own=own):
                seen.append((transformer_options["block_index"], transformer_options["mine"]))
                return own.attention(query, key, value, transformer_options)

            module.attn1.kernels = replace(own, attention=attend)
        inputs, options = random_inputs(2), {"mine": 7}
        with torch.no_grad():
            network(inputs.latents, inputs.timesteps, inputs.text, options, inputs.raymaps, Coupling(2))
        assert seen == [(index, 7) for index in (0, 0, 1, 2, 2, 3)]
        assert options == {"mine": 7}


class TestAgents:
    @pytest.mark.parametrize("order", [[1, 0, 2], [2, 0, 1]])
    def test_shared_positions_treat_agents_alike(self, order):
        network = coupled_network(ShareVerseOptions(agent_positions="shared"))
        inputs = random_inputs(3)
        given = inputs.of(order).run(network, Coupling(3))
        assert largest(given - inputs.run(network, Coupling(3))[order]) < FLOAT32_ORDER

    def test_consecutive_positions_tell_agents_apart(self):
        # RoPE over doubled frames: documented, and why agents cannot be swapped.
        network = coupled_network()
        inputs = random_inputs(2)
        swapped = inputs.of([1, 0]).run(network, Coupling(2))[[1, 0]]
        assert largest(swapped - inputs.run(network, Coupling(2))) > 1e-3

    @every_variant
    @pytest.mark.parametrize("agents_at_a_time", [0, 2])
    def test_a_world_does_not_depend_on_other_worlds(self, options, agents_at_a_time):
        network = coupled_network(options)
        coupling = Coupling(3, "all", agents_at_a_time)
        inputs = random_inputs(6)
        both = inputs.run(network, coupling)
        alone = inputs.of([3, 4, 5]).run(network, coupling)
        assert largest(both[3:] - alone) < FLOAT32_ORDER
        changed = replace(inputs, latents=torch.cat([inputs.latents[:3].flip(-1), inputs.latents[3:]]))
        assert torch.equal(changed.run(network, coupling)[3:], both[3:])

    @every_coupled_variant
    @pytest.mark.parametrize("part", ["latents", "raymaps"])
    def test_every_agent_sees_what_another_one_does(self, options, part):
        network = coupled_network(options)
        inputs = random_inputs(3)
        tensor = getattr(inputs, part).clone()
        tensor[2] = tensor[2].flip(-1)
        changed = replace(inputs, **{part: tensor})
        before, after = (each.run(network, Coupling(3)) for each in (inputs, changed))
        assert all(largest(after[agent] - before[agent]) > 1e-3 for agent in range(3))
        before, after = (each.run(network, Coupling(3, "none")) for each in (inputs, changed))
        assert torch.equal(after[:2], before[:2])
        assert largest(after[2] - before[2]) > 1e-3

    @pytest.mark.parametrize("with_text", [False, True])
    def test_text_of_others_is_seen_only_where_the_checkpoint_says_so(self, with_text):
        # With two blocks there is one stage: text cannot reach other agents through the video of an earlier block.
        network = coupled_network(ShareVerseOptions(text_in_cross_agent=with_text), replace(TINY, layers=2))
        inputs = random_inputs(2)
        changed = replace(inputs, text=torch.cat([inputs.text[:1], -inputs.text[1:]]))
        difference = changed.run(network, Coupling(2))[0] - inputs.run(network, Coupling(2))[0]
        assert (largest(difference) > 1e-3) if with_text else not difference.any()

    def test_uncoupled_agents_are_single_agents_without_cross_agent_block(self):
        ablation = ShareVerseOptions(cross_agent="none")
        network = coupled_network()
        without = ShareVerseTransformer(TINY, ablation).eval()
        without.load_state_dict(network.state_dict(), strict=False)
        inputs = random_inputs(2)
        expected = inputs.run(without, Coupling(2))
        assert torch.equal(inputs.run(network, Coupling(2, "none")), expected)
        assert largest(inputs.run(network, Coupling(2)) - expected) > 1e-3

    def test_by_default_every_batch_item_is_a_world(self):
        network, inputs = coupled_network(), random_inputs(2)
        with torch.no_grad():
            given = network(inputs.latents, inputs.timesteps, inputs.text, raymaps=inputs.raymaps)
        assert largest(given[1:] - inputs.of([1]).run(network, Coupling(1))) < FLOAT32_ORDER

    def test_without_raymaps_the_camera_is_open(self):
        network, inputs = coupled_network(), random_inputs(2)
        with torch.no_grad():
            given = network(inputs.latents, inputs.timesteps, inputs.text, coupling=Coupling(2))
        for encoder in network.raymap_encoders:
            torch.nn.init.zeros_(encoder.weight)
            torch.nn.init.zeros_(encoder.bias)
        assert torch.equal(given, inputs.run(network, Coupling(2)))

    @pytest.mark.parametrize(
        ("items", "raymaps", "agents", "sentence"),
        [
            (3, 3, 2, "latent batch has 3 items, which 2 agents cannot share"),
            (2, 1, 2, "There are 1 raymaps for 2 latents"),
        ],
    )
    def test_batch_that_is_no_world_is_refused(self, items, raymaps, agents, sentence):
        inputs = random_inputs(items)
        with pytest.raises(ValueError, match=sentence):
            replace(inputs, raymaps=inputs.raymaps[:raymaps]).run(coupled_network(), Coupling(agents))

    @pytest.mark.parametrize("size", [(3, 4, 6), (2, 4, 8), (2, 2, 6)])
    def test_raymaps_of_another_size_are_refused(self, size):
        inputs = replace(random_inputs(2), raymaps=torch.zeros(2, 24, *size))
        with pytest.raises(ValueError, match=r"Raymaps have \(.*\) latent positions, the latents \(2, 4, 6\)"):
            inputs.run(coupled_network(), Coupling(2))


class TestAFewAgentsAtATime:
    @every_variant
    @pytest.mark.parametrize("agents_at_a_time", [1, 2, 3])
    @pytest.mark.parametrize("worlds", [1, 2])
    def test_result_is_that_of_all_at_once(self, options, agents_at_a_time, worlds):
        network, inputs = coupled_network(options), random_inputs(3 * worlds)
        given = inputs.run(network, Coupling(3, "all", agents_at_a_time))
        assert largest(given - inputs.run(network, Coupling(3))) < FLOAT32_ORDER

    @every_coupled_variant
    def test_memory_per_agent_is_less_than_half(self, options):
        # At this width the hidden states outweigh rotations and inputs, as they do in the published model.
        config = replace(TINY, layers=2, dim=512)
        network = coupled_network(options, config)

        def growth(agents_at_a_time):
            peaks = [
                self.peak_memory(
                    random_inputs(agents, (3, 4, 4), config), network, Coupling(agents, "all", agents_at_a_time)
                )
                for agents in (1, 4)
            ]
            return peaks[1] - peaks[0]

        assert 0 < growth(1) < 0.5 * growth(0)

    @staticmethod
    def peak_memory(inputs, network, coupling):
        """Most bytes that torch held at once during a run, above what it held before."""
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
            inputs.run(network, coupling)
        changes = [event for event in recorded.profiler.kineto_results.events() if event.name() == "[memory]"]
        changes.sort(key=lambda event: event.start_ns())
        return max(itertools.accumulate(event.nbytes() for event in changes))


class TestLearnedPositions:
    def test_fewer_frames_use_the_first_rows_of_the_table(self):
        network = coupled_network(config=TINIEST)
        frames, rows, columns = TINIEST.learned_grid
        short = random_inputs(1, (frames - 1, rows, columns), TINIEST)
        given = short.run(network, Coupling(1))
        with torch.no_grad():
            network.patch_embed.pos_embedding[:, -rows * columns :] = 1e3
        assert torch.equal(short.run(network, Coupling(1)), given)

    @pytest.mark.parametrize(
        ("grid", "sentence"),
        [
            ((3, 2, 3), "48x32 pixels and at most 5 frames, given 48x32 and 9 frames"),
            ((2, 3, 3), "48x32 pixels and at most 5 frames, given 48x48 and 5 frames"),
            ((2, 3, 2), "48x32 pixels and at most 5 frames, given 32x48 and 5 frames"),
        ],
    )
    def test_more_frames_or_another_size_are_refused_in_pixels(self, grid, sentence):
        with pytest.raises(ValueError, match=sentence):
            random_inputs(1, grid, TINIEST).run(coupled_network(config=TINIEST), Coupling(1))

    def test_longer_prompt_than_the_table_is_refused(self):
        inputs = random_inputs(1, TINIEST.learned_grid, TINIEST)
        long = replace(inputs, text=inputs.text.repeat(1, 2, 1))
        with pytest.raises(ValueError, match=r"The prompt has 8 tokens, this model reads 4; shorten it\."):
            long.run(coupled_network(config=TINIEST), Coupling(1))


def test_network_trains_where_there_is_no_comfyui(tmp_path):
    program = """
import importlib.util
import sys
import torch
from shared_world.models.cogvideox.config import CogVideoXConfig
from shared_world.models.shareverse.transformer import Coupling, ShareVerseTransformer
from shared_world.models.shareverse.checkpoint import plan_shareverse
assert importlib.util.find_spec("comfy") is None
network = ShareVerseTransformer(CogVideoXConfig(2, 32, 16, 8, 8, text_tokens=4, learned_grid=None))
latents, text, raymaps = torch.randn(2, 32, 1, 2, 2), torch.randn(2, 4, 8), torch.randn(2, 24, 1, 2, 2)
out = network(latents, torch.ones(2), text, raymaps=raymaps, coupling=Coupling(2))
out.sum().backward()
assert "diffusers" not in sys.modules
print(out.shape)
"""
    result = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "torch.Size([2, 16, 1, 2, 2])\n"
