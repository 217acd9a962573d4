"""HY-WorldPlay's camera trajectories: JSON, or a pose string such as `w-31`.

    {"0": {"extrinsic": 4x4 camera-to-world, "K": 3x3 pinhole matrix in pixels}, "1": …}

Camera-to-world, OpenCV axes (x right, y down, z forward) as ours, no stated unit (taken as metres; the steps of a pose
string are 0.08). HY-WorldPlay puts the principal point in the middle whatever K says, so the picture has 2 cx x 2 cy
pixels.

An entry is a pose per LATENT, not per frame: entry 0 is frame 0, entry i is frame 4 i, and n entries are 4 n - 3 frames
at 24 per second. With `one_pose_per` "latent" (the default) three poses are put between each two on import, straight
and by slerp, and every fourth frame is written on export. "frame" takes and writes every frame as it is. The files that
the model is trained with have the keys `w2c` (world-to-camera) and `intrinsic` instead and a pose per frame; they are
read as that.

A text file holds a pose string: moves `key-latents`, separated by commas.

    w-3, right-1, d-4

`w s a d` go 0.08 forward, back, left, right along the camera's own axes per latent; `up down left right` turn it by 3
degrees per latent about its own x or y axis. The first pose is at the origin and comes on top: w-31 makes 32 poses.
Unless the options say otherwise the picture has 1920x1080 pixels and focal lengths of 969.7 pixels, as HY-WorldPlay
takes.
"""

import logging
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from ..agents import Agent, Agents
from ..choices import check_choice
from ..poses import check_poses, inverse, pitch_rotation, rigid, yaw_rotation
from ..resampling import resample_agents
from ..rigs import pinhole_intrinsics
from .cameras import CameraFile, agent_name, camera_files, single_camera_agent
from .description import FileFormat, Head, ReadOptions, WriteOptions
from .files import read_text, write_file
from .json_values import JsonValue, format_json, parse_json
from .time_stamps import warn_of_gaps

logger = logging.getLogger(__name__)

OnePosePer = Literal["latent", "frame"]

FRAME_RATE = 24.0
"""Frames per second of the videos that HY-WorldPlay makes."""

FRAMES_PER_LATENT = 4

STEP = 0.08
"""Length of a step per latent in pose strings."""

TURN_DEGREES = 3.0
"""Turn per latent in pose strings."""

MOST_LATENTS = 10_000
"""Longest pose string that is followed."""

PICTURE_SIZE = (1920, 1080)
FIELD_OF_VIEW = math.degrees(2.0 * math.atan(0.99))
"""Degrees over the width with HY-WorldPlay's focal length for pose strings, 960 / 0.99 = 969.7 pixels."""

MOVES: dict[str, tuple[float, float]] = {"w": (0.0, STEP), "s": (0.0, -STEP), "a": (-STEP, 0.0), "d": (STEP, 0.0)}
"""Right and forward per latent."""

TURNS: dict[str, tuple[float, float]] = {
    "up": (TURN_DEGREES, 0.0),
    "down": (-TURN_DEGREES, 0.0),
    "left": (0.0, -TURN_DEGREES),
    "right": (0.0, TURN_DEGREES),
}
"""Degrees up and to the right per latent."""

_POSE_STRING = re.compile(r"\s*(?:(?:[wsad]|up|down|left|right)\s*-\s*[0-9.]+\s*(?:,\s*)?)+", re.ASCII)


@dataclass(frozen=True)
class HyWorldPlayReadOptions(ReadOptions):
    """Options of HY-WorldPlay's trajectories.

    Attributes:
        one_pose_per: what a pose of the file stands for: a latent (four frames), or a frame.
    """

    one_pose_per: OnePosePer = "latent"

    def __post_init__(self) -> None:
        check_choice("one_pose_per", self.one_pose_per, OnePosePer)


@dataclass(frozen=True)
class HyWorldPlayWriteOptions(WriteOptions):
    """Options of HY-WorldPlay's trajectories.

    Attributes:
        one_pose_per: whether every fourth frame is written, as HY-WorldPlay takes it, or every frame.
    """

    one_pose_per: OnePosePer = "latent"

    def __post_init__(self) -> None:
        check_choice("one_pose_per", self.one_pose_per, OnePosePer)


