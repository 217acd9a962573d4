"""The autoencoders whose latents are learned: the pocket VAE, or CogVideoX's or Wan's where diffusers is installed."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..models.grouping import in_groups
from ..models.pocket_vae import load_pocket_vae
from ..models.shareverse.options import LATENT_SCALE

PIXELS_PER_CALL = 17 * 480 * 720
"""Frames x height x width that are encoded at once; a single video is never split."""


@dataclass(frozen=True)
class Autoencoder:
    """An autoencoder that only encodes.

    Attributes:
        name: of the file or folder.
        digest: of its weights.
        channels: of its latents.
        latent_scale: factor that gives latents a mean square of about one.
        latent_rgb_factors: (channels, 3) colours of latents for a preview; empty if unknown.
        network: its weights.
        encode_video: (batch, 3, frames, height, width) in -1..1 -> latents (batch, channels, k + 1, h, w), unscaled.
    """

    name: str
    digest: str
    channels: int
    latent_scale: float
    latent_rgb_factors: tuple[tuple[float, float, float], ...]
    network: nn.Module
    encode_video: Callable[[Tensor], Tensor]

    @torch.no_grad()
    def encode(self, tiles: Tensor) -> Tensor:
        """Latents (batch, channels, k + 1, h, w) of videos.

        Args:
            tiles: (batch, 4k + 1, height, width, 3) uint8.
        """
        device = next(self.network.parameters()).device

        def encode_some(some: Tensor) -> Tensor:
            return self.encode_video(to_video(some.to(device)))

        return in_groups(encode_some, max(1, PIXELS_PER_CALL // tiles[0, ..., 0].numel()), tiles)


def to_video(tiles: Tensor) -> Tensor:
    """(batch, frames, height, width, 3) uint8 to (batch, 3, frames, height, width) float32 in -1..1."""
    return tiles.movedim(-1, 1).float() / 127.5 - 1.0


def load_autoencoder(path: str | Path, device: torch.device | str) -> Autoencoder:
    """An autoencoder in evaluation mode, frozen.

    Args:
        path: a pocket VAE's file, or the folder of an AutoencoderKLCogVideoX or AutoencoderKLWan in diffusers' layout.
        device: where it encodes.

    Raises:
        CheckpointError: if the file is no pocket VAE.
        ImportError: if the folder needs diffusers, which is not installed.
    """
    path = Path(path)
    if path.is_dir():
        config = path / "config.json"
        of_wan = config.is_file() and json.loads(config.read_text()).get("_class_name") == "AutoencoderKLWan"
        return _load_wan(path, device) if of_wan else _load_cogvideox(path, device)
    network, record = load_pocket_vae(path)
    network.to(device)
    return Autoencoder(
        name=path.name,
        digest=digest_of([path]),
        channels=network.config.latent_channels,
        latent_scale=float(record.get("latent_scale", 1.0)),
        latent_rgb_factors=_colours(record.get("latent_rgb_factors", [])),
        network=network,
        encode_video=network.encode,
    )


def _colours(rows: Any) -> tuple[tuple[float, float, float], ...]:
    return tuple((float(red), float(green), float(blue)) for red, green, blue in rows)


def _load_cogvideox(path: Path, device: torch.device | str) -> Autoencoder:
    try:
        from diffusers import AutoencoderKLCogVideoX
    except ImportError as error:
        raise ImportError(f"Encoding with CogVideoX's VAE in {path} needs diffusers: pip install diffusers.") from error
    network = AutoencoderKLCogVideoX.from_pretrained(str(path), torch_dtype=_working_dtype(device))
    network.to(device).eval().requires_grad_(False)

    def encode_video(video: Tensor) -> Tensor:
        return network.encode(video.to(network.dtype)).latent_dist.mode()

    return Autoencoder(
        name="CogVideoX VAE",
        digest="".join(digest_of([file]) for file in sorted(path.glob("*.safetensors"))),
        channels=network.config.latent_channels,
        latent_scale=float(network.config.scaling_factor or LATENT_SCALE),
        latent_rgb_factors=(),
        network=network,
        encode_video=encode_video,
    )


def _load_wan(path: Path, device: torch.device | str) -> Autoencoder:
    """Wan's VAE, whose latents are normalised channel by channel as ComfyUI normalises them."""
    try:
        from diffusers import AutoencoderKLWan
    except ImportError as error:
        raise ImportError(f"Encoding with Wan's VAE in {path} needs diffusers: pip install diffusers.") from error
    network = AutoencoderKLWan.from_pretrained(str(path), torch_dtype=_working_dtype(device))
    network.to(device).eval().requires_grad_(False)
    mean, deviation = (
        torch.tensor(values, device=device).view(1, -1, 1, 1, 1)
        for values in (network.config.latents_mean, network.config.latents_std)
    )

    def encode_video(video: Tensor) -> Tensor:
        latents = network.encode(video.to(network.dtype)).latent_dist.mode()
        return (latents.float() - mean) / deviation

    return Autoencoder(
        name="Wan VAE",
        digest="".join(digest_of([file]) for file in sorted(path.glob("*.safetensors"))),
        channels=network.config.z_dim,
        latent_scale=1.0,
        latent_rgb_factors=(),
        network=network,
        encode_video=encode_video,
    )


def _working_dtype(device: torch.device | str) -> torch.dtype:
    return torch.float32 if torch.device(device).type == "cpu" else torch.bfloat16


def digest_of(files: Sequence[Path]) -> str:
    """SHA-256 of files one after the other."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(2**20):
                digest.update(block)
    return digest.hexdigest()
