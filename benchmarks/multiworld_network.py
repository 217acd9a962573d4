"""MultiWorld, VGGT and the VAE with random weights, at sizes whose proportions are the published ones.

ComfyUI must be importable, see `use_comfyui`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import comfy.ops
import comfy.sd
import torch
from comfy.ldm.wan.vae2_2 import WanVAE
from comfy.model_patcher import ModelPatcher
from torch import Tensor, nn

from ..models.batch import AGENTS
from ..models.multiworld.comfyui import register
from ..models.multiworld.conditioning import (
    CONTINUOUS_ACTIONS,
    DISCRETE_ACTIONS,
    ENCODE_EVERY_STEP,
    GLOBAL_STATE,
)
from ..models.multiworld.layout import MultiWorldLayout, Shapes, expected_shapes
from ..models.multiworld.options import MultiWorldOptions
from ..models.multiworld.transformer import MultiWorldTransformer
from ..models.vggt.comfyui import GlobalStateEncoder
from ..models.vggt.config import AggregatorConfig
from ..models.vggt.global_state import GlobalStateNetwork
from ..models.vggt.preprocessing import SIDE

HEAD_DIM = 128
PUBLISHED_DIM, PUBLISHED_LAYERS = 3072, 30
BUTTONS, AXES, PLAYERS = 10, 2, 2
CHANNELS = 48


@dataclass(frozen=True)
class Sizes:
    """A MultiWorld for ItTakesTwo. Token counts, VGGT and VAE follow from the width as they do in the published sizes.

    Attributes:
        dim, layers: width and blocks of the network.
        frames, side: latent frames; latent rows and columns.
    """

    dim: int
    layers: int
    frames: int
    side: int

    @property
    def video_tokens(self) -> int:
        return self.frames * (self.side // 2) ** 2

    @property
    def action_tokens(self) -> int:
        """One per video frame."""
        return 4 * (self.frames - 1) + 1

    @property
    def global_state_tokens(self) -> int:
        config = self.aggregator()
        return config.special_tokens + (SIDE // config.patch_size) ** 2

    def aggregator(self) -> AggregatorConfig:
        """VGGT's: a third of the network's width, four fifths of its blocks, tokens in proportion to the width."""
        dim = 32 * max(round(self.dim / 96), 1)
        rows = 16 * (self.dim / PUBLISHED_DIM) ** 0.5
        patch = min((14, 16, 28, 32, 56, 112), key=lambda patch: abs(SIDE / patch - rows))
        layers = max(round(0.8 * self.layers), 1)
        return AggregatorConfig(
            layers=layers,
            patch_layers=layers,
            dim=dim,
            head_dim=64 if dim % 64 == 0 else 32,
            hidden=4 * dim,
            patch_size=patch,
        )

    def layout(self) -> MultiWorldLayout:
        environment = 2 * self.aggregator().dim
        return MultiWorldLayout(
            "it_takes_two",
            dim=self.dim,
            layers=self.layers,
            ffn_dim=64 * round(self.dim * 14 / 3 / 64),
            time_dim=256,
            in_channels=CHANNELS,
            out_channels=CHANNELS,
            environment_dim=environment,
            connector_dim=environment,
            buttons=BUTTONS,
            axes=AXES,
        )

    def vae(self) -> dict[str, Any]:
        """Arguments of Wan 2.2's VAE, with 160 and 256 channels at the published sizes.

        Its arithmetic grows with pixels and the square of its channels, that of the network with blocks too.
        """
        scale = self.dim / PUBLISHED_DIM * (self.layers / PUBLISHED_LAYERS) ** 0.5
        encoder, decoder = (4 * max(round(width * scale / 4), 1) for width in (160, 256))
        shape = {"dim_mult": [1, 2, 4, 4], "num_res_blocks": 2, "temperal_downsample": [False, True, True]}
        return {"dim": encoder, "dec_dim": decoder, "z_dim": CHANNELS, **shape}


FULL_SIZES = Sizes(dim=PUBLISHED_DIM, layers=PUBLISHED_LAYERS, frames=21, side=30)


def random_tensors(shapes: Shapes) -> dict[str, Tensor]:
    """Weights that keep activations near one: ones for norms, else normal with the variance 1 / inputs."""
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for name, shape in shapes.items():
        inputs = torch.Size(shape[1:]).numel()
        tensors[name] = torch.randn(shape, generator=generator) / inputs**0.5 if inputs > 1 else torch.ones(shape)
        if name.endswith("bias"):
            tensors[name].zero_()
    return tensors


def shapes_of(network: nn.Module) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a network's parameters."""
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def random_model(sizes: Sizes, dtype: torch.dtype) -> ModelPatcher:
    """A MODEL as ComfyUI's own loader makes it."""
    register()
    config = {"transformer": {"num_heads": sizes.dim // HEAD_DIM}}
    tensors = random_tensors(expected_shapes(sizes.layout()))
    return comfy.sd.load_diffusion_model_state_dict(tensors, {"dtype": dtype}, metadata={"config": json.dumps(config)})


def random_encoder(sizes: Sizes) -> GlobalStateEncoder:
    """The encoder as the pack's loader makes it."""
    config = sizes.aggregator()
    return GlobalStateEncoder(config, random_tensors(shapes_of(GlobalStateNetwork(config))))


def random_vae(sizes: Sizes, device: torch.device, dtype: torch.dtype) -> SimpleNamespace:
    """Wan 2.2's VAE; it decodes (1, channels, frames, height, width) to (1, frames, height, width, 3) as ComfyUI's."""
    network = WanVAE(**sizes.vae()).eval().requires_grad_(False)
    network.load_state_dict(random_tensors(shapes_of(network)))
    network.to(device, dtype)

    def decode(latent: Tensor) -> Tensor:
        return network.decode(latent.to(device, dtype)).movedim(1, -1).cpu()

    return SimpleNamespace(first_stage_model=network, decode=decode)


def meta_network(sizes: Sizes) -> MultiWorldTransformer:
    """The network without weights, to count its arithmetic."""
    layout = sizes.layout()
    return MultiWorldTransformer(
        layout,
        MultiWorldOptions(identity_base=2.0),
        in_dim=CHANNELS,
        out_dim=CHANNELS,
        dim=layout.dim,
        ffn_dim=layout.ffn_dim,
        num_heads=layout.dim // HEAD_DIM,
        num_layers=layout.layers,
        device=torch.device("meta"),
        dtype=torch.bfloat16,
        operations=comfy.ops.disable_weight_init,
    )


def inputs(sizes: Sizes) -> dict[str, Tensor]:
    """What the network's `memory` takes, for one world."""
    frames = sizes.action_tokens
    return {
        "environment": torch.randn(1, sizes.global_state_tokens, sizes.layout().environment_dim),
        "discrete": torch.randint(2, (1, frames, PLAYERS, BUTTONS)),
        "continuous": torch.randn(1, frames, PLAYERS, AXES),
    }


def conditioning(given: Mapping[str, Tensor], views: int, every_step: bool) -> list[list[Any]]:
    """The same as a CONDITIONING; with `every_step` the network encodes it at every evaluation."""
    values = {
        GLOBAL_STATE: given["environment"],
        DISCRETE_ACTIONS: given["discrete"],
        CONTINUOUS_ACTIONS: given["continuous"],
        AGENTS: views,
        ENCODE_EVERY_STEP: every_step,
    }
    return [[None, values]]


def latent(sizes: Sizes, views: int) -> dict[str, Any]:
    """A LATENT with a clean first frame and the same noise for all views."""
    mask = torch.ones(views, 1, sizes.frames, sizes.side, sizes.side)
    mask[:, :, 0] = 0
    samples = torch.zeros(views, CHANNELS, *mask.shape[2:])
    samples[:, :, 0] = torch.randn(views, CHANNELS, sizes.side, sizes.side)
    return {"samples": samples, "noise_mask": mask, "batch_index": [0] * views}


def first_pictures(views: int) -> Tensor:
    """(views, height, width, 3), what the global state encoder is shown."""
    return torch.rand(views, 480, 480, 3)
