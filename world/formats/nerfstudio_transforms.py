"""nerfstudio's `transforms.json`, which instant-ngp and NeRF data sets use too.

    {"camera_model": "OPENCV", "fl_x": …, "fl_y": …, "cx": …, "cy": …, "w": …, "h": …,
     "frames": [{"file_path": "images/0001.png", "transform_matrix": 4x4 camera-to-world}, …]}

Cameras have OpenGL axes (x right, y up, z back). The world has no fixed axes; nerfstudio's is z-up. Two steps lead to
ours, neither of which changes handedness:

    pose = WORLD_TO_OURS[world_up] @ transform_matrix @ diag(1, -1, -1, 1)

With z up (the default) the world's x stays right, y becomes forward (z) and z becomes up (-y). That is exactly the
inverse of the `applied_transform` that nerfstudio's COLMAP converter writes. Lengths are in no stated unit:
`metres_per_unit` scales them.

Lens: `fl_x, fl_y, cx, cy, w, h` at the top level or per frame (a frame's own value wins), or `camera_angle_x` /
`camera_angle_y` (radians over the whole picture) instead of focal lengths; a missing `fl_y` is `fl_x`, a missing
`cx, cy` is the middle.

One file is one agent with one view: its frames are the agent's path, in the natural order of their `file_path`.
Frames that also carry the keys `agent` and `view`, as written here, become those agents and views. `grouping` says
otherwise. For several files with an agent each, use `read_agents_from_files`; an agent is called like its file, or like
its folder where the file is called `transforms.json`. An agent with several views has the frame of its first view.
"""

import logging
import math
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import torch
from torch import Tensor

from ..agents import Agent, Agents
from ..choices import check_choice
from ..mounts import rigid_mounts
from ..poses import check_poses
from .cameras import agent_from_cameras, agent_name, common_size, warn_of_skew
from .description import FileFormat, Head, ReadOptions, WriteOptions
from .files import read_text, write_file
from .json_values import JsonValue, format_json, parse_json
from .natural_order import natural_order
from .opengl_axes import OPENGL_CAMERA, WORLD_TO_OURS, WorldUp

logger = logging.getLogger(__name__)

Grouping = Literal["as written", "one view", "views by folder", "agents by folder"]
Order = Literal["file name", "as listed"]

DISTORTION_KEYS = ("k1", "k2", "k3", "k4", "p1", "p2")
PINHOLE_MODELS = ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "PERSPECTIVE")


@dataclass(frozen=True)
class NerfstudioReadOptions(ReadOptions):
    """Options of `transforms.json`.

    Attributes:
        world_up: the file's axis that points up ("-y" if its world is already like ours).
        metres_per_unit: length of the file's unit.
        grouping: "as written" follows the keys `agent` and `view` where all frames have them, else is "one view";
            "one view" makes all frames the path of one camera; "views by folder" makes the folders of `file_path` the
            views of one agent; "agents by folder" makes them agents with one view each.
        order: of the frames: natural order of `file_path` (2 before 10), or as listed.
    """

    world_up: WorldUp = "z"
    metres_per_unit: float = 1.0
    grouping: Grouping = "as written"
    order: Order = "file name"

    def __post_init__(self) -> None:
        check_choice("world_up", self.world_up, WorldUp)
        check_choice("grouping", self.grouping, Grouping)
        check_choice("order", self.order, Order)
        if not 0.0 < self.metres_per_unit < float("inf"):
            raise ValueError(f"metres_per_unit must be positive, given {self.metres_per_unit}.")


@dataclass(frozen=True)
class NerfstudioWriteOptions(WriteOptions):
    """Options of `transforms.json`.

    Attributes:
        world_up: the axis of the file's world that points up.
    """

    world_up: WorldUp = "z"

    def __post_init__(self) -> None:
        check_choice("world_up", self.world_up, WorldUp)


@dataclass(frozen=True)
class _Frame:
    """One picture of the file, the `index`-th as listed."""

    index: int
    item: JsonValue
    file_path: str
    agent: str
    view: str


def _recognise(head: Head) -> bool:
    return all(re.search(rf'"{key}"\s*:', head.text) for key in ("frames", "transform_matrix"))


def _folders(items: list[JsonValue], grouping: Grouping) -> list[str]:
    """Folder of every picture, without the leading folders that all of them share."""
    parents = []
    for item in items:
        path = item.key("file_path")
        parents.append(PurePosixPath(path.text().replace("\\", "/")).parent.parts)
        if not parents[-1]:
            raise path.wrong(f"a path with a folder, as grouping '{grouping}' needs")
    shared = 0
    while all(len(parts) > shared + 1 and parts[shared] == parents[0][shared] for parts in parents):
        shared += 1
    return ["/".join(parts[shared:]) for parts in parents]


