"""Sampling test clips with a trained network."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..training.autoencoders import Autoencoder
from ..training.cameras import affine_maps, whole_maps
from ..training.objective import noise_schedule
from ..training.prediction import sample_worlds
from ..training.random_numbers import generator
from ..world.agents import Agents
from ..world.tiles import TWO_BY_TWO, split_images, split_views
from .clips import Batch
from .front_view import FRONT
from .models import TrainedModel, latent_size

NOISE = 5
"""What the random numbers are for, beside the trainers' purposes (`training.random_numbers`)."""


@dataclass(frozen=True)
class Sampling:
    """How clips are sampled.

    Attributes:
        autoencoder: encodes first frames and decodes results.
        steps: forward passes.
        seed: of the noise.
        device: of the networks.
    """

    autoencoder: Autoencoder
    steps: int
    seed: int
    device: torch.device

    @torch.no_grad()
    def first_latents(self, model: TrainedModel, tiles: Tensor) -> Tensor:
        """Scaled latents of first frames.

        Args:
            model: whose scale is applied; one that generates the front view alone is given no other view.
            tiles: (clips, agents, height, width, 3) uint8.

        Returns:
            (clips, agents, channels, 1, latent height, latent width).
        """
        pictures = split_images(tiles, TWO_BY_TWO)[:, :, FRONT] if model.front_only else tiles
        latents = self.autoencoder.encode(pictures.flatten(0, 1)[:, None]).unflatten(0, tiles.shape[:2])
        return latents * model.network.options.latent_scale

    @torch.no_grad()
    def frames(self, model: TrainedModel, batch: Batch, first: Tensor) -> Tensor:
        """Generated frames (clips, agents, frames, views, height, width, 3) in 0..1 on the CPU.

        Args:
            model: which samples all agents of a clip together.
            batch: the clips, for their cameras and their noise.
            first: from `first_latents`.
        """
        options = model.network.options
        agents, frames, tile_height, tile_width = batch.tiles.shape[1:5]
        shape = (agents, frames, tile_height, tile_width)
        _, height, width = latent_size(model, shape)
        noise = torch.stack([self._noise(model, item.number, first.shape[2], shape) for item in batch.clips])
        maps = [camera_maps(model, item.clip.agents, height, width) for item in batch.clips]
        text = torch.zeros(model.network.config.text_tokens, model.network.config.text_dim, device=self.device)
        latents = sample_worlds(
            model.network,
            first,
            text,
            torch.cat(maps).to(self.device),
            noise.to(self.device),
            noise_schedule(options.snr_shift_scale).to(self.device),
            self.steps,
        )
        tiles = decode(self.autoencoder, latents.flatten(0, 1) / options.latent_scale)
        return split_images(tiles, model.layout).unflatten(0, (-1, agents))

    def _noise(self, model: TrainedModel, number: int, channels: int, shape: tuple[int, int, int, int]) -> Tensor:
        """(agents, channels, frames, height, width) for one clip; a front view alone gets its part of the tile's."""
        frames, height, width = latent_size(model, shape)
        random = generator("cpu", self.seed, NOISE, number)
        if not model.front_only:
            return torch.randn(shape[0], channels, frames, height, width, generator=random)
        tile = torch.randn(
            shape[0], channels, frames, TWO_BY_TWO.rows * height, TWO_BY_TWO.columns * width, generator=random
        )
        return split_views(tile, TWO_BY_TWO)[..., FRONT, :, :]


def camera_maps(model: TrainedModel, agents: Agents, height: int, width: int) -> Tensor:
    """What the network is told about cameras, (agents, 24, latent frames, height, width), as its trainer made it."""
    options = model.network.options.raymap
    affine = affine_maps(agents, options, model.camera, height, width)
    return whole_maps(affine, options, model.camera, height, width)


@torch.no_grad()
def decode(autoencoder: Autoencoder, latents: Tensor) -> Tensor:
    """Pictures (videos, frames, height, width, 3) in 0..1 on the CPU of unscaled latents, one video after the other."""
    videos = [autoencoder.network.decode(latent) for latent in latents.split(1)]
    return (torch.cat(videos) / 2 + 0.5).clamp(0.0, 1.0).movedim(1, -1).float().cpu()
