"""The training of MetaWorld: batches, loss, validation and the exported file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..models.checkpoints import write_checkpoint
from ..models.metaworld.layout import WanLayout
from ..models.metaworld.options import MetaWorldOptions
from ..models.wan_metadata import COMFYUI_CONFIG
from . import flow
from .cache import Cache
from .condition_caches import DEPTH, IDENTITIES, KNOWN, RGB
from .data import LATENTS, Caches
from .metaworld_prediction import predict
from .random_numbers import NOISE, VALIDATION, DataOrder, generator
from .results import in_dtype, training_record
from .run_state import Progress
from .settings import MetaWorldSettings

TEMPORAL_FACTOR, SPATIAL_FACTOR = 4, 8

GOLDEN_RATIO = (5.0**0.5 - 1.0) / 2.0


@dataclass(frozen=True)
class Batch:
    """Some worlds, ready for the network; latents are scaled.

    Attributes:
        latents: (worlds, agents, channels, frames, height, width).
        condition: (worlds, agents, channels of the condition, frames, height, width).
        identities: (worlds, agents, channels, identities, height, width), what each is shown; zeros for absent ones.
    """

    latents: Tensor
    condition: Tensor
    identities: Tensor


class MetaWorldTask:
    """Velocity prediction for all agents of a clip, aligned or not.

    Args:
        settings: of the run.
        layout, heads, options: of the network.
        caches: from `condition_caches`.
        device: where batches are made.
        attention: override of ComfyUI's attention, or None.
    """

    def __init__(
        self,
        settings: MetaWorldSettings,
        layout: WanLayout,
        heads: int,
        options: MetaWorldOptions,
        caches: Caches,
        device: torch.device,
        attention: Any = None,
    ) -> None:
        self.settings, self.layout, self.heads, self.options = settings, layout, heads, options
        self.caches, self.device, self.attention = caches, device, attention
        self.scale = 1.0 if options.latent_scale is None else options.latent_scale
        self.order = DataOrder(len(caches.train), settings.loop.seed)

    def loss(self, network: nn.Module, micro_batch: int) -> Tensor:
        size, seed = self.settings.loop.micro_batch_size, self.settings.loop.seed
        rows = self.order.items(micro_batch * size, (micro_batch + 1) * size)
        random = generator(self.device, seed, NOISE, micro_batch)
        batch = self.batch(self.caches.train, rows, random, with_depth=self._takes_depth(micro_batch))
        times = flow.drawn_times(size, self.settings.time_shift, random)
        return self._velocity_error(network, batch, times, random)

    def _takes_depth(self, micro_batch: int) -> bool:
        if self.options.depth != "either":
            return self.options.depth == "with"
        # Evenly spread, and known without waiting for the device.
        return micro_batch * GOLDEN_RATIO % 1.0 >= self.settings.drop_depth

    def batch(
        self,
        cache: Cache,
        rows: Tensor,
        random: torch.Generator | None,
        background: int | None = None,
        with_depth: bool = True,
    ) -> Batch:
        """Worlds from a cache.

        Args:
            cache: from `condition_caches`.
            rows: numbers of windows.
            random: draws backgrounds and dropped identities; without it backgrounds take turns and none is dropped.
            background: number of the background for all worlds.
            with_depth: whether the condition has depth.
        """
        tensors = cache.gather(rows, self.device)
        worlds, backgrounds = tensors[RGB].shape[:2]
        if background is not None:
            chosen = torch.full((worlds,), background, device=self.device)
        elif random is None:
            chosen = rows.to(self.device) % backgrounds
        else:
            chosen = torch.randint(backgrounds, (worlds,), generator=random, device=self.device)
        world = torch.arange(worlds, device=self.device)
        parts = [tensors[RGB][world, chosen]]
        if with_depth:
            parts.append(tensors[DEPTH][world, chosen])
        latents, condition, identities = (
            part.float() * self.scale for part in (tensors[LATENTS], torch.cat(parts, dim=2), tensors[IDENTITIES])
        )
        return Batch(latents, condition, self._identities_shown(identities, tensors[KNOWN], random))

    def _identities_shown(self, identities: Tensor, known: Tensor, random: torch.Generator | None) -> Tensor:
        """Identities as frames; an absent one is zero, and a dropped agent sees none."""
        shown = torch.where(known[..., None, None, None, None], identities, 0.0).squeeze(4).movedim(2, 3)
        if random is None:
            return shown
        kept = torch.rand(shown.shape[:2], generator=random, device=self.device) >= self.settings.drop_identities
        return shown * kept[:, :, None, None, None, None]

    def _velocity_error(self, network: nn.Module, batch: Batch, times: Tensor, random: torch.Generator) -> Tensor:
        """Mean squared error of the video's velocity; agents of a world have the same time (worlds,)."""
        noise = torch.empty_like(batch.latents).normal_(generator=random)
        noisy = flow.noisy(batch.latents, noise, times)
        velocity = predict(
            network, noisy, times, batch.condition, batch.identities, self.settings.topology, self.attention
        )
        return functional.mse_loss(velocity.float(), noise - batch.latents)

    @torch.no_grad()
    def validate(self, network: nn.Module) -> dict[str, float]:
        """Loss on the validation clips, with the same noise and evenly spread times every time."""
        if self.caches.validation is None:
            return {}
        count, size = len(self.caches.validation), self.settings.loop.micro_batch_size
        spread = (torch.arange(count, device=self.device) + 0.5) / count
        random = generator(self.device, self.settings.loop.seed, VALIDATION)
        total = 0.0
        for start in range(0, count, size):
            rows = torch.arange(start, min(start + size, count))
            batch = self.batch(self.caches.validation, rows, None, with_depth=self.options.depth != "without")
            error = self._velocity_error(network, batch, spread[rows.to(self.device)], random)
            total += error.item() * len(rows)
        return {"validation_loss": total / count}

    def export(
        self, network: nn.Module, tensors: dict[str, Tensor], numbers: Mapping[str, float], progress: Progress
    ) -> None:
        settings, layout = self.settings, self.layout
        agents, _, frames, height, width = self.caches.train.shape(LATENTS)
        record = {
            "system": "metaworld",
            "options": self.options.to_dict(),
            "network": {"num_heads": self.heads},
            "trained": {
                "frames": TEMPORAL_FACTOR * (frames - 1) + 1,
                "width": SPATIAL_FACTOR * width,
                "height": SPATIAL_FACTOR * height,
                "agents": agents,
            },
            "licence": settings.licence,
            "training": training_record(settings, self.caches.record, numbers, progress),
        }
        if settings.base:
            record["base_model"] = Path(settings.base).name
        sizes = {"num_heads": self.heads, "freq_dim": layout.time_dim, "text_dim": layout.text_dim}
        path = Path(settings.output) / f"{settings.name}.safetensors"
        weights = in_dtype(tensors, settings.export_dtype)
        write_checkpoint(path, weights, record, {COMFYUI_CONFIG: json.dumps({"transformer": sizes})})
