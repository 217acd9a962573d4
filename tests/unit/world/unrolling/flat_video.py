"""A standing camera before a wall, and a board that moves to the right in front of it."""

import torch

from shared_world.world.rigs import pinhole_intrinsics
from shared_world.world.unrolling import UnrollOptions

FRAMES, HEIGHT, WIDTH, FRAME_RATE = 12, 60, 80, 6.0
WALL, BOARD = 10.0, 5.0
STEP = 3
"""Pixels that the board moves per frame."""

LENS = pinhole_intrinsics(WIDTH, HEIGHT, 90.0)
OPTIONS = UnrollOptions(dilation=2.0, voxel=0.05)


def flat_video(frames: int = FRAMES) -> dict:
    """Arguments of `unroll_video`. The board is 16x20 pixels, 2 m wide and 2.5 m high, and moves at 2.25 m/s."""
    masks = torch.zeros(1, frames, HEIGHT, WIDTH, dtype=torch.bool)
    for frame in range(frames):
        masks[0, frame, 20:40, 10 + STEP * frame : 26 + STEP * frame] = True
    depth = torch.where(masks[0], BOARD, WALL)
    images = torch.where(masks[0, ..., None], torch.tensor([0.9, 0.1, 0.1]), torch.tensor([0.2, 0.6, 0.3]))
    return {
        "images": images,
        "depth": depth,
        "extrinsics": torch.eye(4).repeat(frames, 1, 1).double(),
        "intrinsics": LENS,
        "masks": masks,
        "frame_rate": FRAME_RATE,
        "options": OPTIONS,
    }
