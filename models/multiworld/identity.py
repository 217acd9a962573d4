"""The Agent Identity Embedding: agents' features are rotated by an angle that depends on the agent's index."""

import math

import torch
from torch import Tensor

from ..kernels import float64_device, rotation_matrices, torch_rotate
from .layout import Variant

IDENTITY_BASES: dict[Variant, float] = {"it_takes_two": 2.0, "robots": 20.0}
"""Base of the rotation's frequencies in the published files, which do not record it."""


def rotate_by_agent(features: Tensor, base: float) -> Tensor:
    """Rotate neighbouring feature pairs (2i, 2i + 1) of agent a by a * base^(-2i / dim).

    The tables are computed for any number of agents and rounded to the features' precision, as the published program
    rounds them.

    Args:
        features: (worlds, agents, frames, dim); agent 0 is left as it is.
        base: of the frequencies.
    """
    agents, dim = features.shape[1], features.shape[-1]
    device = float64_device(features.device)
    frequencies = base ** (-torch.arange(0, dim, 2, dtype=torch.float64, device=device) / dim)
    angles = torch.arange(agents, dtype=torch.float64, device=device)[:, None, None] * frequencies
    return torch_rotate(features, rotation_matrices(angles).to(features))


def identity_base_from_tables(cosines: Tensor, sines: Tensor) -> float:
    """The base that (agents, dim / 2) tables of the rotation were computed with; agent 1's rows tell it.

    Raises:
        ValueError: for tables of a single agent, or that are not such a rotation.
    """
    if cosines.shape != sines.shape or cosines.ndim != 2 or len(cosines) < 2 or cosines.shape[1] < 2:
        raise ValueError(f"Identity tables of shapes {tuple(cosines.shape)} and {tuple(sines.shape)} tell no base.")
    angles = torch.atan2(sines[1].double(), cosines[1].double())
    exponents = torch.arange(len(angles), dtype=torch.float64) / len(angles)
    if not (angles > 0).all():
        raise ValueError("The identity tables of the checkpoint are no rotation with decreasing angles.")
    # angle = base^(-exponent): the slope of log(angle) over the exponent, by least squares.
    slope = -float((exponents * angles.log()).sum() / (exponents**2).sum())
    base = math.exp(slope)
    rounding = max(torch.finfo(cosines.dtype).eps, 1e-4)
    return float(round(base)) if math.isclose(base, round(base), rel_tol=rounding) else base
