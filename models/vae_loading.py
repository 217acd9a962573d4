"""VAEs for ComfyUI from files of any kind."""

from pathlib import Path

import comfy.sd
import comfy.utils

from .checkpoints import SUFFIXES, CheckpointError, read_record
from .pocket_vae import SYSTEM
from .pocket_vae_comfyui import load_native_pocket_vae
from .wan_vae_comfyui import has_own_width, wan_vae_from_tensors


def load_vae(path: str) -> comfy.sd.VAE:
    """A VAE of any kind that ComfyUI or this pack knows.

    Raises:
        CheckpointError: in one sentence, if a safetensors file is damaged or holds no VAE.
    """
    if Path(path).suffix.lower() in SUFFIXES and read_record(path).get("system") == SYSTEM:
        return load_native_pocket_vae(path)
    tensors, metadata = comfy.utils.load_torch_file(path, return_metadata=True)
    if has_own_width(tensors):
        return wan_vae_from_tensors(path, tensors)
    vae = comfy.sd.VAE(sd=tensors, metadata=metadata)
    if vae.first_stage_model is None:
        raise CheckpointError(f"{Path(path).name} holds no VAE that this ComfyUI knows; choose a VAE's file.")
    vae.patcher.cached_patcher_init = (comfy.sd.load_vae_patcher, (path, metadata, None))
    return vae
