"""CAMERAPOSES: ReCamMaster's cameras, an array (frames, 4, 4), or (frames, 3, 4), of camera-to-world poses.

Unreal's axes, left-handed, for the camera and the world: x forward, y right, z up; centimetres. Columns are the
camera's axes. ReCamMaster holds every fourth frame. There is no lens and no frame rate.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..agents import Agent
from ..formats.cameras import single_camera_agent
from ..formats.carla_axes import from_opencv, to_opencv
from ..poses import check_poses
from ..rigs import pinhole_intrinsics
from .cameras import CameraPath

METRES_PER_UNIT = 0.01
FRAMES_PER_POSE = 4


def agent_from_recammaster(camera_poses: Any, name: str, size: tuple[int, int], horizontal_fov: float) -> Agent:
    """An agent with one camera; a frame per pose.

    Args:
        camera_poses: array, tensor or nested lists.
        name: of the agent.
        size: (width, height) of its pictures in pixels.
        horizontal_fov: of its lens in degrees, which the poses do not hold.

    Raises:
        ValueError: naming the frame, if a pose has the wrong shape or is none.
    """
    try:
        given = torch.as_tensor(np.asarray(camera_poses, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise ValueError("ReCamMaster's poses must be an array of numbers (frames, 4, 4).") from error
    if given.ndim != 3 or tuple(given.shape[1:]) not in ((4, 4), (3, 4)) or len(given) == 0:
        raise ValueError(f"ReCamMaster's poses must have the shape (frames, 4, 4), given {tuple(given.shape)}.")
    poses = torch.eye(4, dtype=torch.float64).repeat(len(given), 1, 1)
    poses[:, : given.shape[1]] = given
    check_poses(poses, f"agent '{name}'")
    poses = to_opencv(poses)
    poses[:, :3, 3] *= METRES_PER_UNIT
    return single_camera_agent(name, poses, pinhole_intrinsics(*size, horizontal_fov), size)


def recammaster_poses(camera: CameraPath, frames_per_pose: int = FRAMES_PER_POSE) -> NDArray[np.float64]:
    """Every `frames_per_pose`-th frame of a camera as (poses, 4, 4); the lens is lost."""
    if frames_per_pose < 1:
        raise ValueError(f"There must be at least one frame per pose, given {frames_per_pose}.")
    poses = from_opencv(camera.poses[::frames_per_pose]).clone()
    poses[:, :3, 3] /= METRES_PER_UNIT
    return poses.numpy()
