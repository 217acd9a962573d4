from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from shared_world.evaluation.clips import open_test_clips
from shared_world.evaluation.generation import Sampling
from shared_world.evaluation.models import load_decoder, load_model
from shared_world.evaluation.settings import EvaluationSettings
from shared_world.models.checkpoints import write_checkpoint
from shared_world.models.cogvideox.config import CogVideoXConfig
from shared_world.models.pocket_vae import SYSTEM, PocketVAE, PocketVAEConfig, initialise_from_patches
from shared_world.models.shareverse.options import ShareVerseOptions
from shared_world.pocket.dataset import DataSet, make_data_set
from shared_world.pocket.recipe import ClipOptions
from shared_world.tests.tiny_networks import coupled_network
from shared_world.training.trained import CAMERA_OPTION
from shared_world.world.raymaps import RaymapOptions
from shared_world.world.tiles import SINGLE_VIEW

CLIPS = ClipOptions(
    layout="crossroads", frames=5, frame_rate=2.0, height=16, width=16, samples=1, weathers=("overcast",)
)
CHANNELS, LATENT_SCALE = 4, 0.5
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Files:
    """Data sets `clips` (4 test clips) and `reference` (2 validation clips) of 2 agents, 5 frames and tiles of 32x32,
    and untrained networks whose every part has an effect."""

    clips: Path
    reference: Path
    autoencoder: Path
    full: Path
    no_cross_agent: Path
    raw_pose: Path
    front: Path


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluation")
    for split, count in (("test", 4), ("validation", 2)):
        make_data_set(DataSet(folder / split, split, CLIPS), count)
    write_vae(folder / "vae.safetensors")
    raymap = RaymapOptions(layout="per_tile", origin_compression=10.0)
    write_model(folder / "full.safetensors", ShareVerseOptions(raymap=raymap))
    write_model(folder / "no_cross_agent.safetensors", ShareVerseOptions(raymap=raymap, cross_agent="none"))
    write_model(folder / "raw_pose.safetensors", ShareVerseOptions(raymap=raymap), camera="raw_pose")
    write_model(folder / "front.safetensors", ShareVerseOptions(raymap=replace(raymap, view_layout=SINGLE_VIEW)))
    names = ("full", "no_cross_agent", "raw_pose", "front")
    models = {name: folder / f"{name}.safetensors" for name in names}
    return Files(folder / "test", folder / "validation", folder / "vae.safetensors", **models)


def write_vae(path, channels=CHANNELS):
    sizes = PocketVAEConfig(latent_channels=channels, width=8, encoder_blocks=1, decoder_blocks=1, fine_width=0)
    network = PocketVAE(sizes)
    random = torch.Generator().manual_seed(0)
    initialise_from_patches(network, torch.rand(200, 768, generator=random) - 0.5, random)
    write_checkpoint(
        path,
        network.state_dict(),
        {"system": SYSTEM, "network": sizes.to_dict(), "latent_scale": LATENT_SCALE, "latent_rgb_factors": []},
    )


def write_model(path, options, camera=None, channels=CHANNELS, tile=32, seed=0, **record):
    """A random ShareVerse for tiles of 32x32 and 5 frames."""
    side = (tile if options.raymap.view_layout.slots == 4 else tile // 2) // 16
    config = CogVideoXConfig(
        layers=2,
        dim=32,
        head_dim=16,
        time_dim=16,
        text_dim=4,
        text_tokens=1,
        in_channels=2 * channels,
        out_channels=channels,
        learned_grid=(2, side, side),
    )
    options = replace(options, latent_scale=LATENT_SCALE)
    recorded = {**options.to_dict(), **({CAMERA_OPTION: camera} if camera else {})}
    known = {
        "system": "shareverse",
        "options": recorded,
        "network": {"text_tokens": 1, "learned_grid": config.learned_grid},
        "trained": {"frames": 5, "agents": 2},
        "training": {"steps": 7, "hours": 0.25},
    }
    write_checkpoint(path, coupled_network(options, config, seed).state_dict(), {**known, **record})


@pytest.fixture
def settings(files, tmp_path):
    return EvaluationSettings(
        clips=files.clips,
        autoencoder=files.autoencoder,
        models={"full": files.full},
        out=tmp_path / "out",
        baseline="full",
        reference=files.reference,
        steps=3,
        batch=2,
        sheets=1,
    )


@pytest.fixture(scope="session")
def clips(files):
    return open_test_clips(files.clips)


@pytest.fixture(scope="session")
def batch(clips):
    """All four clips."""
    return clips.read(clips.chosen)


@pytest.fixture(scope="session")
def sampling(files):
    return Sampling(load_decoder(files.autoencoder, CPU), steps=3, seed=0, device=CPU)


@pytest.fixture
def models(files):
    names = ("full", "no_cross_agent", "raw_pose", "front")
    return {name: load_model(name, getattr(files, name), CPU) for name in names}
