"""`camera_extrinsics.json` of the MultiCamVideo data set (ReCamMaster): several cameras that run at the same time.

    {"frame0": {"cam01": "[r r r 0] [r r r 0] [r r r 0] [x y z 1] ", "cam02": …}, "frame1": …}

Each text is a camera-to-world matrix for row vectors: its rows are the camera's forward, right and up axes and its
position. Camera and world have Unreal's axes (left-handed, x forward, y right, z up); lengths are centimetres. The last
column may be missing. Every camera becomes an agent, called as in the file; `cameras` makes them views of one agent.

There is no lens, size or rate. The data set's videos have 1280x1280 pixels and 15 frames per second, and a sensor of
23.76 mm behind 18, 24, 35 or 50 mm; folders are called by the latter ("f24_aperture5"). That is taken where the options
are silent, 24 mm where no folder says.
"""

import math
import re
from pathlib import Path

import torch
from torch import Tensor

from ..agents import Agents
from ..poses import check_poses
from .cameras import single_camera_agent
from .carla_axes import from_opencv, to_opencv
from .description import FileFormat, Head, ReadOptions, WriteOptions
from .files import read_text, write_file
from .json_values import JsonValue, format_json, parse_json
from .natural_order import natural_order
from .number_rows import finite_number
from .time_stamps import warn_of_gaps

CENTIMETRES = 100.0
SIZE = (1280, 1280)
FRAME_RATE = 15.0
SENSOR_MILLIMETRES = 23.76
USUAL_FOCAL_LENGTH = 24.0


def _recognise(head: Head) -> bool:
    return re.search(r'"frame\d+"\s*:\s*\{\s*"cam\d+"\s*:\s*"\s*\[', head.text) is not None


def _matrix(item: JsonValue) -> list[list[float]]:
    """4x4 rows of a matrix text."""
    text = item.text().strip()
    rows = re.findall(r"\[([^\[\]]*)\]", text)
    if len(rows) != 4 or re.sub(r"\[[^\[\]]*\]|[\s,]", "", text):
        raise item.wrong("a text with four rows of numbers in brackets")
    matrix = []
    for index, row in enumerate(rows):
        place = f"{item.owner}, row {index}"
        cells = row.replace(",", " ").split()
        if len(cells) not in (3, 4):
            raise ValueError(f"{place}: expected 3 or 4 numbers, given {len(cells)}.")
        numbers = [finite_number(cell, place) for cell in cells]
        matrix.append([*numbers[:3], numbers[3] if len(numbers) == 4 else float(index == 3)])
    return matrix


def _frames(document: JsonValue) -> list[JsonValue]:
    """The frames in the order of time."""
    names = document.field_names()
    for name in names:
        if not re.fullmatch(r"frame\d{1,9}", name, re.ASCII):
            raise ValueError(f"expected only keys frame0, frame1 and so on, given '{name[:40]}'.")
    if not names:
        raise ValueError("the file holds no frames.")
    names.sort(key=natural_order)
    return [document.key(name).owned_by(name) for name in names]


def _poses(frames: list[JsonValue], cameras: list[str]) -> Tensor:
    """(cameras, frames, 4, 4) camera-to-world with OpenCV axes in metres."""
    matrices = []
    for frame in frames:
        unknown = [name for name in frame.field_names() if name not in cameras]
        if unknown:
            raise ValueError(f"{frame.owner}: there is a camera '{unknown[0]}', which {frames[0].owner} does not have.")
        matrices.append([_matrix(frame.key(name).owned_by(f"{frame.owner}, {name}")) for name in cameras])
    unreal = torch.tensor(matrices, dtype=torch.float64).transpose(0, 1).mT.contiguous()
    for name, camera in zip(cameras, unreal, strict=True):
        check_poses(camera, name)
    unreal[..., :3, 3] /= CENTIMETRES
    return to_opencv(unreal)


def _field_of_view(path: Path) -> float:
    """Degrees of the lens that a folder of the data set is called by, else of the usual one."""
    names = (re.fullmatch(r"f(\d{1,4})_aperture.*", part) for part in reversed(path.absolute().parts))
    focal = next((float(name[1]) for name in names if name), 0.0) or USUAL_FOCAL_LENGTH
    return math.degrees(2.0 * math.atan(SENSOR_MILLIMETRES / (2.0 * focal)))


def _read(path: Path, options: ReadOptions) -> Agents:
    frames = _frames(parse_json(read_text(path)))
    warn_of_gaps([int(frame.owner.removeprefix("frame")) for frame in frames], "frames", path)
    cameras = sorted(frames[0].field_names(), key=natural_order)
    if not cameras:
        raise ValueError(f"{frames[0].owner} holds no cameras.")
    poses = _poses(frames, cameras)
    intrinsics, size = options.lens_or_assumed(path, SIZE, _field_of_view(path))
    members = tuple(
        single_camera_agent(name, camera, intrinsics, size) for name, camera in zip(cameras, poses, strict=True)
    )
    return Agents(members, options.frame_rate_or_assumed(path, FRAME_RATE))


def _text(matrix: list[list[float]]) -> str:
    return " ".join(f"[{' '.join(map(repr, row))}]" for row in matrix)


def _write(agents: Agents, path: Path, options: WriteOptions) -> None:
    unreal = from_opencv(torch.cat([agent.extrinsics() for agent in agents.members], dim=1))
    unreal[..., :3, 3] *= CENTIMETRES
    document = {
        f"frame{frame}": {f"cam{camera:02d}": _text(matrix) for camera, matrix in enumerate(matrices, 1)}
        for frame, matrices in enumerate(unreal.mT.tolist())
    }
    write_file(path, (format_json(document) + "\n").encode("utf-8"))


FORMAT = FileFormat(
    id="recammaster",
    title="ReCamMaster camera_extrinsics.json",
    suffixes=(".json",),
    direction="camera-to-world",
    camera_axes="Unreal: x forward, y right, z up; left-handed",
    world_axes="Unreal: x forward, y right, z up; left-handed",
    units="centimetres; matrices for row vectors",
    intrinsics="none",
    lost_on_export="names, lenses, picture sizes, frame rate, bodies; each camera becomes an agent cam01, cam02, …",
    needed_on_import="frame rate other than 15, width and height other than 1280x1280, horizontal field of view",
    recognise=_recognise,
    read=_read,
    write=_write,
)
