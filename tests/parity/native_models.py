"""Small ShareVerse models inside ComfyUI, and runs of ComfyUI's own samplers on them."""

from collections.abc import Callable
from typing import Any

import comfy.sample
import comfy.utils
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from shared_world.development.tiny_checkpoints import random_weights
from shared_world.models.cogvideox.config import CogVideoXConfig
from shared_world.models.cogvideox.transformer import CogVideoXTransformer
from shared_world.models.shareverse.checkpoint import untrained_extension
from shared_world.models.shareverse.comfyui import AGENTS, RAYMAPS, build_shareverse
from shared_world.models.shareverse.options import ShareVerseOptions
from shared_world.tests.tiny_networks import TINIEST, coupled_network, random_inputs

Conditioning = list[list[Any]]


def base_weights(config: CogVideoXConfig) -> dict[str, Tensor]:
    return random_weights(CogVideoXTransformer(config), seed=0)


def shareverse_weights(config: CogVideoXConfig, options: ShareVerseOptions, trained: bool = True) -> dict[str, Tensor]:
    """Weights of a whole model, its extra modules random or as they are before training."""
    base = base_weights(config)
    extra = (
        coupled_network(options, config, seed=1).state_dict() if trained else untrained_extension(base, config, options)
    )
    return extra | base


def native_model(
    config: CogVideoXConfig = TINIEST, options: ShareVerseOptions | None = None, trained: bool = True
) -> ModelPatcher:
    """A MODEL in float32."""
    options = options or ShareVerseOptions()
    return build_shareverse(config, options, shareverse_weights(config, options, trained), {"dtype": torch.float32})


def latent_shape(
    agents: int, config: CogVideoXConfig = TINIEST, grid: tuple[int, int, int] | None = None
) -> torch.Size:
    """Shape of the latents that fill a grid of tokens, the learned one by default."""
    frames, rows, columns = grid or config.learned_grid
    return torch.Size((agents, config.out_channels, frames, rows * config.patch_size, columns * config.patch_size))


def conditioning(
    agents: int, config: CogVideoXConfig = TINIEST, grid: tuple[int, int, int] | None = None
) -> Conditioning:
    """What a conditioning node gives: text, first frames and raymaps of all agents."""
    inputs = random_inputs(agents, grid or config.learned_grid, config)
    first_frames = inputs.latents[:, config.out_channels :, :1]
    return [[inputs.text, {AGENTS: agents, RAYMAPS: inputs.raymaps, "concat_latent_image": first_frames}]]


def with_values(conditions: Conditioning, text: Tensor | None = None, **values: Any) -> Conditioning:
    """The conditioning with other values; None takes one away."""
    [[own_text, own_values]] = conditions
    changed = {name: value for name, value in (own_values | values).items() if value is not None}
    return [[own_text if text is None else text, changed]]


def sample(
    model: ModelPatcher,
    positive: Conditioning,
    shape: torch.Size,
    negative: Conditioning | None = None,
    cfg: float = 1.0,
    steps: int = 2,
    sampler: str = "euler",
    scheduler: str = "simple",
    noise: Tensor | None = None,
    callback: Callable[..., None] | None = None,
) -> Tensor:
    """Samples of the path that the KSampler node takes, from an empty latent."""
    empty = torch.zeros(shape)
    if noise is None:
        noise = comfy.sample.prepare_noise(empty, 0)
    negative = negative or positive
    return comfy.sample.sample(
        model,
        noise,
        steps,
        cfg,
        sampler,
        scheduler,
        positive,
        negative,
        empty,
        seed=0,
        disable_pbar=True,
        callback=callback,
    )


def relative_error(given: Tensor, expected: Tensor) -> float:
    return ((given - expected).norm() / expected.norm()).item()
