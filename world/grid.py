"""Several videos in one picture, labelled."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from einops import rearrange
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.nn import functional

GAP = 4
INK = (245, 245, 245)
PAPER = 0.08


def _label(text: str, width: int, height: int) -> Tensor:
    """White text on the background colour, (height, width, 3), as large as fits."""
    shade = round(PAPER * 255)
    strip = Image.new("RGB", (width, height), (shade, shade, shade))
    wanted = max(8, height - 6)
    length = ImageFont.load_default(size=wanted).getlength(text)
    font = ImageFont.load_default(size=max(6.0, wanted * min(1.0, (width - 4) / max(length, 1.0))))
    ImageDraw.Draw(strip).text((2, height // 2), text, fill=INK, font=font, anchor="lm")
    return torch.from_numpy(np.asarray(strip, dtype=np.float32) / 255.0)


def _resized(video: Tensor, width: int) -> Tensor:
    """(frames, height, width, 3) at another width, the height in proportion."""
    height = max(1, round(video.shape[1] * width / video.shape[2]))
    pictures = video[..., :3].movedim(-1, 1).float()
    resized = functional.interpolate(pictures, (height, width), mode="bicubic", antialias=True)
    return resized.clamp(0.0, 1.0).movedim(1, -1)


def video_grid(videos: Sequence[Tensor], labels: Sequence[str] = (), columns: int = 4, view_width: int = 0) -> Tensor:
    """Videos side by side, row by row.

    Args:
        videos: (frames, height, width, 3) each in 0..1, all of one size; shorter ones hold their last frame.
        labels: text above each video; empty for none.
        columns: videos per row.
        view_width: width in pixels of each video in the grid; 0 keeps the videos' own.

    Returns:
        (frames, height, width, 3) float32; sides are even, as video encoders want them.

    Raises:
        ValueError: if there is no video, sizes differ, or there are fewer labels than videos.
    """
    if not videos:
        raise ValueError("There is no video to show: connect at least one.")
    sizes = [tuple(video.shape[1:3]) for video in videos]
    for number, (height, width) in enumerate(sizes):
        if (height, width) != sizes[0]:
            raise ValueError(
                f"video {number + 1} is {width}x{height}, video 1 is {sizes[0][1]}x{sizes[0][0]}; "
                "resize the videos to one size first."
            )
    if labels and len(labels) < len(videos):
        raise ValueError(f"{len(videos)} videos need as many labels, given {len(labels)}.")

    if view_width and view_width != sizes[0][1]:
        videos = [_resized(video, view_width) for video in videos]
    frames = max(len(video) for video in videos)
    height, width = videos[0].shape[1:3]
    columns = min(columns, len(videos))
    rows = math.ceil(len(videos) / columns)
    label_height = max(16, height // 12) if labels else 0
    cell_height, cell_width = height + label_height + GAP, width + GAP
    canvas = torch.full((frames, rows, columns, cell_height, cell_width, 3), PAPER)
    for number, video in enumerate(videos):
        cell = canvas[:, number // columns, number % columns]
        if labels:
            cell[:, :label_height, :width] = _label(labels[number], width, label_height)
        cell[: len(video), label_height:-GAP, :width] = video[..., :3]
        cell[len(video) :, label_height:-GAP, :width] = video[-1:, ..., :3]
    picture = rearrange(canvas, "f r c h w rgb -> f (r h) (c w) rgb")
    odd_height, odd_width = picture.shape[1] % 2, picture.shape[2] % 2
    padded = torch.full((frames, picture.shape[1] + odd_height, picture.shape[2] + odd_width, 3), PAPER)
    padded[:, : picture.shape[1], : picture.shape[2]] = picture
    return padded if odd_height or odd_width else picture