def _owners(items: list[JsonValue], name: str, options: NerfstudioReadOptions) -> list[tuple[str, str]]:
    """(agent, view) that every picture belongs to."""
    if options.grouping == "views by folder":
        return [(name, folder) for folder in _folders(items, options.grouping)]
    if options.grouping == "agents by folder":
        return [(folder, "front") for folder in _folders(items, options.grouping)]
    if options.grouping == "as written" and all({"agent", "view"} <= set(item.field_names()) for item in items):
        return [(item.key("agent").name(), item.key("view").name()) for item in items]
    return [(name, "front")] * len(items)


def _frames(document: JsonValue, name: str, options: NerfstudioReadOptions) -> list[_Frame]:
    """The pictures of a file in the order of time."""
    items = [item.owned_by(f"frame {index}") for index, item in enumerate(document.key("frames").items())]
    if not items:
        raise ValueError("frames: the list is empty.")
    owners = _owners(items, name, options)
    several = len(set(owners)) > 1
    frames = []
    for index, (item, (agent, view)) in enumerate(zip(items, owners, strict=True)):
        file_path = item.get("file_path")
        place = f"{item.owner}, agent '{agent}', view '{view}'" if several else item.owner
        frames.append(_Frame(index, item.owned_by(place), "" if file_path is None else file_path.text(), agent, view))
    return frames if options.order == "as listed" else sorted(frames, key=lambda frame: natural_order(frame.file_path))


def _focal_lengths(camera: JsonValue, width: int, height: int) -> tuple[float, float]:
    focal: list[float | None] = []
    for focal_key, angle_key, pixels in (("fl_x", "camera_angle_x", width), ("fl_y", "camera_angle_y", height)):
        length, angle = camera.get(focal_key), camera.get(angle_key)
        if length is not None:
            focal.append(length.number())
        elif angle is not None:
            radians = angle.number()
            if not 1e-4 < radians < 3.1415:
                raise angle.wrong("an angle between 0 and pi radians")
            focal.append(pixels / (2.0 * math.tan(radians / 2.0)))
        else:
            focal.append(None)
    fl_x, fl_y = focal
    if fl_x is None and fl_y is None:
        raise ValueError(f"{camera.owner}: the lens is missing; expected fl_x or camera_angle_x.")
    horizontal = fl_x if fl_x is not None else fl_y
    vertical = fl_y if fl_y is not None else fl_x
    assert horizontal is not None
    assert vertical is not None
    return horizontal, vertical


def _size(camera: JsonValue, options: ReadOptions) -> tuple[int, int]:
    sizes = []
    for key, given in (("w", options.width), ("h", options.height)):
        pixels = camera.get(key)
        if pixels is None and given is None:
            raise ValueError(f"{camera.owner}: the picture size '{key}' is missing; set width and height.")
        sizes.append(pixels.size() if pixels is not None else given)
    width, height = sizes
    assert width is not None
    assert height is not None
    return width, height


def _lens(camera: JsonValue, options: ReadOptions) -> tuple[Tensor, tuple[int, int]]:
    """(3, 3) pinhole matrix in pixels and the picture size."""
    width, height = _size(camera, options)
    fl_x, fl_y = _focal_lengths(camera, width, height)
    cx, cy = camera.get("cx"), camera.get("cy")
    centre_x = width / 2.0 if cx is None else cx.number()
    centre_y = height / 2.0 if cy is None else cy.number()
    matrix = torch.tensor([[fl_x, 0.0, centre_x], [0.0, fl_y, centre_y], [0.0, 0.0, 1.0]], dtype=torch.float64)
    return matrix, (width, height)


def _cameras(document: JsonValue, frames: list[_Frame]) -> list[JsonValue]:
    """Per frame, the lens keys of the file overlaid with the frame's own."""
    shared = {key: value for key, value in document.value.items() if key != "frames"}
    return [JsonValue({**shared, **frame.item.value}, frame.item.owner) for frame in frames]


def _check_model(camera: JsonValue) -> bool:
    """Refuse a lens that is no pinhole at all; tell whether there is distortion to warn about."""
    model = camera.get("camera_model")
    if model is not None and model.text().upper() not in PINHOLE_MODELS:
        raise model.wrong("a perspective camera (OPENCV or PINHOLE); undistort the pictures first")
    distortion = (camera.get(key) for key in DISTORTION_KEYS)
    return any(value is not None and value.number() != 0.0 for value in distortion)


def _poses(frames: list[_Frame], options: NerfstudioReadOptions) -> Tensor:
    """(frames, 4, 4) camera-to-world in our axes and metres."""
    listed = torch.eye(4, dtype=torch.float64).repeat(len(frames), 1, 1)
    for frame in frames:
        matrix = frame.item.key("transform_matrix")
        rows = 3 if isinstance(matrix.value, list) and len(matrix.value) == 3 else 4
        listed[frame.index, :rows] = matrix.numbers(rows, 4)
    check_poses(listed, "transform_matrix")
    poses = WORLD_TO_OURS[options.world_up] @ listed[[frame.index for frame in frames]] @ OPENGL_CAMERA
    poses[:, :3, 3] *= options.metres_per_unit
    return poses


