"""LPIPS through torchmetrics, where it is installed and the weights are on this machine."""

import logging
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import urlparse

import torch
from torch import Tensor

logger = logging.getLogger(__name__)

Network = Literal["alex", "vgg", "squeeze"]

BACKBONE_WEIGHTS = {"alex": "AlexNet_Weights", "vgg": "VGG16_Weights", "squeeze": "SqueezeNet1_1_Weights"}
"""torchvision's names of the weights that torchmetrics builds each network on."""

PICTURES_AT_A_TIME = 32


def find_lpips(
    network: Network = "alex", device: torch.device | str = "cpu"
) -> Callable[[Tensor, Tensor], float] | None:
    """LPIPS with one network, or None with a log message that says what is missing. Nothing is downloaded.

    Args:
        network: backbone; "alex" is the usual one.
        device: where it runs.

    Returns:
        A function of generated and true pictures (..., height, width, 3) in 0..1 that gives their mean LPIPS.
    """
    if find_spec("torchmetrics") is None or find_spec("torchvision") is None:
        logger.info("LPIPS is left out: torchmetrics and torchvision are not both installed.")
        return None
    file = _backbone_file(network)
    if not file.is_file():
        logger.info("LPIPS is left out: its %s backbone is not on this machine, expected %s.", network, file)
        return None
    measure = import_module("torchmetrics.image.lpip").LearnedPerceptualImagePatchSimilarity
    metric = measure(net_type=network, normalize=True).to(device)

    def lpips(generated: Tensor, truth: Tensor) -> float:
        metric.reset()
        pairs = zip(*(_planes(pictures).split(PICTURES_AT_A_TIME) for pictures in (generated, truth)), strict=True)
        with torch.no_grad():
            for first, second in pairs:
                metric.update(first.to(device), second.to(device))
        return float(metric.compute())

    return lpips


def _backbone_file(network: Network) -> Path:
    """Where torchvision keeps the weights of a backbone."""
    weights = getattr(import_module("torchvision.models"), BACKBONE_WEIGHTS[network]).DEFAULT
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(weights.url).path).name


def _planes(pictures: Tensor) -> Tensor:
    """(pictures, 3, height, width) of (..., height, width, 3)."""
    return pictures.reshape(-1, *pictures.shape[-3:]).movedim(-1, 1).clamp(0.0, 1.0)
