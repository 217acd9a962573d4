from dataclasses import replace

import pytest
import torch
from accelerate.state import AcceleratorState

from shared_world.models.checkpoints import write_checkpoint
from shared_world.models.pocket_vae import SYSTEM, PocketVAE, PocketVAEConfig, initialise_from_patches
from shared_world.tests.unit.training.recorded_clips import FRAMES, write_recorded_clip
from shared_world.training.settings import (
    DataSettings,
    LoopSettings,
    NetworkSettings,
    ShareVerseSettings,
    VAESettings,
)

VAE_SIZES = PocketVAEConfig(latent_channels=4, width=8, encoder_blocks=1, decoder_blocks=1, fine_width=4, fine_blocks=1)


@pytest.fixture(autouse=True)
def fresh_accelerator():
    """Every test may choose its own precision and accumulation, which accelerate keeps for the whole process."""
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(scope="session")
def recorded_clips(tmp_path_factory):
    """Data sets `train` of six clips and `validation` of two: 2 agents, 5 frames, tiles of 32x32."""
    folder = tmp_path_factory.mktemp("recorded")
    for split, count, first in (("train", 6, 0), ("validation", 2, 100)):
        for number in range(count):
            write_recorded_clip(folder / split, number, seed=first + number, view=16)
    return folder


@pytest.fixture(scope="session")
def vae_file(tmp_path_factory):
    """An untrained pocket VAE."""
    path = tmp_path_factory.mktemp("vae") / "vae.safetensors"
    network = PocketVAE(VAE_SIZES)
    random = torch.Generator().manual_seed(0)
    initialise_from_patches(network, torch.rand(200, 768, generator=random) - 0.5, random)
    record = {
        "system": SYSTEM,
        "network": VAE_SIZES.to_dict(),
        "latent_scale": 0.5,
        "latent_rgb_factors": [[1, 0, 0]] * 4,
    }
    write_checkpoint(path, network.state_dict(), record)
    return path


def tiny_loop(**changes):
    settings = LoopSettings(
        steps=4,
        batch_size=2,
        micro_batch_size=2,
        learning_rate=1e-3,
        ema_decay=0.9,
        log_every=2,
        checkpoint_every=0,
    )
    return replace(settings, **changes)


@pytest.fixture
def data_settings(recorded_clips, tmp_path):
    return DataSettings(
        train=str(recorded_clips / "train"),
        validation=str(recorded_clips / "validation"),
        cache=str(tmp_path / "cache"),
        frames=FRAMES,
        stride=FRAMES,
    )


@pytest.fixture
def shareverse_settings(data_settings, vae_file, tmp_path):
    return ShareVerseSettings(
        name="tiny",
        output=str(tmp_path / "run"),
        loop=tiny_loop(),
        data=data_settings,
        autoencoder=str(vae_file),
        network=NetworkSettings(layers=2, dim=32, head_dim=16, time_dim=16, text_dim=4),
        options={"raymap": {"layout": "per_tile", "origin_compression": 10.0}},
        random_turn="free",
        shuffle_agents=True,
    )


@pytest.fixture
def vae_settings(data_settings, tmp_path):
    return VAESettings(
        name="tiny_vae", output=str(tmp_path / "vae_run"), loop=tiny_loop(), data=data_settings, network=VAE_SIZES
    )
