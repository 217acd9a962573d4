from dataclasses import replace

import pytest
import torch
from torch import nn

from shared_world.models.cogvideox.config import CogVideoXConfig
from shared_world.models.kernels import torch_attention
from shared_world.models.shareverse.options import ShareVerseOptions
from shared_world.models.shareverse.transformer import Coupling, ShareVerseTransformer
from shared_world.tests.tiny_networks import TINIEST, coupled_network, random_inputs
from shared_world.training.activation_checkpointing import checkpoint_blocks
from shared_world.training.attention import matrix_attention
from shared_world.training.cameras import affine_maps
from shared_world.training.data import LATENTS, MAPS, Caches
from shared_world.training.prediction import sample_worlds
from shared_world.training.shareverse_task import ShareVerseTask
from shared_world.world.encounters import encounter
from shared_world.world.raymaps import RaymapOptions, build_raymaps
from shared_world.world.rigs import four_view_rig

RAYMAPS = RaymapOptions(layout="per_tile")
OPTIONS = ShareVerseOptions(latent_scale=2.0, snr_shift_scale=3.0, raymap=RAYMAPS)
CONFIG = CogVideoXConfig(
    layers=1, dim=16, head_dim=16, time_dim=8, text_dim=4, in_channels=6, out_channels=3, text_tokens=1,
    learned_grid=None,
)  # fmt: skip


class Worlds:
    """A cache in memory. In every window the latents of agent i are filled with 10 * window + i."""

    def __init__(self, count=4, agents=2):
        self.agents = encounter(
            "crossing", distance=8.0, speed=6.0, frames=9, frame_rate=4.0, rig=four_view_rig(16, 16)
        )
        values = 10.0 * torch.arange(count)[:, None] + torch.arange(agents)
        self.tensors = {
            LATENTS: values.view(count, agents, 1, 1, 1, 1).expand(-1, -1, 3, 3, 4, 4).half(),
            MAPS: affine_maps(self.agents, RAYMAPS, "raymap", 4, 4).expand(count, -1, -1, -1, -1, -1),
        }

    def __len__(self):
        return len(self.tensors[LATENTS])

    def shape(self, name):
        return tuple(self.tensors[name].shape[1:])

    def gather(self, rows, device):
        return {name: tensor[rows] for name, tensor in self.tensors.items()}


class KnowsTheData(nn.Module):
    """Predicts the true velocity of latents that are constant, known from the first frame's channels."""

    def __init__(self, schedule):
        super().__init__()
        self.schedule = schedule
        self.calls = []

    def forward(self, latents, timesteps, text, raymaps, coupling):
        noisy, condition = latents.chunk(2, dim=1)
        assert not condition[:, :, 1:].any()
        clean = condition[:, :, :1].expand_as(noisy)
        signal, deviation = self.schedule.at(timesteps, noisy)
        self.calls.append((latents, timesteps, text, raymaps, coupling))
        return self.schedule.velocity(clean, (noisy - signal * clean) / deviation, timesteps)


@pytest.fixture
def task(shareverse_settings):
    settings = replace(
        shareverse_settings, random_turn="none", shuffle_agents=False, random_translation=0.0,
        loop=replace(shareverse_settings.loop, micro_batch_size=4),
    )  # fmt: skip
    return make_task(settings)


def make_task(settings):
    caches = Caches(Worlds(), Worlds(2), {})
    return ShareVerseTask(settings, CONFIG, OPTIONS, caches, torch.ones(1, 4), torch.device("cpu"), None)


def test_perfect_prediction_has_no_loss(task):
    network = KnowsTheData(task.schedule)
    assert task.loss(network, 0).item() == pytest.approx(0.0, abs=1e-5)
    assert task.validate(network)["validation_loss"] == pytest.approx(0.0, abs=1e-5)


def test_network_is_given_what_the_nodes_give_it(task):
    network = KnowsTheData(task.schedule)
    task.loss(network, 0)
    ((latents, timesteps, text, raymaps, coupling),) = network.calls
    assert latents.shape == (8, 6, 3, 4, 4)
    assert coupling.agents == 2
    assert torch.equal(timesteps[0::2], timesteps[1::2])
    first = latents[:, 3:, 0].flatten(1)[:, 0]
    windows = task.order.items(0, 4)
    assert first.tolist() == [2.0 * (10 * window + agent) for window in windows.tolist() for agent in range(2)]
    assert text.shape == (8, 1, 4)
    truth = build_raymaps(task.caches.train.agents, RAYMAPS, 4, 4)
    torch.testing.assert_close(raymaps, truth.repeat(4, 1, 1, 1, 1), rtol=1e-4, atol=1e-4)


