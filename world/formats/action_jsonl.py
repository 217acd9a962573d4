"""Keyboard and mouse, one JSON object per line and frame, as recorded in Minecraft (VPT) or by hand.

Minecraft, as in VPT's data sets, 20 lines per second; other keys of a line are ignored:

    {"keyboard": {"keys": ["key.keyboard.w"]}, "mouse": {"dx": 4.0, "dy": 0.0}, "isGuiOpen": false,
     "xpos": 841.3, "ypos": 63.0, "zpos": 24.9, "yaw": -112.3, "pitch": 8.1}

By hand: `keys` is a list of names, or the letters of w a s d i j k l in one text; `dx` and `dy` may be left out:

    {"keys": "wl"}
    {"keys": ["w", "shift"], "dx": 4.0, "dy": 0.0, "agent": "red"}

Lines with an `agent` become several agents; each needs the same number of lines. A `frame_rate` may stand in the first
line. Line i is the state and the input at frame i, so it takes effect from frame i to frame i + 1.

Where the lines have xpos, ypos, zpos, yaw and pitch, the path is the recorded one. Minecraft's world is right-handed, y
up, in metres (blocks), x east and z south; yaw 0 looks south, positive turns right; positive pitch looks DOWN, in
degrees; ypos is that of the feet, the eye is 1.62 above. Ours is then x east, z north.

Else, or where `follow` says "keys", the path follows from a model: the agent starts at the origin and looks along z.
Per line it first turns, by 0.15 degrees per pixel of the mouse (dx right, dy down) and 30 degrees per second while i
(up), k (down), j (left) or l (right) is held, with the pitch kept within -90..90. Then it goes where w a s d point on
the level ground, at 4.317 m/s, times 1.3 with ctrl and w, times 0.3 with shift. It speeds up and stops at once, and
knows neither jumps nor walls. i j k l turn only in lines by hand, and nothing moves while `isGuiOpen`.

On export every line has the pose, the mouse movement that makes the same turn, and the nearest of eight directions and
of the three speeds as keys; so reading it gives the poses back, while another program's walk will differ.
"""

import json
import logging
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ..agents import Agent, Agents
from ..choices import check_choice
from ..poses import heading, pitch_rotation, rigid, yaw_rotation
from ..rigs import pinhole_intrinsics
from .cameras import agent_name, single_camera_agent
from .description import FileFormat, Head, ReadOptions, WriteOptions
from .files import read_text, write_file
from .json_values import JsonValue, parse_json
from .number_rows import text_lines

logger = logging.getLogger(__name__)

Follow = Literal["recorded", "keys"]

MINECRAFT_FRAME_RATE = 20.0
MINECRAFT_SIZE = (640, 360)
MINECRAFT_VERTICAL_FOV = 70.0
"""Picture size and field of view of VPT's recordings."""

EYE_HEIGHT = 1.62
WALKING_SPEED = 4.317
SPRINTING, SNEAKING = 1.3, 0.3
DEGREES_PER_PIXEL = 0.15
TURN_DEGREES_PER_SECOND = 30.0

STANDING_SPEED = 0.1
"""Metres per second below which no key is written."""

PREFIX = "key.keyboard."
KEY_NAMES = {"left.shift": "shift", "right.shift": "shift", "left.control": "ctrl", "right.control": "ctrl"} | {
    "control": "ctrl"
}
LETTERS = "wasdijkl"
POSE_KEYS = ("xpos", "ypos", "zpos", "yaw", "pitch")


@dataclass(frozen=True)
class ActionReadOptions(ReadOptions):
    """Options of action logs.

    Attributes:
        follow: "recorded" takes the poses in the file where it has them, else the keys; "keys" always takes the keys.
    """

    follow: Follow = "recorded"

    def __post_init__(self) -> None:
        check_choice("follow", self.follow, Follow)


