"""LOAD3D_CAMERA: a dict with the single camera of ComfyUI's 3D viewers.

`position` and `quaternion` (x, y, z, w) are camera-to-world; right-handed, y up, the camera looks along -z, as in
three.js. No unit; metres here. `fov` is vertical, in degrees. Without a quaternion the camera looks at `target` with y
up. The dict knows neither a picture size nor a lens that is off its centre, and no time.
"""

import logging
import math
from collections.abc import Mapping
from typing import Any

import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from ..agents import Agent
from ..formats.cameras import single_camera_agent
from ..poses import rigid
from ..rebasing import CAMERA_TO_OPENCV
from .cameras import CameraPath

logger = logging.getLogger(__name__)

OPENCV_FROM_THREE = CAMERA_TO_OPENCV["opengl"]
"""Both for the world and for the camera."""

USUAL_FOV = 35.0
"""Degrees where the dict has no field of view, as ComfyUI's renderer takes it."""

STRAIGHT_UP = 0.999


def agent_from_load3d_camera(
    camera_info: Mapping[str, Any], name: str, size: tuple[int, int], frames: int = 1
) -> Agent:
    """An agent with one camera that stands still.

    Args:
        camera_info: the dict.
        name: of the agent.
        size: (width, height) of its pictures in pixels; `fov` is over the height.
        frames: how many frames the camera stands there.

    Raises:
        ValueError: if a value is missing or no number, the camera is orthographic, or it looks at where it stands.
    """
    if not isinstance(camera_info, Mapping) or "position" not in camera_info:
        raise ValueError(
            "The camera of a 3D viewer is empty; open the node that it comes from, so that its viewer sends one."
        )
    if str(camera_info.get("cameraType", "")).lower().startswith("ortho"):
        raise ValueError("The camera is orthographic, which no agent's can be; choose a perspective camera.")
    position = _vector(camera_info, "position", "xyz")
    if camera_info.get("quaternion"):
        quaternion = _vector(camera_info, "quaternion", "xyzw")
        if float(quaternion.norm()) < 1e-6:
            raise ValueError("The camera's quaternion is 0 0 0 0, which is no rotation.")
        rotation = torch.from_numpy(Rotation.from_quat(quaternion.numpy()).as_matrix())
    else:
        rotation = _looking_at(position, _vector(camera_info, "target", "xyz"))
    pose = rigid(OPENCV_FROM_THREE @ rotation @ OPENCV_FROM_THREE, OPENCV_FROM_THREE @ position)
    return single_camera_agent(name, pose.repeat(frames, 1, 1), _lens(camera_info, *size), size)


def load3d_camera(camera: CameraPath, frame: int = 0, over_smaller_side: bool = False) -> dict[str, Any]:
    """The dict for one frame of a camera.

    Args:
        camera: over time.
        frame: its number.
        over_smaller_side: take the field of view over the smaller side of the picture, as ComfyUI's splat renderer
            does, and not over the height, as its viewers do.

    A lens that is off its centre, or pixels that are not square, are lost, with a warning.
    """
    if frame == 0 and not camera.is_centred_square():
        logger.warning(
            "'%s': the lens is off the centre of the picture or its pixels are not square, which the camera of a 3D "
            "viewer cannot be; it gets the vertical field of view in the middle.",
            camera.label,
        )
    pose, intrinsics = camera.poses[frame], camera.intrinsics[frame]
    rotation = OPENCV_FROM_THREE @ pose[:3, :3] @ OPENCV_FROM_THREE
    position = OPENCV_FROM_THREE @ pose[:3, 3]
    side = min(camera.width, camera.height) if over_smaller_side else camera.height
    fov = math.degrees(2.0 * math.atan(side / (2.0 * intrinsics[1, 1].item())))
    return {
        "position": _named(position, "xyz"),
        "target": _named(position - rotation[:, 2], "xyz"),
        "quaternion": _named(torch.from_numpy(Rotation.from_matrix(rotation.numpy()).as_quat()), "xyzw"),
        "fov": fov,
        "aspect": camera.width / camera.height,
        "zoom": 1.0,
        "cameraType": "perspective",
    }


def _looking_at(position: Tensor, target: Tensor) -> Tensor:
    """(3, 3) camera-to-world in three.js's axes, y up."""
    back = position - target
    if float(back.norm()) < 1e-9:
        raise ValueError(f"The camera stands at {position.tolist()} and looks at the same point; move one of them.")
    back = back / back.norm()
    up = back.new_tensor([0.0, 1.0, 0.0] if abs(back[1].item()) <= STRAIGHT_UP else [0.0, 0.0, 1.0])
    right = torch.linalg.cross(up, back)
    right = right / right.norm()
    return torch.stack([right, torch.linalg.cross(back, right), back], dim=1)


def _lens(camera_info: Mapping[str, Any], width: int, height: int) -> Tensor:
    """(3, 3) in pixels."""
    fov = float(camera_info.get("fov") or USUAL_FOV)
    zoom = float(camera_info.get("zoom") or 1.0)
    if not 0.0 < fov < 180.0 or not 0.0 < zoom < math.inf:
        raise ValueError(
            f"The camera needs a field of view within 0 to 180 degrees and a zoom above 0, given {fov:g} and {zoom:g}."
        )
    focal = zoom * height / (2.0 * math.tan(math.radians(fov) / 2.0))
    return torch.tensor([[focal, 0.0, width / 2.0], [0.0, focal, height / 2.0], [0.0, 0.0, 1.0]], dtype=torch.float64)


def _vector(camera_info: Mapping[str, Any], key: str, fields: str) -> Tensor:
    try:
        values = [float(camera_info[key][field]) for field in fields]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"The camera's {key} needs the numbers {' '.join(fields)}, given {camera_info.get(key)}."
        ) from error
    if not all(math.isfinite(value) for value in values):
        raise ValueError(f"The camera's {key} holds a value that is not finite: {values}.")
    return torch.tensor(values, dtype=torch.float64)


def _named(values: Tensor, fields: str) -> dict[str, float]:
    return dict(zip(fields, values.tolist(), strict=True))
