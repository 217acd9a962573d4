"""Videos of Pocket Town as files, with the depth, masks and cameras that go with them."""

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch

from shared_world.pocket.clip_files import encode_video
from shared_world.tests.unit.world.unrolling.town_video import FRAME_RATE, TownVideo
from shared_world.world.agents import Agents
from shared_world.world.encounters import CAR
from shared_world.world.formats import write_agents

WHITE_IS = 65.535
"""Metres: of 16 bits each stands for a millimetre."""

SETTINGS = [
    "Unroll.names=car",
    f"Unroll.sizes={' '.join(str(side) for side in CAR.size)}",
    "Unroll.mask_growth=2",
    "Unroll.voxel=0.1",
]


def grey_video(frames: np.ndarray, kind: str) -> bytes:
    """A lossless video of (frames, height, width) in one of FFmpeg's grey formats."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="matroska") as container:
        video = container.add_stream("ffv1", rate=Fraction(FRAME_RATE))
        video.height, video.width, video.pix_fmt = *frames.shape[1:], kind
        for frame in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, format=kind)))
        container.mux(video.encode())
    return stream.getvalue()


def levels(video: TownVideo) -> torch.Tensor:
    """(frames, height, width, 3) uint8 of what the filming agent films."""
    return (video.rgb[1] * 255.0).round().to(torch.uint8)


def write_posed_video(folder: Path, stem: str, video: TownVideo) -> None:
    """Write a video and what the graph `unroll_posed_video` reads beside it."""
    depth = torch.where(video.depth[1] < WHITE_IS, video.depth[1].double(), 0.0) * (65535.0 / WHITE_IS)
    (folder / f"{stem}.mkv").write_bytes(encode_video(levels(video), FRAME_RATE))
    (folder / f"{stem}.depth.mkv").write_bytes(grey_video(depth.round().numpy().astype(np.uint16), "gray16le"))
    (folder / f"{stem}.subject.mkv").write_bytes(grey_video(255 * video.cars[1].numpy().astype(np.uint8), "gray"))
    write_agents(Agents((video.filming,), FRAME_RATE), folder / f"{stem}.agents.json", "shared_world_json")
