"""Contact sheets and videos, for a person to look at."""

import io
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..world.grid import video_grid

SHEET_FRAMES = 6
TILE_WIDTH = {"sheet": 192, "video": 384}
"""Pixels to which small tiles are enlarged, by whole numbers so that pixels stay squares."""

QUALITY = "16"
"""libx264's constant rate factor; small numbers keep the colours of small pictures."""


def contact_sheet(tiles: Mapping[str, Tensor], agents: Sequence[str]) -> bytes:
    """A PNG: for every agent one row per variant, frames from the first to the last as columns.

    Args:
        tiles: variant -> (agents, frames, height, width, 3) in 0..1.
        agents: their names.
    """
    count = next(iter(tiles.values())).shape[1]
    frames = sorted({round(frame) for frame in np.linspace(0, count - 1, SHEET_FRAMES)})
    cells, labels = [], []
    for number, agent in enumerate(agents):
        for variant, videos in tiles.items():
            for frame in frames:
                cells.append(_enlarged(videos[number, frame : frame + 1], TILE_WIDTH["sheet"]))
                labels.append(f"{agent}, {variant}, frame {frame}")
    sheet = video_grid(cells, labels, columns=len(frames))[0]
    stream = io.BytesIO()
    Image.fromarray((sheet * 255.0).round().to(torch.uint8).numpy()).save(stream, "PNG")
    return stream.getvalue()


def comparison_video(tiles: Mapping[str, Tensor], agents: Sequence[str], frame_rate: float) -> bytes:
    """An MP4 (H.264): one row per variant, agents side by side. Arguments as in `contact_sheet`."""
    videos = [_enlarged(video, TILE_WIDTH["video"]) for variant in tiles.values() for video in variant]
    labels = [f"{agent}, {variant}" for variant in tiles for agent in agents]
    return _encode_mp4(video_grid(videos, labels, columns=len(agents)), frame_rate)


def _enlarged(video: Tensor, width: int) -> Tensor:
    """(frames, height, width, 3), each pixel as a square of pixels."""
    factor = max(1, round(width / video.shape[2]))
    return video.repeat_interleave(factor, 1).repeat_interleave(factor, 2)


def _encode_mp4(frames: Tensor, frame_rate: float) -> bytes:
    """H.264 in MP4 of frames (frames, height, width, 3) in 0..1 with even sides."""
    import av  # only files need it

    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=Fraction(frame_rate).limit_denominator(1000))
        video.height, video.width = frames.shape[1:3]
        video.pix_fmt = "yuv420p"
        video.options = {"crf": QUALITY}
        video.codec_context.thread_count = 1
        for frame in (frames * 255.0).round().to(torch.uint8).numpy():
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(video.encode())
    return stream.getvalue()
