"""Depth put into the world: through which lens, from where, and in metres."""

import logging
from typing import Any

import torch
from torch import Tensor

from ..world.agents import Agent, Agents
from ..world.poses import inverse, pitch_rotation, rigid
from ..world.rigs import pinhole_intrinsics, resized_intrinsics
from ..world.scene import scale_from_camera_height, scale_from_distance
from .depth_input import AS_GIVEN, CAMERA_HEIGHT, ReadDepth
from .sockets import PosedDepth

logger = logging.getLogger(__name__)


def posed_depth(
    read: ReadDepth,
    pictures: Tensor,
    horizontal_fov: float,
    metric_scale: dict[str, Any],
    camera_height: float,
    camera_pitch: float,
    camera: Agents | None = None,
    ground: Tensor | None = None,
) -> PosedDepth:
    """Depth with cameras.

    Args:
        read: depth of all frames.
        pictures: (frames, height, width, 3) as the user gave them, whose pixels `metric_scale` counts.
        horizontal_fov: degrees; 0 takes the lens of `camera`, or else of the geometry.
        metric_scale: the choice of `depth_input.scale_inputs`; it is measured in the first frame.
        camera_height, camera_pitch: metres and degrees upwards of the first camera, which is at x = z = 0 and looks
            along z, where no `camera` is given.
        camera: its first agent's first view took the pictures.
        ground: (masks, height, width), of which the first shows the ground.

    Raises:
        ValueError: if lens or poses are not known, `camera` has other frames, or the scale cannot be measured.
    """
    agent = None if camera is None else camera.members[0]
    if agent is not None and agent.frame_count != len(read.depth):
        raise ValueError(
            f"agent '{agent.name}', which is the camera, has {agent.frame_count} frames, the depth {len(read.depth)}; "
            "give one pose for every picture."
        )
    intrinsics = _lens(read, horizontal_fov, agent)
    if metric_scale["metric_scale"] == AS_GIVEN and not read.metric:
        logger.warning(
            "Depth Anything 3's depth is not in metres, so that paths in metres do not fit the scene; choose camera "
            "height or known distance as metric_scale."
        )
    factor = _factor(read.depth[0], intrinsics[0], pictures, metric_scale, camera_height, ground)
    extrinsics = agent.extrinsics()[:, 0] if agent is not None else _poses(read, factor, camera_height, camera_pitch)
    return PosedDepth(read.depth * factor, extrinsics, intrinsics)


def _lens(read: ReadDepth, horizontal_fov: float, agent: Agent | None) -> Tensor:
    """(frames, 3, 3) in pixels of the depth."""
    frames, height, width = read.depth.shape
    if horizontal_fov > 0.0:
        return pinhole_intrinsics(width, height, horizontal_fov).repeat(frames, 1, 1)
    if agent is not None:
        return resized_intrinsics(agent.intrinsics()[:, 0], (agent.rig.width, agent.rig.height), (width, height))
    if read.intrinsics is None:
        raise ValueError(
            "The lens is not known: the depth comes without one; set horizontal_fov, connect a camera, or connect the "
            "geometry of MoGe."
        )
    if len(read.intrinsics) != frames:
        raise ValueError(f"The geometry has {frames} depth maps but {len(read.intrinsics)} lenses; estimate it again.")
    return read.intrinsics


def _factor(
    depth: Tensor,
    intrinsics: Tensor,
    pictures: Tensor,
    metric_scale: dict[str, Any],
    camera_height: float,
    ground: Tensor | None,
) -> float:
    chosen = metric_scale["metric_scale"]
    if chosen == AS_GIVEN:
        return 1.0
    if chosen == CAMERA_HEIGHT:
        if camera_height <= 0.0:
            raise ValueError("The scale is to come from the camera height, which is 0; set camera_height in metres.")
        factor = scale_from_camera_height(depth, intrinsics, camera_height, None if ground is None else ground[0])
    else:
        given_height, given_width = pictures.shape[1:3]
        column, row = metric_scale["column"], metric_scale["row"]
        if column >= given_width or row >= given_height:
            raise ValueError(
                f"The pixel in column {column}, row {row} lies outside of the picture of {given_width}x{given_height}; "
                "count both from 0."
            )
        height, width = depth.shape
        pixel = ((column + 0.5) * width / given_width, (row + 0.5) * height / given_height)
        factor = scale_from_distance(depth, intrinsics, [pixel], metric_scale["distance"])
    logger.info("Depth is multiplied by %.4g.", factor)
    return factor


def _poses(read: ReadDepth, factor: float, camera_height: float, camera_pitch: float) -> Tensor:
    """(frames, 4, 4), the first one at the given height and pitch."""
    first = rigid(pitch_rotation(camera_pitch), torch.tensor([0.0, -camera_height, 0.0], dtype=torch.float64))
    frames = len(read.depth)
    if frames == 1:
        return first[None]
    if read.extrinsics is None:
        raise ValueError(
            f"{frames} pictures need the camera's pose in each: connect a camera path, or the geometry of Run Depth "
            "Anything 3 in mode 'multiview'."
        )
    if len(read.extrinsics) != frames:
        raise ValueError(
            f"The geometry has {frames} depth maps but {len(read.extrinsics)} camera poses; estimate it again."
        )
    relative = inverse(read.extrinsics[:1]) @ read.extrinsics
    relative[:, :3, 3] *= factor
    return first @ relative
