"""Multi-agent models for ComfyUI, whatever system a file holds."""

from pathlib import Path
from typing import Any

import comfy.model_patcher
import comfy.utils

from .checkpoints import SYSTEMS, CheckpointError, open_checkpoint, read_tensors, write_checkpoint
from .multiworld.comfyui import load_multiworld
from .shareverse.checkpoint import base_config, untrained_extension
from .shareverse.comfyui import load_shareverse
from .shareverse.options import ShareVerseOptions


def load_multi_agent_model(
    path: str, base_path: str | None = None, model_options: dict[str, Any] | None = None, disable_dynamic: bool = False
) -> comfy.model_patcher.ModelPatcher:
    """A MODEL from a checkpoint that is recognised by its tensors.

    Args:
        path: the checkpoint.
        base_path: its base model, where the checkpoint holds only the extra modules.
        model_options: as ComfyUI's own loader takes them.
        disable_dynamic: ask for a patcher without dynamic VRAM, as ComfyUI does when it reloads a model.

    Raises:
        CheckpointError: if the file is not of a system that can be loaded, or is damaged.
    """
    checkpoint = open_checkpoint(path)
    if checkpoint.kind == SYSTEMS["metaworld"]:
        raise CheckpointError(f"{checkpoint.path.name} is {checkpoint.kind}, which this version cannot load yet.")
    if checkpoint.kind == SYSTEMS["multiworld"]:
        patcher = load_multiworld(checkpoint, model_options, disable_dynamic)
    else:
        base = open_checkpoint(base_path) if base_path else None
        patcher = load_shareverse(checkpoint, base, model_options, disable_dynamic)
    patcher.cached_patcher_init = (load_multi_agent_model, (path, base_path, model_options))
    return patcher


def extend_base_model(base_path: str, path: Path, options: ShareVerseOptions) -> Path:
    """Write the untrained extra modules for a CogVideoX-I2V file.

    Args:
        base_path: the base model.
        path: the new file.
        options: what to build.

    Returns:
        `path`.

    Raises:
        CheckpointError: if the base is something else.
    """
    base = open_checkpoint(base_path)
    config = base_config(base)
    tensors = untrained_extension(read_tensors(base, comfy.utils.load_torch_file), config, options)
    record = {
        "system": "shareverse",
        "options": options.to_dict(),
        "base_model": base.path.name,
        "training": "none: untrained extension",
    }
    if "network" in base.record:
        record["network"] = base.record["network"]
    write_checkpoint(path, tensors, record)
    return path
