"""The caches that MetaWorld's trainer reads."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain

import torch
from accelerate import Accelerator
from torch import Tensor

from .autoencoders import Autoencoder
from .conditions import ToldWindow, condition_videos, identities_shown
from .data import LATENTS, Caches, open_caches
from .settings import ConditionSettings, DataSettings
from .told_clips import read_told_windows

RGB, DEPTH, IDENTITIES, KNOWN = "rgb", "depth", "identities", "known"
"""Cached tensors beside `LATENTS`, which have (windows, agents, channels, frames, height, width): conditions (windows,
backgrounds, agents, ...), what every agent is shown (windows, agents, identities, channels, 1, height, width), and
whether there is anything (windows, agents, identities)."""


def condition_caches(
    data: DataSettings, conditions: ConditionSettings, autoencoder: Autoencoder, accelerator: Accelerator
) -> Caches:
    """Caches of latents of videos, condition videos and identity images; errors as in `open_caches`."""

    def encoded(pictures: Sequence[Tensor]) -> Tensor:
        """Latents with the leading axes of the pictures (..., frames, height, width, 3), which are stacked."""
        stacked = torch.stack(list(pictures))
        latents = autoencoder.encode(stacked.flatten(0, -5)).to(torch.float16)
        return latents.unflatten(0, stacked.shape[:-4])

    def encode(windows: Sequence[ToldWindow]) -> dict[str, Tensor]:
        pairs = [
            [condition_videos(window, background, conditions) for background in conditions.backgrounds]
            for window in windows
        ]
        rgb, depth = (
            encoded([videos[part] for videos in chain.from_iterable(pairs)]).unflatten(0, (len(windows), -1))
            for part in (0, 1)
        )
        identities, known = zip(*(identities_shown(window, conditions.identities) for window in windows), strict=True)
        return {
            LATENTS: encoded([window.frames for window in windows]),
            RGB: rgb,
            DEPTH: depth,
            IDENTITIES: encoded(identities),
            KNOWN: torch.stack(known),
        }

    content = {"autoencoder": autoencoder.digest, "conditions": asdict(conditions)}
    return open_caches(data, "conditions", content, read_told_windows, encode, accelerator)
