"""MultiWorld files: is everything there, and what does the metadata add?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import safetensors
from torch import Tensor

from ..checkpoints import SYSTEMS, Checkpoint, CheckpointError, is_quantisation, require_complete_or_quantised
from ..wan_metadata import HEAD_DIM, attention_heads, recorded_options, require_heads
from .layout import IDENTITY_TABLES, MultiWorldLayout, expected_shapes, layout_from_shapes
from .options import MultiWorldOptions, multiworld_options

OWN_CONFIG = "multiworld"
"""Entry in ComfyUI's metadata: the options of `MultiWorldOptions`, so that its stock loader passes them on."""


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
    plan = plan_from_shapes(checkpoint, recorded_options(checkpoint, OWN_CONFIG), identity_tables(checkpoint))
    heads = attention_heads([checkpoint]) or plan.layout.dim // HEAD_DIM
    require_heads(checkpoint.path.name, plan.layout.dim, heads)
    return plan


def plan_from_shapes(
    checkpoint: Checkpoint, recorded: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> MultiWorldPlan:
    """The same for given options and identity tables."""
    shapes = {name: shape for name, shape in checkpoint.shapes.items() if not is_quantisation(name)}
    try:
        layout = layout_from_shapes(shapes)
        options = multiworld_options(layout.variant, recorded, tensors)
    except KeyError as error:
        raise CheckpointError(
            f"{checkpoint.path.name} is taken for {checkpoint.kind}, but it lacks {error.args[0]}."
        ) from error
    except ValueError as error:
        raise CheckpointError(f"{checkpoint.path.name}: {error}") from error
    given = {name: shape for name, shape in checkpoint.shapes.items() if name not in IDENTITY_TABLES}
    require_complete_or_quantised(checkpoint, expected_shapes(layout), given)
    return MultiWorldPlan(layout, options)


def identity_tables(checkpoint: Checkpoint) -> dict[str, Tensor]:
    """The tables of the Agent Identity Embedding, where a file has them."""
    tables: dict[str, Tensor] = {}
    wanted = {checkpoint.names[name]: name for name in IDENTITY_TABLES if name in checkpoint.names}
    for path in checkpoint.files if wanted else ():
        with safetensors.safe_open(path, framework="pt") as file:
            tables |= {wanted[key]: file.get_tensor(key) for key in set(file.keys()) & set(wanted)}
    return tables
