"""The 2D rotary position embedding of VGGT's aggregator.

One half of a head is rotated by the row, the other by the column, with frequencies 100^(-i/n) for the n pairs of each.
Patches count from one; the tokens before them stand at (0, 0) and are not rotated.
"""

import torch
from torch import Tensor

from ..kernels import rotation_matrices

BASE = 100.0


def rotary_table(
    special_tokens: int, rows: int, columns: int, head_dim: int, device: torch.device | None = None
) -> Tensor:
    """Rotations of one view's tokens: (special_tokens + rows * columns, head_dim / 2, 2, 2) float32."""
    pairs = head_dim // 4
    frequencies = BASE ** -(torch.arange(pairs, dtype=torch.float32, device=device) / pairs)
    row, column = (torch.arange(1, size + 1, dtype=torch.float32, device=device) for size in (rows, columns))
    places = torch.cartesian_prod(row, column)
    places = torch.cat([places.new_zeros(special_tokens, 2), places])
    return rotation_matrices((places[..., None] * frequencies).flatten(1))


def neighbouring_pairs(features: Tensor) -> Tensor:
    """Reorder (..., head_dim) so that the features that are rotated together stand next to each other.

    VGGT pairs feature i of each half with i + head_dim / 4. Attention sees only products of queries and keys, which do
    not change when the features of both are reordered.
    """
    return features.unflatten(-1, (2, 2, -1)).transpose(-1, -2).flatten(-3)
