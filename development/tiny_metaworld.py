"""Tiny random MetaWorld files: a whole model, its base, and what MetaWorld adds to it."""

import json
from pathlib import Path

import torch
from torch import Tensor

from ..models.checkpoints import write_checkpoint
from ..models.metaworld.layout import WanLayout, alignment_shapes, condition_shapes, wan_shapes
from ..models.metaworld.options import MetaWorldOptions, Shapes
from ..models.wan_metadata import COMFYUI_CONFIG
from .tiny_weights import RANDOM

LICENCE = "Apache-2.0"
LAYOUT = WanLayout(dim=48, layers=2, ffn_dim=96, time_dim=64, text_dim=32, channels=16)
HEADS = 2
OPTIONS = MetaWorldOptions()

WHOLE, BASE, EXTENSION = "metaworld_tiny", "phantom_wan_tiny", "metaworld_tiny_extension"


def write_tiny_metaworld(folder: Path) -> None:
    """Write the three files into the folder `diffusion_models` of a folder laid out like ComfyUI's `models`."""
    models = folder / "diffusion_models"
    models.mkdir(parents=True, exist_ok=True)
    base = metaworld_weights(wan_shapes(LAYOUT), seed=0)
    extension = metaworld_weights(condition_shapes(LAYOUT, OPTIONS) | alignment_shapes(LAYOUT, OPTIONS), seed=1)
    record = {"network": {"num_heads": HEADS}, "licence": LICENCE, "training": RANDOM}
    own = {"system": "metaworld", "options": OPTIONS.to_dict(), **record}
    # ComfyUI's own loader is told, too, what the shapes do not show.
    sizes = {"num_heads": HEADS, "freq_dim": LAYOUT.time_dim, "text_dim": LAYOUT.text_dim}
    config = {COMFYUI_CONFIG: json.dumps({"transformer": sizes})}
    write_checkpoint(models / f"{BASE}.safetensors", base, record, config)
    write_checkpoint(models / f"{WHOLE}.safetensors", base | extension, own, config)
    write_checkpoint(
        models / f"{EXTENSION}.safetensors", extension, {**own, "base_model": f"{BASE}.safetensors"}, config
    )


def metaworld_weights(shapes: Shapes, seed: int) -> dict[str, Tensor]:
    """Values that keep activations near one; norms and biases differ between channels too."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in shapes.items():
        fan_in = torch.Size(shape[1:]).numel() if len(shape) > 1 else 25
        weights[name] = torch.randn(shape, generator=generator) / fan_in**0.5
        if "norm" in name and name.endswith("weight"):
            weights[name] += 1
    return weights
