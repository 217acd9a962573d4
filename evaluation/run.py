"""An evaluation from data set and files to tables and pictures."""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from ..training.autoencoders import Autoencoder
from ..world.formats.files import write_file
from ..world.metrics.perceptual import find_lpips
from ..world.metrics.report import SMALLEST_FOR_LPIPS
from ..world.tiles import TWO_BY_TWO
from .building_colours import BuildingColours
from .clips import EvaluationClips, open_test_clips
from .controls import FrozenFirstFrame, OwnFrameOracle, Reconstruction, Truth
from .frame_files import frames_path, read_frames
from .generation import Sampling
from .measured import Measurement
from .measuring import Measuring
from .models import EvaluatedModel, TrainedModel, load_decoder, load_model, require_fitting
from .partners import wrong_partners
from .pictures import comparison_video, contact_sheet
from .results import heading, model_rows, results_document
from .sampled import Sampled, WrongPartner
from .settings import RECONSTRUCTION, TRUTH, EvaluationSettings
from .tables import report
from .variants import Variant

logger = logging.getLogger(__name__)

RESULTS_FILE, TABLE_FILE, SHEETS, VIDEOS = "results.json", "table.md", "sheets", "videos"


def evaluate(settings: EvaluationSettings) -> str:
    """Measure all models and controls and write results into `settings.out`.

        results.json           every number of every clip and variant, and what was evaluated
        table.md               the tables
        sheets/, videos/       the first clips, for a person to look at
        measured/, frames/     what another run with the same folder does not compute again

    Returns:
        The tables.

    Raises:
        CheckpointError, ValueError, OSError: in one sentence, if a file or data set does not fit.
    """
    device = torch.device(settings.device)
    clips = open_test_clips(settings.clips, settings.limit)
    autoencoder = load_decoder(settings.autoencoder, device)
    models = [load_model(name, path, device) for name, path in settings.models.items()]
    for model in models:
        require_fitting(model, autoencoder, clips.shape)
    variants = _variants(settings, clips, autoencoder, models)
    settings.out.mkdir(parents=True, exist_ok=True)
    shown = max(settings.sheets, settings.videos)
    lpips = find_lpips(device=device) if _smallest_side(clips) >= SMALLEST_FOR_LPIPS else None
    measurements = Measuring(settings.out, clips, variants, settings.batch, shown, lpips).run()
    return write_results(settings, clips, autoencoder, models, variants, measurements)


def write_results(
    settings: EvaluationSettings,
    clips: EvaluationClips,
    autoencoder: Autoencoder,
    models: Sequence[EvaluatedModel],
    variants: Sequence[Variant],
    measurements: Mapping[str, Sequence[Measurement]],
) -> str:
    """Write numbers, tables and pictures into `settings.out`; returns the tables."""
    document = results_document(settings, clips, autoencoder, models, measurements)
    write_file(settings.out / RESULTS_FILE, (json.dumps(document, indent=1, allow_nan=False) + "\n").encode())
    rows = model_rows(models, measurements)
    tables = report(measurements, rows, settings.baseline, heading(settings, clips, autoencoder))
    write_file(settings.out / TABLE_FILE, tables.encode())
    _write_pictures(settings, clips, variants)
    return tables


def _smallest_side(clips: EvaluationClips) -> int:
    return min(TWO_BY_TWO.slot_size(*clips.shape[2:]))


def _variants(
    settings: EvaluationSettings, clips: EvaluationClips, autoencoder: Autoencoder, models: Sequence[TrainedModel]
) -> list[Variant]:
    """All rows of the table, in order."""
    sampling = Sampling(autoencoder, settings.steps, settings.seed, torch.device(settings.device))
    variants: list[Variant] = [Sampled(model, sampling) for model in models]
    baseline = next(model for model in models if model.name == settings.baseline)
    partners = wrong_partners(clips.chosen, clips.listed)
    if partners is None:
        logger.warning("The wrong partner is left out: all clips show one town.")
    else:
        variants.append(WrongPartner(baseline, sampling, partners))
    if settings.reference is None:
        logger.warning("The own-frame oracle is left out: it needs a reference data set for the colours of buildings.")
    else:
        variants.append(OwnFrameOracle(BuildingColours(settings.reference, clips.chosen)))
    return [*variants, FrozenFirstFrame(), Reconstruction(autoencoder), Truth()]


def _write_pictures(settings: EvaluationSettings, clips: EvaluationClips, variants: Sequence[Variant]) -> None:
    shown = [variant.name for variant in variants if variant.shown]
    names = [TRUTH, RECONSTRUCTION, *(name for name in shown if name not in (TRUTH, RECONSTRUCTION))]
    for number, listed in enumerate(clips.chosen[: max(settings.sheets, settings.videos)]):
        agents = [f"agent {agent}" for agent in range(1, clips.shape[0] + 1)]
        tiles = {name: read_frames(frames_path(settings.out, name, listed.name), len(agents)) for name in names}
        if number < settings.sheets:
            _write(settings.out / SHEETS / f"{listed.name}.png", contact_sheet(tiles, agents))
        if number < settings.videos:
            video = comparison_video(tiles, agents, clips.frame_rate)
            _write(settings.out / VIDEOS / f"{listed.name}.mp4", video)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, data)
