"""Paths at other frame counts and frame rates."""

import logging
import math
from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, make_interp_spline
from scipy.spatial.transform import Rotation, RotationSpline, Slerp
from torch import Tensor

from .agents import Agent, Agents
from .paths import check_sampling

logger = logging.getLogger(__name__)

Interpolation = Literal["linear", "cubic"]
"""`linear`: straight between frames, rotations by slerp. `cubic`: a spline, and a rotation spline."""


def resample_poses(poses: Tensor, frames: Tensor, interpolation: Interpolation = "linear") -> Tensor:
    """Poses between frames.

    Args:
        poses: (frames, 4, 4) rigid poses.
        frames: (samples) frame numbers, fractions allowed; outside the path its first or last pose is held.
        interpolation: how to go from frame to frame.

    Returns:
        (samples, 4, 4) float64. Poses at whole frame numbers are copied, not computed.
    """
    poses = torch.as_tensor(poses, dtype=torch.float64)
    where = torch.as_tensor(frames, dtype=torch.float64).clamp(0.0, float(len(poses) - 1))
    resampled = poses[where.round().long()]
    between = where != where.round()
    if between.any():
        resampled[between] = _interpolated(poses.numpy(), where[between].numpy(), interpolation)
    return resampled


def _interpolated(poses: NDArray[np.float64], where: NDArray[np.float64], interpolation: Interpolation) -> Tensor:
    known = np.arange(len(poses))
    rotations = Rotation.from_matrix(poses[:, :3, :3])
    result = torch.eye(4, dtype=torch.float64).repeat(len(where), 1, 1)
    if interpolation == "linear":
        positions = make_interp_spline(known, poses[:, :3, 3], k=1)(where)
        result[:, :3, :3] = torch.from_numpy(Slerp(known, rotations)(where).as_matrix())
    elif interpolation == "cubic":
        positions = CubicSpline(known, poses[:, :3, 3])(where)
        result[:, :3, :3] = torch.from_numpy(RotationSpline(known, rotations)(where).as_matrix())
    else:
        raise ValueError(f"Unknown interpolation '{interpolation}'; choose 'linear' or 'cubic'.")
    result[:, :3, 3] = torch.from_numpy(positions)
    return result


def resample_agents(
    agents: Agents,
    frames: int | None = None,
    frame_rate: float | None = None,
    keep: Literal["speed", "path"] = "speed",
    interpolation: Interpolation = "linear",
) -> Agents:
    """The same agents over another number of frames or at another frame rate.

    Args:
        agents: agents with any number of frames.
        frames: frames wanted; None takes as many as fit the duration at `frame_rate`.
        frame_rate: frames per second wanted; None takes the one at which `frames` last as long as before.
        keep: what to keep if both are given and the duration changes: `speed` cuts the end off or lets the agents stand
            still there (logged); `path` goes from the first to the last pose, slower or faster than before.
        interpolation: how to go from frame to frame; per-frame intrinsics are always interpolated linearly.
    """
    if frame_rate is None:
        frame_rate = agents.frame_rate
        if frames is not None and frames > 1 and agents.frame_count > 1:
            # The ratio first: it is exactly 1 for an unchanged frame count.
            frame_rate *= (frames - 1) / (agents.frame_count - 1)
    if frames is None:
        check_sampling(1, frame_rate)
        frames = math.floor((agents.frame_count - 1) / agents.frame_rate * frame_rate + 1e-9) + 1
    check_sampling(frames, frame_rate)

    if keep == "path":
        where = torch.linspace(0.0, agents.frame_count - 1.0, frames, dtype=torch.float64)
    elif keep == "speed":
        where = torch.arange(frames, dtype=torch.float64) * (agents.frame_rate / frame_rate)
        # 3 / 0.1 is not 30: a frame number that is off by rounding only is the whole one.
        where = torch.where((where - where.round()).abs() < 1e-9 * agents.frame_count, where.round(), where)
        _warn_if_held(agents, where)
    else:
        raise ValueError(f"Unknown choice '{keep}'; keep either 'speed' or 'path'.")
    return Agents(tuple(_resampled(agent, where, interpolation) for agent in agents.members), frame_rate)


def _warn_if_held(agents: Agents, where: Tensor) -> None:
    held = int((where > agents.frame_count - 0.5).sum())
    if held:
        logger.warning(
            "The agents stand still for the last %d of %d frames: their paths have only %d frames at %g per second.",
            held, len(where), agents.frame_count, agents.frame_rate,
        )  # fmt: skip


def _resampled(agent: Agent, where: Tensor, interpolation: Interpolation) -> Agent:
    poses = resample_poses(agent.poses, where, interpolation)
    if agent.frame_intrinsics is None:
        return replace(agent, poses=poses)
    where = where.clamp(0.0, float(agent.frame_count - 1))
    before = where.floor().long()
    after = where.ceil().long()
    weight = (where - before)[:, None, None, None]
    intrinsics = torch.lerp(agent.frame_intrinsics[before], agent.frame_intrinsics[after], weight)
    return replace(agent, poses=poses, frame_intrinsics=intrinsics)
