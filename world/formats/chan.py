"""Nuke's `.chan` camera animation, which Blender, Houdini and trackers read and write too.

One line per frame, columns separated by blanks or tabs; lines that begin with # and blank lines are skipped:

    frame tx ty tz rx ry rz [vfov]

Camera-to-world, right-handed, y up; the camera looks along -z with y up. Translations are in scene units, taken as
metres; rotations in degrees. `vfov` is the vertical field of view in degrees over the whole picture height. To ours:

    pose = diag(1, -1, -1, 1) @ (the file's matrix) @ diag(1, -1, -1, 1)

The columns do not say in which order the rotations are applied. `rotation_order` names the axes in that order, as Nuke
and Blender do: ZXY, Nuke's default, turns about z, then x, then y; Blender's add-on proposes XYZ. It is taken from a
comment `# … rotation order XYZ`, as files written here have, or from the file's name ("shot_XYZ.chan"), else it is ZXY.

There is no picture size, aspect or frame rate either, and a file holds one camera; without `vfov` it takes the field of
view of the options. Frame numbers must increase; a gap is filled along a straight line with a warning. On export the
first frame is 1, and angles go on beyond 180 degrees rather than jump.
"""

import logging
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from ..agents import Agents
from ..choices import check_choice
from ..poses import rigid
from ..resampling import resample_poses
from .cameras import CameraFile, agent_name, camera_files, single_camera_agent
from .description import FileFormat, Head, ReadOptions, WriteOptions
from .files import read_text, write_file
from .number_rows import NumberRows, looks_like_rows, read_number_rows
from .opengl_axes import OPENGL_CAMERA, WORLD_TO_OURS

logger = logging.getLogger(__name__)

RotationOrder = Literal["ZXY", "XYZ", "XZY", "YXZ", "YZX", "ZYX"]

USUAL_ORDER: RotationOrder = "ZXY"
_ORDER_IN_COMMENT = re.compile(r"^[ \t]*#.*\brotation order[ :]+([XYZ]{3})\b", re.MULTILINE)
_ORDER_IN_NAME = re.compile(r"(?<![A-Za-z])[XYZ]{3}(?![A-Za-z])")

COLUMNS = ("frame", "tx", "ty", "tz", "rx", "ry", "rz")
LENS_COLUMN = "vfov"
AXES = "XYZ"

MOST_FRAMES = 100_000
"""Longest range of frame numbers that is filled."""


@dataclass(frozen=True)
class ChanReadOptions(ReadOptions):
    """Options of `.chan`.

    Attributes:
        rotation_order: axes in the order in which the rotations are applied; None takes it from a comment or the name
            of the file, else ZXY.
    """

    rotation_order: RotationOrder | None = None

    def __post_init__(self) -> None:
        if self.rotation_order is not None:
            check_choice("rotation_order", self.rotation_order, RotationOrder)

    def order_of(self, text: str, path: Path) -> str:
        """The order for a file."""
        if self.rotation_order is not None:
            return self.rotation_order
        stated = [*_ORDER_IN_COMMENT.findall(text), *_ORDER_IN_NAME.findall(path.stem)]
        return next((order for order in stated if order in get_args(RotationOrder)), USUAL_ORDER)


@dataclass(frozen=True)
class ChanWriteOptions(WriteOptions):
    """Options of `.chan`.

    Attributes:
        rotation_order: axes in the order in which the rotations are applied.
    """

    rotation_order: RotationOrder = USUAL_ORDER

    def __post_init__(self) -> None:
        check_choice("rotation_order", self.rotation_order, RotationOrder)


def _recognise(head: Head) -> bool:
    return head.path.suffix.lower() == ".chan" and looks_like_rows(head.text, (len(COLUMNS), len(COLUMNS) + 1))


def rotation_matrices(degrees: Tensor, order: str) -> Tensor:
    """(..., 3, 3) rotations of angles (..., 3) about x, y, z in degrees, applied in `order`."""
    angles = degrees[..., [AXES.index(axis) for axis in order]].reshape(-1, 3)
    # Small letters are SciPy's fixed axes: the first angle is applied first.
    matrices = Rotation.from_euler(order.lower(), angles.numpy(), degrees=True).as_matrix()
    return torch.from_numpy(matrices).reshape(*degrees.shape[:-1], 3, 3)


