"""`train metaworld`: from a configuration to a trained network."""

import logging
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..models.checkpoints import CheckpointError, open_checkpoint, read_tensors
from ..models.metaworld.checkpoint import (
    WAN_CHANNELS,
    base_layout,
    plan_metaworld,
    untrained_extension,
)
from ..models.metaworld.initialisation import initialise_from_scratch
from ..models.metaworld.layout import WanLayout
from ..models.metaworld.options import MetaWorldOptions
from ..models.metaworld.transformer import MetaWorldTransformer
from .activation_checkpointing import checkpoint_blocks
from .autoencoders import Autoencoder, load_autoencoder
from .comfyui_modules import gradients_through_comfyui
from .compilation import compile_blocks
from .condition_caches import condition_caches
from .data import LATENTS
from .loop import Loop, make_accelerator
from .metaworld_prediction import comfyui_attention
from .metaworld_task import MetaWorldTask
from .metaworld_trained import build_network, heads_of
from .random_numbers import WEIGHTS, generator
from .run_state import Progress
from .settings import MetaWorldSettings
from .settings_files import WINDOWS, differences

logger = logging.getLogger(__name__)


def train_metaworld(
    settings: MetaWorldSettings, max_hours: float = math.inf, asked_to_stop: Callable[[], bool] = lambda: False
) -> Progress:
    """Train, or go on with, the run in `settings.output`; see `Loop.run`.

    Raises:
        CheckpointError, ValueError, OSError, ImportError: in one sentence, if a file, data set or setting does not fit.
    """
    accelerator = make_accelerator(settings.loop)
    autoencoder = load_autoencoder(settings.autoencoder, accelerator.device)
    options = network_options(settings, autoencoder)
    caches = condition_caches(settings.data, settings.conditions, autoencoder, accelerator)
    start = starting_point(settings, options, caches.train.shape(LATENTS))
    network = start.network(generator("cpu", settings.loop.seed, WEIGHTS))
    if settings.gradient_checkpointing:
        checkpoint_blocks(network.blocks)
    if settings.compile_blocks:
        compile_blocks(network.blocks)
    # ComfyUI's own attention asks for free memory, which torch.compile cannot look into.
    attention = comfyui_attention(accelerator.device)
    task = MetaWorldTask(settings, start.layout, start.heads, options, caches, accelerator.device, attention)
    count = sum(parameter.numel() for parameter in network.parameters())
    logger.info("Training %s: %.1f million parameters.", settings.name, count / 1e6)
    kept = {**asdict(settings), "autoencoder_digest": autoencoder.digest, WINDOWS: len(caches.train)}
    loop = Loop(task, network, settings.loop, kept, Path(settings.output), accelerator, asked_to_stop)
    with gradients_through_comfyui():
        return loop.run(max_hours)


def network_options(settings: MetaWorldSettings, autoencoder: Autoencoder) -> MetaWorldOptions:
    """MetaWorld's options: alignment where agents are aligned, and what the autoencoder's latents need.

    Raises:
        ValueError: for an unknown option or value.
    """
    given: dict[str, Any] = {"alignment": settings.topology != "none", **settings.options}
    if autoencoder.channels != WAN_CHANNELS:
        given.setdefault("latent_scale", autoencoder.latent_scale)
        given.setdefault("latent_rgb_factors", autoencoder.latent_rgb_factors)
    return MetaWorldOptions.from_dict(given)


@dataclass(frozen=True)
class StartingPoint:
    """A network before its first step.

    Attributes:
        layout, heads, options: sizes and choices.
        tensors: of a base or an earlier run; None for random weights.
    """

    layout: WanLayout
    heads: int
    options: MetaWorldOptions
    tensors: dict[str, Tensor] | None

    def network(self, random: torch.Generator) -> MetaWorldTransformer:
        """The network in float32 on the CPU."""
        if self.tensors is None:
            network = build_network(self.layout, self.heads, self.options, torch.device("cpu"))
            initialise_from_scratch(network, random)
            return network
        network = build_network(self.layout, self.heads, self.options, torch.device("meta"))
        network.load_state_dict({name: self.tensors[name].float() for name in network.state_dict()}, assign=True)
        return network.requires_grad_(True)


def starting_point(settings: MetaWorldSettings, options: MetaWorldOptions, latents: tuple[int, ...]) -> StartingPoint:
    """What a run begins with: random weights, a base with untrained additions, or an earlier run's result.

    Args:
        settings: of the run.
        options: of its network.
        latents: shape (agents, channels, frames, height, width) of a window.

    Raises:
        CheckpointError: if the base or the start cannot be read, or was made with other options.
        ValueError: if the sizes do not fit the latents or each other.
    """
    if settings.start or settings.base:
        start = _from_files(settings, options)
    else:
        sizes = asdict(settings.network)
        heads = sizes.pop("heads")
        start = StartingPoint(WanLayout(channels=latents[1], **sizes), heads, options, None)
    layout = start.layout
    if layout.dim % (2 * start.heads):
        raise ValueError(f"dim must be a multiple of twice the heads, given {layout.dim} and {start.heads}.")
    if layout.channels != latents[1]:
        raise ValueError(f"The network has {layout.channels} latent channels, the autoencoder {latents[1]}.")
    return start


def _from_files(settings: MetaWorldSettings, options: MetaWorldOptions) -> StartingPoint:
    """An earlier run's result if there is one, else the base; what is missing of the options is added untrained."""
    base = open_checkpoint(settings.base) if settings.base else None
    seed = settings.loop.seed
    if not settings.start:
        assert base is not None
        layout, tensors = base_layout(base), read_tensors(base)
        heads = heads_of(layout, [base])
        return StartingPoint(layout, heads, options, tensors | untrained_extension(tensors, layout, options, seed))
    plan = plan_metaworld(open_checkpoint(settings.start), base)
    missing = replace(plan.options, alignment=options.alignment, alignment_qk_norm=options.alignment_qk_norm)
    changed = differences(missing.to_dict(), options.to_dict())
    if changed:
        raise CheckpointError(
            f"{Path(settings.start).name} was trained with other options ({'; '.join(changed)}); keep the options and "
            "the autoencoder."
        )
    tensors = plan.read()
    added = untrained_extension(tensors, plan.layout, options, seed)
    return StartingPoint(plan.layout, heads_of(plan.layout, plan.sources), options, added | tensors)
