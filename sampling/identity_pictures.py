"""Identity images: a subject cut out of a picture, alone on a white canvas, as MetaWorld's release prepares them."""

import comfy.utils
import torch
from kornia.color import lab_to_rgb, rgb_to_lab
from torch import Tensor

WHITE = 1.0
SUBJECT = 0.5
"""A mask above it belongs to the subject."""


def identity_pictures(
    pictures: Tensor, masks: Tensor | None, width: int, height: int, brightness_of: Tensor | None = None
) -> Tensor:
    """Each picture's subject, as large as fits, in the middle of a white canvas.

    Args:
        pictures: (pictures, height, width, 3) in 0..1; a fourth channel is opacity and is used where there is no mask.
        masks: (pictures or 1, height, width), 1 on the subject; without them the whole picture is the subject.
        width, height: of the canvas in pixels.
        brightness_of: (any number, height, width, 3) pictures whose mean lightness the subjects get.

    Returns:
        (pictures, height, width, 3) in 0..1.

    Raises:
        ValueError: for a mask that is empty, of another size or of another number than the pictures, or a brightness
            reference that is black.
    """
    if masks is None and pictures.shape[-1] == 4:
        masks = pictures[..., 3]
    pictures = pictures[..., :3]
    if masks is not None:
        masks = _fitting_masks(masks, pictures)
    lightness = None if brightness_of is None else mean_lightness(brightness_of[..., :3])
    made = []
    for number, picture in enumerate(pictures):
        mask = picture.new_ones(picture.shape[:2]) if masks is None else masks[number]
        picture, mask = cropped_to_subject(picture, mask, number)
        if lightness is not None:
            picture = with_lightness(picture, mask > SUBJECT, lightness)
        alone = picture * mask[..., None] + WHITE * (1 - mask[..., None])
        made.append(on_white_canvas(alone, width, height))
    return torch.stack(made)


def _fitting_masks(masks: Tensor, pictures: Tensor) -> Tensor:
    if masks.ndim == 2:
        masks = masks[None]
    if masks.shape[1:] != pictures.shape[1:3]:
        raise ValueError(
            f"The mask has {masks.shape[2]}x{masks.shape[1]} pixels, the picture {pictures.shape[2]}x"
            f"{pictures.shape[1]}; connect the mask of this picture, or none (Load Image gives an empty 64x64 one for "
            "a picture without transparency)."
        )
    if len(masks) not in (1, len(pictures)):
        raise ValueError(f"There are {len(masks)} masks for {len(pictures)} pictures; give one mask for each.")
    return masks.to(pictures).clamp(0, 1).expand(len(pictures), -1, -1)


def cropped_to_subject(picture: Tensor, mask: Tensor, number: int = 0) -> tuple[Tensor, Tensor]:
    """Picture (height, width, 3) and mask (height, width), both cut to the subject's box.

    Raises:
        ValueError: if there is no subject, naming the picture by its number from 0.
    """
    rows, columns = torch.nonzero(mask > SUBJECT, as_tuple=True)
    if not len(rows):
        raise ValueError(
            f"The mask of picture {number + 1} is empty: there is no subject to cut out; connect a mask that is white "
            "on the subject (Invert Mask turns Load Image's around), or none."
        )
    box = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    return picture[box], mask[box]


def on_white_canvas(picture: Tensor, width: int, height: int) -> Tensor:
    """A picture (height, width, 3) scaled to fit (Lanczos), its proportions kept, in the middle of a white canvas."""
    own_height, own_width = picture.shape[:2]
    scale = min(width / own_width, height / own_height)
    columns, rows = max(1, round(own_width * scale)), max(1, round(own_height * scale))
    if (rows, columns) != (own_height, own_width):
        scaled = comfy.utils.common_upscale(picture.movedim(-1, 0)[None], columns, rows, "lanczos", "disabled")
        picture = scaled[0].movedim(0, -1)
    canvas = picture.new_full((height, width, 3), WHITE)
    top, left = (height - rows) // 2, (width - columns) // 2
    canvas[top : top + rows, left : left + columns] = picture
    return canvas


def mean_lightness(pictures: Tensor) -> float:
    """Mean CIELAB lightness, 0..100, of pictures (any number, height, width, 3), black pixels left out.

    Nothing was rendered where a condition video is black.

    Raises:
        ValueError: if all pixels are black.
    """
    lightness = torch.cat([rgb_to_lab(picture.movedim(-1, 0))[0][picture.sum(-1) > 0] for picture in pictures])
    if not len(lightness):
        raise ValueError("The brightness reference is black all over; connect a picture of the scene, or none.")
    return float(lightness.mean())


def with_lightness(picture: Tensor, subject: Tensor, lightness: float) -> Tensor:
    """A picture in CIELAB scaled so that the subject's mean lightness is the given one.

    Chroma is scaled with it: a colour made darker alone would become more saturated than light can be.

    Args:
        picture: (height, width, 3) in 0..1.
        subject: (height, width), the pixels that count.
        lightness: 0..100.
    """
    lab = rgb_to_lab(picture.movedim(-1, 0))
    own = lab[0][subject].mean()
    return lab_to_rgb(lab * (lightness / own.clamp(min=1.0))).movedim(0, -1).clamp(0, 1)
