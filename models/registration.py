"""A system's place in ComfyUI's lists of known models and schedulers."""

from collections.abc import Callable
from typing import Any

import comfy.samplers
import comfy.supported_models
import comfy.supported_models_base
from torch import Tensor


def register_system(
    config: type[comfy.supported_models_base.BASE], scheduler_name: str, scheduler: Callable[[Any, int], Tensor]
) -> None:
    """Put a model first in ComfyUI's list of known models, and its scheduler into the list of schedulers.

    An earlier registration is replaced: ComfyUI may import the pack more than once.

    Args:
        config: what ComfyUI asks of the model; its name says which registration it replaces.
        scheduler_name: what users choose.
        scheduler: (model_sampling, steps) -> noise levels (steps + 1,).
    """
    comfy.samplers.SCHEDULER_HANDLERS[scheduler_name] = comfy.samplers.SchedulerHandler(scheduler)
    if scheduler_name not in comfy.samplers.SCHEDULER_NAMES:
        comfy.samplers.SCHEDULER_NAMES.append(scheduler_name)
    known = comfy.supported_models.models
    known[:] = [config, *(other for other in known if other.__name__ != config.__name__)]
