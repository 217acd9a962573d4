"""Reading the aggregator from a VGGT file."""

from collections.abc import Callable
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from ..checkpoints import CheckpointError, open_checkpoint, read_tensors, require_complete
from ..layers import Layers
from .config import PREFIX, AggregatorConfig, config_from_shapes
from .global_state import GlobalStateNetwork

UNUSED = f"{PREFIX}patch_embed.mask_token"
"""Stands for hidden patches when DINOv2 is trained."""


def read_global_state(
    path: str | Path, load: Callable[[str], dict[str, Tensor]] = safetensors.torch.load_file
) -> tuple[AggregatorConfig, dict[str, Tensor]]:
    """Sizes and tensors of the aggregator in a VGGT file, complete and as stored; heads are left out.

    Args:
        path: a safetensors file, see `open_checkpoint`.
        load: reads the tensors of one file.

    Raises:
        CheckpointError: in one sentence, if the file is damaged, holds no aggregator, or lacks some of its tensors.
    """
    checkpoint = open_checkpoint(path)
    name = checkpoint.path.name
    shapes = {key: shape for key, shape in checkpoint.shapes.items() if key.startswith(PREFIX) and key != UNUSED}
    if not shapes:
        raise CheckpointError(
            f"{name} is {checkpoint.kind} and has no tensor '{PREFIX}*', so it lacks VGGT's aggregator; choose "
            "model.safetensors of VGGT-1B."
        )
    try:
        config = config_from_shapes(shapes)
    except KeyError as error:
        raise CheckpointError(f"{name} is taken for {checkpoint.kind}, but it lacks {error.args[0]}.") from error
    except ValueError as error:
        raise CheckpointError(f"{name} is taken for {checkpoint.kind}: {error}") from error
    expected = GlobalStateNetwork(config, Layers(device=torch.device("meta"))).state_dict()
    require_complete(checkpoint, expected, shapes)
    tensors = read_tensors(checkpoint, load)
    return config, {key: tensors[key] for key in expected}
