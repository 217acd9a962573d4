"""The caches that the trainers read, made from data sets where they are missing."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor

from ..world.raymaps import SPATIAL_FACTOR, RaymapOptions
from .autoencoders import Autoencoder
from .cache import Cache, Encode, cache_folder, make_shards, require_readable
from .cameras import affine_maps
from .clips import Clip, Window, data_set_record, list_clips, read_windows
from .settings import Camera, DataSettings

logger = logging.getLogger(__name__)

ReadWindows = Callable[[Clip, DataSettings], Sequence[Any]]

PIXELS = "pixels"
"""Cached tensor (windows, agents, frames, height, width, 3), uint8."""

LATENTS, MAPS = "latents", "maps"
"""Cached tensors: latents (windows, agents, channels, frames, height, width) as the autoencoder makes them, in half
precision, and affine maps (windows, agents, slots, 3, 24, frames)."""


@dataclass(frozen=True)
class Caches:
    """What a run learns from and is validated on.

    Attributes:
        train: never empty.
        validation: None for no validation.
        record: what is known of the training data, for the exported file.
    """

    train: Cache
    validation: Cache | None
    record: Mapping[str, Any]


def pixel_caches(data: DataSettings, accelerator: Accelerator) -> Caches:
    """Caches of `PIXELS`; errors as in `open_caches`."""

    def encode(windows: Sequence[Window]) -> dict[str, Tensor]:
        return {PIXELS: torch.stack([window.tiles for window in windows])}

    return open_caches(data, "pixels", {}, read_windows, encode, accelerator)


def latent_caches(
    data: DataSettings, autoencoder: Autoencoder, options: RaymapOptions, camera: Camera, accelerator: Accelerator
) -> Caches:
    """Caches of `LATENTS` and `MAPS`; errors as in `open_caches`."""

    def encode(windows: Sequence[Window]) -> dict[str, Tensor]:
        tiles = torch.stack([window.tiles for window in windows])
        latents = autoencoder.encode(tiles.flatten(0, 1)).to(torch.float16).unflatten(0, tiles.shape[:2])
        height, width = (side // SPATIAL_FACTOR for side in tiles.shape[3:5])
        maps = [affine_maps(window.agents, options, camera, height, width) for window in windows]
        return {LATENTS: latents, MAPS: torch.stack(maps)}

    content = {"autoencoder": autoencoder.digest, "raymap": options.to_dict(), "camera": camera}
    return open_caches(data, "latents", content, read_windows, encode, accelerator)


def open_caches(
    data: DataSettings,
    name: str,
    content: Mapping[str, Any],
    read: ReadWindows,
    encode: Encode,
    accelerator: Accelerator,
) -> Caches:
    """Open the caches of training and validation clips.

    Args:
        data: where the clips are, and how they are cut.
        name: of the cache's folder, before a digest.
        content: what else the cached tensors depend on.
        read: a clip's windows.
        encode: windows -> tensors.
        accelerator: of the run.

    Raises:
        ValueError: if a data set has no clip of the wanted length, or too many that cannot be read.
    """

    def opened(data_set: str, most: int, device: torch.device | None, data: DataSettings) -> tuple[Cache, list[Clip]]:
        cut = {entry: getattr(data, entry) for entry in ("frames", "interval", "stride", "views", "mirror")}
        folder = cache_folder(Path(data.cache), name, {**cut, **content})
        clips = list_clips(Path(data_set))
        clips = clips[:most] if most else clips
        process, processes = accelerator.process_index, accelerator.num_processes
        paths = make_shards(
            folder, clips, lambda clip: read(clip, data), encode, data.max_unreadable, process, processes
        )
        accelerator.wait_for_everyone()
        cache = Cache(paths, device)
        require_readable(cache.unreadable, len(clips), data.max_unreadable)
        if not len(cache):
            raise ValueError(
                f"{data_set}: none of the {len(clips)} clips is long enough for {data.frames} frames at interval "
                f"{data.interval}."
            )
        logger.info("%s: %d windows of %d clips.", data_set, len(cache), len(clips) - len(cache.unreadable))
        return cache, clips

    train, clips = opened(data.train, data.max_clips, accelerator.device if data.on_device else None, data)
    validation = None
    if data.validation:
        validation, _ = opened(data.validation, data.max_validation_clips, None, replace(data, mirror=False))
    record = {
        **data_set_record(Path(data.train), clips),
        "windows": len(train),
        "unreadable_clips": len(train.unreadable),
    }
    return Caches(train, validation, record)
