"""The 3D rotary position embedding of CogVideoX.

A head is split into 1/4 for time, 3/8 for rows and 3/8 for columns; neighbouring features are rotated in pairs, with
frequencies 10000^(-2i/d) inside each part. Positions are integer token indices, which is what the published model sees
at the size that it was trained for.
"""

import torch
from torch import Tensor

from ..kernels import rotation_matrices


def _angles(positions: Tensor, dim: int) -> Tensor:
    """(positions, dim / 2) angles in radians."""
    exponent = torch.arange(0, dim, 2, dtype=torch.float32, device=positions.device) / dim
    return torch.outer(positions, 1.0 / 10000.0**exponent)


def rotary_table(frames: int, rows: int, columns: int, head_dim: int, device: torch.device | None = None) -> Tensor:
    """Rotations of a (frames, rows, columns) grid of tokens: (frames * rows * columns, head_dim / 2, 2, 2) float32."""
    spatial_dim = head_dim // 8 * 3
    index = [torch.arange(size, dtype=torch.float32, device=device) for size in (frames, rows, columns)]
    time = _angles(index[0], head_dim // 4)[:, None, None].expand(-1, rows, columns, -1)
    row = _angles(index[1], spatial_dim)[None, :, None].expand(frames, -1, columns, -1)
    column = _angles(index[2], spatial_dim)[None, None].expand(frames, rows, -1, -1)
    return rotation_matrices(torch.cat([time, row, column], dim=-1).flatten(0, 2))


def unrotated(tokens: int, table: Tensor) -> Tensor:
    """Identity rotations for `tokens` tokens without a position, of the same head size as `table`."""
    return torch.eye(2, dtype=table.dtype, device=table.device).expand(tokens, table.shape[1], 2, 2)
