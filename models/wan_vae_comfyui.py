"""VAEs of Wan 2.2 that are narrower or wider than the published one, the only width that ComfyUI builds."""

from collections.abc import Mapping
from pathlib import Path

import comfy.model_patcher
import comfy.utils
import torch
from comfy.ldm.wan.vae2_2 import WanVAE
from torch import Tensor

from .checkpoints import Checkpoint, CheckpointError, require_complete
from .native_vae import NativeVAE, VAEDescription

PUBLISHED_WIDTHS = {"encoder.conv1.weight": 160, "decoder.head.0.gamma": 256}
"""First axes of the tensors that tell the widths of encoder and decoder, and what they are in the published VAE."""

SIGNATURES = ("encoder.downsamples.0.downsamples.", "decoder.upsamples.0.upsamples.")
"""Starts of names that only Wan 2.2's VAE has."""

ENCODING_VALUES = 3300
"""Values in memory per pixel of a frame, as ComfyUI estimates them for the published width."""

DECODING_VALUES = 8000
"""The same for decoding."""

WORKING_DTYPES = (torch.bfloat16, torch.float16, torch.float32)
TEMPORAL_FACTOR = 4
SPATIAL_FACTOR = 16


def has_own_width(tensors: Mapping[str, Tensor]) -> bool:
    """Whether tensors are those of a Wan 2.2 VAE that ComfyUI does not build."""
    widths = {name: len(tensors[name]) for name in PUBLISHED_WIDTHS if name in tensors}
    return any(name.startswith(SIGNATURES) for name in tensors) and not widths.items() <= PUBLISHED_WIDTHS.items()


def describe_wan_vae(dim: int, dec_dim: int, latent_channels: int) -> VAEDescription:
    """As ComfyUI describes the published VAE, with memory in proportion to the widths of encoder and decoder."""
    encoding = ENCODING_VALUES * dim / PUBLISHED_WIDTHS["encoder.conv1.weight"]
    decoding = DECODING_VALUES * dec_dim / PUBLISHED_WIDTHS["decoder.head.0.gamma"] * SPATIAL_FACTOR**2
    return VAEDescription(
        latent_channels=latent_channels,
        temporal_factor=TEMPORAL_FACTOR,
        spatial_factor=SPATIAL_FACTOR,
        working_dtypes=WORKING_DTYPES,
        # The network works on four frames at a time, so that their number does not matter.
        encoding_memory=lambda shape, dtype: encoding * shape[3] * shape[4] * dtype.itemsize,
        decoding_memory=lambda shape, dtype: decoding * shape[3] * shape[4] * dtype.itemsize,
    )


def wan_vae_from_tensors(
    path: str,
    tensors: Mapping[str, Tensor],
    device: torch.device | None = None,
    dtype: torch.dtype | None = None,
    disable_dynamic: bool = False,
) -> NativeVAE:
    """A Wan 2.2 VAE of the widths that the tensors show.

    Args:
        path: the file that they are from.
        tensors: its state dict.
        device, dtype, disable_dynamic: see `NativeVAE`.

    Raises:
        CheckpointError: naming missing or misshapen tensors.
    """
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    checkpoint = Checkpoint(Path(path), (), {}, shapes)
    try:
        dim, dec_dim = (shapes[name][0] for name in PUBLISHED_WIDTHS)
        latent_channels = shapes["conv2.weight"][0]
    except KeyError as error:
        message = f"{checkpoint.path.name} is taken for {checkpoint.kind}, but it lacks {error.args[0]}."
        raise CheckpointError(message) from error
    network = WanVAE(dim=dim, dec_dim=dec_dim, z_dim=latent_channels, temperal_downsample=[False, True, True])
    expected = network.state_dict()
    require_complete(checkpoint, expected, shapes)
    description = describe_wan_vae(dim, dec_dim, latent_channels)
    given = {name: tensors[name] for name in expected}
    vae = NativeVAE(network, given, description, device, dtype, disable_dynamic)
    # ComfyUI reads the file again to run the VAE on another device.
    vae.patcher.cached_patcher_init = (_reloaded_patcher, (path, device, dtype))
    return vae


def _reloaded_patcher(
    path: str, device: torch.device | None, dtype: torch.dtype | None, disable_dynamic: bool = False
) -> comfy.model_patcher.ModelPatcher:
    return wan_vae_from_tensors(path, comfy.utils.load_torch_file(path), device, dtype, disable_dynamic).patcher
