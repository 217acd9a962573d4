"""Frames of the first clips, kept so that pictures and videos can be made when all variants are done.

frames/<variant>/<clip>.mkv    tiles of all agents side by side, lossless
"""

from pathlib import Path

import torch
from einops import rearrange
from torch import Tensor

from ..pocket.clip_files import decode_video, encode_video
from ..world.formats.files import write_file
from .front_view import in_tile

FOLDER = "frames"


def frames_path(folder: Path, variant: str, clip: str) -> Path:
    """Where the frames of a variant for a clip lie."""
    return folder / FOLDER / variant / f"{clip}.mkv"


def write_frames(path: Path, views: Tensor, frame_rate: float, alone: bool = False) -> None:
    """Keep frames (agents, frames, views, height, width, 3) in 0..1; `alone` leaves a single view as it is."""
    tiles = ((views[:, :, 0] if alone else in_tile(views)).clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    row = rearrange(tiles, "a f h w rgb -> f h (a w) rgb").contiguous()
    write_file(path, encode_video(row, frame_rate))


def read_frames(path: Path, agents: int) -> Tensor:
    """Tiles (agents, frames, height, width, 3) in 0..1.

    Raises:
        ValueError: if the file is no readable video.
    """
    return rearrange(decode_video(path).float() / 255.0, "f h (a w) rgb -> a f h w rgb", a=agents)
