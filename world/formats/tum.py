"""Trajectories of the TUM RGB-D benchmark: one camera path per text file.

    # timestamp tx ty tz qx qy qz qw
    1305031102.1753 1.3405 0.6266 1.6575 0.6574 0.6126 -0.2949 -0.3248

One row per frame: time in seconds, position of the camera in metres, rotation as a quaternion with w last; together the
camera-to-world pose with OpenCV axes. The world has no fixed axes and is kept as it is. Blanks or tabs separate, blank
lines and lines that begin with # are skipped.

There is no lens and no picture size: `horizontal_fov`, `width` and `height` supply them. Several cameras are written to
several files.
"""

from pathlib import Path

import torch

from ..agents import Agents
from ..poses import rigid
from .cameras import CameraFile, agent_name, camera_files, single_camera_agent
from .description import FileFormat, Head, ReadOptions, WriteOptions
from .files import read_text, write_file
from .number_rows import looks_like_rows, read_number_rows
from .quaternions import quaternions_from_rotations, rotations_from_quaternions
from .time_stamps import frame_rate_from_times

NANOSECOND = 1e-9
"""Finest rounding of times in such files; a rate of 24000/1001 written here comes back as that."""

COLUMNS = ("timestamp", "tx", "ty", "tz", "qx", "qy", "qz", "qw")


def _recognise(head: Head) -> bool:
    return head.path.suffix.lower() != ".chan" and looks_like_rows(head.text, {len(COLUMNS)})


def _read(path: Path, options: ReadOptions) -> Agents:
    rows = read_number_rows(read_text(path), COLUMNS)
    seconds, positions, quaternions = rows.values.split([1, 3, 4], dim=-1)
    poses = rigid(rotations_from_quaternions(quaternions, rows.places), positions)
    places = [f"{place}, timestamp" for place in rows.places]
    frame_rate = frame_rate_from_times(seconds[:, 0], places, path, NANOSECOND)
    agent = single_camera_agent(agent_name(path), poses, *options.lens_or_assumed(path))
    return Agents((agent,), options.frame_rate_or_assumed(path, stated=frame_rate))


def _text(camera: CameraFile, frame_rate: float) -> str:
    poses = camera.poses
    rows = torch.cat([poses[:, :3, 3], quaternions_from_rotations(poses[:, :3, :3])], dim=-1).tolist()
    lines = [f"# {' '.join(camera.name.split())}", f"# {' '.join(COLUMNS)}"]
    lines += [" ".join(map(repr, [frame / frame_rate, *row])) for frame, row in enumerate(rows)]
    return "\n".join(lines) + "\n"


def _write(agents: Agents, path: Path, options: WriteOptions) -> list[Path]:
    files = camera_files(agents, path)
    for camera in files:
        write_file(camera.path, _text(camera, agents.frame_rate).encode("utf-8"))
    return [camera.path for camera in files]


FORMAT = FileFormat(
    id="tum",
    title="TUM trajectory",
    suffixes=(".txt", ".tum"),
    direction="camera-to-world",
    camera_axes="OpenCV: x right, y down, z forward; right-handed",
    world_axes="right-handed, no fixed axes; kept as they are",
    units="metres, seconds",
    intrinsics="none",
    lost_on_export="names, lenses, picture sizes, bodies; each camera becomes a file and an agent",
    needed_on_import="horizontal field of view, width and height; frame rate for a single frame",
    recognise=_recognise,
    read=_read,
    write=_write,
)
