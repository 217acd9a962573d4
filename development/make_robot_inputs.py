"""Make what the robots example loads: python -m shared_world.development.make_robot_inputs.

Two Panda arms at a table with blocks: pictures of three cameras at the first frame, the cameras, and the arms' joints
while each puts a block into the middle. The pictures show the arms as the joints say.
"""

import argparse
import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.interpolate import PchipInterpolator
from torch import Tensor

from ..world.actions.panda import READY_POSE
from ..world.formats.files import write_file
from ..world.poses import inverse
from ..world.rigs import pinhole_intrinsics
from .example_inputs import EXAMPLE_INPUTS
from .panda_arm import FINGERTIPS, FLANGE, hand_frame, joint_frames, joints_that_reach
from .robot_table import Solid, ball, box, camera_pose, cylinder, render_solids

WIDTH, HEIGHT = 320, 256
FRAMES = 81
SAMPLES = 9
FOV = 60.0
"""Degrees over the width."""

LOOK_AT = (0.0, 0.0, 0.22)
CAMERAS = {
    "front": (0.12, -1.55, 0.95),
    "side": (1.30, -1.10, 0.95),
    "back": (-0.85, 1.30, 1.15),
}
"""Positions by name; all look at `LOOK_AT`."""

BASES = ((-0.58, 0.0), (0.58, 0.0))
"""Where the arms stand; they face each other."""
BLOCK = 0.06
BLOCKS = {(-0.14, -0.20): (0.80, 0.12, 0.10), (0.16, 0.20): (0.12, 0.30, 0.80), (0.24, -0.22): (0.90, 0.72, 0.10)}
"""Colours by place; each arm takes the one of its number, the last one stays."""
PLACES = ((0.0, -0.04), (0.0, 0.06))
"""Where the arms put their blocks."""
GRIP, LIFT = 0.03, 0.20
"""Heights of the fingertips above the table."""
OPEN, CLOSED = 1.0, -1.0
STEPS = (
    (0, "parked", LIFT, OPEN),
    (18, "block", LIFT, OPEN),
    (28, "block", GRIP, OPEN),
    (34, "block", GRIP, CLOSED),
    (46, "block", LIFT, CLOSED),
    (60, "place", LIFT, CLOSED),
    (70, "place", GRIP, CLOSED),
    (75, "place", GRIP, OPEN),
    (80, "place", GRIP, OPEN),
)
"""Frame, where the hand is, its height and the gripper from that frame on."""

WHITE, GREY, DARK = (0.86, 0.87, 0.88), (0.45, 0.47, 0.50), (0.20, 0.21, 0.23)
WOOD, FLOOR = (0.66, 0.50, 0.34), (0.52, 0.53, 0.55)


def main() -> None:
    """Write the files and print their names."""
    parser = argparse.ArgumentParser(description="Make what the robots example loads.")
    parser.add_argument("--out", type=Path, default=EXAMPLE_INPUTS, help="folder (default: %(default)s)")
    for path in write_robot_inputs(parser.parse_args().out):
        print(path)


def write_robot_inputs(folder: Path) -> list[Path]:
    """Write three pictures, three cameras and the joints; returns the files."""
    joints = recording()
    written = [write_array(joints, folder / "robots_joints.npy")]
    poses, intrinsics = cameras()
    pictures = render_solids(scene(joints[:, 0]), poses, intrinsics, HEIGHT, WIDTH, SAMPLES)
    for name, picture, pose, matrix in zip(CAMERAS, pictures, poses, intrinsics, strict=True):
        stream = io.BytesIO()
        Image.fromarray((picture * 255).round().byte().numpy()).save(stream, format="PNG", optimize=True)
        written.append(folder / f"robots_{name}.png")
        write_file(written[-1], stream.getvalue())
        written.append(write_array(camera_numbers(pose, matrix), folder / f"robots_{name}.npy"))
    return written


def write_array(values: np.ndarray, path: Path) -> Path:
    """Write an array as npy."""
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=False)
    write_file(path, stream.getvalue())
    return path


def cameras() -> tuple[Tensor, Tensor]:
    """Camera-to-world poses (cameras, 4, 4) and intrinsics (cameras, 3, 3) in pixels."""
    poses = torch.stack([camera_pose(position, LOOK_AT) for position in CAMERAS.values()])
    return poses, pinhole_intrinsics(WIDTH, HEIGHT, FOV).expand(len(poses), 3, 3)


