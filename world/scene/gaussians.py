"""Agents as Gaussians: from the box around a body, or fitted to what pictures with depth show of it."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..agents import Agents, Body
from .masks import erode, match_size
from .projection import unproject_chosen, usable_depth
from .scene import MARKER_COLOUR, AgentGaussian

logger = logging.getLogger(__name__)

EROSION = 2.0
"""Pixels by which masks shrink: a disc of 5 pixels across, as in VerseCrafter, against depth that bleeds at rims."""

REGULARISATION = 1e-6
"""Square metres added to the diagonal of a fitted covariance."""

FEWEST_PIXELS = 10
"""Masks that would shrink to fewer stay as they are."""

SIGMAS_TO_FACE = math.sqrt(3.0)
"""A box filled evenly has its faces this many standard deviations from its centre."""


def gaussian_of_body(poses: Tensor, body: Body, sigmas_to_face: float = SIGMAS_TO_FACE) -> tuple[Tensor, Tensor]:
    """Means (frames, 3) and covariances (frames, 3, 3) of a box that moves along poses (frames, 4, 4).

    `sigmas_to_face` is the distance from the centre to a face in standard deviations; the default gives the moments of
    the solid box.
    """
    poses = poses.double()
    centre = torch.tensor(body.centre, dtype=torch.float64)
    deviation = torch.tensor(body.size, dtype=torch.float64) / (2.0 * sigmas_to_face)
    rotation = poses[:, :3, :3]
    axes = rotation * deviation
    return rotation @ centre + poses[:, :3, 3], axes @ axes.mT


def gaussians_of_agents(
    agents: Agents, colours: Mapping[str, tuple[float, float, float]] | None = None
) -> tuple[AgentGaussian, ...]:
    """A Gaussian for each agent, from its body and path.

    Args:
        agents: all need a body.
        colours: name -> RGB in 0..1 of its marker; `MARKER_COLOUR` for all others.

    Raises:
        ValueError: naming the first agent without a body, or a colour for an agent that does not exist.
    """
    colours = colours or {}
    unknown = set(colours) - set(agents.names)
    if unknown:
        raise ValueError(f"There is no agent '{sorted(unknown)[0]}' to colour; choose from {', '.join(agents.names)}.")
    gaussians = []
    for agent in agents.members:
        if agent.body is None:
            raise ValueError(f"agent '{agent.name}' has no body; give it a size, or fit a Gaussian to a mask of it.")
        means, covariances = gaussian_of_body(agent.poses, agent.body)
        gaussians.append(AgentGaussian(agent.name, means, covariances, colours.get(agent.name, MARKER_COLOUR)))
    return tuple(gaussians)


@dataclass(frozen=True, eq=False)
class FittedGaussian:
    """A subject of a video.

    Attributes:
        means: (frames, 3) float64 metres in the world frame.
        covariances: (frames, 3, 3) float64 square metres.
        seen: (frames,) bool; other frames are filled: the mean on a straight line between those before and after, the
            covariance of the nearest.
    """

    means: Tensor
    covariances: Tensor
    seen: Tensor


def fit_gaussian(
    depth: Tensor, masks: Tensor, extrinsics: Tensor, intrinsics: Tensor, name: str, erosion: float = EROSION
) -> FittedGaussian:
    """Mean and covariance of the points that a subject's pixels show, frame by frame.

    Only the side that faces the camera is seen, so the mean lies before the middle of the subject.

    Args:
        depth: (frames, height, width) metres; pixels with 0, inf or NaN are left out.
        masks: (frames, height, width) bool or 0..1, the subject.
        extrinsics: (frames, 4, 4) camera-to-world.
        intrinsics: (frames, 3, 3) or (3, 3) in pixels of the depth maps.
        name: of the subject, for messages.
        erosion: pixels by which masks shrink, where enough of them is left.

    Raises:
        ValueError: if the numbers of frames differ, or the subject is seen in no frame.
    """
    frames, height, width = depth.shape
    intrinsics = intrinsics.expand(frames, 3, 3) if intrinsics.ndim == 2 else intrinsics
    if len(masks) != frames or len(extrinsics) != frames or len(intrinsics) != frames:
        raise ValueError(
            f"agent '{name}': depth has {frames} frames, masks {len(masks)}, extrinsics {len(extrinsics)}, "
            f"intrinsics {len(intrinsics)}; give all the same."
        )
    whole = match_size(masks, height, width, f"agent '{name}'").to(depth.device) & usable_depth(depth)
    inner = erode(whole, erosion)
    large = inner.flatten(1).sum(1) >= FEWEST_PIXELS
    chosen = torch.where(large[:, None, None], inner, whole)
    count = chosen.flatten(1).sum(1)
    seen = count >= 4
    if not seen.any():
        raise ValueError(f"agent '{name}' is seen in none of {frames} frames; its mask is empty or has no depth.")
    means, covariances = _moments(depth, chosen, extrinsics, intrinsics)
    if not seen.all():
        logger.warning("agent '%s' is seen in %d of %d frames; the others are filled.", name, int(seen.sum()), frames)
    return _filled(means.cpu(), covariances.cpu(), seen.cpu())


def _moments(depth: Tensor, chosen: Tensor, extrinsics: Tensor, intrinsics: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and covariance of the chosen pixels' points of each frame; NaN where there are none."""
    frame, points = unproject_chosen(depth, chosen, extrinsics, intrinsics)
    ones = torch.ones(len(points), 1, dtype=torch.float64, device=points.device)
    count = ones.new_zeros(len(depth), 1).index_add_(0, frame, ones)
    means = points.new_zeros(len(depth), 3).index_add_(0, frame, points) / count
    offset = points - means[frame]
    squares = points.new_zeros(len(depth), 9).index_add_(0, frame, (offset[:, :, None] * offset[:, None]).flatten(1))
    identity = torch.eye(3, dtype=torch.float64, device=points.device)
    return means, (squares / (count - 1.0)).unflatten(1, (3, 3)) + REGULARISATION * identity


def _filled(means: Tensor, covariances: Tensor, seen: Tensor) -> FittedGaussian:
    known, every = seen.nonzero().squeeze(-1).numpy(), np.arange(len(seen))
    means = torch.from_numpy(np.stack([np.interp(every, known, means[seen, axis].numpy()) for axis in range(3)], 1))
    nearest = known[np.abs(every[:, None] - known).argmin(1)]
    return FittedGaussian(means, covariances[torch.from_numpy(nearest)], seen)
