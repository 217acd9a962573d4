"""LingBot-World's camera folder: `poses.npy` and `intrinsics.npy` beside each other.

`poses.npy`: (frames, 4, 4) camera-to-world matrices, OpenCV axes; a frame per picture, 16 per second. The world has no
fixed axes or unit; it is kept as it is, in metres. LingBot itself re-bases to the first frame and normalises lengths.

`intrinsics.npy`: (frames, 4) or (1, 4) or (4), fx, fy, cx, cy in pixels of a picture of 832x480, which LingBot takes
for granted and scales to the size it generates; `width` and `height` do the same here.

Either file or the folder can be named. Other files in it, such as `action.npy`, are ignored. One folder is one camera;
several cameras are written to several folders.
"""

from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..actions.numpy_files import read_npy
from ..agents import Agents
from ..poses import check_poses
from ..rigs import resized_intrinsics
from .cameras import CameraFile, agent_name, camera_files, single_camera_agent, warn_of_skew
from .description import FileFormat, Head, ReadOptions, WriteOptions
from .files import write_folder

POSES, INTRINSICS = "poses.npy", "intrinsics.npy"

INTRINSICS_SIZE = (832, 480)
"""Width and height of the picture that the intrinsics belong to (LingBot-World, `height_org` and `width_org`)."""

FRAME_RATE = 16.0
"""Frames per second of LingBot-World's videos."""


def _recognise(head: Head) -> bool:
    if head.path.is_dir():
        return (head.path / POSES).is_file()
    if not head.data.startswith(b"\x93NUMPY"):
        return False
    return head.path.name == POSES or (head.path.name == INTRINSICS and head.path.with_name(POSES).is_file())


def _load(path: Path) -> Tensor:
    """The numbers of a file as float64. Raises ValueError naming the file and the first number that is not finite."""
    try:
        array = read_npy(path)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    values = torch.from_numpy(array.astype(np.float64))
    if not torch.isfinite(values).all():
        index = [int(position) for position in (~torch.isfinite(values)).nonzero()[0]]
        raise ValueError(f"{path.name}: the number at {index} is {values[tuple(index)].item()}; remove that frame.")
    return values


def _intrinsics(values: Tensor, frames: int) -> Tensor:
    """(frames, 3, 3) in pixels of `INTRINSICS_SIZE`."""
    rows = values[None] if values.ndim == 1 else values
    if rows.ndim != 2 or rows.shape[1] != 4 or rows.shape[0] not in (1, frames):
        raise ValueError(
            f"{INTRINSICS}: expected shape ({frames}, 4) as {POSES} has {frames} frames, or (4,), "
            f"given {tuple(values.shape)}."
        )
    matrices = torch.zeros(len(rows), 3, 3, dtype=torch.float64)
    matrices[:, 0, 0], matrices[:, 1, 1], matrices[:, 0, 2], matrices[:, 1, 2] = rows.unbind(-1)
    matrices[:, 2, 2] = 1.0
    return matrices.expand(frames, 3, 3)


def _read(path: Path, options: ReadOptions) -> Agents:
    folder = path if path.is_dir() else path.parent
    if folder != path and path.name not in (POSES, INTRINSICS):
        raise ValueError(f"expected {POSES}, {INTRINSICS} or the folder that holds them, given '{path.name}'.")
    poses = _load(folder / POSES)
    if poses.ndim != 3 or tuple(poses.shape[1:]) != (4, 4) or len(poses) == 0:
        raise ValueError(f"{POSES}: expected shape (frames, 4, 4), given {tuple(poses.shape)}.")
    check_poses(poses, POSES)
    if (folder / INTRINSICS).is_file():
        size = (options.width or INTRINSICS_SIZE[0], options.height or INTRINSICS_SIZE[1])
        intrinsics = resized_intrinsics(_intrinsics(_load(folder / INTRINSICS), len(poses)), INTRINSICS_SIZE, size)
    else:
        intrinsics, size = options.lens_or_assumed(folder, INTRINSICS_SIZE)
    agent = single_camera_agent(agent_name(folder / POSES), poses, intrinsics, size)
    return Agents((agent,), options.frame_rate_or_assumed(folder, FRAME_RATE))


def _npy(values: Tensor) -> bytes:
    stream = BytesIO()
    np.save(stream, values.numpy(), allow_pickle=False)
    return stream.getvalue()


def _files(camera: CameraFile) -> dict[str, bytes]:
    rig = camera.agent.rig
    lens = resized_intrinsics(camera.intrinsics, (rig.width, rig.height), INTRINSICS_SIZE)
    rows = torch.stack([lens[:, 0, 0], lens[:, 1, 1], lens[:, 0, 2], lens[:, 1, 2]], dim=-1)
    return {POSES: _npy(camera.poses), INTRINSICS: _npy(rows)}


def _write(agents: Agents, path: Path, options: WriteOptions) -> list[Path]:
    folders = camera_files(agents, path)
    for camera in folders:
        warn_of_skew(path, camera.name, camera.intrinsics)
        write_folder(camera.path, _files(camera))
    return [camera.path for camera in folders]


FORMAT = FileFormat(
    id="lingbot",
    title="LingBot-World poses.npy and intrinsics.npy",
    suffixes=(".npy",),
    direction="camera-to-world",
    camera_axes="OpenCV: x right, y down, z forward; right-handed",
    world_axes="right-handed, no fixed axes; kept as they are",
    units="none stated, taken as metres",
    intrinsics="fx, fy, cx, cy per frame in pixels of a picture of 832x480",
    lost_on_export="names, picture sizes, frame rate, bodies, skew; each camera becomes a folder and an agent",
    needed_on_import="width and height other than 832x480; frame rate other than 16",
    recognise=_recognise,
    read=_read,
    write=_write,
    writes_folder=True,
)
