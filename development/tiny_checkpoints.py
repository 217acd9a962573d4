"""Tiny random checkpoints with every part of the real ones, for tests and example graphs where there are no weights.

What they generate is noise: they show that the graph runs, not what a trained model makes.
"""

from pathlib import Path

import safetensors.torch
import torch
from torch import nn

from ..models.checkpoints import write_checkpoint
from ..models.cogvideox.config import CogVideoXConfig
from ..models.cogvideox.transformer import CogVideoXTransformer
from ..models.pocket_vae import SYSTEM, PocketVAE, PocketVAEConfig
from ..models.shareverse.checkpoint import untrained_extension
from ..models.shareverse.options import ShareVerseOptions
from .comfyui_in_process import use_comfyui
from .tiny_metaworld import write_tiny_metaworld
from .tiny_multiworld import write_tiny_multiworld
from .tiny_weights import RANDOM, random_weights

FRAMES, WIDTH, HEIGHT = 17, 96, 64
"""Frames and tile size in pixels of the learned position table of the tiny model."""

CONFIG = CogVideoXConfig(
    layers=4,
    dim=128,
    head_dim=64,
    time_dim=64,
    text_dim=32,
    text_tokens=8,
    learned_grid=(FRAMES // 4 + 1, HEIGHT // 16, WIDTH // 16),
)
POCKET_VAE = PocketVAEConfig(
    latent_channels=CONFIG.out_channels, width=16, encoder_blocks=1, decoder_blocks=2, fine_width=8, fine_blocks=1
)
LICENCE = "Apache-2.0"


def write_tiny_checkpoints(folder: Path) -> None:
    """Write models into a folder laid out like ComfyUI's `models`.

    `diffusion_models/` gets a base (CogVideoX-I2V), a ShareVerse with non-zero extra modules, and the extra modules
    alone; `vae/` gets a Wan 2.1 VAE of 1/12 the width and a pocket VAE, both with CogVideoX's latent channels and
    compression. What MultiWorld and MetaWorld need lies beside them, see `write_tiny_multiworld` and
    `write_tiny_metaworld`.
    """
    diffusion_models, vae = folder / "diffusion_models", folder / "vae"
    for directory in (diffusion_models, vae):
        directory.mkdir(parents=True, exist_ok=True)

    network = {"learned_grid": CONFIG.learned_grid, "text_tokens": CONFIG.text_tokens}
    base = random_weights(CogVideoXTransformer(CONFIG), seed=0)
    write_checkpoint(diffusion_models / "cogvideox_i2v_tiny.safetensors", base, {"network": network})

    options = ShareVerseOptions()
    extension = untrained_extension(base, CONFIG, options)
    coupled = {
        name: tensor if tensor.any() else random_weights(nn.ParameterDict({"weight": tensor}), index)["weight"]
        for index, (name, tensor) in enumerate(extension.items())
    }
    record = {
        "system": "shareverse",
        "options": options.to_dict(),
        "network": network,
        "trained": {"frames": FRAMES, "width": WIDTH, "height": HEIGHT, "agents": 2},
        "base_model": "cogvideox_i2v_tiny.safetensors",
        "licence": LICENCE,
        "training": RANDOM,
    }
    write_checkpoint(diffusion_models / "shareverse_tiny.safetensors", base | coupled, record)
    write_checkpoint(diffusion_models / "shareverse_tiny_extension.safetensors", coupled, record)
    _write_tiny_vae(vae / "wan_vae_tiny.safetensors")
    write_tiny_pocket_vae(vae / "pocket_vae_tiny.safetensors")
    write_tiny_multiworld(folder)
    write_tiny_metaworld(folder)


def _write_tiny_vae(path: Path) -> None:
    use_comfyui()
    from comfy.ldm.wan.vae import WanVAE

    network = WanVAE(dim=8, z_dim=16, temperal_downsample=[False, True, True])
    safetensors.torch.save_file(random_weights(network, seed=0), path)


def write_tiny_pocket_vae(path: Path, dtype: torch.dtype = torch.float32) -> None:
    """Write a pocket VAE whose weights are stored in `dtype`."""
    tensors = random_weights(PocketVAE(POCKET_VAE), seed=0)
    record = {"system": SYSTEM, "network": POCKET_VAE.to_dict(), "latent_scale": 1.0, "licence": LICENCE}
    write_checkpoint(path, {name: tensor.to(dtype) for name, tensor in tensors.items()}, record)
