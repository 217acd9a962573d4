"""A car that is driven: throttle, brake and steering through the kinematic bicycle model.

P. Polack et al., "The kinematic bicycle model: a consistent model for planning feasible trajectories for autonomous
vehicles?", IV 2017, equation (1) with the reference point in the middle of the car. Within a frame the controls are
constant and the path is an exact arc.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..world.paths import upright_poses
from ..world.poses import heading
from .car_shape import AXLES

CONTROLS = ("throttle", "brake", "steer")
"""Order of the channels; throttle and brake 0..1, steer -1 (left) to 1 (right)."""


@dataclass(frozen=True)
class Drive:
    """What a car can do.

    Attributes:
        front, rear: metres from the middle of the car to its axles.
        largest_steer: degrees of the front wheels.
        acceleration, deceleration: metres per second squared at full throttle and brake.
        drag: share of the speed lost per second.
        top_speed: metres per second.
    """

    front: float = AXLES[0]
    rear: float = -AXLES[1]
    largest_steer: float = 35.0
    acceleration: float = 4.0
    deceleration: float = 8.0
    drag: float = 0.05
    top_speed: float = 20.0

    def curvature(self, steer: Tensor) -> tuple[Tensor, Tensor]:
        """Curvature in 1 / m of the path of the middle of the car, and its slip angle in radians, for steer -1..1."""
        angle = torch.deg2rad(steer.clamp(-1.0, 1.0) * self.largest_steer)
        slip = torch.atan(self.rear / (self.front + self.rear) * torch.tan(angle))
        return torch.sin(slip) / self.rear, slip


def _speeds(throttle: Tensor, brake: Tensor, start: float, step: float, drive: Drive) -> Tensor:
    """(frames,) speeds, constant acceleration within a frame; the car stops at 0 and does not reverse."""
    speeds = [start]
    for push, stop in zip(throttle.clamp(0.0, 1.0).tolist(), brake.clamp(0.0, 1.0).tolist(), strict=True):
        change = drive.acceleration * push - drive.deceleration * stop - drive.drag * speeds[-1]
        speeds.append(min(drive.top_speed, max(0.0, speeds[-1] + change * step)))
    return torch.tensor(speeds, dtype=torch.float64)


def drive_car(
    start: Tensor, controls: Tensor, frame_rate: float, speed: float = 0.0, drive: Drive = Drive()
) -> tuple[Tensor, Tensor]:
    """Drive a car over level ground.

    Args:
        start: (4, 4) upright pose at the first frame; the origin is on the ground below the middle of the car.
        controls: (frames - 1, 3) in the order of `CONTROLS`, each held from one frame to the next; values outside their
            range are clamped.
        frame_rate: frames per second.
        speed: at the first frame, metres per second.
        drive: what the car can do.

    Returns:
        (frames, 4, 4) float64 poses and (frames,) speeds in metres per second.

    Raises:
        ValueError: if shapes are wrong, a control is not finite, or the frame rate or speed is not usable.
    """
    if controls.ndim != 2 or controls.shape[1] != len(CONTROLS):
        raise ValueError(
            f"Controls of a car must have shape (frames - 1, {len(CONTROLS)}) for {', '.join(CONTROLS)}, "
            f"given {tuple(controls.shape)}."
        )
    if not torch.isfinite(controls).all():
        frame, channel = (int(index) for index in (~torch.isfinite(controls)).nonzero()[0])
        raise ValueError(f"Control '{CONTROLS[channel]}' at frame {frame} is {controls[frame, channel].item()}.")
    if not 0.0 < frame_rate < math.inf or not 0.0 <= speed < math.inf:
        raise ValueError(f"A car needs a positive frame rate and a speed from 0, given {frame_rate} and {speed}.")
    controls = controls.double()
    step = 1.0 / frame_rate
    speeds = _speeds(controls[:, 0], controls[:, 1], speed, step, drive)
    length = (speeds[1:] + speeds[:-1]) * (0.5 * step)
    curvature, slip = drive.curvature(controls[:, 2])
    turned = curvature * length
    facing = torch.deg2rad(heading(start.double())) + torch.cat([turned.new_zeros(1), turned.cumsum(0)])
    # The chord of an arc points half of the turn away from the direction at its start.
    chord = length * torch.sinc(turned / (2.0 * math.pi))
    direction = facing[:-1] + slip + turned / 2.0
    steps = torch.stack([chord * torch.sin(direction), torch.zeros_like(chord), chord * torch.cos(direction)], dim=-1)
    positions = start[:3, 3].double() + torch.cat([steps.new_zeros(1, 3), steps.cumsum(0)])
    return upright_poses(positions, torch.rad2deg(facing)), speeds
