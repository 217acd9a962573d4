"""H.264 files that a browser plays and seeks in frame by frame."""

from fractions import Fraction
from pathlib import Path

import av
import torch
from av.video.reformatter import ColorRange, Colorspace
from torch import Tensor

KEY_FRAME_EVERY = 8
"""Frames that a browser decodes at most to show any one of them."""

QUALITY = {"crf": "18", "preset": "veryfast", "bf": "0"}
"""Hardly any visible loss; without frames that refer to later ones, so that the first frame is at time 0."""

READABLE_WIDTH = 256
BT709 = 1
"""Smallest width of a file, and the number of the colour standard that it names."""


def enlargement(width: int) -> int:
    """Whole factor that makes a small picture readable, so that colours, stored at half the size, are not lost."""
    return max(1, READABLE_WIDTH // width)


def write_video(path: Path, images: Tensor, frame_rate: Fraction) -> None:
    """Write frames (frames, height, width, 3 or more) in 0..1 as H.264 in MP4; the file appears complete or not at all.

    Small frames are enlarged by a whole factor. Sides become even numbers by repeating the last row or column.
    """
    factor = enlargement(images.shape[2])
    height, width = (factor * side for side in images.shape[1:3])
    unfinished = path.with_name(f".{path.name}.part")
    try:
        with av.open(str(unfinished), "w", format="mp4", options={"movflags": "faststart"}) as container:
            stream = container.add_stream("h264", rate=frame_rate, options=QUALITY)
            stream.width, stream.height = width + width % 2, height + height % 2
            stream.pix_fmt, stream.gop_size = "yuv420p", KEY_FRAME_EVERY
            stream.codec_context.colorspace = stream.codec_context.color_primaries = BT709
            stream.codec_context.color_trc, stream.codec_context.color_range = BT709, ColorRange.MPEG
            for image in images:
                frame = av.VideoFrame.from_ndarray(_pixels(image, factor).numpy(), format="rgb24")
                frame = frame.reformat(
                    format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
                )
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _pixels(image: Tensor, factor: int) -> Tensor:
    """One frame as bytes, enlarged and with even sides."""
    pixels = (image[..., :3].float() * 255.0).round().clamp(0.0, 255.0).byte().cpu()
    pixels = pixels.repeat_interleave(factor, 0).repeat_interleave(factor, 1)
    rows, columns = pixels.shape[:2]
    if rows % 2:
        pixels = torch.cat([pixels, pixels[-1:]])
    if columns % 2:
        pixels = torch.cat([pixels, pixels[:, -1:]], 1)
    return pixels.contiguous()
