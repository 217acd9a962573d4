"""OpenGL's cameras, and worlds with one axis up, in our axes: `pose = WORLD_TO_OURS[up] @ theirs @ OPENGL_CAMERA`."""

from typing import Literal

import torch
from torch import Tensor

from ..poses import rigid
from ..rebasing import CAMERA_TO_OPENCV, WORLD_TO_OPENCV

WorldUp = Literal["z", "y", "-y"]

NO_SHIFT = torch.zeros(3, dtype=torch.float64)

OPENGL_CAMERA = rigid(CAMERA_TO_OPENCV["opengl"], NO_SHIFT)
"""(4, 4) that turns OpenCV camera axes into OpenGL's and back."""

WORLD_TO_OURS: dict[WorldUp, Tensor] = {
    "z": rigid(WORLD_TO_OPENCV["z up"], NO_SHIFT),
    "y": rigid(WORLD_TO_OPENCV["y up"], NO_SHIFT),
    "-y": rigid(WORLD_TO_OPENCV["opencv"], NO_SHIFT),
}
"""(4, 4) rotation from a world with this axis up to ours, in which up is -y."""
