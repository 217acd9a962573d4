"""MultiWorld files: is everything there, and what does the metadata add?"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import torch
from torch import Tensor

from ..checkpoints import SYSTEMS, Checkpoint, CheckpointError, is_quantisation, require_complete
from .layout import IDENTITY_TABLES, MultiWorldLayout, expected_shapes, layout_from_shapes
from .options import MultiWorldOptions, multiworld_options

logger = logging.getLogger(__name__)

COMFYUI_CONFIG = "config"
"""Metadata entry from which ComfyUI takes sizes that it cannot read from shapes: JSON with an object `transformer`."""

OWN_CONFIG = "multiworld"
"""Entry in that object: the options of `MultiWorldOptions`, so that ComfyUI's stock loader passes them on."""

HEAD_DIM = 128


@dataclass(frozen=True)
class MultiWorldPlan:
    """All that is needed to build a network before its weights are read."""

    layout: MultiWorldLayout
    options: MultiWorldOptions


def plan_multiworld(checkpoint: Checkpoint) -> MultiWorldPlan:
    """Check that a file makes a MultiWorld and find its sizes and options; only headers are read.

    Raises:
        CheckpointError: if the file is something else, lacks tensors, or records unknown options.
    """
    if checkpoint.kind != SYSTEMS["multiworld"]:
        raise CheckpointError(f"{checkpoint.path.name} is {checkpoint.kind}, not MultiWorld.")
    plan = plan_from_shapes(checkpoint, recorded_options(checkpoint), identity_tables(checkpoint))
    heads = attention_heads(checkpoint) or plan.layout.dim // HEAD_DIM
    require_heads(checkpoint.path.name, plan.layout.dim, heads)
    return plan


def plan_from_shapes(
    checkpoint: Checkpoint, recorded: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> MultiWorldPlan:
    """The same for given options and identity tables."""
    shapes = {name: shape for name, shape in checkpoint.shapes.items() if not is_quantisation(name)}
    quantised = len(shapes) < len(checkpoint.shapes)
    try:
        layout = layout_from_shapes(shapes)
        options = multiworld_options(layout.variant, recorded, tensors)
    except KeyError as error:
        raise CheckpointError(
            f"{checkpoint.path.name} is taken for {checkpoint.kind}, but it lacks {error.args[0]}."
        ) from error
    except ValueError as error:
        raise CheckpointError(f"{checkpoint.path.name}: {error}") from error
    expected = expected_shapes(layout)
    # Quantised weights may be stored in other shapes; ComfyUI checks those itself.
    given = {name: expected.get(name, shape) if quantised else shape for name, shape in shapes.items()}
    for table in IDENTITY_TABLES:
        given.pop(table, None)
    require_complete(checkpoint, {name: torch.empty(shape, device="meta") for name, shape in expected.items()}, given)
    return MultiWorldPlan(layout, options)


def require_heads(name: str, dim: int, heads: int) -> None:
    """Refuse a number of attention heads that the width does not allow; files of the published size need no entry."""
    if heads < 1 or dim % heads:
        raise CheckpointError(
            f"{name}: tokens of width {dim} cannot have {heads} attention heads; record 'num_heads' in the metadata."
        )


def recorded_options(checkpoint: Checkpoint) -> dict[str, Any]:
    """Options from the metadata; the pack's own record comes before ComfyUI's entry."""
    return {**_comfyui_config(checkpoint).get(OWN_CONFIG, {}), **checkpoint.record.get("options", {})}


def attention_heads(checkpoint: Checkpoint) -> int | None:
    """The number of attention heads that the metadata tell; None where they do not, as in the published files."""
    recorded = checkpoint.record.get("network", {}).get("num_heads", _comfyui_config(checkpoint).get("num_heads"))
    if recorded is not None and (not isinstance(recorded, int) or recorded < 1):
        raise CheckpointError(f"{checkpoint.path.name}: 'num_heads' must be a positive number, given {recorded!r}.")
    return recorded


def _comfyui_config(checkpoint: Checkpoint) -> dict[str, Any]:
    text = checkpoint.metadata.get(COMFYUI_CONFIG, "{}")
    try:
        config = json.loads(text).get("transformer", {})
        if isinstance(config, dict) and isinstance(config.get(OWN_CONFIG, {}), dict):
            return config
    except (ValueError, AttributeError) as error:
        logger.debug("%s: %s", checkpoint.path.name, error)
    raise CheckpointError(f"{checkpoint.path.name}: the metadata '{COMFYUI_CONFIG}' is not a JSON object of objects.")


def comfyui_metadata(checkpoint: Checkpoint) -> dict[str, str]:
    """The file's metadata with everything in it that ComfyUI's loader needs to be told."""
    config = {**_comfyui_config(checkpoint), OWN_CONFIG: recorded_options(checkpoint)}
    heads = attention_heads(checkpoint)
    if heads is not None:
        config["num_heads"] = heads
    return {**checkpoint.metadata, COMFYUI_CONFIG: json.dumps({"transformer": config})}


def identity_tables(checkpoint: Checkpoint) -> dict[str, Tensor]:
    """The tables of the Agent Identity Embedding, where a file has them."""
    tables: dict[str, Tensor] = {}
    wanted = {checkpoint.names[name]: name for name in IDENTITY_TABLES if name in checkpoint.names}
    for path in checkpoint.files if wanted else ():
        with safetensors.safe_open(path, framework="pt") as file:
            tables |= {wanted[key]: file.get_tensor(key) for key in set(file.keys()) & set(wanted)}
    return tables


def checkpoint_of_tensors(tensors: Mapping[str, Tensor], prefix: str) -> Checkpoint:
    """A state dict that is in memory already, for the same checks and messages as a file."""
    shapes = {name.removeprefix(prefix): tuple(tensor.shape) for name, tensor in tensors.items()}
    return Checkpoint(Path("The checkpoint"), (), {}, shapes)
