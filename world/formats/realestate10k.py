"""Camera files of RealEstate10K, which CameraCtrl and its descendants read too: one camera path per text file.

    https://www.youtube.com/watch?v=…
    158692025 0.4748 0.8441 0.5 0.5 0 0 r11 r12 r13 t1 r21 r22 r23 t2 r31 r32 r33 t3
    …

One row per frame: time in microseconds; focal lengths and principal point as shares of the picture's width and height;
two spare numbers; the first three rows of the world-to-camera matrix, OpenCV axes. The first line is the address of the
video. Blanks or tabs separate, blank lines and lines that begin with # are skipped. Lengths come from structure from
motion and have no unit; they are taken as metres.

The picture size is not in the file: set `width` and `height`. Times that are all equal, or count frames, are taken as
none. Several cameras are written to several files. Readers of this family drop the first line whatever it holds, so
files written here begin with a comment.
"""

import logging
import re
from pathlib import Path

import torch
from torch import Tensor

from ..agents import Agents
from ..poses import check_poses, inverse
from .cameras import CameraFile, agent_name, camera_files, single_camera_agent, warn_of_skew
from .description import FileFormat, Head, ReadOptions, WriteOptions
from .files import read_text, write_file
from .number_rows import looks_like_rows, read_number_rows
from .time_stamps import frame_rate_from_times

logger = logging.getLogger(__name__)

COLUMNS = (
    *("time", "fx", "fy", "cx", "cy", "spare", "spare"),
    *("r11", "r12", "r13", "t1", "r21", "r22", "r23", "t2", "r31", "r32", "r33", "t3"),
)
MICROSECOND = 1e-6

SHORTEST_STEP = 1000.0
"""Microseconds from one frame to the next, below which times are frame numbers, however far these are apart."""

FIRST_LINE = re.compile(r"\s*([^\r\n]+)")


def _without_address(text: str) -> str:
    """The text with its first line emptied if that is an address or a name, so that line numbers stay."""
    first = FIRST_LINE.match(text)
    if first is None or ("://" not in first[1] and len(first[1].split()) > 1):
        return text
    return text[: first.start(1)] + text[first.end(1) :]


def _recognise(head: Head) -> bool:
    return head.path.suffix.lower() != ".chan" and looks_like_rows(_without_address(head.text), {len(COLUMNS)})


def _frame_rate(times: Tensor, places: list[str], source: Path) -> float | None:
    steps = times.diff()
    if not steps.any() or bool(((steps > 0.0) & (steps < SHORTEST_STEP)).all()):
        return None
    return frame_rate_from_times(times * MICROSECOND, [f"{place}, time" for place in places], source, MICROSECOND)


def _read(path: Path, options: ReadOptions) -> Agents:
    rows = read_number_rows(_without_address(read_text(path)), COLUMNS)
    times, lens, spare, matrices = rows.values.split([1, 4, 2, 12], dim=-1)
    if spare.any():
        logger.warning("%s: the spare numbers behind the principal point, such as distortion, are ignored.", path)
    width, height = options.size_or_assumed(path)
    intrinsics = torch.zeros(len(lens), 3, 3, dtype=torch.float64)
    intrinsics[:, 0, 0], intrinsics[:, 0, 2] = lens[:, 0] * width, lens[:, 2] * width
    intrinsics[:, 1, 1], intrinsics[:, 1, 2] = lens[:, 1] * height, lens[:, 3] * height
    intrinsics[:, 2, 2] = 1.0
    world_to_camera = torch.eye(4, dtype=torch.float64).repeat(len(matrices), 1, 1)
    world_to_camera[:, :3] = matrices.reshape(-1, 3, 4)
    check_poses(world_to_camera, "world-to-camera matrix", places=rows.places)
    frame_rate = _frame_rate(times[:, 0], rows.places, path)
    agent = single_camera_agent(agent_name(path), inverse(world_to_camera), intrinsics, (width, height))
    return Agents((agent,), options.frame_rate_or_assumed(path, stated=frame_rate))


def _text(camera: CameraFile, frame_rate: float) -> str:
    rig = camera.agent.rig
    size = torch.tensor([rig.width, rig.height], dtype=torch.float64)
    lens = torch.cat([camera.intrinsics[:, [0, 1], [0, 1]] / size, camera.intrinsics[:, :2, 2] / size], dim=-1)
    matrices = inverse(camera.poses)[:, :3].flatten(1)
    lines = [f"# {' '.join(camera.name.split())}, {rig.width}x{rig.height} pixels"]
    for frame, (numbers, matrix) in enumerate(zip(lens.tolist(), matrices.tolist(), strict=True)):
        time = round(frame / frame_rate / MICROSECOND)
        lines.append(" ".join(map(repr, [time, *numbers, 0.0, 0.0, *matrix])))
    return "\n".join(lines) + "\n"


def _write(agents: Agents, path: Path, options: WriteOptions) -> list[Path]:
    files = camera_files(agents, path)
    for camera in files:
        warn_of_skew(path, camera.name, camera.intrinsics)
        write_file(camera.path, _text(camera, agents.frame_rate).encode("utf-8"))
    return [camera.path for camera in files]


FORMAT = FileFormat(
    id="realestate10k",
    title="RealEstate10K or CameraCtrl text",
    suffixes=(".txt",),
    direction="world-to-camera",
    camera_axes="OpenCV: x right, y down, z forward; right-handed",
    world_axes="right-handed, no fixed axes; kept as they are",
    units="none stated, taken as metres; times in microseconds",
    intrinsics="focal lengths and principal point per frame, as shares of the picture's width and height",
    lost_on_export="names, the picture size, bodies, skew; each camera becomes a file and an agent",
    needed_on_import="width and height; frame rate where the times say none",
    recognise=_recognise,
    read=_read,
    write=_write,
)