def camera_numbers(pose: Tensor, intrinsics: Tensor) -> np.ndarray:
    """(1, 1, 16) float32: fx, fy, cx, cy, and the upper three rows of the world-to-camera matrix."""
    focal_and_centre = intrinsics[[0, 1, 0, 1], [0, 1, 2, 2]]
    numbers = torch.cat([focal_and_centre, inverse(pose)[:3].flatten()])
    return numbers.float().numpy()[None, None]


def recording() -> np.ndarray:
    """Joints and grippers (arms, frames, 8) float32 of two arms that move blocks; smooth between the steps."""
    return np.stack([_motion(number) for number in range(len(BASES))]).astype(np.float32)


def _motion(number: int) -> np.ndarray:
    base = base_pose(number)
    places = {"block": list(BLOCKS)[number], "place": PLACES[number]}
    targets = [np.array(READY_POSE)]
    for _, where, height, _ in STEPS[1:]:
        point = np.linalg.inv(base) @ np.array([*places[where], height, 1.0])
        targets.append(joints_that_reach(point[:3]))
    frames = np.array([step[0] for step in STEPS])
    joints = PchipInterpolator(frames, np.stack(targets))(np.arange(FRAMES))
    gripper = np.array([STEPS[np.searchsorted(frames, frame, side="right") - 1][3] for frame in range(FRAMES)])
    return np.concatenate([joints, gripper[:, None]], axis=1)


def base_pose(number: int) -> np.ndarray:
    """Base-to-world (4, 4) of an arm."""
    x, y = BASES[number]
    facing = -np.sign(x)
    pose = np.diag([facing, facing, 1.0, 1.0])
    pose[:2, 3] = x, y
    return pose


def scene(joints: np.ndarray) -> list[Solid]:
    """The table with its blocks, and the arms with joints and grippers (arms, 8)."""
    solids = [
        box((0.0, 0.0, -0.74), (8.0, 8.0, 0.02), FLOOR),
        box((0.0, 0.0, -0.02), (1.7, 0.95, 0.04), WOOD),
        *(box((x, y, -0.385), (0.06, 0.06, 0.69), DARK) for x in (-0.78, 0.78) for y in (-0.41, 0.41)),
        *(box((x, y, BLOCK / 2), (BLOCK,) * 3, colour) for (x, y), colour in BLOCKS.items()),
    ]
    for number, values in enumerate(joints):
        solids += arm(base_pose(number), values)
    return solids


def arm(base: np.ndarray, values: np.ndarray) -> list[Solid]:
    """One arm's solids: links as cylinders with balls at the joints, a hand and two fingers."""
    frames = base @ joint_frames(values[:7])
    origins = frames[:, :3, 3]
    shoulder, elbow, forearm, wrist = origins[2], origins[4], origins[5], origins[7]
    hand = base @ hand_frame(values[:7])
    flange = hand[:3, 3] - (FINGERTIPS - FLANGE) * hand[:3, 2]
    solids = [
        cylinder(origins[0], origins[0] + [0.0, 0.0, 0.06], 0.10, GREY),
        cylinder(origins[0], shoulder, 0.065, WHITE),
        cylinder(shoulder, origins[3], 0.06, WHITE),
        cylinder(origins[3], elbow, 0.055, WHITE),
        cylinder(elbow, forearm, 0.055, WHITE),
        cylinder(forearm, wrist, 0.048, WHITE),
        cylinder(wrist, flange, 0.045, WHITE),
        *(ball(point, radius, GREY) for point, radius in ((shoulder, 0.075), (elbow, 0.068), (forearm, 0.062))),
        *(ball(point, 0.055, WHITE) for point in (origins[3], wrist)),
    ]
    opening = 0.04 if values[7] > 0 else BLOCK / 2
    parts = [(0.0, 0.075, (0.03, 0.10, 0.035))]
    parts += [(side * (opening + 0.007), 0.025, (0.009, 0.007, 0.028)) for side in (-1, 1)]
    for y, back, size in parts:
        pose = hand.copy()
        pose[:3, 3] += y * hand[:3, 1] - back * hand[:3, 2]
        solids.append(Solid("box", pose, size, DARK))
    return solids


if __name__ == "__main__":
    main()
