"""A small video autoencoder for Pocket Town: 8x smaller along each side, four frames per latent frame.

Patches of 4 x 8 x 8 pixels go through a linear map, which starts as the principal components of real patches, and
through residual convolutions on the latent grid, which start at zero. The first frame is repeated four times, as in
CogVideoX's layout, and no latent frame depends on a later one: the first frame alone encodes to the first latent frame.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional

from .checkpoints import CheckpointError, open_checkpoint, read_tensors

SYSTEM = "pocket_vae"
SPATIAL_FACTOR = 8
TEMPORAL_FACTOR = 4
PATCH_VALUES = 3 * TEMPORAL_FACTOR * SPATIAL_FACTOR**2
FINE = 2
"""Side in pixels of the patches that the last, fine convolutions of the decoder work on."""


@dataclass(frozen=True)
class PocketVAEConfig:
    """Sizes of the autoencoder.

    Attributes:
        latent_channels: channels of a latent.
        width: channels of the residual convolutions on the latent grid.
        encoder_blocks, decoder_blocks: their number; the decoder's also look at the latent frames before and after.
        fine_width: channels of the decoder's last convolutions, on patches of 2 x 2 pixels; 0 for none.
        fine_blocks: their number.
    """

    latent_channels: int = 24
    width: int = 192
    encoder_blocks: int = 4
    decoder_blocks: int = 6
    fine_width: int = 48
    fine_blocks: int = 2

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "PocketVAEConfig":
        """Inverse of `to_dict`. Raises ValueError for an unknown size or one that is no whole number."""
        known = {size.name for size in fields(cls)}
        for name, value in values.items():
            if name not in known or isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ValueError(
                    f"A pocket VAE has no size '{name}' of {value!r}; known are {', '.join(sorted(known))}."
                )
        return cls(**values)


def to_patches(video: Tensor) -> Tensor:
    """(batch, 3, 4k + 1, height, width) to (batch, 768, k + 1, height / 8, width / 8).

    Raises:
        ValueError: if there are not 4k + 1 frames or a side is no multiple of 8.
    """
    frames, height, width = video.shape[2:]
    if frames % TEMPORAL_FACTOR != 1 or height % SPATIAL_FACTOR or width % SPATIAL_FACTOR:
        raise ValueError(
            f"The pocket VAE takes 4k+1 frames whose sides are multiples of {SPATIAL_FACTOR}, given {frames} frames of "
            f"{width}x{height}."
        )
    padded = torch.cat([video[:, :, :1].expand(-1, -1, TEMPORAL_FACTOR - 1, -1, -1), video], dim=2)
    return rearrange(
        padded, "b c (f t) (h p) (w q) -> b (c t p q) f h w", t=TEMPORAL_FACTOR, p=SPATIAL_FACTOR, q=SPATIAL_FACTOR
    )


def from_patches(patches: Tensor) -> Tensor:
    """Inverse of `to_patches`; the first frame is the mean of its four copies."""
    video = rearrange(
        patches, "b (c t p q) f h w -> b c (f t) (h p) (w q)", t=TEMPORAL_FACTOR, p=SPATIAL_FACTOR, q=SPATIAL_FACTOR
    )
    first = video[:, :, :TEMPORAL_FACTOR].mean(2, keepdim=True)
    return torch.cat([first, video[:, :, TEMPORAL_FACTOR:]], dim=2)


def _by_frame(layer: nn.Module, video: Tensor) -> Tensor:
    """A 2D layer on every frame of (batch, channels, frames, height, width)."""
    frames = rearrange(video, "b c f h w -> (b f) c h w")
    return rearrange(layer(frames), "(b f) c h w -> b c f h w", b=len(video))


class _Residual(nn.Module):
    """x + conv(gelu(conv(x))), within frames; with `in_time` the last layer also sees the frames before and after."""

    def __init__(self, width: int, in_time: bool, operations: Any, **factory: Any) -> None:
        super().__init__()
        self.space = operations.Conv2d(width, width, 3, padding=1, **factory)
        if in_time:
            self.out = operations.Conv3d(width, width, (3, 1, 1), padding=(1, 0, 0), **factory)
        else:
            self.out = operations.Conv3d(width, width, 1, **factory)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.out(functional.gelu(_by_frame(self.space, features)))


class _Stack(nn.Module):
    """Residual blocks between a layer in and a layer out."""

    def __init__(
        self, channels: tuple[int, int, int], blocks: int, in_time: bool, operations: Any, **factory: Any
    ) -> None:
        super().__init__()
        given, width, returned = channels
        self.enter = operations.Conv3d(given, width, 1, **factory)
        self.blocks = nn.ModuleList([_Residual(width, in_time, operations, **factory) for _ in range(blocks)])
        self.leave = operations.Conv3d(width, returned, 1, **factory)

    def forward(self, features: Tensor) -> Tensor:
        features = self.enter(features)
        for block in self.blocks:
            features = block(features)
        return self.leave(functional.gelu(features))


class PocketVAE(nn.Module):
    """The autoencoder.

    Args:
        config: sizes.
        operations: namespace with Conv2d and Conv3d: `torch.nn`, or ComfyUI's operations.
        device, dtype: where and in what precision parameters are created.
    """

    def __init__(
        self,
        config: PocketVAEConfig | None = None,
        operations: Any = nn,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.config = config = config or PocketVAEConfig()
        factory = {"device": device, "dtype": dtype}
        latent, width = config.latent_channels, config.width
        self.encoder_linear = operations.Conv3d(PATCH_VALUES, latent, 1, **factory)
        self.encoder_residual = _Stack(
            (PATCH_VALUES, width, latent), config.encoder_blocks, False, operations, **factory
        )
        self.decoder_linear = operations.Conv3d(latent, PATCH_VALUES, 1, **factory)
        self.decoder_residual = _Stack(
            (latent, width, PATCH_VALUES), config.decoder_blocks, True, operations, **factory
        )
        if config.fine_width:
            pixels = 3 * FINE**2
            self.decoder_fine = _Stack(
                (pixels, config.fine_width, pixels), config.fine_blocks, False, operations, **factory
            )

    def encode(self, video: Tensor) -> Tensor:
        """Latents (batch, latent channels, k + 1, height / 8, width / 8) of a video.

        Args:
            video: (batch, 3, 4k + 1, height, width) RGB in -1..1, sides multiples of 8.

        Raises:
            ValueError: if the video has another size.
        """
        patches = to_patches(video)
        return self.encoder_linear(patches) + self.encoder_residual(patches)

    def decode(self, latents: Tensor) -> Tensor:
        """The video (batch, 3, 4k + 1, height, width) in about -1..1 of latents with k + 1 frames."""
        video = from_patches(self.decoder_linear(latents) + self.decoder_residual(latents))
        if not self.config.fine_width:
            return video
        fine = rearrange(video, "b c f (h p) (w q) -> b (c p q) f h w", p=FINE, q=FINE)
        return video + rearrange(self.decoder_fine(fine), "b (c p q) f h w -> b c f (h p) (w q)", p=FINE, q=FINE)

    def forward(
        self, video: Tensor, latent_noise: float = 0.0, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """The reconstruction of a video, and its latents, which get normal noise of deviation `latent_noise` between.

        Arguments and results as in `encode` and `decode`.
        """
        latents = self.encode(video)
        noise = torch.empty_like(latents).normal_(generator=generator) if latent_noise else 0.0
        return self.decode(latents + latent_noise * noise), latents


@torch.no_grad()
def initialise_from_patches(network: PocketVAE, patches: Tensor, generator: torch.Generator) -> None:
    """Start the linear path at the principal components of real patches, and the residual paths at zero.

    Each component is divided by the root of its deviation, then all by one number, so that latents have a mean square
    of one and the coarse components stay the larger ones.

    Args:
        network: parameters on the CPU, in float32.
        patches: (patches, 768), more than there are latent channels.
        generator: for the residual convolutions, whose last layer alone is zero.
    """
    patches = patches.double()
    mean = patches.mean(0)
    centred = patches - mean
    variances, components = torch.linalg.eigh(centred.T @ centred / len(centred))
    channels = network.config.latent_channels
    # eigh sorts ascending. A flat data set leaves components without variance, which must not be blown up.
    deviations = variances.flip(0)[:channels].clamp(min=1e-8).sqrt()
    components = components.flip(1)[:, :channels].T
    scale = (deviations.sqrt() * deviations.mean().sqrt())[:, None]
    network.encoder_linear.weight.copy_((components / scale)[..., None, None, None])
    network.encoder_linear.bias.copy_(-(components / scale) @ mean)
    network.decoder_linear.weight.copy_((components * scale).T[..., None, None, None])
    network.decoder_linear.bias.copy_(mean)

    for stack in (module for module in network.modules() if isinstance(module, _Stack)):
        for name, parameter in stack.named_parameters():
            if name.endswith("bias") or ".out." in name or name.startswith("leave."):
                nn.init.zeros_(parameter)
            else:
                nn.init.kaiming_normal_(parameter, nonlinearity="relu", generator=generator)


def read_pocket_vae(
    path: str | Path, load: Callable[[str], dict[str, Tensor]] = safetensors.torch.load_file
) -> tuple[PocketVAEConfig, dict[str, Tensor], dict[str, Any]]:
    """Sizes, tensors and record of a trained autoencoder; tensors are as stored, complete and of the right shapes.

    Args:
        path: its file.
        load: reads the tensors of one file.

    Raises:
        CheckpointError: if the file is no pocket VAE or lacks tensors.
    """
    checkpoint = open_checkpoint(path)
    if checkpoint.record.get("system") != SYSTEM:
        raise CheckpointError(f"{checkpoint.path.name} is {checkpoint.kind}, not a pocket VAE.")
    try:
        config = PocketVAEConfig.from_dict(checkpoint.record.get("network", {}))
    except ValueError as error:
        raise CheckpointError(f"{checkpoint.path.name}: {error}") from error
    expected = PocketVAE(config, device=torch.device("meta")).state_dict()
    wrong = [name for name, tensor in expected.items() if checkpoint.shapes.get(name) != tensor.shape]
    if wrong:
        raise CheckpointError(
            f"{checkpoint.path.name} is taken for a pocket VAE, but {wrong[0]} is missing or misshapen."
        )
    tensors = read_tensors(checkpoint, load)
    return config, {name: tensors[name] for name in expected}, dict(checkpoint.record)


def load_pocket_vae(path: str | Path, operations: Any = nn) -> tuple[PocketVAE, dict[str, Any]]:
    """A trained autoencoder in float32 and in evaluation mode, and what its file records.

    Returns:
        The network, and a record with `latent_scale` (factor that gives latents a mean square of one),
        `latent_rgb_factors` and `training`.

    Raises:
        CheckpointError: if the file is no pocket VAE or lacks tensors.
    """
    config, tensors, record = read_pocket_vae(path)
    network = PocketVAE(config, operations, device=torch.device("meta"))
    network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, strict=True, assign=True)
    return network.eval().requires_grad_(False), record
