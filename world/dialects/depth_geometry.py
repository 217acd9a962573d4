"""Cameras that a depth model estimated with its depth: DA3_GEOMETRY, MOGE_GEOMETRY, and posed depth.

Depth Anything 3's poses are world-to-camera with OpenCV axes, in a unit of its own, its lenses in pixels; MoGe has a
lens and no pose. What reads these dicts gives camera-to-world poses and lenses in pixels of the depth; here they become
agents. One-way: agents hold no depth.
"""

from typing import Literal

import torch
from torch import Tensor

from ..agents import Agent
from ..choices import check_choice
from ..formats.cameras import single_camera_agent

PicturesAre = Literal["frames of one agent", "agents"]


def agents_from_geometry(
    extrinsics: Tensor | None,
    intrinsics: Tensor | None,
    size: tuple[int, int],
    name: str,
    pictures_are: PicturesAre = "frames of one agent",
) -> tuple[Agent, ...]:
    """Agents with one camera each.

    Args:
        extrinsics: (pictures, 4, 4) camera-to-world; None where the model estimates none: then every camera is at the
            world's origin and looks along z.
        intrinsics: (pictures, 3, 3), or one for all, in pixels of the depth.
        size: (width, height) of the depth.
        name: of the agent; several get a number appended.
        pictures_are: one agent that moves, or as many that stand still.

    Raises:
        ValueError: if there is no lens, or another number of them than of poses.
    """
    check_choice("The pictures", pictures_are, PicturesAre)
    if intrinsics is None:
        raise ValueError(
            "The geometry has no lens: run Depth Anything 3 in mode 'multiview' with a small or base model, or MoGe."
        )
    if extrinsics is None:
        extrinsics = torch.eye(4, dtype=torch.float64).repeat(len(intrinsics), 1, 1)
    if len(intrinsics) not in (1, len(extrinsics)):
        raise ValueError(f"The geometry has {len(extrinsics)} poses but {len(intrinsics)} lenses; estimate it again.")
    intrinsics = intrinsics.double().expand(len(extrinsics), 3, 3)
    if pictures_are == "frames of one agent":
        return (single_camera_agent(name, extrinsics, intrinsics, size),)
    return tuple(
        single_camera_agent(f"{name} {number}", pose[None], lens, size)
        for number, (pose, lens) in enumerate(zip(extrinsics, intrinsics, strict=True), start=1)
    )