@dataclass(frozen=True)
class _Line:
    """One line of a file.

    Attributes:
        item: its JSON.
        keys: names of the keys held, without those that mean nothing here.
        mouse: dx, dy in pixels.
    """

    item: JsonValue
    keys: frozenset[str]
    mouse: tuple[float, float]


def _recognise(head: Head) -> bool:
    first = next((line for _, line in text_lines(head.text)), "")
    if not (first.startswith("{") and first.endswith("}")):
        return False
    try:
        found = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return "keys" in found or isinstance(found.get("keyboard"), dict)


def _keys(item: JsonValue) -> frozenset[str]:
    keyboard = item.get("keyboard")
    holder = item if keyboard is None else keyboard
    given = holder.get("keys")
    if given is None:
        return frozenset()
    if isinstance(given.value, str):
        if not set(given.value.lower()) <= set(LETTERS):
            raise given.wrong(f"letters of {' '.join(LETTERS)}, or a list of names of keys")
        return frozenset(given.value.lower())
    held = set()
    for key in given.items():
        name = key.text().lower()
        plain = name.removeprefix(PREFIX)
        if name == plain or plain not in tuple("ijkl"):
            held.add(KEY_NAMES.get(plain, plain))
    return frozenset(held)


def _mouse(item: JsonValue) -> tuple[float, float]:
    mouse = item.get("mouse")
    dx, dy = ((item if mouse is None else mouse).get(key) for key in ("dx", "dy"))
    return 0.0 if dx is None else dx.number(), 0.0 if dy is None else dy.number()


def _line(number: int, text: str) -> _Line:
    try:
        item = parse_json(text).owned_by(f"line {number}")
    except ValueError as error:
        # The parser counts from the beginning of its text, which is one line.
        raise ValueError(f"line {number}: {re.sub('^line 1[:,] ', '', str(error))}") from error
    item.field_names()
    gui = item.get("isGuiOpen")
    if gui is not None and gui.value is True:
        return _Line(item, frozenset(), (0.0, 0.0))
    return _Line(item, _keys(item), _mouse(item))


def _recorded_poses(lines: Sequence[_Line]) -> Tensor:
    """(frames, 4, 4) poses of the eye in our axes from Minecraft's."""
    values = [[line.item.key(key).number() for key in POSE_KEYS] for line in lines]
    x, y, z, yaw, pitch = torch.tensor(values, dtype=torch.float64).unbind(-1)
    rotation = yaw_rotation(yaw + 180.0) @ pitch_rotation(-pitch)
    return rigid(rotation, torch.stack([x, -y - EYE_HEIGHT, -z], dim=-1))


def walked_poses(keys: Sequence[frozenset[str]], mouse: Tensor, frame_rate: float) -> Tensor:
    """(frames, 4, 4) poses of the eye from the model above, beginning at the origin.

    Args:
        keys: names of the keys held per frame: w a s d i j k l shift ctrl.
        mouse: (frames, 2) pixels right and down per frame.
        frame_rate: frames per second.
    """
    held = torch.tensor([[float(key in names) for key in (*LETTERS, "shift", "ctrl")] for names in keys])
    w, a, s, d, i, j, k, l, shift, ctrl = held.double().unbind(-1)  # noqa: E741
    turn = TURN_DEGREES_PER_SECOND / frame_rate
    right = mouse[:, 0] * DEGREES_PER_PIXEL + turn * (l - j)
    up = -mouse[:, 1] * DEGREES_PER_PIXEL + turn * (i - k)
    # One more than there are frames: before the first line and after each.
    yaw = torch.cat([torch.zeros(1, dtype=torch.float64), right.cumsum(0)])
    pitch = list(accumulate(up.tolist(), lambda angle, change: min(max(angle + change, -90.0), 90.0), initial=0.0))
    step = torch.stack([d - a, torch.zeros_like(d), w - s], dim=-1)
    step = step / step.norm(dim=-1, keepdim=True).clamp(min=1.0)
    sprints = (ctrl > 0) & (step[:, 2] > 0)
    factor = torch.where(shift > 0, SNEAKING, torch.where(sprints, SPRINTING, 1.0)).double()
    step = step * (factor * (WALKING_SPEED / frame_rate))[:, None]
    moved = (yaw_rotation(yaw[1:]) @ step[:, :, None])[..., 0]
    positions = torch.cat([torch.zeros(1, 3, dtype=torch.float64), moved.cumsum(0)])[:-1]
    rotation = yaw_rotation(yaw[:-1]) @ pitch_rotation(torch.tensor(pitch[:-1], dtype=torch.float64))
    return rigid(rotation, positions)