def _agent(name: str, frames: list[_Frame], cameras: list[JsonValue], poses: Tensor, options: ReadOptions) -> Agent:
    """One agent from its pictures in the order of time."""
    lenses = [_lens(camera, options) for camera in cameras]
    size = common_size([size for _, size in lenses], [camera.owner for camera in cameras])
    intrinsics = torch.stack([matrix for matrix, _ in lenses])
    of_view: dict[str, list[int]] = {}
    for index, frame in enumerate(frames):
        of_view.setdefault(frame.view, []).append(index)
    first, *others = of_view
    for view in others:
        if len(of_view[view]) != len(of_view[first]):
            raise ValueError(
                f"agent '{name}': view '{view}' has {len(of_view[view])} frames, view '{first}' has "
                f"{len(of_view[first])}; all views need the same frames."
            )
    pictures = torch.tensor(list(of_view.values())).T
    camera_poses = poses[pictures]
    agent_poses = camera_poses[:, 0]
    mounts = torch.eye(4, dtype=torch.float64)[None]
    if others:
        mounts = rigid_mounts(agent_poses, camera_poses, list(of_view), f"agent '{name}'")
    return agent_from_cameras(name, agent_poses, list(of_view), mounts, intrinsics[pictures], size)


def _read(path: Path, options: NerfstudioReadOptions) -> Agents:
    document = parse_json(read_text(path))
    frames = _frames(document, agent_name(path), options)
    cameras = _cameras(document, frames)
    distorted = [_check_model(camera) for camera in cameras]
    if any(distorted):
        logger.warning("%s: lens distortion is ignored; undistort the pictures if they belong to these poses.", path)
    poses = _poses(frames, options)
    of_agent: dict[str, list[int]] = {}
    for index, frame in enumerate(frames):
        of_agent.setdefault(frame.agent, []).append(index)
    members = tuple(
        _agent(agent, [frames[i] for i in indices], [cameras[i] for i in indices], poses[indices], options)
        for agent, indices in of_agent.items()
    )
    stated = document.get("frame_rate")
    return Agents(members, options.frame_rate_or_assumed(path, stated=None if stated is None else stated.number()))


def _folder_name(text: str) -> str:
    return re.sub(r"[^\w-]+", "_", text)


def _lens_document(matrix: Tensor, width: int, height: int) -> dict[str, Any]:
    (fl_x, _, cx), (_, fl_y, cy), _ = matrix.tolist()
    return {"fl_x": fl_x, "fl_y": fl_y, "cx": cx, "cy": cy, "w": width, "h": height}


def _write(agents: Agents, path: Path, options: NerfstudioWriteOptions) -> None:
    ours_to_world = WORLD_TO_OURS[options.world_up].T
    frames: list[dict[str, Any]] = []
    for number, agent in enumerate(agents.members):
        intrinsics = agent.intrinsics()
        warn_of_skew(path, f"agent '{agent.name}'", intrinsics)
        matrices = (ours_to_world @ agent.extrinsics() @ OPENGL_CAMERA).tolist()
        for view, view_name in enumerate(agent.rig.view_names):
            # The numbers keep apart names that differ only in characters a folder cannot have.
            folder = f"images/{number}_{_folder_name(agent.name)}/{view}_{_folder_name(view_name)}"
            frames += [
                {
                    "file_path": f"{folder}/{frame:05d}.png",
                    "agent": agent.name,
                    "view": view_name,
                    **_lens_document(intrinsics[frame, view], agent.rig.width, agent.rig.height),
                    "transform_matrix": matrices[frame][view],
                }
                for frame in range(agent.frame_count)
            ]
    document: dict[str, Any] = {"camera_model": "OPENCV", "frame_rate": agents.frame_rate}
    document["applied_transform"] = ours_to_world[:3].tolist()
    lens_keys = ("fl_x", "fl_y", "cx", "cy", "w", "h")
    if all(frame[key] == frames[0][key] for frame in frames for key in lens_keys):
        document.update({key: frames[0][key] for key in lens_keys})
        frames = [{key: value for key, value in frame.items() if key not in lens_keys} for frame in frames]
    document["frames"] = frames
    write_file(path, (format_json(document) + "\n").encode("utf-8"))


FORMAT = FileFormat(
    id="nerfstudio_transforms",
    title="nerfstudio transforms.json",
    suffixes=(".json",),
    direction="camera-to-world",
    camera_axes="OpenGL: x right, y up, z back; right-handed",
    world_axes="right-handed, usually z up (option world_up)",
    units="none stated, metres by default (option metres_per_unit)",
    intrinsics="fl_x, fl_y, cx, cy, w, h in pixels, or camera_angle_x in radians; shared or per frame",
    lost_on_export="the agent's own frame where it is not that of its first view, bodies, skew",
    needed_on_import="frame rate; width and height where the file has no w and h; which axis is up",
    recognise=_recognise,
    read=_read,
    write=_write,
    read_options=NerfstudioReadOptions,
    write_options=NerfstudioWriteOptions,
)