def _recognise(head: Head) -> bool:
    text = head.text
    if re.match(r'\s*\{\s*"[0-9]+"\s*:\s*\{', text):
        pairs = (("extrinsic", "K"), ("w2c", "intrinsic"))
        return any(all(re.search(rf'"{key}"\s*:', text) for key in keys) for keys in pairs)
    return _POSE_STRING.fullmatch(text) is not None


def pose_string_poses(text: str) -> Tensor:
    """(latents, 4, 4) camera-to-world poses of a pose string, the first one at the origin.

    Raises:
        ValueError: naming the move, if it is not a known key, a dash and a whole number of latents, or if there are
            more than `MOST_LATENTS` in all.
    """
    steps: list[str] = []
    moves = [move.strip() for move in text.replace("\n", ",").split(",")]
    for number, move in enumerate((move for move in moves if move), 1):
        key, dash, latents = (part.strip() for part in move.partition("-"))
        if not dash or key not in (*MOVES, *TURNS):
            known = ", ".join((*MOVES, *TURNS))
            raise ValueError(f"move {number}: expected one of {known}, a dash and latents, given '{move[:40]}'.")
        if not re.fullmatch("[0-9]+", latents, re.ASCII) or len(latents) > 9:
            raise ValueError(f"move {number} ({key}): expected a whole number of latents, given '{latents[:40]}'.")
        if len(steps) + int(latents) > MOST_LATENTS:
            raise ValueError(f"move {number} ({key}): the poses are more than {MOST_LATENTS} latents; shorten them.")
        steps += [key] * int(latents)
    if not steps:
        raise ValueError("the pose string has no moves; write something like w-31.")
    pose = torch.eye(4, dtype=torch.float64)
    poses = [pose]
    nowhere = torch.zeros(3, dtype=torch.float64)
    changes = {key: rigid(yaw_rotation(right) @ pitch_rotation(up), nowhere) for key, (up, right) in TURNS.items()} | {
        key: rigid(torch.eye(3, dtype=torch.float64), torch.tensor([right, 0.0, forward], dtype=torch.float64))
        for key, (right, forward) in MOVES.items()
    }
    for key in steps:
        pose = pose @ changes[key]
        poses.append(pose)
    return torch.stack(poses)


def _entries(document: JsonValue, source: Path) -> list[JsonValue]:
    """The entries in the order of their index."""
    names = document.field_names()
    if not names:
        raise ValueError("the file holds no poses.")
    for name in names:
        if not re.fullmatch("[0-9]{1,9}", name, re.ASCII):
            raise ValueError(f"expected the index of a latent as key, given '{name[:40]}'.")
    ordered = sorted(names, key=int)
    if ordered != names:
        logger.warning("%s: the poses are not listed in the order of their indices; they are sorted.", source)
    warn_of_gaps([int(name) for name in ordered], "poses", source)
    return [document.key(name).owned_by(f"pose {name}") for name in ordered]


def _lens(entry: JsonValue, key: str) -> tuple[Tensor, tuple[int, int]]:
    """Pinhole matrix and picture size, which is twice the principal point."""
    field = entry.key(key)
    matrix = field.numbers(3, 3)
    size = [2.0 * matrix[row, 2].item() for row in (0, 1)]
    if not all(1.0 <= pixels < 2**24 for pixels in size):
        raise ValueError(
            f"{entry.owner}, {key}: expected a principal point in pixels in the middle of the picture, "
            f"given {matrix[0, 2].item():g}, {matrix[1, 2].item():g}."
        )
    return matrix, (round(size[0]), round(size[1]))


def _read_json(text: str, path: Path) -> tuple[Agent, bool]:
    """The agent at one frame per entry, and whether the entries are frames in any case."""
    entries = _entries(parse_json(text), path)
    of_training = entries[0].get("extrinsic") is None and entries[0].get("w2c") is not None
    pose_key, lens_key = ("w2c", "intrinsic") if of_training else ("extrinsic", "K")
    poses = torch.stack([entry.key(pose_key).numbers(4, 4) for entry in entries])
    check_poses(poses, pose_key, item="pose")
    lenses = [_lens(entry, lens_key) for entry in entries]
    for entry, (_, size) in zip(entries, lenses, strict=True):
        if size != lenses[0][1]:
            raise ValueError(
                f"{entry.owner}, {lens_key}: the principal point is that of a picture of {size[0]}x{size[1]} pixels, "
                f"in pose 0 of {lenses[0][1][0]}x{lenses[0][1][1]}; all frames must have one size."
            )
    matrices = torch.stack([matrix for matrix, _ in lenses])
    agent = single_camera_agent(agent_name(path), inverse(poses) if of_training else poses, matrices, lenses[0][1])
    return agent, of_training


