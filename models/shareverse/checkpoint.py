"""ShareVerse checkpoints: a whole model, or the extra modules with the base model beside them."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from ..checkpoints import Checkpoint, CheckpointError, read_tensors, require_complete
from ..cogvideox.config import CogVideoXConfig, config_from_shapes
from ..cogvideox.transformer import CogVideoXTransformer
from ..layers import Layers
from .options import ShareVerseOptions
from .transformer import STRIDE, ShareVerseTransformer

logger = logging.getLogger(__name__)

EXTENSION_PREFIXES = ("raymap_encoders.", "cross_agent_blocks.")


@dataclass(frozen=True)
class ShareVersePlan:
    """All that is needed to build a network before its weights are read.

    Attributes:
        sources: the files that hold the weights; a later one wins.
        config, options: sizes and choices.
    """

    sources: tuple[Checkpoint, ...]
    config: CogVideoXConfig
    options: ShareVerseOptions

    def read(self, load: Callable[[str], dict[str, Tensor]] = safetensors.torch.load_file) -> dict[str, Tensor]:
        """The network's state dict; `load` reads one file."""
        tensors: dict[str, Tensor] = {}
        for source in self.sources:
            tensors |= read_tensors(source, load)
        expected = self.expected()
        return {name: tensor for name, tensor in tensors.items() if name in expected}

    def expected(self) -> dict[str, Tensor]:
        """Parameter names and shapes of the network, without memory."""
        return ShareVerseTransformer(self.config, self.options, Layers(device=torch.device("meta"))).state_dict()


def plan_shareverse(checkpoint: Checkpoint, base: Checkpoint | None = None) -> ShareVersePlan:
    """Check that the files make a ShareVerse and find its sizes.

    Args:
        checkpoint: a whole ShareVerse, or its extra modules.
        base: CogVideoX-I2V, needed where `checkpoint` holds the extra modules only.

    Raises:
        CheckpointError: if the file is something else, lacks tensors, or needs a base model.
    """
    if checkpoint.kind not in ("ShareVerse", "a ShareVerse extension without its base model"):
        hint = "; use the node 'Extend Base Model' on it first" if checkpoint.kind == "CogVideoX-I2V" else ""
        raise CheckpointError(f"{checkpoint.path.name} is {checkpoint.kind}, not ShareVerse{hint}.")
    if checkpoint.kind == "ShareVerse":
        sources: tuple[Checkpoint, ...] = (checkpoint,)
    elif base is None:
        raise CheckpointError(
            f"{checkpoint.path.name} holds only ShareVerse's extra modules; choose its base model "
            f"({checkpoint.record.get('base_model', 'CogVideoX-5B-I2V')}) as 'base_model' too."
        )
    else:
        require_base(base)
        sources = (base, checkpoint)

    shapes: dict[str, tuple[int, ...]] = {}
    record: dict[str, Any] = {}
    for source in sources:
        shapes |= source.shapes
        record |= source.record
    plan = ShareVersePlan(sources, _config(checkpoint, shapes, record), _options(checkpoint, shapes, record))
    expected = plan.expected()
    require_complete(checkpoint, expected, shapes)
    unplaced = [name for name in shapes if name.startswith(EXTENSION_PREFIXES) and name not in expected]
    if unplaced:
        raise CheckpointError(
            f"{checkpoint.path.name} holds {unplaced[0]}, for which a ShareVerse of {plan.config.layers} blocks with "
            f"cross_agent '{plan.options.cross_agent}' has no place."
        )
    return plan


def _options(
    checkpoint: Checkpoint, shapes: Mapping[str, tuple[int, ...]], record: Mapping[str, Any]
) -> ShareVerseOptions:
    recorded = record.get("options", {})
    if not recorded:
        logger.warning(
            "%s does not record how it was made; the paper's literal reading is assumed.", checkpoint.path.name
        )
    try:
        options = ShareVerseOptions.from_dict(recorded)
    except ValueError as error:
        raise CheckpointError(f"{checkpoint.path.name}: {error}") from error
    except (AttributeError, LookupError, TypeError) as error:
        raise CheckpointError(f"{checkpoint.path.name}: the recorded options are damaged ({error}).") from error
    return options if "cross_agent" in recorded else options.matching(shapes)


def _config(
    checkpoint: Checkpoint, shapes: Mapping[str, tuple[int, ...]], record: Mapping[str, Any]
) -> CogVideoXConfig:
    try:
        return config_from_shapes(shapes, record.get("network"))
    except KeyError as error:
        raise CheckpointError(
            f"{checkpoint.path.name} is taken for {checkpoint.kind}, but it lacks {error.args[0]}."
        ) from error
    except ValueError as error:
        raise CheckpointError(f"{checkpoint.path.name}: {error}") from error


def require_base(base: Checkpoint) -> None:
    """Refuse anything but CogVideoX-I2V as a base model."""
    if base.kind != "CogVideoX-I2V":
        raise CheckpointError(f"{base.path.name} is {base.kind}; ShareVerse extends CogVideoX-I2V.")


def base_config(base: Checkpoint) -> CogVideoXConfig:
    """Sizes of a complete CogVideoX-I2V. Raises CheckpointError if the file is something else or lacks tensors."""
    require_base(base)
    config = _config(base, base.shapes, base.record)
    network = CogVideoXTransformer(config, Layers(device=torch.device("meta")))
    require_complete(base, network.state_dict(), base.shapes)
    return config


def untrained_extension(
    base: Mapping[str, Tensor], config: CogVideoXConfig, options: ShareVerseOptions
) -> dict[str, Tensor]:
    """The extra modules before training (section 5.1).

    Cross-agent block k starts with the weights of block 2k; raymap encoders and projectors start at zero, so that the
    extended model reproduces its base bit for bit.

    Args:
        base: state dict of CogVideoX-I2V with published names.
        config: its sizes.
        options: which modules there are.
    """
    network = ShareVerseTransformer(config, options, Layers(device=torch.device("meta")))
    dtype = base["transformer_blocks.0.attn1.to_q.weight"].dtype
    extension = {}
    for name, parameter in network.state_dict().items():
        if not name.startswith(EXTENSION_PREFIXES):
            continue
        module, stage, rest = name.split(".", 2)
        if module == "raymap_encoders" or rest.startswith("projector."):
            extension[name] = torch.zeros(parameter.shape, dtype=dtype)
        else:
            extension[name] = base[f"transformer_blocks.{STRIDE * int(stage)}.{rest}"].clone()
    return extension
