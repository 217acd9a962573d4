"""The ways in which the numbers of camera poses can be read, of which only one is right."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch
from torch import Tensor

from ..poses import inverse
from ..rebasing import CAMERA_TO_OPENCV, WORLD_TO_OPENCV, CameraAxes, WorldAxes

Mistake = Literal["none", "inverted", "transposed", "mirrored x", "mirrored z"]
"""What happened to a pose: it maps the other way; its rotation is written column by column; one coordinate of its
position has the other sign, so that only its rotation is right."""

MISTAKES: dict[Mistake, str] = {
    "none": "",
    "inverted": "inverted (the other way round: world-to-camera in place of camera-to-world, or the reverse)",
    "transposed": "with their rotations transposed (written column by column)",
    "mirrored x": "with left and right swapped in their positions (another handedness than their rotations)",
    "mirrored z": "with front and back swapped in their positions (another handedness than their rotations)",
}

RIGHT_HANDED: tuple[tuple[CameraAxes, ...], tuple[WorldAxes, ...]] = (
    ("opencv", "opengl", "ros"),
    ("opencv", "y up", "z up"),
)
LEFT_HANDED: tuple[tuple[CameraAxes, ...], tuple[WorldAxes, ...]] = (("unreal", "unity"), ("unreal", "unity"))


@dataclass(frozen=True)
class Reading:
    """One way to read poses that were taken for camera-to-world with OpenCV axes.

    Attributes:
        mistake: what else is wrong with them.
        camera_axes, world_axes: axes that they have instead, as `rebasing` names them.
    """

    mistake: Mistake = "none"
    camera_axes: CameraAxes = "opencv"
    world_axes: WorldAxes = "opencv"

    @property
    def changes(self) -> int:
        """How many assumptions it differs in from the present one."""
        return (self.mistake != "none") + (self.camera_axes != "opencv") + (self.world_axes != "opencv")

    def phrase(self) -> str:
        """How to read the poses, to go after 'read'."""
        parts = [MISTAKES[self.mistake]] if self.mistake != "none" else []
        axes = []
        if self.camera_axes != "opencv":
            axes.append(f"camera_axes {self.camera_axes}")
        if self.world_axes != "opencv":
            axes.append(f"world_axes {self.world_axes}")
        if axes:
            parts.append("with " + " and ".join(axes))
        return " and ".join(parts) or "as they are"


def read_as(readings: Sequence[Reading], poses: Tensor) -> Tensor:
    """(readings, ..., 4, 4) what poses (..., 4, 4) would be if each of the readings were right."""
    undone = {mistake: _without(mistake, poses) for mistake in {reading.mistake for reading in readings}}
    changed = torch.stack([undone[reading.mistake] for reading in readings])
    axes = (len(readings), *[1] * (poses.ndim - 2), 3, 3)
    cameras = torch.stack([CAMERA_TO_OPENCV[reading.camera_axes] for reading in readings]).reshape(axes)
    worlds = torch.stack([WORLD_TO_OPENCV[reading.world_axes] for reading in readings]).reshape(axes)
    changed[..., :3, :] = worlds @ changed[..., :3, :]
    changed[..., :3, :3] = changed[..., :3, :3] @ cameras.mT
    return changed


def _without(mistake: Mistake, poses: Tensor) -> Tensor:
    if mistake == "none":
        return poses
    if mistake == "inverted":
        return inverse(poses)
    changed = poses.clone()
    if mistake == "transposed":
        changed[..., :3, :3] = poses[..., :3, :3].mT
    else:
        changed[..., 0 if mistake == "mirrored x" else 2, 3] *= -1.0
    return changed


AS_IT_IS = Reading()


@cache
def other_readings() -> tuple[Reading, ...]:
    """All readings but the present one, those with the fewest changes first."""
    return tuple(sorted(_others(), key=lambda reading: reading.changes))


def _others() -> Iterator[Reading]:
    mistakes: tuple[Mistake, ...] = ("none", "inverted", "transposed")
    for cameras, worlds in (RIGHT_HANDED, LEFT_HANDED):
        for camera in cameras:
            for world in worlds:
                for mistake in mistakes:
                    reading = Reading(mistake, camera, world)
                    if reading != AS_IT_IS:
                        yield reading
    yield Reading("mirrored x")
    yield Reading("mirrored z")
