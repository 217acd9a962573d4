"""What the metadata of Wan-based checkpoints tell ComfyUI and the pack: heads, and a system's own options."""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from .checkpoints import Checkpoint, CheckpointError

logger = logging.getLogger(__name__)

COMFYUI_CONFIG = "config"
"""Metadata entry from which ComfyUI takes sizes that it cannot read from shapes: JSON with an object `transformer`."""

HEAD_DIM = 128
"""Width of an attention head where nothing else is recorded."""


def require_heads(name: str, dim: int, heads: int) -> None:
    """Refuse a number of attention heads that the width does not allow; files of the published sizes need no entry.

    Raises:
        CheckpointError: naming file, width and heads.
    """
    if heads < 1 or dim % heads:
        raise CheckpointError(
            f"{name}: tokens of width {dim} cannot have {heads} attention heads; record 'num_heads' in the metadata."
        )


def attention_heads(sources: Sequence[Checkpoint]) -> int | None:
    """The number of attention heads that the metadata tell; None where they do not, as in the published files.

    Args:
        sources: the files that make a network; a later one wins.

    Raises:
        CheckpointError: for an entry that is no positive number.
    """
    heads = None
    for source in sources:
        recorded = source.record.get("network", {}).get("num_heads", comfyui_config(source).get("num_heads"))
        if recorded is None:
            continue
        if not isinstance(recorded, int) or recorded < 1:
            raise CheckpointError(f"{source.path.name}: 'num_heads' must be a positive number, given {recorded!r}.")
        heads = recorded
    return heads


def recorded_options(checkpoint: Checkpoint, system: str) -> dict[str, Any]:
    """A system's options from the metadata; the pack's own record comes before ComfyUI's entry."""
    return {**_own_entry(checkpoint, system), **checkpoint.record.get("options", {})}


def comfyui_metadata(sources: Sequence[Checkpoint], system: str, options: Mapping[str, Any]) -> dict[str, str]:
    """The files' metadata with everything in it that ComfyUI's loader needs to be told.

    Args:
        sources: the files that make a network; a later one wins.
        system, options: name of the entry for a system's own options, and what it holds.
    """
    metadata: dict[str, str] = {}
    config: dict[str, Any] = {}
    for source in sources:
        metadata |= source.metadata
        config |= comfyui_config(source)
    heads = attention_heads(sources)
    if heads is not None:
        config["num_heads"] = heads
    return {**metadata, COMFYUI_CONFIG: json.dumps({"transformer": {**config, system: dict(options)}})}


def comfyui_config(checkpoint: Checkpoint) -> dict[str, Any]:
    """The object `transformer` in ComfyUI's own entry. Raises CheckpointError where that is damaged."""
    text = checkpoint.metadata.get(COMFYUI_CONFIG, "{}")
    try:
        config = json.loads(text).get("transformer", {})
        if isinstance(config, dict):
            return config
    except (ValueError, AttributeError) as error:
        logger.debug("%s: %s", checkpoint.path.name, error)
    raise _damaged(checkpoint)


def _own_entry(checkpoint: Checkpoint, system: str) -> dict[str, Any]:
    entry = comfyui_config(checkpoint).get(system, {})
    if not isinstance(entry, dict):
        raise _damaged(checkpoint)
    return entry


def _damaged(checkpoint: Checkpoint) -> CheckpointError:
    return CheckpointError(f"{checkpoint.path.name}: the metadata '{COMFYUI_CONFIG}' is not a JSON object of objects.")


def checkpoint_of_tensors(tensors: Mapping[str, Tensor], prefix: str) -> Checkpoint:
    """A state dict that is in memory already, for the same checks and messages as a file; other prefixes are left out.

    Args:
        tensors: parameter name -> tensor.
        prefix: of the network's parameters.
    """
    shapes = {
        name.removeprefix(prefix): tuple(tensor.shape) for name, tensor in tensors.items() if name.startswith(prefix)
    }
    return Checkpoint(Path("The checkpoint"), (), {}, shapes)
