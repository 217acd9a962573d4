"""MetaWorld checkpoints: a whole model, or what it adds to Wan with the base model beside it."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from ..checkpoints import (
    SYSTEMS,
    Checkpoint,
    CheckpointError,
    is_quantisation,
    read_tensors,
    require_complete_or_quantised,
)
from ..wan_metadata import HEAD_DIM, attention_heads, recorded_options, require_heads
from .layout import (
    ZERO_AT_START,
    WanLayout,
    alignment_shapes,
    condition_shapes,
    expected_shapes,
    is_extra,
    layout_from_shapes,
    wan_shapes,
)
from .options import MetaWorldOptions, Shapes

logger = logging.getLogger(__name__)

OWN_CONFIG = "metaworld"
"""Entry for the options in ComfyUI's part of the metadata, so that its stock loader passes them on."""

WHOLE = SYSTEMS["metaworld"]
EXTENSION = "a MetaWorld extension without its base model"
BASE = "Wan"
KINDS = (WHOLE, EXTENSION, BASE)
"""Kinds of files whose refusal, if any, is MetaWorld's to word."""

WAN_CHANNELS = 16
"""Of Wan 2.1's latents."""


@dataclass(frozen=True)
class MetaWorldPlan:
    """All that is needed to build a network before its weights are read.

    Attributes:
        sources: the files that hold the weights; a later one wins.
        layout, options: sizes and choices.
    """

    sources: tuple[Checkpoint, ...]
    layout: WanLayout
    options: MetaWorldOptions

    def read(self, load: Callable[[str], dict[str, Tensor]] = safetensors.torch.load_file) -> dict[str, Tensor]:
        """The network's state dict; `load` reads one file."""
        expected = expected_shapes(self.layout, self.options)
        tensors: dict[str, Tensor] = {}
        for source in self.sources:
            tensors |= read_tensors(source, load)
        return {name: tensor for name, tensor in tensors.items() if name in expected or is_quantisation(name)}


def plan_metaworld(checkpoint: Checkpoint, base: Checkpoint | None = None) -> MetaWorldPlan:
    """Check that the files make a MetaWorld and find sizes and options; only headers are read.

    Args:
        checkpoint: a whole MetaWorld, or what it adds to its base.
        base: Wan 2.1 T2V, Phantom-Wan, or a MetaWorld that the extension adds to; needed where `checkpoint` is an
            extension.

    Raises:
        CheckpointError: if a file is something else, lacks tensors, records unknown options, or needs a base model.
    """
    if checkpoint.kind == WHOLE:
        if base is not None:
            logger.warning(
                "%s is a whole MetaWorld; its base model %s is not used.", checkpoint.path.name, base.path.name
            )
        sources: tuple[Checkpoint, ...] = (checkpoint,)
    elif checkpoint.kind != EXTENSION:
        hint = "; use the node 'Extend Base Model' on it first" if checkpoint.kind == BASE else ""
        raise CheckpointError(f"{checkpoint.path.name} is {checkpoint.kind}, not MetaWorld{hint}.")
    elif base is None:
        raise CheckpointError(
            f"{checkpoint.path.name} holds only what MetaWorld adds to its base model; choose that "
            f"({checkpoint.record.get('base_model', 'Phantom-Wan 14B or Wan 2.1 T2V')}) as 'base_model' too."
        )
    else:
        base_layout(base)
        sources = (base, checkpoint)
    shapes: dict[str, tuple[int, ...]] = {}
    recorded: dict[str, Any] = {}
    for source in sources:
        shapes |= source.shapes
        recorded |= recorded_options(source, OWN_CONFIG)
    plan = plan_from_shapes(checkpoint, shapes, recorded, sources)
    heads = attention_heads(sources) or plan.layout.dim // HEAD_DIM
    require_heads(checkpoint.path.name, plan.layout.dim, heads)
    return plan


def plan_from_shapes(
    checkpoint: Checkpoint, shapes: Shapes, recorded: Mapping[str, Any], sources: tuple[Checkpoint, ...] = ()
) -> MetaWorldPlan:
    """The same for given shapes and recorded options of a whole network."""
    own = {name: shape for name, shape in shapes.items() if not is_quantisation(name)}
    if not recorded:
        logger.warning(
            "%s does not record how it was made; it is read as the release lays it out.", checkpoint.path.name
        )
    layout = _layout(checkpoint, own)
    options = _options(checkpoint, recorded)
    if recorded.get("alignment", False) and not any(".wsa." in name for name in own):
        logger.warning("%s should hold World-State Alignment, but has none of its tensors.", checkpoint.path.name)
    options = options.matching(own)
    expected = expected_shapes(layout, options)
    require_complete_or_quantised(checkpoint, expected, shapes)
    unplaced = [name for name in own if is_extra(name) and name not in expected]
    if unplaced:
        raise CheckpointError(
            f"{checkpoint.path.name} holds {unplaced[0]}, for which a MetaWorld of {layout.layers} blocks with "
            f"condition '{options.condition}' has no place."
        )
    if layout.channels != WAN_CHANNELS and options.latent_scale is None:
        raise CheckpointError(
            f"{checkpoint.path.name} has {layout.channels} latent channels, Wan 2.1's VAE {WAN_CHANNELS}; record the "
            "option 'latent_scale' of its own VAE in the metadata."
        )
    return MetaWorldPlan(sources, layout, options)