def _read_pose_string(text: str, name: str, options: ReadOptions) -> Agent:
    width, height = options.width or PICTURE_SIZE[0], options.height or PICTURE_SIZE[1]
    field_of_view = FIELD_OF_VIEW if options.horizontal_fov is None else options.horizontal_fov
    lens = pinhole_intrinsics(width, height, field_of_view)
    return single_camera_agent(name, pose_string_poses(text), lens, (width, height))


def _read(path: Path, options: HyWorldPlayReadOptions) -> Agents:
    text = read_text(path)
    if text.lstrip().startswith(("{", "[")):
        agent, per_frame = _read_json(text, path)
    else:
        agent, per_frame = _read_pose_string(text, agent_name(path), options), False
    frame_rate = options.frame_rate or FRAME_RATE
    agents = Agents((agent,), frame_rate)
    if per_frame or options.one_pose_per == "frame":
        return agents
    frames = FRAMES_PER_LATENT * (agents.frame_count - 1) + 1
    return resample_agents(agents, frames, frame_rate, keep="path")


def _document(camera: CameraFile, frames: Sequence[int]) -> dict[str, Any]:
    rig = camera.agent.rig
    lenses = camera.intrinsics[list(frames)].clone()
    centre = torch.tensor([rig.width / 2.0, rig.height / 2.0], dtype=torch.float64)
    if lenses[:, 0, 1].any() or not torch.allclose(lenses[:, :2, 2], centre, rtol=0.0, atol=1e-6 * max(centre)):
        logger.warning(
            "%s: %s has a lens with an off-centre principal point or skew; HY-WorldPlay takes the middle of the "
            "picture and no skew.",
            camera.path,
            camera.name,
        )
    lenses[:, :2, 2], lenses[:, 0, 1] = centre, 0.0
    poses = camera.poses[list(frames)].tolist()
    return {
        str(index): {"extrinsic": pose, "K": lens}
        for index, (pose, lens) in enumerate(zip(poses, lenses.tolist(), strict=True))
    }


def _write(agents: Agents, path: Path, options: HyWorldPlayWriteOptions) -> Sequence[Path]:
    per_latent = options.one_pose_per == "latent"
    frames = range(0, agents.frame_count, FRAMES_PER_LATENT if per_latent else 1)
    if frames[-1] != agents.frame_count - 1:
        logger.warning(
            "%s: HY-WorldPlay takes a pose per four frames, so the path of %d frames ends at frame %d; give it "
            "4 k + 1 frames to keep its end.",
            path,
            agents.frame_count,
            frames[-1],
        )
    cameras = camera_files(agents, path)
    for camera in cameras:
        write_file(camera.path, (format_json(_document(camera, frames)) + "\n").encode("utf-8"))
    return [camera.path for camera in cameras]


FORMAT = FileFormat(
    id="hy_worldplay",
    title="HY-WorldPlay trajectory",
    suffixes=(".json", ".txt"),
    direction="camera-to-world",
    camera_axes="OpenCV: x right, y down, z forward; right-handed",
    world_axes="OpenCV: x right, y down, z forward; right-handed",
    units="none stated, taken as metres; steps of a pose string are 0.08 and 3 degrees per latent",
    intrinsics="3x3 pinhole matrix per pose in pixels, principal point in the middle of the picture",
    lost_on_export="three of four frames (option one_pose_per), names, frame rate, bodies, off-centre principal "
    "points, skew; each camera becomes a file and an agent",
    needed_on_import="frame rate other than 24; for pose strings width, height and horizontal field of view other than "
    "HY-WorldPlay's",
    recognise=_recognise,
    read=_read,
    write=_write,
    read_options=HyWorldPlayReadOptions,
    write_options=HyWorldPlayWriteOptions,
)