def _poses(lines: Sequence[_Line], options: ActionReadOptions, frame_rate: float) -> Tensor:
    if options.follow == "recorded" and all(lines[0].item.get(key) is not None for key in POSE_KEYS):
        return _recorded_poses(lines)
    mouse = torch.tensor([line.mouse for line in lines], dtype=torch.float64)
    return walked_poses([line.keys for line in lines], mouse, frame_rate)


def _lens(options: ReadOptions, is_minecraft: bool, source: Path) -> tuple[Tensor, tuple[int, int]]:
    if not is_minecraft:
        return options.lens_or_assumed(source)
    width, height = options.width or MINECRAFT_SIZE[0], options.height or MINECRAFT_SIZE[1]
    upright = math.tan(math.radians(MINECRAFT_VERTICAL_FOV) / 2.0)
    across = math.degrees(2.0 * math.atan(upright * width / height))
    field_of_view = across if options.horizontal_fov is None else options.horizontal_fov
    return pinhole_intrinsics(width, height, field_of_view), (width, height)


def _read(path: Path, options: ActionReadOptions) -> Agents:
    of_agent: dict[str, list[_Line]] = {}
    for number, text in text_lines(read_text(path)):
        line = _line(number, text)
        agent = line.item.get("agent")
        of_agent.setdefault(agent_name(path) if agent is None else agent.name(), []).append(line)
    if not of_agent:
        raise ValueError("the file holds no lines.")
    first_name, first = next(iter(of_agent.items()))
    for name, lines in of_agent.items():
        if len(lines) != len(first):
            raise ValueError(
                f"agent '{name}' has {len(lines)} lines, agent '{first_name}' has {len(first)}; every agent needs a "
                "line per frame."
            )
    is_minecraft = first[0].item.get("keyboard") is not None
    stated = first[0].item.get("frame_rate")
    if stated is not None:
        frame_rate = stated.number()
    elif is_minecraft:
        frame_rate = options.frame_rate or MINECRAFT_FRAME_RATE
    else:
        frame_rate = options.frame_rate_or_assumed(path)
    if not 0.0 < frame_rate < math.inf:
        raise ValueError(f"frame_rate: expected positive frames per second, given {frame_rate:g}.")
    lens, size = _lens(options, is_minecraft, path)
    members = [
        single_camera_agent(name, _poses(lines, options, frame_rate), lens, size) for name, lines in of_agent.items()
    ]
    return Agents(tuple(members), frame_rate)


