import pytest
import torch
from torch import nn

from shared_world.development.comfyui_in_process import use_comfyui

use_comfyui()

from shared_world.models.batch import COUPLING_OPTIONS  # noqa: E402
from shared_world.models.metaworld.layout import WanLayout  # noqa: E402
from shared_world.models.metaworld.options import MetaWorldOptions  # noqa: E402
from shared_world.tests.unit.training.metaworld_settings import tiny_metaworld  # noqa: E402
from shared_world.training.condition_caches import DEPTH, IDENTITIES, KNOWN, RGB  # noqa: E402
from shared_world.training.data import LATENTS, Caches  # noqa: E402
from shared_world.training.metaworld_prediction import sample_worlds  # noqa: E402
from shared_world.training.metaworld_task import MetaWorldTask  # noqa: E402

CHANNELS, FRAMES, SIDE = 3, 2, 4
SCALE = 2.0


class Worlds:
    """In memory. Latents of agent i of window w are v = 10 w + i, conditions 1000 b + v, identities 100 k + v."""

    def __init__(self, count=4, agents=2, backgrounds=2, identities=1, known=True):
        value = 10.0 * torch.arange(count)[:, None] + torch.arange(agents)
        video = value.view(count, agents, 1, 1, 1, 1).expand(-1, -1, CHANNELS, FRAMES, SIDE, SIDE)
        told = 1000.0 * torch.arange(backgrounds).view(1, -1, 1, 1, 1, 1, 1) + video[:, None]
        self.tensors = {
            LATENTS: video.half(),
            RGB: told.half(),
            DEPTH: -told.half(),
            IDENTITIES: (
                100.0 * torch.arange(1, 1 + identities).view(-1, 1, 1, 1, 1) + video[:, :, None, :, :1]
            ).half(),
            KNOWN: torch.full((count, agents, identities), known),
        }

    def __len__(self):
        return len(self.tensors[LATENTS])

    def shape(self, name):
        return tuple(self.tensors[name].shape[1:])

    def gather(self, rows, device):
        return {name: tensor[rows] for name, tensor in self.tensors.items()}


