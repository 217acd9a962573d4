"""`train shareverse`: from a configuration to a trained network."""

import logging
import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from ..models.checkpoints import CheckpointError, open_checkpoint, read_tensors
from ..models.cogvideox.config import CogVideoXConfig
from ..models.kernels import Kernels
from ..models.layers import Layers
from ..models.shareverse.checkpoint import base_config, untrained_extension
from ..models.shareverse.initialisation import initialise_from_scratch
from ..models.shareverse.options import ShareVerseOptions
from ..models.shareverse.transformer import ShareVerseTransformer
from ..world.tiles import SINGLE_VIEW
from .activation_checkpointing import checkpoint_blocks
from .attention import matrix_attention
from .autoencoders import Autoencoder, load_autoencoder
from .compilation import compile_blocks
from .data import LATENTS, latent_caches
from .loop import Loop, make_accelerator
from .random_numbers import WEIGHTS, generator
from .run_state import Progress
from .settings import ShareVerseSettings
from .settings_files import WINDOWS, differences
from .shareverse_task import ShareVerseTask
from .trained import plan_trained

logger = logging.getLogger(__name__)


def train_shareverse(
    settings: ShareVerseSettings, max_hours: float = math.inf, asked_to_stop: Callable[[], bool] = lambda: False
) -> Progress:
    """Train, or go on with, the run in `settings.output`; see `Loop.run`.

    Raises:
        CheckpointError, ValueError, OSError, ImportError: in one sentence, if a file, data set or setting does not fit.
    """
    accelerator = make_accelerator(settings.loop)
    autoencoder = load_autoencoder(settings.autoencoder, accelerator.device)
    options = network_options(settings, autoencoder)
    caches = latent_caches(settings.data, autoencoder, options.raymap, settings.camera, accelerator)
    config = network_config(settings, caches.train.shape(LATENTS))
    on_cpu = accelerator.device.type == "cpu"
    network = make_network(settings, config, options, Kernels(attention=matrix_attention) if on_cpu else Kernels())
    if settings.gradient_checkpointing:
        checkpoint_blocks(network.all_blocks())
    if settings.compile_blocks:
        compile_blocks(network.all_blocks())
    base_model = Path(settings.base).name if settings.base else None
    task = ShareVerseTask(
        settings, config, options, caches, empty_text(settings, config), accelerator.device, base_model
    )
    count = sum(parameter.numel() for parameter in network.parameters())
    logger.info("Training %s: %.1f million parameters.", settings.name, count / 1e6)
    folder = Path(settings.output)
    kept = {**asdict(settings), "autoencoder_digest": autoencoder.digest, WINDOWS: len(caches.train)}
    loop = Loop(task, network, settings.loop, kept, folder, accelerator, asked_to_stop)
    return loop.run(max_hours)


def network_options(settings: ShareVerseSettings, autoencoder: Autoencoder) -> ShareVerseOptions:
    """ShareVerse's options, with scale and preview colours of the autoencoder's latents.

    Raises:
        ValueError: for an unknown option or value.
    """
    given: dict[str, Any] = {
        "latent_scale": autoencoder.latent_scale,
        "latent_rgb_factors": autoencoder.latent_rgb_factors,
        **settings.options,
    }
    if settings.data.views == "front":
        given["raymap"] = {**given.get("raymap", {}), "view_layout": SINGLE_VIEW.to_dict()}
    return ShareVerseOptions.from_dict(given)