def _angles(poses: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Heading, pitch and roll in degrees of (frames, 4, 4); pitch up, roll is what the other two do not explain."""
    pitch = torch.rad2deg(torch.asin((-poses[:, 1, 2]).clamp(-1.0, 1.0)))
    # Looking straight up or down, the forward axis has no heading; the right one has.
    sideways = torch.rad2deg(torch.atan2(-poses[:, 2, 0], poses[:, 0, 0]))
    yaw = torch.where(pitch.abs() > 89.9, sideways, heading(poses))
    rest = (yaw_rotation(yaw) @ pitch_rotation(pitch)).mT @ poses[:, :3, :3]
    return yaw, pitch, torch.rad2deg(torch.atan2(rest[:, 1, 0], rest[:, 0, 0]))


def _held_keys(positions: Tensor, yaw: Tensor, frame_rate: float) -> list[list[str]]:
    """Names of the keys per frame that lead from each position to the next; none in the last frame."""
    local = yaw_rotation(yaw[1:]).mT @ positions.diff(dim=0)[:, :, None] * frame_rate
    right, forward = local[:, 0, 0], local[:, 2, 0]
    speed = torch.hypot(right, forward)
    eighths = torch.round(torch.atan2(right, forward) / (math.pi / 4.0)).long() % 8
    held: list[list[str]] = []
    for direction, metres in zip(eighths.tolist(), speed.tolist(), strict=True):
        if metres < STANDING_SPEED:
            held.append([])
            continue
        names = [*("w" * (direction in (7, 0, 1))), *("d" * (direction in (1, 2, 3)))]
        names += [*("s" * (direction in (3, 4, 5))), *("a" * (direction in (5, 6, 7)))]
        ratio = metres / WALKING_SPEED
        names += ["left.control"] * (ratio > math.sqrt(SPRINTING) and "w" in names)
        names += ["left.shift"] * (ratio < math.sqrt(SNEAKING))
        held.append([PREFIX + name for name in names])
    return [*held, []]


def _agent_lines(agent: Agent, frame_rate: float, path: Path) -> list[dict[str, Any]]:
    poses = agent.extrinsics()[:, 0]
    yaw, pitch, roll = _angles(poses)
    if agent.rig.view_count > 1 or roll.abs().max() > 0.5:
        logger.warning(
            "%s: agent '%s' has %d views and rolls by up to %.1f degrees; only its first view is written, upright.",
            path, agent.name, agent.rig.view_count, roll.abs().max().item(),
        )  # fmt: skip
    yaw = torch.from_numpy(np.unwrap(yaw.numpy(), period=360.0))
    pixels = torch.stack([yaw, -pitch], dim=-1).diff(dim=0) / DEGREES_PER_PIXEL
    mouse = [*pixels.tolist(), [0.0, 0.0]]
    keys = _held_keys(poses[:, :3, 3], yaw, frame_rate)
    places = zip(*(values.tolist() for values in (*poses[:, :3, 3].unbind(-1), yaw, pitch)), strict=True)
    return [
        {
            "agent": agent.name,
            "keyboard": {"keys": held},
            "mouse": {"dx": dx, "dy": dy, "buttons": []},
            "isGuiOpen": False,
            **dict(zip(POSE_KEYS, (x, -y - EYE_HEIGHT, -z, degrees - 180.0, -up), strict=True)),
            "tick": frame,
        }
        for frame, (held, (dx, dy), (x, y, z, degrees, up)) in enumerate(zip(keys, mouse, places, strict=True))
    ]


def _write(agents: Agents, path: Path, options: WriteOptions) -> None:
    of_agent = [_agent_lines(agent, agents.frame_rate, path) for agent in agents.members]
    lines = [line for frame in zip(*of_agent, strict=True) for line in frame]
    lines[0] = {"frame_rate": agents.frame_rate, **lines[0]}
    text = "".join(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n" for line in lines)
    write_file(path, text.encode("utf-8"))


FORMAT = FileFormat(
    id="action_jsonl",
    title="Keyboard and mouse actions",
    suffixes=(".jsonl",),
    direction="camera-to-world",
    camera_axes="yaw to the right from south, pitch down, no roll",
    world_axes="Minecraft: x east, y up, z south; right-handed",
    units="metres (blocks), degrees, pixels of the mouse",
    intrinsics="none; Minecraft's 70 degrees over the height of 640x360 pixels, or the options'",
    lost_on_export="roll, views after the first, lenses, picture size, bodies",
    needed_on_import="frame rate, width, height and horizontal field of view for lines by hand",
    recognise=_recognise,
    read=_read,
    write=_write,
    read_options=ActionReadOptions,
)
