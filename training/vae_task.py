"""The training of the pocket autoencoder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..models.checkpoints import write_checkpoint
from ..models.pocket_vae import PATCH_VALUES, SYSTEM, PocketVAE, initialise_from_patches, read_pocket_vae, to_patches
from .autoencoders import to_video
from .cache import Cache
from .data import PIXELS, Caches
from .random_numbers import NOISE, WEIGHTS, DataOrder, generator
from .results import in_dtype, training_record
from .run_state import Progress
from .settings import VAESettings

VIDEOS_FOR_COMPONENTS = 64
MOST_PATCHES = 100_000
VIDEOS_FOR_STATISTICS = 128


class VAETask:
    """Reconstruction of single agents' tiles.

    Args:
        settings: of the run.
        caches: from `pixel_caches`.
        device: where batches are made.
    """

    def __init__(self, settings: VAESettings, caches: Caches, device: torch.device) -> None:
        self.settings = settings
        self.caches = caches
        self.device = device
        self.agents = caches.train.shape(PIXELS)[0]
        self.order = DataOrder(len(caches.train) * self.agents, settings.loop.seed)

    def initialise(self, network: PocketVAE) -> None:
        """Start the network, on the CPU, where the settings say, else at the principal components of some videos.

        Raises:
            CheckpointError, ValueError: if the start is no pocket VAE, or has other sizes.
        """
        if self.settings.start:
            config, tensors, _ = read_pocket_vae(self.settings.start)
            if config != network.config:
                raise ValueError(f"{self.settings.start} has the sizes {config}, the run {network.config}.")
            network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
            return
        seed = self.settings.loop.seed
        random = generator("cpu", seed, WEIGHTS)
        items = self.order.items(0, min(VIDEOS_FOR_COMPONENTS, self.order.count))
        patches = to_patches(self._videos(self.caches.train, items, torch.device("cpu")))
        patches = patches.movedim(1, -1).reshape(-1, PATCH_VALUES)
        chosen = torch.randperm(len(patches), generator=random)[:MOST_PATCHES]
        initialise_from_patches(network, patches[chosen], random)

    def _videos(self, cache: Cache, items: Tensor, device: torch.device) -> Tensor:
        """(items, 3, frames, height, width) in -1..1; item i is agent i mod agents of window i div agents."""
        pixels = cache.gather(items // self.agents, device)[PIXELS]
        agents = (items % self.agents).to(device)
        return to_video(pixels[torch.arange(len(items), device=device), agents])

    def loss(self, network: nn.Module, micro_batch: int) -> Tensor:
        size = self.settings.loop.micro_batch_size
        video = self._videos(
            self.caches.train, self.order.items(micro_batch * size, (micro_batch + 1) * size), self.device
        )
        random = generator(self.device, self.settings.loop.seed, NOISE, micro_batch)
        shown, latents = network(video, self.settings.latent_noise, random)
        return functional.mse_loss(shown.float(), video) + self.settings.latent_weight * latents.float().square().mean()

    @torch.no_grad()
    def validate(self, network: nn.Module) -> dict[str, float]:
        """Mean over videos of the PSNR in decibels of pixels in 0..1, on towns that are not trained on."""
        if self.caches.validation is None:
            return {}
        items = torch.arange(len(self.caches.validation) * self.agents)
        decibels = []
        for some in items.split(self.settings.loop.micro_batch_size):
            video = self._videos(self.caches.validation, some, self.device)
            shown, _ = network(video)
            errors = ((shown.float().clamp(-1.0, 1.0) - video) / 2.0).square().mean((1, 2, 3, 4))
            decibels.append(-10.0 * errors.clamp(min=1e-10).log10())
        return {"psnr": torch.cat(decibels).mean().item()}

    @torch.no_grad()
    def _statistics(self, network: PocketVAE) -> dict[str, Any]:
        """Scale of the latents, and the linear map from a latent pixel to its colour that a preview uses."""
        items = self.order.items(0, min(VIDEOS_FOR_STATISTICS, self.order.count))
        squares, latent_rows, colour_rows = [], [], []
        for some in items.split(self.settings.loop.micro_batch_size):
            video = self._videos(self.caches.train, some, self.device)
            latents = network.encode(video).float()
            squares.append(latents.square().mean())
            first = functional.avg_pool2d(video[:, :, 0], 8)
            latent_rows.append(latents[:, :, 0].movedim(1, -1).flatten(0, 2))
            colour_rows.append(first.movedim(1, -1).flatten(0, 2))
        scale = float(torch.stack(squares).mean().rsqrt())
        scaled = torch.cat(latent_rows).double().cpu() * scale
        factors = torch.linalg.lstsq(scaled, torch.cat(colour_rows).double().cpu()).solution
        return {"latent_scale": scale, "latent_rgb_factors": factors.tolist()}

    def export(
        self, network: nn.Module, tensors: dict[str, Tensor], numbers: Mapping[str, float], progress: Progress
    ) -> None:
        settings = self.settings
        assert isinstance(network, PocketVAE)
        record = {
            "system": SYSTEM,
            "network": settings.network.to_dict(),
            **self._statistics(network),
            "licence": settings.licence,
            "training": training_record(settings, self.caches.record, numbers, progress),
        }
        path = Path(settings.output) / f"{settings.name}.safetensors"
        write_checkpoint(path, in_dtype(tensors, settings.export_dtype), record)