def network_config(settings: ShareVerseSettings, latents: tuple[int, ...]) -> CogVideoXConfig:
    """Sizes of the network.

    Args:
        settings: with a base model or a start, its sizes hold.
        latents: shape (agents, channels, frames, height, width) of a window.

    Raises:
        CheckpointError: if the base model or the start cannot be read.
        ValueError: if the sizes do not fit the latents.
    """
    _, channels, frames, height, width = latents
    if settings.start:
        config = plan_trained(settings.start, settings.base)[0].config
    elif settings.base:
        config = base_config(open_checkpoint(settings.base))
    else:
        sizes = asdict(settings.network)
        learned, patch = sizes.pop("learned_positions"), settings.network.patch_size
        grid = (frames, height // patch, width // patch) if learned else None
        config = CogVideoXConfig(in_channels=2 * channels, out_channels=channels, learned_grid=grid, **sizes)
    if config.dim % config.head_dim or config.head_dim % 16:
        raise ValueError(
            f"head_dim must be a multiple of 16 that divides dim, given {config.head_dim} and {config.dim}."
        )
    if config.out_channels != channels:
        raise ValueError(f"The network has {config.out_channels} latent channels, the autoencoder {channels}.")
    if height % config.patch_size or width % config.patch_size:
        raise ValueError(
            f"Latents of {width}x{height} do not split into patches of {config.patch_size}x{config.patch_size}; "
            "choose another tile size."
        )
    if config.learned_grid is not None:
        _, rows, columns = config.learned_grid
        given = (height // config.patch_size, width // config.patch_size)
        if given != (rows, columns) or frames > config.learned_grid[0]:
            raise ValueError(
                f"The network knows positions for {config.learned_grid} (frames, rows, columns) of tokens, the clips "
                f"have {(frames, *given)}; choose clips of the size that it was trained for."
            )
    return config


def make_network(
    settings: ShareVerseSettings, config: CogVideoXConfig, options: ShareVerseOptions, kernels: Kernels
) -> ShareVerseTransformer:
    """The network before its first step, in float32 on the CPU.

    Raises:
        CheckpointError: if the base model or the start cannot be read or was made with other options.
    """
    if not settings.start and not settings.base:
        network = ShareVerseTransformer(config, options, Layers(kernels=kernels))
        initialise_from_scratch(network, generator("cpu", settings.loop.seed, WEIGHTS))
        return network
    tensors = _starting_weights(settings, config, options)
    network = ShareVerseTransformer(config, options, Layers(device=torch.device("meta"), kernels=kernels))
    network.load_state_dict({name: tensors[name].float() for name in network.state_dict()}, assign=True)
    return network


def _starting_weights(
    settings: ShareVerseSettings, config: CogVideoXConfig, options: ShareVerseOptions
) -> dict[str, Tensor]:
    if settings.start:
        plan, camera = plan_trained(settings.start, settings.base)
        before = {**plan.options.to_dict(), "camera": camera}
        changed = differences(before, {**options.to_dict(), "camera": settings.camera})
        if changed:
            raise CheckpointError(
                f"{Path(settings.start).name} was trained with other options ({'; '.join(changed)}); keep the options "
                "and the autoencoder."
            )
        return plan.read()
    assert settings.base is not None
    base = open_checkpoint(settings.base)
    tensors = read_tensors(base)
    return tensors | untrained_extension(tensors, config, options)


def empty_text(settings: ShareVerseSettings, config: CogVideoXConfig) -> Tensor:
    """(text tokens, text_dim): the text encoder's output for an empty prompt, or zeros.

    Raises:
        ValueError: if the file does not hold one tensor of that width with at most that many tokens.
    """
    if settings.empty_text is None:
        return torch.zeros(config.text_tokens, config.text_dim)
    try:
        tensors = list(safetensors.torch.load_file(settings.empty_text).values())
    except safetensors.SafetensorError as error:
        raise ValueError(f"{settings.empty_text} cannot be read as safetensors ({error}).") from error
    shape = tuple(tensors[0].shape) if len(tensors) == 1 else ()
    if len(shape) != 2 or shape[1] != config.text_dim or shape[0] > config.text_tokens:
        raise ValueError(
            f"{settings.empty_text} must hold one tensor (at most {config.text_tokens} tokens, {config.text_dim}), "
            f"given {len(tensors)} tensors, the first of shape {shape}."
        )
    return tensors[0].float()
