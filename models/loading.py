"""Multi-agent models for ComfyUI, whatever system a file holds."""

from pathlib import Path
from typing import Any

import comfy.model_patcher
import comfy.utils
from torch import Tensor

from .checkpoints import SYSTEMS, Checkpoint, open_checkpoint, read_tensors, write_checkpoint
from .metaworld import checkpoint as metaworld
from .metaworld.comfyui import load_metaworld
from .metaworld.options import MetaWorldOptions
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
    if checkpoint.kind == SYSTEMS["multiworld"]:
        patcher = load_multiworld(checkpoint, model_options, disable_dynamic)
    else:
        base = open_checkpoint(base_path) if base_path else None
        load = load_metaworld if checkpoint.kind in metaworld.KINDS else load_shareverse
        patcher = load(checkpoint, base, model_options, disable_dynamic)
    patcher.cached_patcher_init = (load_multi_agent_model, (path, base_path, model_options))
    return patcher


def extend_base_model(base_path: str, path: Path, options: ShareVerseOptions | MetaWorldOptions) -> Path:
    """Write the untrained extra modules for a base model.

    Args:
        base_path: the base model: CogVideoX-I2V for ShareVerse, Phantom-Wan or Wan 2.1 T2V for MetaWorld.
        path: the new file.
        options: what to build; their system decides what the base must be. What a MetaWorld base has already is left
            out, so that a second stage can be added to a first.

    Returns:
        `path`.

    Raises:
        CheckpointError: if the base is something else.
    """
    base = open_checkpoint(base_path)
    record: dict[str, Any] = {"base_model": base.path.name, "training": "none: untrained extension"}
    if "network" in base.record:
        record["network"] = base.record["network"]
    if isinstance(options, MetaWorldOptions):
        layout, options = metaworld.base_layout(base), metaworld.extension_options(base, options)
        tensors = metaworld.untrained_extension(_weights(base), layout, options)
        system = "metaworld"
    else:
        tensors = untrained_extension(_weights(base), base_config(base), options)
        system = "shareverse"
    write_checkpoint(path, tensors, {"system": system, "options": options.to_dict(), **record})
    return path


def _weights(checkpoint: Checkpoint) -> dict[str, Tensor]:
    return read_tensors(checkpoint, comfy.utils.load_torch_file)
