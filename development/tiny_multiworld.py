"""Tiny random files under the names of the published ones: MultiWorld, VGGT and the VAE of Wan 2.2.

Graphs that name the published files run on them as they are.
"""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..models.checkpoints import write_checkpoint
from ..models.multiworld.layout import CONNECTOR, MultiWorldLayout, expected_shapes
from ..models.vggt.checkpoint import UNUSED
from ..models.vggt.config import AggregatorConfig
from ..models.vggt.global_state import GlobalStateNetwork
from ..models.wan_metadata import COMFYUI_CONFIG
from .comfyui_in_process import use_comfyui
from .tiny_weights import RANDOM, random_weights

LICENCE = "Apache-2.0"
LATENT_CHANNELS = 48

VGGT = AggregatorConfig(layers=2, patch_layers=2, dim=16, head_dim=8, hidden=32)
DIM, HEADS, LAYERS = 32, 1, 1
"""Attention over 4725 tokens takes most of a run, and its time grows with heads and layers."""
BACKBONE: dict[str, Any] = {
    "dim": DIM,
    "layers": LAYERS,
    "ffn_dim": 64,
    "time_dim": 256,
    "in_channels": LATENT_CHANNELS,
    "out_channels": LATENT_CHANNELS,
    "environment_dim": 2 * VGGT.dim,
    "connector_dim": 32,
}
PLAYERS: dict[str, Any] = {"buttons": 10, "axes": 2}
LAYOUTS = {
    "multiworld_480p_fulldata": MultiWorldLayout("it_takes_two", **BACKBONE, **PLAYERS),
    "multiworld_480p_toydata": MultiWorldLayout("it_takes_two", **BACKBONE, **PLAYERS, weighting_dim=DIM // 4),
    "multiworld_320p_robots": MultiWorldLayout(
        "robots", **BACKBONE, joints=8, camera_dim=16, camera_hidden=(DIM // 4, DIM // 2)
    ),
}
"""Layouts by the published files' names."""

WAN_VAE = {"dim": 4, "dec_dim": 2}
"""Widths of the VAE's encoder and decoder, 1/40 and 1/128 of the published ones."""


def write_tiny_multiworld(folder: Path) -> None:
    """Write the three models, the global state encoder and the VAE into a folder laid out like ComfyUI's `models`."""
    for kind in ("diffusion_models", "geometry_estimation", "vae"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    record = {"licence": LICENCE, "training": RANDOM}
    # ComfyUI's own loader is told, too, what the shapes do not show.
    sizes = {"num_heads": HEADS}
    config = {COMFYUI_CONFIG: json.dumps({"transformer": sizes})}
    for seed, (name, layout) in enumerate(LAYOUTS.items()):
        path = folder / "diffusion_models" / f"{name}.safetensors"
        weights = multiworld_weights(layout, seed)
        write_checkpoint(path, weights, {"system": "multiworld", "network": sizes, **record}, config)
    write_checkpoint(folder / "geometry_estimation" / "vggt_1b.safetensors", vggt_weights(), record)
    write_checkpoint(folder / "vae" / "wan2.2_vae.safetensors", wan_vae_weights(), record)


def multiworld_weights(layout: MultiWorldLayout, seed: int) -> dict[str, Tensor]:
    """A state dict in the precisions of the published files."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in expected_shapes(layout).items():
        tensor = torch.randn(shape, generator=generator)
        if "norm" in name and name.endswith("weight"):
            tensor = 1 + tensor / 4
        elif name.endswith("bias"):
            tensor = tensor / 4
        elif not name.endswith(("discrete_embedding.weight", "modulation")):
            tensor = tensor / tensor[0].numel() ** 0.5
        if ".cross_attn." in name:
            tensor = 2 * tensor  # what actions and global state say stands out
        weights[name] = tensor if name.startswith(CONNECTOR) else tensor.bfloat16()
    return weights


def vggt_weights() -> dict[str, Tensor]:
    """A state dict as in VGGT-1B, without the heads, which are never read."""
    weights = random_weights(GlobalStateNetwork(VGGT), seed=0)
    generator = torch.Generator().manual_seed(0)
    for name, tensor in weights.items():
        if name.endswith(("token", "tokens", "pos_embed")):
            weights[name] = torch.randn(tensor.shape, generator=generator) / 2
    return weights | {UNUSED: torch.zeros(1, VGGT.dim)}


def wan_vae_weights(dim: int = WAN_VAE["dim"], dec_dim: int = WAN_VAE["dec_dim"]) -> dict[str, Tensor]:
    """A state dict of the given widths of encoder and decoder."""
    use_comfyui()
    from comfy.ldm.wan.vae2_2 import WanVAE

    network = WanVAE(dim=dim, dec_dim=dec_dim, z_dim=LATENT_CHANNELS, temperal_downsample=[False, True, True])
    return random_weights(network, seed=0)
