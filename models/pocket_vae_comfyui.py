"""Pocket VAEs inside ComfyUI."""

import comfy.model_patcher
import comfy.ops
import comfy.utils
import torch
from torch import Tensor

from .native_vae import NativeVAE, VAEDescription, latent_frames, video_frames
from .pocket_vae import (
    FINE,
    PATCH_VALUES,
    SPATIAL_FACTOR,
    TEMPORAL_FACTOR,
    PocketVAE,
    PocketVAEConfig,
    read_pocket_vae,
)

WORKING_DTYPES = (torch.float16, torch.bfloat16, torch.float32)
"""In the order of preference. Activations are of the size of pixels, so float16's finer steps are worth more than
bfloat16's range."""


class NativePocketVAE(PocketVAE):
    """The network as ComfyUI calls it, which cuts videos into pieces of any length."""

    def encode(self, video: Tensor) -> Tensor:
        """As in the base class, of the first 4k + 1 frames.

        Raises:
            ValueError: if nothing is left of the pictures, whose sides ComfyUI crops to multiples of 8.
        """
        if 0 in video.shape:
            raise ValueError(f"The pocket VAE encodes pictures of at least {SPATIAL_FACTOR}x{SPATIAL_FACTOR} pixels.")
        kept = video_frames(latent_frames(video.shape[2], TEMPORAL_FACTOR), TEMPORAL_FACTOR)
        return super().encode(video[:, :, :kept])

    def decode(self, latents: Tensor) -> Tensor:
        """As in the base class.

        Raises:
            ValueError: if the latents are another model's.
        """
        channels = self.config.latent_channels
        if latents.ndim != 5 or latents.shape[1] != channels:
            raise ValueError(
                f"The pocket VAE decodes videos with {channels} latent channels, given a LATENT of shape "
                f"{tuple(latents.shape)}; connect the VAE that the model was trained with."
            )
        return super().decode(latents)


def describe_pocket_vae(config: PocketVAEConfig) -> VAEDescription:
    """What ComfyUI asks of a pocket VAE."""
    return VAEDescription(
        latent_channels=config.latent_channels,
        temporal_factor=TEMPORAL_FACTOR,
        spatial_factor=SPATIAL_FACTOR,
        working_dtypes=WORKING_DTYPES,
        encoding_memory=lambda shape, dtype: _encoding_memory(config, shape, dtype),
        decoding_memory=lambda shape, dtype: _decoding_memory(config, shape, dtype),
    )


def _encoding_memory(config: PocketVAEConfig, shape: tuple[int, ...], dtype: torch.dtype) -> int:
    """Bytes for a video: at most the video, its padded copy and its patches, with four features beside them."""
    frames, height, width = shape[-3:]
    grid = (height // SPATIAL_FACTOR) * (width // SPATIAL_FACTOR)
    places = latent_frames(frames, TEMPORAL_FACTOR) * grid
    return places * (3 * PATCH_VALUES + 4 * config.width) * dtype.itemsize


def _decoding_memory(config: PocketVAEConfig, shape: tuple[int, ...], dtype: torch.dtype) -> int:
    """Bytes for a latent: at most four copies of the video and four features, on whichever grid these are larger."""
    frames, height, width = shape[-3:]
    fine_values = config.fine_width * TEMPORAL_FACTOR * (SPATIAL_FACTOR // FINE) ** 2
    values = 4 * PATCH_VALUES + 4 * max(config.width, fine_values)
    return frames * height * width * values * dtype.itemsize


def load_native_pocket_vae(
    path: str, device: torch.device | None = None, dtype: torch.dtype | None = None, disable_dynamic: bool = False
) -> NativeVAE:
    """A pocket VAE for ComfyUI's nodes. Raises CheckpointError if the file is something else or damaged.

    Args:
        path: a safetensors file.
        device, dtype, disable_dynamic: see `NativeVAE`.
    """
    config, tensors, _ = read_pocket_vae(path, comfy.utils.load_torch_file)
    network = NativePocketVAE(config, comfy.ops.disable_weight_init)
    vae = NativeVAE(network, tensors, describe_pocket_vae(config), device, dtype, disable_dynamic)
    # ComfyUI reads the file again to run the VAE on another device.
    vae.patcher.cached_patcher_init = (_reloaded_patcher, (path, device, dtype))
    return vae


def _reloaded_patcher(
    path: str, device: torch.device | None, dtype: torch.dtype | None, disable_dynamic: bool = False
) -> comfy.model_patcher.ModelPatcher:
    return load_native_pocket_vae(path, device, dtype, disable_dynamic).patcher
