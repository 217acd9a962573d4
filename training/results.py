"""What an exported file records about how it was made."""

import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .run_state import Progress
from .settings import ExportDtype, MetaWorldSettings, ShareVerseSettings, VAESettings

PLACES = ("output", "autoencoder", "base", "start", "empty_text", "train", "validation", "cache")
"""Entries that name a file or folder, of which only the name is recorded."""


def git_revision() -> str | None:
    """Commit of the pack's checkout, with "+" behind it if files differ from it; None outside a checkout."""
    folder = Path(__file__).resolve().parent.parent
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{commit}+" if changed else commit


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603


def training_record(
    settings: ShareVerseSettings | MetaWorldSettings | VAESettings,
    data: Mapping[str, Any],
    numbers: Mapping[str, float],
    progress: Progress,
) -> dict[str, Any]:
    """The entry `training` of an exported file.

    Args:
        settings: the configuration.
        data: what is known of the data: clips, windows, seeds.
        numbers: the last validation.
        progress: steps and hours.
    """
    return {
        "recipe": _without_places(asdict(settings)),
        "data": dict(data),
        "steps": progress.step,
        "hours": round(progress.hours, 4),
        "validation": dict(numbers),
        "git_revision": git_revision(),
        "torch": torch.__version__,
    }


def _without_places(values: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            result[name] = _without_places(value)
        else:
            result[name] = Path(value).name if name in PLACES and value is not None else value
    return result


def in_dtype(tensors: Mapping[str, Tensor], dtype: ExportDtype) -> dict[str, Tensor]:
    """Tensors on the CPU in the precision of the export."""
    return {name: tensor.detach().to("cpu", getattr(torch, dtype)) for name, tensor in tensors.items()}
