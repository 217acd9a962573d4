"""An evaluation of MetaWorld networks, from data set and files to tables and pictures."""

import torch

from ..world.metrics.perceptual import find_lpips
from ..world.metrics.report import SMALLEST_FOR_LPIPS
from .clips import open_test_clips
from .controls import Reconstruction, Truth
from .measuring import Measuring
from .metaworld_variants import ConditionVideo, MetaWorldSampling, load_metaworld, variants_of
from .models import load_decoder
from .run import write_results
from .settings import EvaluationSettings
from .variants import Variant


def evaluate_metaworld(settings: EvaluationSettings) -> str:
    """Measure all models, told about the clips in several ways, and controls; files as `run.evaluate` writes them.

    Returns:
        The tables.

    Raises:
        CheckpointError, ValueError, OSError: in one sentence, if a file or data set does not fit.
    """
    device = torch.device(settings.device)
    clips = open_test_clips(settings.clips, settings.limit)
    autoencoder = load_decoder(settings.autoencoder, device)
    models = [load_metaworld(name, path, device) for name, path in settings.models.items()]
    for model in models:
        if model.network.layout.channels != autoencoder.channels:
            raise ValueError(
                f"The model '{model.name}' makes latents of {model.network.layout.channels} channels, the autoencoder "
                f"{autoencoder.name} has {autoencoder.channels}; choose the autoencoder that it was trained with."
            )
    sampling = MetaWorldSampling(autoencoder, settings.steps, settings.seed, settings.guidance, settings.shift, device)
    variants: list[Variant] = [row for model in models for row in variants_of(model, sampling)]
    variants += [ConditionVideo(models[0], sampling), Reconstruction(autoencoder), Truth()]
    settings.out.mkdir(parents=True, exist_ok=True)
    shown = max(settings.sheets, settings.videos)
    lpips = find_lpips(device=device) if min(clips.shape[2:]) >= SMALLEST_FOR_LPIPS else None
    measurements = Measuring(settings.out, clips, variants, settings.batch, shown, lpips).run()
    return write_results(settings, clips, autoencoder, models, variants, measurements)
