"""Pictures as MultiWorld shows them to VGGT: scaled into a white square, the values rounded to bfloat16."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

SIDE = 224
"""Width and height in pixels of what VGGT sees in MultiWorld."""

PATCH = 14


def fitted_size(width: int, height: int) -> tuple[int, int]:
    """(width, height) of a picture whose longer side becomes 224 and whose shorter side a multiple of 14.

    Raises:
        ValueError: if the shorter side would vanish.
    """
    longer = max(width, height)
    fitted_width, fitted_height = (
        SIDE if side == longer else round(side * SIDE / longer / PATCH) * PATCH for side in (width, height)
    )
    if not fitted_width or not fitted_height:
        raise ValueError(
            f"Views of {width}x{height} pixels are too narrow for the global state encoder, which would show their "
            f"shorter side with less than {PATCH // 2} of {SIDE} pixels; crop them."
        )
    return fitted_width, fitted_height


def fit_views(views: Tensor) -> Tensor:
    """Views in white squares: (views, 3, 224, 224) uint8.

    Args:
        views: (views, height, width, 3) in 0..1; the nearest of 256 levels is taken.

    Raises:
        ValueError: if there is no view, or views have another shape than pictures.
    """
    if views.ndim != 4 or views.shape[-1] != 3 or 0 in views.shape:
        raise ValueError(
            f"The global state encoder takes views of shape (views, height, width, 3), given {tuple(views.shape)}; "
            "connect the first frame of every view as one batch of images."
        )
    size = fitted_size(views.shape[2], views.shape[1])
    levels = (views.float() * 255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    fitted = [np.asarray(Image.fromarray(view).resize(size, Image.Resampling.BICUBIC)) for view in levels]
    return _centred(torch.from_numpy(np.stack(fitted)).permute(0, 3, 1, 2))


def _centred(pictures: Tensor) -> Tensor:
    """(views, 3, 224, 224) with the pictures in the middle."""
    height, width = pictures.shape[-2:]
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    square = pictures.new_full((len(pictures), 3, SIDE, SIDE), 255)
    square[:, :, top : top + height, left : left + width] = pictures
    return square


def preprocess_views(views: Tensor) -> Tensor:
    """What the network takes: (views, 3, 224, 224) float32 in 0..1, each value one that bfloat16 can hold.

    Arguments and errors as in `fit_views`.
    """
    return (fit_views(views).float() / 255).bfloat16().float()
