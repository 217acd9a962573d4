"""MetaWorld with random weights, at sizes whose proportions are the paper's.

ComfyUI must be importable, see `use_comfyui`.
"""

import json
from dataclasses import dataclass
from typing import Any

import comfy.ops
import comfy.sd
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from ..models.batch import AGENTS, COUPLING_OPTIONS
from ..models.metaworld.comfyui import register
from ..models.metaworld.conditioning import CONDITION_DEPTH, CONDITION_RGB, ENCODE_EVERY_STEP, IDENTITIES
from ..models.metaworld.layout import WanLayout, expected_shapes
from ..models.metaworld.options import MetaWorldOptions
from ..models.metaworld.transformer import MetaWorldTransformer
from .multiworld_network import HEAD_DIM, random_tensors

PAPER_DIM, PAPER_FFN = 5120, 13824
CHANNELS = 16
TEXT_TOKENS, TEXT_DIM = 512, 4096


@dataclass(frozen=True)
class Sizes:
    """A MetaWorld and its clip.

    Attributes:
        dim, layers: width, a multiple of 128, and blocks of the network.
        frames, height, width: of the latents, rows and columns even.
    """

    dim: int
    layers: int
    frames: int
    height: int
    width: int

    def layout(self) -> WanLayout:
        hidden = 64 * round(self.dim * PAPER_FFN / PAPER_DIM / 64)
        return WanLayout(self.dim, self.layers, hidden, time_dim=256, text_dim=TEXT_DIM, channels=CHANNELS)


FULL_SIZES = Sizes(dim=PAPER_DIM, layers=40, frames=21, height=60, width=104)
"""Wan 2.1 14B, 81 frames of 832x480."""


def random_model(sizes: Sizes, dtype: torch.dtype) -> ModelPatcher:
    """A MODEL as ComfyUI's own loader makes it."""
    register()
    config = {"transformer": {"num_heads": sizes.dim // HEAD_DIM}}
    tensors = random_tensors(expected_shapes(sizes.layout(), MetaWorldOptions()))
    return comfy.sd.load_diffusion_model_state_dict(tensors, {"dtype": dtype}, metadata={"config": json.dumps(config)})


def latents(sizes: Sizes, agents: int, frames: int = 0) -> Tensor:
    """Random latents (agents, channels, frames, height, width), by default as many frames as the clip has."""
    return torch.randn(agents, CHANNELS, frames or sizes.frames, sizes.height, sizes.width)


def conditioning(sizes: Sizes, agents: int, every_step: bool) -> list[list[Any]]:
    """Both condition videos and one identity per agent; with `every_step` they are encoded at every evaluation."""
    told = {
        AGENTS: agents,
        CONDITION_RGB: latents(sizes, agents),
        CONDITION_DEPTH: latents(sizes, agents),
        IDENTITIES: latents(sizes, agents, 1),
        ENCODE_EVERY_STEP: every_step,
    }
    return [[torch.zeros(1, TEXT_TOKENS, TEXT_DIM), told]]


def count(sizes: Sizes, agents: int, topology: str) -> dict[str, float]:
    """Floating point operations of one evaluation without those of its condition, and of encoding the condition.

    They are counted from the shapes of all products, once per kind of block.
    """
    meta = torch.device("meta")
    layout = sizes.layout()
    one = Sizes(sizes.dim, 1, sizes.frames, sizes.height, sizes.width).layout()
    network = MetaWorldTransformer(
        one,
        MetaWorldOptions(),
        dim=layout.dim,
        ffn_dim=layout.ffn_dim,
        num_heads=layout.dim // HEAD_DIM,
        num_layers=1,
        freq_dim=layout.time_dim,
        text_dim=layout.text_dim,
        device=meta,
        dtype=torch.bfloat16,
        operations=comfy.ops.disable_weight_init,
    )

    def empty(*shape: int) -> Tensor:
        return torch.empty(*shape, dtype=torch.bfloat16, device=meta)

    size = (sizes.height, sizes.width)
    options = {COUPLING_OPTIONS: {"topology": topology}, "optimized_attention_override": _products}
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(
            empty(agents, CHANNELS, sizes.frames, *size),
            torch.empty(agents, device=meta),
            empty(agents, TEXT_TOKENS, layout.text_dim),
            time_dim_concat=empty(agents, CHANNELS, 1, *size),
            transformer_options=options,
            agents=agents,
        )
    block = sum(counter.flop_counts["MetaWorldTransformer.blocks.0"].values())
    evaluation = counter.get_total_flops() + (sizes.layers - 1) * block
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.encode_condition(empty(agents, 2 * CHANNELS, sizes.frames, *size))
    return {"evaluation": float(evaluation), "condition": float(counter.get_total_flops())}


def _products(function: Any, query: Tensor, key: Tensor, value: Tensor, heads: int, *_: Any, **__: Any) -> Tensor:
    """Attention as its two products, which is what counts."""
    query, key, value = (part.unflatten(2, (heads, -1)).transpose(1, 2) for part in (query, key, value))
    return ((query @ key.transpose(2, 3)) @ value).transpose(1, 2).flatten(2)
