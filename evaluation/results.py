"""What an evaluation says about itself: which files and clips, made how, and all its numbers."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ..training.autoencoders import Autoencoder
from ..training.clips import data_set_record, list_clips
from ..training.results import git_revision
from .clips import EvaluationClips
from .measured import Measurement, without_nan
from .models import EvaluatedModel
from .settings import EvaluationSettings
from .tables import ModelRow

FORMAT, VERSION = "shared_world_evaluation", 1


def results_document(
    settings: EvaluationSettings,
    clips: EvaluationClips,
    autoencoder: Autoencoder,
    models: Sequence[EvaluatedModel],
    measurements: Mapping[str, Sequence[Measurement]],
) -> dict[str, Any]:
    """What `results.json` holds; a number that is missing is null."""
    names = [clip.name for clip in clips.chosen]
    fingerprints = json.dumps([clip.fingerprint() for clip in clips.chosen], sort_keys=True)
    reference = settings.reference
    return {
        "format": FORMAT,
        "version": VERSION,
        "settings": {name: getattr(settings, name) for name in ("baseline", "steps", "seed", "guidance", "shift")},
        "clips": {
            **data_set_record(clips.folder, list(clips.chosen)),
            "names": names,
            "digest": hashlib.sha256(fingerprints.encode()).hexdigest(),
        },
        "reference": None if reference is None else data_set_record(reference, list_clips(reference)),
        "autoencoder": {"file": autoencoder.name, "digest": autoencoder.digest},
        "models": {model.name: _model_record(model) for model in models},
        "git_revision": git_revision(),
        "torch": torch.__version__,
        "variants": {name: _variant_record(names, numbers) for name, numbers in measurements.items()},
    }


def _model_record(model: EvaluatedModel) -> dict[str, Any]:
    return {
        "file": model.file,
        "digest": model.digest,
        "camera": model.camera,
        "views": list(model.layout.view_order),
        "parameters": _parameters(model),
        "record": dict(model.record),
    }


def _variant_record(names: Sequence[str], measurements: Sequence[Measurement]) -> dict[str, Any]:
    seconds = _seconds(measurements)
    return {
        "seconds_per_clip": None if np.isnan(seconds) else seconds,
        "clips": [
            {
                "name": name,
                "all_views": None if measured.all_views is None else without_nan(measured.all_views),
                "front": without_nan(measured.front),
            }
            for name, measured in zip(names, measurements, strict=True)
        ],
    }


def model_rows(
    models: Sequence[EvaluatedModel], measurements: Mapping[str, Sequence[Measurement]]
) -> dict[str, ModelRow]:
    """The models' table."""
    rows = {}
    for model in models:
        training = model.record.get("training")
        rows[model.name] = ModelRow(
            file=model.file,
            parameters=_parameters(model),
            front_only=model.front_only,
            camera=model.camera,
            training=training if isinstance(training, Mapping) else {},
            seconds=_seconds(measurements[model.name]),
        )
    return rows


def heading(settings: EvaluationSettings, clips: EvaluationClips, autoencoder: Autoencoder) -> list[str]:
    """Paragraphs on what was evaluated and how."""
    agents, frames, height, width = clips.shape
    towns = len({clip.listed.get("town_seed") for clip in clips.chosen})
    lines = [
        f"{len(clips.chosen)} clips of {towns} towns (`{clips.folder.name}`), {agents} agents, {frames} frames, "
        f"tiles of {height}x{width}; {settings.steps} sampling steps, noise of seed {settings.seed}, autoencoder "
        f"`{autoencoder.name}`."
    ]
    if settings.reference is not None:
        lines.append(f"Colours of the own-frame oracle come from `{settings.reference.name}`.")
    return lines


def _parameters(model: EvaluatedModel) -> int:
    return sum(parameter.numel() for parameter in model.network.parameters())


def _seconds(measurements: Sequence[Measurement]) -> float:
    """Mean over the clips that were sampled; NaN for controls."""
    seconds = [measured.seconds for measured in measurements if measured.seconds is not None]
    return float(np.mean(seconds)) if seconds else float("nan")