def test_agents_that_change_places_keep_their_cameras(task):
    task = make_task(replace(task.settings, shuffle_agents=True))
    truth = build_raymaps(task.caches.train.agents, RAYMAPS, 4, 4)
    network, orders = KnowsTheData(task.schedule), set()
    for micro_batch in range(4):
        assert task.loss(network, micro_batch).item() == pytest.approx(0.0, abs=1e-5)
    for latents, _, _, raymaps, _ in network.calls:
        agents = (latents[:, 3, 0, 0, 0] / 2).round() % 10
        for agent, raymap in zip(agents.long().tolist(), raymaps, strict=True):
            torch.testing.assert_close(raymap, truth[agent], rtol=1e-4, atol=1e-4)
        orders |= {tuple(pair) for pair in agents.unflatten(0, (-1, 2)).tolist()}
    assert orders == {(0.0, 1.0), (1.0, 0.0)}


@pytest.mark.parametrize(("turn", "angles"), [("none", {0}), ("quarter", {0, 90, 180, 270}), ("free", None)])
def test_worlds_are_moved_as_the_settings_say(task, turn, angles):
    task = make_task(replace(task.settings, random_turn=turn, random_translation=3.0))
    network = KnowsTheData(task.schedule)
    for micro_batch in range(8):
        task.loss(network, micro_batch)
    truth = build_raymaps(task.caches.train.agents, RAYMAPS, 4, 4)
    raymaps = torch.cat([call[3] for call in network.calls]).unflatten(0, (-1, 2))
    origins = raymaps[:, :, 3:6, :, 0, 0].mean((1, 3))
    assert 2.0 < origins[:, 1].abs().max() <= 3.0  # all cameras are at the same height
    assert origins.std(0).min() > 0.8
    x, z = (raymaps[:, 0, channel, 0, 0, 0] for channel in (0, 2))
    found = torch.rad2deg(torch.atan2(x, z) - torch.atan2(truth[0, 0, 0, 0, 0], truth[0, 2, 0, 0, 0])).round() % 360
    assert (set(found.tolist()) == angles) if angles else (len(set(found.tolist())) > 16)


def test_every_micro_batch_has_its_own_noise_and_data(task):
    network = KnowsTheData(task.schedule)
    for micro_batch in (0, 1, 0):
        task.loss(network, micro_batch)
    first, second, again = (call[0] for call in network.calls)
    assert torch.equal(first, again)
    assert not torch.equal(first[:, :3], second[:, :3])
    assert sorted(first[:, 3, 0, 0, 0].tolist()) == sorted(second[:, 3, 0, 0, 0].tolist())


def test_timesteps_cover_the_whole_schedule(task):
    network = KnowsTheData(task.schedule)
    for micro_batch in range(300):
        task.loss(network, micro_batch)
    timesteps = torch.cat([call[1] for call in network.calls])
    counts = torch.histc(timesteps.float(), bins=4, min=0, max=1000)
    assert (counts / counts.sum() - 0.25).abs().max() < 0.05
    assert timesteps.min() < 20
    assert timesteps.max() > 980


def test_recomputed_activations_give_the_same_gradients():
    inputs = random_inputs(4, config=TINIEST)

    def gradients(recompute):
        network = coupled_network(config=TINIEST)
        names = list(network.state_dict())
        if recompute:
            checkpoint_blocks(network.all_blocks())
            assert list(network.state_dict()) == names
        velocity = network(inputs.latents, inputs.timesteps, inputs.text, raymaps=inputs.raymaps, coupling=Coupling(2))
        velocity.square().mean().backward()
        return {name: parameter.grad for name, parameter in network.named_parameters()}

    plain, recomputed = gradients(False), gradients(True)
    assert [name for name in plain if not torch.equal(plain[name], recomputed[name])] == []


def test_recomputation_keeps_less_in_memory():
    def kept(recompute):
        network = ShareVerseTransformer(TINIEST)
        if recompute:
            checkpoint_blocks(network.all_blocks())
        inputs, held = random_inputs(2, config=TINIEST), []
        with torch.autograd.graph.saved_tensors_hooks(lambda tensor: held.append(tensor.numel()), lambda none: none):
            network(inputs.latents, inputs.timesteps, inputs.text, raymaps=inputs.raymaps, coupling=Coupling(2))
        return sum(held)

    assert kept(True) < 0.5 * kept(False)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_attention_on_cpus_is_the_usual_one(dtype):
    query, key, value = torch.randn(3, 2, 4, 7, 16).to(dtype).unbind(0)
    given = matrix_attention(query, key[:, :, :5], value[:, :, :5], {})
    expected = torch_attention(query.float(), key[:, :, :5].float(), value[:, :, :5].float(), {})
    assert given.dtype == dtype
    torch.testing.assert_close(given.float(), expected, atol=1e-5 if dtype == torch.float32 else 0.03, rtol=0)


def test_sampled_worlds_are_those_of_an_all_knowing_network(task):
    """The whole way from noise to latents: first-frame channels, timesteps and agents as in training."""
    batch = task._batch(task.caches.validation, torch.arange(2), None)
    noise = torch.randn(batch.latents.shape)
    network = KnowsTheData(task.schedule)
    first = batch.latents[:, :, :, :1]
    sampled = sample_worlds(network, first, task.text, batch.raymaps, noise, task.schedule, steps=4)
    torch.testing.assert_close(sampled, batch.latents, rtol=1e-3, atol=1e-3)
    assert [call[1][0].item() for call in network.calls] == [999, 749, 499, 249]