class KnowsTheData(nn.Module):
    """Predicts the true velocity from the RGB condition, which is the latent where the background is number 0."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def forward(self, noisy, timesteps, context, time_dim_concat, condition, agents, transformer_options):
        self.calls.append((timesteps, time_dim_concat, condition.shape[1], agents, transformer_options))
        times = (timesteps / 1000).view(-1, 1, 1, 1, 1)
        return (noisy - condition[:, :CHANNELS]) / times


def make_task(tmp_path, worlds=None, validation=None, options=None, **changes):
    settings = tiny_metaworld(tmp_path, tmp_path, "vae", **changes)
    options = options or MetaWorldOptions(latent_scale=SCALE, alignment=settings.topology != "none")
    layout = WanLayout(dim=24, layers=1, ffn_dim=8, time_dim=4, text_dim=4, channels=CHANNELS)
    caches = Caches(worlds or Worlds(), validation, {})
    return MetaWorldTask(settings, layout, 2, options, caches, torch.device("cpu"))


def test_identities_are_frames(tmp_path):
    task = make_task(tmp_path, Worlds(identities=3))
    batch = task.batch(task.caches.train, torch.tensor([0, 2]), None)
    assert batch.identities.shape == (2, 2, CHANNELS, 3, SIDE, SIDE)
    shown = batch.identities[:, :, 0, :, 0, 0] / SCALE
    assert shown.tolist() == [[[100, 200, 300], [101, 201, 301]], [[120, 220, 320], [121, 221, 321]]]


def test_agents_may_be_shown_nobody(tmp_path):
    task = make_task(tmp_path, Worlds(agents=1, identities=0))
    assert task.batch(task.caches.train, torch.tensor([0]), None).identities.shape[3] == 0


def test_who_is_not_known_is_zero(tmp_path):
    task = make_task(tmp_path, Worlds(known=False))
    assert task.batch(task.caches.train, torch.arange(4), None).identities.abs().max() == 0


def test_a_share_of_agents_is_shown_nobody(tmp_path):
    task = make_task(tmp_path, drop_identities=0.25)
    random = torch.Generator().manual_seed(0)
    dropped = [
        (task.batch(task.caches.train, torch.arange(4), random).identities.flatten(2).abs().amax(2) == 0).float().mean()
        for _ in range(200)
    ]
    assert torch.stack(dropped).mean() == pytest.approx(0.25, abs=0.04)


def test_backgrounds_are_drawn_and_latents_scaled(tmp_path):
    task = make_task(tmp_path)
    random = torch.Generator().manual_seed(0)
    seen = set()
    for _ in range(20):
        batch = task.batch(task.caches.train, torch.arange(4), random)
        rgb, depth = batch.condition.split(CHANNELS, dim=2)
        assert torch.equal(rgb, -depth)
        assert torch.equal(rgb % (1000 * SCALE), batch.latents)
        seen |= set((rgb[:, 0, 0, 0, 0, 0] // (1000 * SCALE)).int().tolist())
    assert seen == {0, 1}
    assert batch.latents[1, 1].unique().tolist() == [11 * SCALE]


def test_one_background_can_be_asked_for(tmp_path):
    task = make_task(tmp_path)
    batch = task.batch(task.caches.train, torch.arange(4), None, background=1)
    assert (batch.condition[:, :, :CHANNELS] >= 1000 * SCALE).all()


def test_the_velocity_of_the_video_is_learned(tmp_path):
    task = make_task(tmp_path, Worlds(backgrounds=1), Worlds(count=3, backgrounds=1), topology="ring")
    network = KnowsTheData()
    assert task.loss(network, 0).item() == pytest.approx(0.0, abs=1e-5)
    assert task.validate(network)["validation_loss"] == pytest.approx(0.0, abs=1e-5)
    timesteps, identities, _, agents, options = network.calls[0]
    assert agents == 2
    assert options[COUPLING_OPTIONS] == {"topology": "ring"}
    assert torch.equal(timesteps[0::2], timesteps[1::2])
    assert identities.shape == (4, CHANNELS, 1, SIDE, SIDE)
    times = torch.cat([call[0][0::2] for call in network.calls[1:]])
    assert times.tolist() == pytest.approx([1000 / 6, 500, 5000 / 6])


def test_depth_is_left_out_as_often_as_asked(tmp_path):
    options = MetaWorldOptions(latent_scale=SCALE, alignment=False, depth="either")
    task = make_task(tmp_path, Worlds(backgrounds=1), options=options, drop_depth=0.25)
    network = KnowsTheData()
    for number in range(400):
        task.loss(network, number)
    channels = [call[2] for call in network.calls]
    assert channels.count(CHANNELS) == pytest.approx(100, abs=3)
    assert set(channels) == {CHANNELS, 2 * CHANNELS}


def test_the_same_step_gives_the_same_batch(tmp_path):
    first, again = (make_task(tmp_path, time_shift=3.0) for _ in range(2))
    assert first.loss(KnowsTheData(), 5) == again.loss(KnowsTheData(), 5)
    assert first.loss(KnowsTheData(), 5) != again.loss(KnowsTheData(), 6)


def test_guidance_pushes_away_from_no_identities():
    condition = torch.zeros(1, 2, CHANNELS, FRAMES, SIDE, SIDE)
    identities = torch.ones(1, 2, CHANNELS, 1, SIDE, SIDE)

    class SeesIdentities(nn.Module):
        def forward(self, noisy, timesteps, context, time_dim_concat, **kwargs):
            return torch.ones_like(noisy) * time_dim_concat.mean()

    sigmas = torch.tensor([1.0, 0.0])
    plain, guided = (
        sample_worlds(SeesIdentities(), torch.zeros_like(condition), condition, identities, "none", sigmas, scale)
        for scale in (1.0, 5.0)
    )
    assert plain.unique().tolist() == [-1.0]
    assert guided.unique().tolist() == [-5.0]


def test_settings_of_the_shift_reach_the_times(tmp_path):
    early, late = (make_task(tmp_path, Worlds(backgrounds=1), time_shift=shift) for shift in (1.0, 5.0))
    means = []
    for task in (early, late):
        network = KnowsTheData()
        for number in range(300):
            task.loss(network, number)
        means.append(torch.cat([call[0] for call in network.calls]).mean().item())
    assert means[0] == pytest.approx(500, abs=25)
    assert means[1] > 700