def rotation_angles(matrices: Tensor, order: str) -> Tensor:
    """Inverse of `rotation_matrices` over frames (frames, 3, 3): (frames, 3) degrees about x, y, z without jumps.

    The middle axis turns within -90..90 degrees; at either end only the sum of the other two is known, and one is 0.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Gimbal lock", category=UserWarning)
        angles = Rotation.from_matrix(matrices.numpy()).as_euler(order.lower(), degrees=True)
    by_axis = angles[:, [order.index(axis) for axis in AXES]]
    return torch.from_numpy(np.unwrap(by_axis, axis=0, period=360.0))


def _frame_numbers(rows: NumberRows) -> Tensor:
    """(rows) frame numbers from 0, checked."""
    numbers = rows.values[:, 0]
    fractions = numbers != numbers.round()
    if fractions.any():
        row = int(fractions.nonzero()[0])
        raise ValueError(f"{rows.places[row]}, frame: expected a whole number, given {numbers[row].item():g}.")
    late = numbers.diff() <= 0
    if late.any():
        row = int(late.nonzero()[0]) + 1
        raise ValueError(
            f"{rows.places[row]}, frame: {numbers[row].item():g} does not come after {numbers[row - 1].item():g} in "
            f"{rows.places[row - 1]}; sort the lines, one camera per file."
        )
    length = (numbers[-1] - numbers[0]).item() + 1
    if length > MOST_FRAMES:
        raise ValueError(
            f"{rows.places[-1]}, frame: the file spans {length:g} frames, at most {MOST_FRAMES} are read; check the "
            "frame numbers."
        )
    return numbers - numbers[0]


def _focal_lengths(rows: NumberRows, height: int) -> Tensor:
    """(rows) focal lengths in pixels from the vertical fields of view."""
    degrees = rows.values[:, len(COLUMNS)]
    outside = (degrees < 0.01) | (degrees > 179.99)
    if outside.any():
        row = int(outside.nonzero()[0])
        raise ValueError(
            f"{rows.places[row]}, {LENS_COLUMN}: expected an angle between 0.01 and 179.99 degrees, "
            f"given {degrees[row].item():g}."
        )
    return height / (2.0 * torch.tan(torch.deg2rad(degrees) / 2.0))


def _read(path: Path, options: ChanReadOptions) -> Agents:
    text = read_text(path)
    rows = read_number_rows(text, COLUMNS, optional=(LENS_COLUMN,))
    numbers = _frame_numbers(rows)
    local = rigid(rotation_matrices(rows.values[:, 4:7], options.order_of(text, path)), rows.values[:, 1:4])
    poses = WORLD_TO_OURS["y"] @ local @ OPENGL_CAMERA
    if rows.values.shape[1] > len(COLUMNS):
        width, height = options.size_or_assumed(path)
        lenses = torch.eye(3, dtype=torch.float64).repeat(len(poses), 1, 1)
        lenses[:, 0, 0] = lenses[:, 1, 1] = _focal_lengths(rows, height)
        lenses[:, 0, 2], lenses[:, 1, 2] = width / 2.0, height / 2.0
    else:
        lens, (width, height) = options.lens_or_assumed(path)
        lenses = lens.repeat(len(poses), 1, 1)
    frames = int(numbers[-1]) + 1
    if frames != len(poses):
        logger.warning("%s: %d missing frames are filled along straight lines.", path, frames - len(poses))
        known, wanted = numbers.numpy(), np.arange(frames)
        poses = resample_poses(poses, torch.from_numpy(np.interp(wanted, known, np.arange(len(known)))))
        focal = torch.from_numpy(np.interp(wanted, known, lenses[:, 0, 0].numpy()))
        lenses = lenses[:1].repeat(frames, 1, 1)
        lenses[:, 0, 0] = lenses[:, 1, 1] = focal
    agent = single_camera_agent(agent_name(path), poses, lenses, (width, height))
    return Agents((agent,), options.frame_rate_or_assumed(path))


def _write_camera(camera: CameraFile, options: ChanWriteOptions) -> None:
    width, height = camera.agent.rig.width, camera.agent.rig.height
    lenses = camera.intrinsics
    plain = torch.tensor([[0.0, 0.0, width / 2.0], [0.0, 0.0, height / 2.0]], dtype=torch.float64)
    plain = plain + lenses[:, 1, 1, None, None] * torch.eye(2, 3, dtype=torch.float64)
    if not torch.allclose(lenses[:, :2], plain, rtol=1e-6, atol=1e-6 * max(width, height)):
        logger.warning(
            "%s: %s has a lens with an off-centre principal point, skew, or different focal lengths in x and y; .chan "
            "knows only a vertical field of view, so the rest is lost.",
            camera.path,
            camera.name,
        )
    matrices = WORLD_TO_OURS["y"] @ camera.poses @ OPENGL_CAMERA
    angles = rotation_angles(matrices[:, :3, :3], options.rotation_order)
    fields = torch.rad2deg(2.0 * torch.atan(height / (2.0 * lenses[:, 1, 1])))
    rows = torch.cat([matrices[:, :3, 3], angles, fields[:, None]], dim=-1).tolist()
    header = (
        f"# {' '.join((*COLUMNS, LENS_COLUMN))}, rotation order {options.rotation_order}, {width}x{height} pixels\n"
    )
    lines = ["\t".join([str(frame), *(repr(value + 0.0) for value in row)]) for frame, row in enumerate(rows, 1)]
    write_file(camera.path, (header + "\n".join(lines) + "\n").encode("utf-8"))


def _write(agents: Agents, path: Path, options: ChanWriteOptions) -> Sequence[Path]:
    cameras = camera_files(agents, path)
    for camera in cameras:
        _write_camera(camera, options)
    return [camera.path for camera in cameras]


FORMAT = FileFormat(
    id="chan",
    title="Nuke and Blender .chan",
    suffixes=(".chan",),
    direction="camera-to-world",
    camera_axes="OpenGL: x right, y up, looks along -z; right-handed",
    world_axes="y up; right-handed",
    units="none stated, taken as metres; degrees, rotation order from a comment or the file's name, else ZXY",
    intrinsics="optional vertical field of view in degrees; no picture size, no aspect",
    lost_on_export="names, frame rate, picture sizes, bodies, off-centre principal points, skew, fx other than fy; "
    "each camera becomes a file and an agent",
    needed_on_import="frame rate, width and height; horizontal field of view where there is no vfov; rotation order",
    recognise=_recognise,
    read=_read,
    write=_write,
    read_options=ChanReadOptions,
    write_options=ChanWriteOptions,
)
