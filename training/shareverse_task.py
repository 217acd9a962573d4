"""The training of ShareVerse: batches, loss, validation and the exported file."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..models.checkpoints import write_checkpoint
from ..models.cogvideox.config import CogVideoXConfig
from ..models.cogvideox.noise_schedule import TIMESTEPS
from ..models.shareverse.options import ShareVerseOptions
from ..world.raymaps import SPATIAL_FACTOR, TEMPORAL_FACTOR
from .cache import Cache
from .cameras import moved, whole_maps
from .data import LATENTS, MAPS, Caches
from .objective import noise_schedule
from .prediction import predict
from .random_numbers import NOISE, VALIDATION, DataOrder, generator
from .results import in_dtype, training_record
from .run_state import Progress
from .settings import ShareVerseSettings
from .trained import CAMERA_OPTION


@dataclass(frozen=True)
class Batch:
    """Some worlds, ready for the network.

    Attributes:
        latents: (worlds, agents, channels, frames, height, width), scaled.
        raymaps: (worlds * agents, 24, frames, height, width).
    """

    latents: Tensor
    raymaps: Tensor


class ShareVerseTask:
    """Velocity prediction for all agents of a world at once.

    Args:
        settings: of the run.
        config, options: of the network.
        caches: from `latent_caches`.
        text: (text tokens, text_dim), the empty prompt.
        device: where batches are made.
        base_model: recorded in the exported file; None for a network from scratch.
    """

    def __init__(
        self,
        settings: ShareVerseSettings,
        config: CogVideoXConfig,
        options: ShareVerseOptions,
        caches: Caches,
        text: Tensor,
        device: torch.device,
        base_model: str | None,
    ) -> None:
        self.settings = settings
        self.config = config
        self.options = options
        self.caches = caches
        self.text = text.to(device)
        self.device = device
        self.base_model = base_model
        self.schedule = noise_schedule(options.snr_shift_scale).to(device)
        self.order = DataOrder(len(caches.train), settings.loop.seed)

    def loss(self, network: nn.Module, micro_batch: int) -> Tensor:
        size, seed = self.settings.loop.micro_batch_size, self.settings.loop.seed
        rows = self.order.items(micro_batch * size, (micro_batch + 1) * size)
        random = generator(self.device, seed, NOISE, micro_batch)
        batch = self._batch(self.caches.train, rows, random)
        timesteps = torch.randint(TIMESTEPS, (size,), generator=random, device=self.device)
        return self._velocity_error(network, batch, timesteps, random)

    def _batch(self, cache: Cache, rows: Tensor, random: torch.Generator | None) -> Batch:
        """Worlds from a cache, augmented where `random` is given."""
        tensors = cache.gather(rows, self.device)
        latents, maps = tensors[LATENTS].float() * self.options.latent_scale, tensors[MAPS]
        worlds, agents = latents.shape[:2]
        if random is not None:
            if self.settings.shuffle_agents:
                order = torch.rand(worlds, agents, generator=random, device=self.device).argsort(1)
                world = torch.arange(worlds, device=self.device)[:, None]
                latents, maps = latents[world, order], maps[world, order]
            maps = self._moved(maps, random)
        raymaps = whole_maps(maps, self.options.raymap, self.settings.camera, *latents.shape[-2:])
        return Batch(latents, raymaps.flatten(0, 1))

    def _moved(self, maps: Tensor, random: torch.Generator) -> Tensor:
        worlds = len(maps)
        turn = torch.rand(worlds, generator=random, device=self.device)
        if self.settings.random_turn == "none":
            turn = torch.zeros_like(turn)
        elif self.settings.random_turn == "quarter":
            turn = (turn * 4).floor() / 4
        place = torch.rand(worlds, 3, generator=random, device=self.device) * 2 - 1
        translation = place * self.settings.random_translation
        return moved(maps, self.options.raymap, self.settings.camera, turn * 2 * math.pi, translation)

    def _velocity_error(self, network: nn.Module, batch: Batch, timesteps: Tensor, random: torch.Generator) -> Tensor:
        """Mean squared error of the predicted velocity; all agents of a world have the same timestep (worlds,)."""
        clean = batch.latents
        noise = torch.empty_like(clean).normal_(generator=random)
        noisy = self.schedule.noisy(clean, noise, timesteps)
        velocity = predict(network, noisy, clean[:, :, :, :1], timesteps, self.text, batch.raymaps)
        return functional.mse_loss(velocity.float(), self.schedule.velocity(clean, noise, timesteps))

    @torch.no_grad()
    def validate(self, network: nn.Module) -> dict[str, float]:
        """Loss on the validation clips, with the same noise and evenly spread timesteps every time."""
        if self.caches.validation is None:
            return {}
        count, size = len(self.caches.validation), self.settings.loop.micro_batch_size
        spread = ((torch.arange(count, device=self.device) + 0.5) / count * TIMESTEPS).long()
        random = generator(self.device, self.settings.loop.seed, VALIDATION)
        total = 0.0
        for start in range(0, count, size):
            rows = torch.arange(start, min(start + size, count))
            batch = self._batch(self.caches.validation, rows, None)
            error = self._velocity_error(network, batch, spread[rows.to(self.device)], random)
            total += error.item() * len(rows)
        return {"validation_loss": total / count}

    def export(
        self, network: nn.Module, tensors: dict[str, Tensor], numbers: Mapping[str, float], progress: Progress
    ) -> None:
        settings = self.settings
        agents, _, frames, height, width = self.caches.train.shape(LATENTS)
        options = self.options.to_dict()
        if settings.camera != "raymap":
            options[CAMERA_OPTION] = settings.camera
        record = {
            "system": "shareverse",
            "options": options,
            "network": {"text_tokens": self.config.text_tokens, "learned_grid": self.config.learned_grid},
            "trained": {
                "frames": TEMPORAL_FACTOR * (frames - 1) + 1,
                "width": SPATIAL_FACTOR * width,
                "height": SPATIAL_FACTOR * height,
                "agents": agents,
            },
            "licence": settings.licence,
            "training": training_record(settings, self.caches.record, numbers, progress),
        }
        if self.base_model is not None:
            record["base_model"] = self.base_model
        path = Path(settings.output) / f"{settings.name}.safetensors"
        write_checkpoint(path, in_dtype(tensors, settings.export_dtype), record)