def base_layout(base: Checkpoint) -> WanLayout:
    """Sizes of a complete base model. Raises CheckpointError if the file is something else or lacks tensors."""
    if base.kind not in (BASE, WHOLE):
        raise CheckpointError(f"{base.path.name} is {base.kind}; MetaWorld extends Phantom-Wan or Wan 2.1 T2V.")
    layout = _layout(base, base.shapes)
    own = {name: shape for name, shape in base.shapes.items() if not is_extra(name)}
    require_complete_or_quantised(base, wan_shapes(layout), own)
    return layout


def _options(checkpoint: Checkpoint, recorded: Mapping[str, Any]) -> MetaWorldOptions:
    try:
        return MetaWorldOptions.from_dict(recorded)
    except ValueError as error:
        raise CheckpointError(f"{checkpoint.path.name}: {error}") from error
    except (AttributeError, TypeError) as error:
        raise CheckpointError(f"{checkpoint.path.name}: the recorded options are damaged ({error}).") from error


def _layout(checkpoint: Checkpoint, shapes: Shapes) -> WanLayout:
    try:
        return layout_from_shapes(shapes)
    except KeyError as error:
        raise CheckpointError(
            f"{checkpoint.path.name} is taken for {checkpoint.kind}, but it lacks {error.args[0]}."
        ) from error
    except ValueError as error:
        raise CheckpointError(f"{checkpoint.path.name}: {error}.") from error


def extension_options(base: Checkpoint, options: MetaWorldOptions) -> MetaWorldOptions:
    """The options of an untrained extension for a base, whose latents and condition branch stay what they are.

    Args:
        base: Wan 2.1 T2V, Phantom-Wan, or a MetaWorld without alignment.
        options: what is asked for.

    Raises:
        CheckpointError: if the base lacks nothing, or holds quantised weights, from which an extension cannot start.
    """
    quantised = next(filter(is_quantisation, base.shapes), None)
    if quantised:
        raise CheckpointError(
            f"{base.path.name} holds quantised weights ({quantised}); extend a file in bfloat16, float16 or float32."
        )
    own = _options(base, recorded_options(base, OWN_CONFIG))
    if own.latent_scale is not None:
        options = replace(options, latent_scale=own.latent_scale, latent_rgb_factors=own.latent_rgb_factors)
    if base.kind != WHOLE:
        return options
    present = options.matching(base.shapes)
    if present.alignment or not options.alignment:
        raise CheckpointError(f"{base.path.name} is a MetaWorld that has all of this already; there is nothing to add.")
    return replace(present, alignment=True, alignment_qk_norm=options.alignment_qk_norm)


def untrained_extension(
    base: Mapping[str, Tensor], layout: WanLayout, options: MetaWorldOptions, seed: int = 0
) -> dict[str, Tensor]:
    """What MetaWorld adds to a base, before training.

    World-State Alignment starts with the block's self-attention. Its output, the last layer of a condition branch and
    the compression are zero, so that the extended model reproduces its base bit for bit. Other layers of the branch
    start as Wan's own: Xavier-uniform weights and zero biases.

    Args:
        base: state dict of Wan 2.1 T2V or Phantom-Wan; what it has of MetaWorld already is left out.
        layout: its sizes.
        options: what to build.
        seed: of the random weights.
    """
    generator = torch.Generator().manual_seed(seed)
    dtype = base["blocks.0.self_attn.q.weight"].dtype
    extension: dict[str, Tensor] = {}
    for name, shape in (condition_shapes(layout, options) | alignment_shapes(layout, options)).items():
        if name in base:
            continue
        if any(part in name for part in ZERO_AT_START) or (".wsa." not in name and name.endswith(".bias")):
            extension[name] = torch.zeros(shape, dtype=dtype)
        elif ".wsa." in name:
            extension[name] = base[name.replace(".wsa.", ".self_attn.")].clone()
        else:
            weight = torch.empty(shape)
            nn.init.xavier_uniform_(weight.flatten(1), generator=generator)
            extension[name] = weight.to(dtype)
    return extension
