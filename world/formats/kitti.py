"""Poses of the KITTI odometry benchmark: one camera path per text file.

    r11 r12 r13 t1 r21 r22 r23 t2 r31 r32 r33 t3

One row per frame: the first three rows of the camera-to-world matrix, OpenCV axes, metres. In KITTI's own files the
world is the first frame of the left grey camera; whatever it is, it is kept. Blanks or tabs separate, blank lines and
lines that begin with # are skipped.

There are no times, no lens and no picture size: `frame_rate`, `horizontal_fov`, `width` and `height` supply them.
Several cameras are written to several files, without comments, which KITTI's own tools do not know.
"""

from pathlib import Path

import torch

from ..agents import Agents
from ..poses import check_poses
from .cameras import CameraFile, agent_name, camera_files, single_camera_agent
from .description import FileFormat, Head, ReadOptions, WriteOptions
from .files import read_text, write_file
from .number_rows import looks_like_rows, read_number_rows

COLUMNS = ("r11", "r12", "r13", "t1", "r21", "r22", "r23", "t2", "r31", "r32", "r33", "t3")


def _recognise(head: Head) -> bool:
    return head.path.suffix.lower() != ".chan" and looks_like_rows(head.text, {len(COLUMNS)})


def _read(path: Path, options: ReadOptions) -> Agents:
    rows = read_number_rows(read_text(path), COLUMNS)
    poses = torch.eye(4, dtype=torch.float64).repeat(len(rows.values), 1, 1)
    poses[:, :3] = rows.values.reshape(-1, 3, 4)
    check_poses(poses, "matrix", places=rows.places)
    agent = single_camera_agent(agent_name(path), poses, *options.lens_or_assumed(path))
    return Agents((agent,), options.frame_rate_or_assumed(path))


def _text(camera: CameraFile) -> str:
    return "".join(" ".join(map(repr, row)) + "\n" for row in camera.poses[:, :3].flatten(1).tolist())


def _write(agents: Agents, path: Path, options: WriteOptions) -> list[Path]:
    files = camera_files(agents, path)
    for camera in files:
        write_file(camera.path, _text(camera).encode("utf-8"))
    return [camera.path for camera in files]


FORMAT = FileFormat(
    id="kitti",
    title="KITTI poses",
    suffixes=(".txt",),
    direction="camera-to-world",
    camera_axes="OpenCV: x right, y down, z forward; right-handed",
    world_axes="right-handed, in KITTI's files the first camera's; kept as they are",
    units="metres",
    intrinsics="none",
    lost_on_export="names, lenses, picture sizes, frame rate, bodies; each camera becomes a file and an agent",
    needed_on_import="frame rate, horizontal field of view, width and height",
    recognise=_recognise,
    read=_read,
    write=_write,
)
