"""ComfyUI's VAE around a video network that ComfyUI does not load itself.

The result is an ordinary VAE: stock nodes that encode and decode, whole or in tiles, offloading and device selection
work on it. Latents enter and leave unscaled; the model's latent format scales them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import comfy.model_management
import comfy.model_patcher
import comfy.sd
import torch
from torch import Tensor, nn

PIXEL_SPACE = "pixel_space_vae"
"""The tensor by which ComfyUI recognises the VAE that changes nothing."""


def latent_frames(frames: int, factor: int) -> int:
    """Latent frames of a video, whose frames beyond the last factor * k + 1 are left out."""
    return (frames + factor - 1) // factor


def video_frames(latents: int, factor: int) -> int:
    """Frames that latent frames decode to."""
    return max(0, factor * (latents - 1) + 1)


MemoryEstimate = Callable[[tuple[int, ...], torch.dtype], float]


@dataclass(frozen=True)
class VAEDescription:
    """What ComfyUI asks of a video VAE.

    Attributes:
        latent_channels: of the latents.
        temporal_factor: frames that become one latent frame; the first frame is one alone.
        spatial_factor: pixels along each side of a latent pixel.
        working_dtypes: precisions in the order of preference.
        encoding_memory, decoding_memory: bytes for one video, beyond the weights, from the shape (batch, channels,
            frames, height, width) of what enters the network, and the precision.
    """

    latent_channels: int
    temporal_factor: int
    spatial_factor: int
    working_dtypes: tuple[torch.dtype, ...]
    encoding_memory: MemoryEstimate
    decoding_memory: MemoryEstimate


class NativeVAE(comfy.sd.VAE):
    """A network as ComfyUI's VAE. Encoding, decoding, tiling and offloading are the base class's methods.

    Args:
        network: has `encode`, (batch, 3, frames, height, width) in -1..1 to latents, and `decode`, the reverse.
        tensors: its complete state dict, in any floating-point type.
        description: what ComfyUI asks.
        device, dtype: where and in what precision it computes; ComfyUI's choice by default.
        disable_dynamic: take a patcher without dynamic VRAM, as ComfyUI asks for when it reloads a model.
    """

    def __init__(
        self,
        network: nn.Module,
        tensors: Mapping[str, Tensor],
        description: VAEDescription,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
        disable_dynamic: bool = False,
    ) -> None:
        management = comfy.model_management
        device = device or management.vae_device()
        dtype = dtype or management.vae_dtype(device, list(description.working_dtypes))
        # The base class takes only weights that it knows. Built as the VAE that changes nothing it sets all attributes
        # that its methods read, those of later versions too, among them pixels of 0..1 outside and -1..1 inside.
        super().__init__(sd={PIXEL_SPACE: torch.tensor(1.0)}, device=device, dtype=dtype)
        self._describe(description)

        # From here on as the base class does it.
        network = network.to(dtype).eval().requires_grad_(False)
        # Dynamic VRAM keeps weights as the file stores them and computes in the type that is noted here.
        management.archive_model_dtypes(network)
        patcher_class = comfy.model_patcher.ModelPatcher if disable_dynamic else comfy.model_patcher.CoreModelPatcher
        self.first_stage_model = network
        self.patcher = patcher_class(network, load_device=device, offload_device=management.vae_offload_device())
        network.load_state_dict(tensors, strict=True, assign=self.patcher.is_dynamic())
        self.size = None  # `model_size` keeps what it has counted, which was the other network
        self.model_size()

    def _describe(self, description: VAEDescription) -> None:
        """Set what differs from the VAE that changes nothing."""
        time, space = description.temporal_factor, description.spatial_factor
        # Batch and channels are followed by time: pictures are taken for one video.
        self.latent_dim = 3
        # Channels of the result of tiled encoding; nodes that make empty latents read it too.
        self.latent_channels = description.latent_channels
        # Sizes of results, and factors between places of tiles; the last entries also say what sides are cropped to.
        self.downscale_ratio = (partial(latent_frames, factor=time), space, space)
        self.upscale_ratio = (partial(video_frames, factor=time), space, space)
        self.downscale_index_formula = (time, space, space)
        self.upscale_index_formula = (time, space, space)
        # What `dtype` was chosen from.
        self.working_dtypes = list(description.working_dtypes)
        # The VAE that changes nothing is never moved; this one may leave the device.
        self.disable_offload = False
        self.memory_used_encode = description.encoding_memory
        self.memory_used_decode = description.decoding_memory

    def vae_encode_crop_pixels(self, pixels: Tensor) -> Tensor:
        """Pixels (..., height, width, channels) with both sides cropped, around the middle, to whole latent pixels.

        The base class would also crop the frames of (agents, frames, height, width, channels).
        """
        if pixels.ndim != 5:
            return super().vae_encode_crop_pixels(pixels)
        return super().vae_encode_crop_pixels(pixels.flatten(0, 1)).unflatten(0, pixels.shape[:2])
