"""VAEs from files for ComfyUI: pocket VAEs, and through ComfyUI's own code all that it knows.

A pocket VAE is an ordinary VAE: stock nodes that encode and decode, whole or in tiles, offloading and device selection
work on it. Latents enter and leave unscaled; the model's latent format scales them.
"""

from pathlib import Path

import comfy.model_management
import comfy.model_patcher
import comfy.ops
import comfy.sd
import comfy.utils
import torch
from torch import Tensor

from .checkpoints import SUFFIXES, CheckpointError, read_record
from .pocket_vae import (
    FINE,
    PATCH_VALUES,
    SPATIAL_FACTOR,
    SYSTEM,
    TEMPORAL_FACTOR,
    PocketVAE,
    PocketVAEConfig,
    read_pocket_vae,
)

WORKING_DTYPES = [torch.float16, torch.bfloat16, torch.float32]
"""In the order of preference. Activations are of the size of pixels, so float16's finer steps are worth more than
bfloat16's range."""

PIXEL_SPACE = "pixel_space_vae"
"""The tensor by which ComfyUI recognises the VAE that changes nothing."""


def latent_frames(frames: int) -> int:
    """Latent frames of a video, whose frames beyond the last 4k + 1 are left out."""
    return (frames + TEMPORAL_FACTOR - 1) // TEMPORAL_FACTOR


def video_frames(latents: int) -> int:
    """Frames that latent frames decode to."""
    return max(0, TEMPORAL_FACTOR * (latents - 1) + 1)


class NativePocketVAE(PocketVAE):
    """The network as ComfyUI calls it, which cuts videos into pieces of any length."""

    def encode(self, video: Tensor) -> Tensor:
        """As in the base class, of the first 4k + 1 frames.

        Raises:
            ValueError: if nothing is left of the pictures, whose sides ComfyUI crops to multiples of 8.
        """
        if 0 in video.shape:
            raise ValueError(f"The pocket VAE encodes pictures of at least {SPATIAL_FACTOR}x{SPATIAL_FACTOR} pixels.")
        return super().encode(video[:, :, : video_frames(latent_frames(video.shape[2]))])

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


class NativeVAE(comfy.sd.VAE):
    """ComfyUI's VAE around a pocket VAE. Encoding, decoding, tiling and offloading are the base class's methods.

    Args:
        config: sizes.
        tensors: the complete state dict, in any floating-point type.
        device, dtype: where and in what precision it computes; ComfyUI's choice by default.
        disable_dynamic: take a patcher without dynamic VRAM, as ComfyUI asks for when it reloads a model.
    """

    def __init__(
        self,
        config: PocketVAEConfig,
        tensors: dict[str, Tensor],
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
        disable_dynamic: bool = False,
    ) -> None:
        management = comfy.model_management
        device = device or management.vae_device()
        dtype = dtype or management.vae_dtype(device, WORKING_DTYPES)
        # The base class takes only weights that it knows. Built as the VAE that changes nothing it sets all attributes
        # that its methods read, those of later versions too, among them pixels of 0..1 outside and -1..1 inside.
        super().__init__(sd={PIXEL_SPACE: torch.tensor(1.0)}, device=device, dtype=dtype)
        self._describe(config)

        # From here on as the base class does it.
        network = NativePocketVAE(config, comfy.ops.disable_weight_init, dtype=dtype).eval().requires_grad_(False)
        # Dynamic VRAM keeps weights as the file stores them and computes in the type that is noted here.
        management.archive_model_dtypes(network)
        patcher_class = comfy.model_patcher.ModelPatcher if disable_dynamic else comfy.model_patcher.CoreModelPatcher
        self.first_stage_model = network
        self.patcher = patcher_class(network, load_device=device, offload_device=management.vae_offload_device())
        network.load_state_dict(tensors, strict=True, assign=self.patcher.is_dynamic())
        self.size = None  # `model_size` keeps what it has counted, which was the other network
        self.model_size()

    def _describe(self, config: PocketVAEConfig) -> None:
        """Set what differs from the VAE that changes nothing."""
        # Batch and channels are followed by time: pictures are taken for one video.
        self.latent_dim = 3
        # Channels of the result of tiled encoding; nodes that make empty latents read it too.
        self.latent_channels = config.latent_channels
        # Sizes of results, and factors between places of tiles; the last entries also say what sides are cropped to.
        self.downscale_ratio = (latent_frames, SPATIAL_FACTOR, SPATIAL_FACTOR)
        self.upscale_ratio = (video_frames, SPATIAL_FACTOR, SPATIAL_FACTOR)
        self.downscale_index_formula = (TEMPORAL_FACTOR, SPATIAL_FACTOR, SPATIAL_FACTOR)
        self.upscale_index_formula = (TEMPORAL_FACTOR, SPATIAL_FACTOR, SPATIAL_FACTOR)
        # What `dtype` was chosen from.
        self.working_dtypes = WORKING_DTYPES
        # The VAE that changes nothing is never moved; this one may leave the device.
        self.disable_offload = False
        # Memory of one batch item, beyond the weights. ComfyUI asks with (batch, channels, frames, height, width).
        self.memory_used_encode = lambda shape, dtype: _encoding_memory(config, shape, dtype)
        self.memory_used_decode = lambda shape, dtype: _decoding_memory(config, shape, dtype)

    def vae_encode_crop_pixels(self, pixels: Tensor) -> Tensor:
        """Pixels (..., height, width, channels) with both sides cropped, around the middle, to multiples of 8.

        The base class would also crop the frames of (agents, frames, height, width, channels) to a multiple of 8.
        """
        if pixels.ndim != 5:
            return super().vae_encode_crop_pixels(pixels)
        return super().vae_encode_crop_pixels(pixels.flatten(0, 1)).unflatten(0, pixels.shape[:2])


