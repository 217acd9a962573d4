"""`train vae`: from a configuration to a trained pocket autoencoder."""

import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from ..models.pocket_vae import PocketVAE
from .data import pixel_caches
from .loop import Loop, make_accelerator
from .run_state import Progress
from .settings import VAESettings
from .settings_files import WINDOWS
from .vae_task import VAETask


def train_vae(
    settings: VAESettings, max_hours: float = math.inf, asked_to_stop: Callable[[], bool] = lambda: False
) -> Progress:
    """Train, or go on with, the run in `settings.output`; see `Loop.run`.

    Raises:
        ValueError, OSError: in one sentence, if a data set or setting does not fit.
    """
    accelerator = make_accelerator(settings.loop)
    caches = pixel_caches(settings.data, accelerator)
    task = VAETask(settings, caches, accelerator.device)
    network = PocketVAE(settings.network)
    task.initialise(network)
    folder = Path(settings.output)
    kept = {**asdict(settings), WINDOWS: len(caches.train)}
    loop = Loop(task, network, settings.loop, kept, folder, accelerator, asked_to_stop)
    return loop.run(max_hours)
