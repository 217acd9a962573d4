"""What a VAE makes of pictures by itself: the ceiling of every model that works on its latents."""

import logging

import torch
from comfy.sd import VAE
from torch import Tensor

from .decoding import decode_agents

logger = logging.getLogger(__name__)


def reconstruct_agents(vae: VAE, tiles: Tensor) -> Tensor | None:
    """Encode and decode videos, one agent at a time.

    Args:
        vae: a video VAE.
        tiles: (agents, frames, height, width, 3) in 0..1.

    Returns:
        The same shape; None, with a warning, where the VAE gives back another length or size than it was given.
    """
    videos = []
    for tile in tiles:
        (video,) = decode_agents(vae, vae.encode(tile))
        if video.shape != tile.shape:
            logger.warning(
                "The VAE makes %d frames of %dx%d out of %d of %dx%d; its reconstruction is left out.",
                *(video.shape[axis] for axis in (0, 2, 1)),
                *(tile.shape[axis] for axis in (0, 2, 1)),
            )
            return None
        videos.append(video)
    return torch.stack(videos).to(tiles)
