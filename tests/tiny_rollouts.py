"""Rollouts on the tiny MultiWorld models, seconds long, for tests."""

from dataclasses import dataclass
from typing import Any

import torch
from comfy.sd import VAE
from torch import Tensor

from shared_world.development.example_models import example_models
from shared_world.models.checkpoints import open_checkpoint
from shared_world.models.multiworld.comfyui import load_multiworld
from shared_world.models.multiworld.schedule import MULTIWORLD_SCHEDULER
from shared_world.models.vae_loading import load_vae
from shared_world.models.vggt.comfyui import GlobalStateEncoder, load_global_state_encoder
from shared_world.sampling.joint import SamplerSettings
from shared_world.sampling.rollout import Rollout
from shared_world.world.actions import Actions, cut_chunks
from shared_world.world.actions.it_takes_two import LAYOUT as IT_TAKES_TWO
from shared_world.world.actions.panda import LAYOUT as PANDA

FRAMES, WIDTH, HEIGHT, STEPS, SEED = 9, 96, 64, 2, 5
FILES = {"it_takes_two": "multiworld_480p_fulldata", "robots": "multiworld_320p_robots"}


@dataclass(frozen=True)
class Networks:
    model: Any
    vae: VAE
    encoder: GlobalStateEncoder


def load_networks(variant: str) -> Networks:
    """In float32, so that equal computations give equal numbers whatever the batch."""
    models = example_models()
    checkpoint = open_checkpoint(models / "diffusion_models" / f"{FILES[variant]}.safetensors")
    return Networks(
        load_multiworld(checkpoint, {"dtype": torch.float32}),
        load_vae(str(models / "vae" / "wan2.2_vae.safetensors")),
        load_global_state_encoder(str(models / "geometry_estimation" / "vggt_1b.safetensors"), dtype=torch.float32),
    )


def random_actions(variant: str, frames: int, seed: int = 0) -> Actions:
    """Other actions in every frame."""
    generator = torch.Generator().manual_seed(seed)
    if variant == "robots":
        joints = torch.rand(2, frames, 8, generator=generator)
        actions = Actions(PANDA, ("robot 1", "robot 2"), 20.0, torch.zeros(2, frames, 0), joints)
        return actions.with_extra("camera", torch.rand(1, 16, generator=generator) + 1)
    buttons = torch.randint(0, 2, (2, frames, 10), generator=generator)
    looks = 2 * torch.rand(2, frames, 2, generator=generator) - 1
    return Actions(IT_TAKES_TWO, ("left", "right"), 60.0, buttons, looks)


def random_pictures(views: int = 2, seed: int = 0) -> Tensor:
    """First frames (views, height, width, 3) in the size of the videos, on 256 levels."""
    levels = torch.randint(0, 256, (views, HEIGHT, WIDTH, 3), generator=torch.Generator().manual_seed(seed))
    return levels.float() / 255


def make_rollout(networks: Networks, actions: Actions, **changes: Any) -> Rollout:
    """As many chunks as the actions last for."""
    given = {
        "model": networks.model,
        "encoder": networks.encoder,
        "vae": networks.vae,
        "first_frames": random_pictures(),
        "chunks": tuple(cut_chunks(actions, chunk_frames=FRAMES)),
        "width": WIDTH,
        "height": HEIGHT,
        "settings": SamplerSettings(STEPS, 1.0, "euler", MULTIWORLD_SCHEDULER),
        "seed": SEED,
    }
    return Rollout(**(given | changes))
