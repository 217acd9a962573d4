"""ShareVerse networks from files, without ComfyUI."""

from dataclasses import replace
from pathlib import Path

from ..models.checkpoints import CheckpointError, open_checkpoint
from ..models.shareverse.checkpoint import ShareVersePlan, plan_shareverse
from ..models.shareverse.transformer import ShareVerseTransformer
from .settings import Camera

CAMERA_OPTION = "camera"
"""Recorded beside ShareVerse's options only for raw poses: readers that make raymaps then refuse the file."""


def plan_trained(path: str | Path, base: str | Path | None = None) -> tuple[ShareVersePlan, Camera]:
    """What a ShareVerse file holds, and what it was told about cameras.

    Args:
        path: a whole ShareVerse, or its extra modules.
        base: CogVideoX-I2V, needed where `path` holds the extra modules only.

    Raises:
        CheckpointError: see `plan_shareverse`.
    """
    checkpoint = open_checkpoint(path)
    options = dict(checkpoint.record.get("options", {}))
    camera = options.pop(CAMERA_OPTION, "raymap")
    if camera not in ("raymap", "raw_pose"):
        raise CheckpointError(f"{checkpoint.path.name} was trained with camera '{camera}', which is not known.")
    checkpoint = replace(checkpoint, record={**checkpoint.record, "options": options} if options else checkpoint.record)
    return plan_shareverse(checkpoint, open_checkpoint(base) if base else None), camera


def load_trained(path: str | Path, base: str | Path | None = None) -> tuple[ShareVerseTransformer, Camera]:
    """The network in float32 on the CPU, and what it was told about cameras; arguments as in `plan_trained`."""
    plan, camera = plan_trained(path, base)
    network = ShareVerseTransformer(plan.config, plan.options)
    network.load_state_dict({name: tensor.float() for name, tensor in plan.read().items()})
    return network, camera