def _encoding_memory(config: PocketVAEConfig, shape: tuple[int, ...], dtype: torch.dtype) -> int:
    """Bytes for a video: at most the video, its padded copy and its patches, with four features beside them."""
    frames, height, width = shape[-3:]
    places = latent_frames(frames) * (height // SPATIAL_FACTOR) * (width // SPATIAL_FACTOR)
    return places * (3 * PATCH_VALUES + 4 * config.width) * dtype.itemsize


def _decoding_memory(config: PocketVAEConfig, shape: tuple[int, ...], dtype: torch.dtype) -> int:
    """Bytes for a latent: at most four copies of the video and four features, on whichever grid these are larger."""
    frames, height, width = shape[-3:]
    fine_values = config.fine_width * TEMPORAL_FACTOR * (SPATIAL_FACTOR // FINE) ** 2
    values = 4 * PATCH_VALUES + 4 * max(config.width, fine_values)
    return frames * height * width * values * dtype.itemsize


def load_vae(path: str) -> comfy.sd.VAE:
    """A VAE of any kind that ComfyUI or this pack knows.

    Raises:
        CheckpointError: in one sentence, if a safetensors file is damaged or holds no VAE.
    """
    if Path(path).suffix.lower() in SUFFIXES and read_record(path).get("system") == SYSTEM:
        return load_native_pocket_vae(path)
    tensors, metadata = comfy.utils.load_torch_file(path, return_metadata=True)
    vae = comfy.sd.VAE(sd=tensors, metadata=metadata)
    if vae.first_stage_model is None:
        raise CheckpointError(f"{Path(path).name} holds no VAE that this ComfyUI knows; choose a VAE's file.")
    vae.patcher.cached_patcher_init = (comfy.sd.load_vae_patcher, (path, metadata, None))
    return vae


def load_native_pocket_vae(
    path: str, device: torch.device | None = None, dtype: torch.dtype | None = None, disable_dynamic: bool = False
) -> NativeVAE:
    """A pocket VAE for ComfyUI's nodes. Raises CheckpointError if the file is something else or damaged.

    Args:
        path: a safetensors file.
        device, dtype, disable_dynamic: see `NativeVAE`.
    """
    config, tensors, _ = read_pocket_vae(path, comfy.utils.load_torch_file)
    vae = NativeVAE(config, tensors, device, dtype, disable_dynamic)
    # ComfyUI reloads the file to run the VAE on another device.
    vae.patcher.cached_patcher_init = (_reloaded_patcher, (path, device, dtype))
    return vae


def _reloaded_patcher(
    path: str, device: torch.device | None, dtype: torch.dtype | None, disable_dynamic: bool = False
) -> comfy.model_patcher.ModelPatcher:
    return load_native_pocket_vae(path, device, dtype, disable_dynamic).patcher
