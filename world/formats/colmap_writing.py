"""The text files of a COLMAP model from agents."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..agents import Agent, Agents
from ..poses import inverse
from .cameras import plain_name
from .quaternions import quaternions_from_rotations

HEADERS = {
    "cameras.txt": "# CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]",
    "images.txt": "# IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME\n# POINTS2D[] as (X, Y, POINT3D_ID)",
    "points3D.txt": "# POINT3D_ID, X, Y, Z, R, G, B, ERROR, TRACK[] as (IMAGE_ID, POINT2D_IDX)",
    "rigs.txt": "# RIG_ID, NUM_SENSORS, REF_SENSOR_TYPE, REF_SENSOR_ID, SENSORS[] as "
    "(SENSOR_TYPE, SENSOR_ID, HAS_POSE, [QW, QX, QY, QZ, TX, TY, TZ])",
    "frames.txt": "# FRAME_ID, RIG_ID, RIG_FROM_WORLD[QW, QX, QY, QZ, TX, TY, TZ], NUM_DATA_IDS, "
    "DATA_IDS[] as (SENSOR_TYPE, SENSOR_ID, DATA_ID)",
}


@dataclass
class _Lines:
    """Lines of the files, and the next free ids."""

    cameras: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    rigs: list[str] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)
    image_count: int = 0


def _pose_cells(world_to_camera: Tensor) -> list[str]:
    """The columns QW QX QY QZ TX TY TZ of poses (poses, 4, 4)."""
    quaternions = quaternions_from_rotations(world_to_camera[:, :3, :3])[:, [3, 0, 1, 2]]
    rows = torch.cat([quaternions, world_to_camera[:, :3, 3]], dim=-1).tolist()
    return [" ".join(map(repr, row)) for row in rows]


def _add_camera(lines: _Lines, agent: Agent, matrix: Tensor) -> int:
    (fx, _, cx), (_, fy, cy), _ = matrix.tolist()
    number = len(lines.cameras) + 1
    size = f"{agent.rig.width} {agent.rig.height}"
    lines.cameras.append(f"{number} PINHOLE {size} {fx!r} {fy!r} {cx!r} {cy!r}")
    return number


def _add_agent(lines: _Lines, agent: Agent, folders: list[str]) -> None:
    cells = [_pose_cells(poses) for poses in inverse(agent.extrinsics()).unbind(1)]
    zooms = agent.frame_intrinsics is not None
    cameras = [] if zooms else [_add_camera(lines, agent, matrix) for matrix in agent.rig.intrinsics]
    rig = len(lines.rigs) + 1
    mounts = _pose_cells(inverse(agent.rig.view_to_agent) @ agent.rig.view_to_agent[0])
    sensors = [f"CAMERA {camera} 1 {mount}" for camera, mount in zip(cameras[1:], mounts[1:], strict=False)]
    lines.rigs.append(" ".join([f"{rig} {len(folders)} CAMERA {cameras[0] if cameras else 0}", *sensors]))
    for frame in range(agent.frame_count):
        entries = []
        for view, folder in enumerate(folders):
            lines.image_count += 1
            camera = _add_camera(lines, agent, agent.intrinsics()[frame, view]) if zooms else cameras[view]
            name = f"{folder}/{frame:05d}.png"
            lines.images += [f"{lines.image_count} {cells[view][frame]} {camera} {name}", ""]
            entries.append(f"CAMERA {camera} {lines.image_count}")
        number = len(lines.frames) + 1
        lines.frames.append(f"{number} {rig} {cells[0][frame]} {len(entries)} {' '.join(entries)}")


def _distinct(names: list[str]) -> list[str]:
    """Names for folders; what becomes equal without its special characters gets a number."""
    taken: list[str] = []
    for text in names:
        name, copy = plain_name(text), 2
        while name.lower() in (other.lower() for other in taken):
            name, copy = f"{plain_name(text)}_{copy}", copy + 1
        taken.append(name)
    return taken


def model_files(agents: Agents) -> dict[str, bytes]:
    """The files of a model by name. Rigs and frames are left out if the lens of any agent changes over time."""
    lines = _Lines()
    for agent, folder in zip(agents.members, _distinct(list(agents.names)), strict=True):
        views = _distinct(list(agent.rig.view_names))
        _add_agent(lines, agent, [folder] if len(views) == 1 else [f"{folder}/{view}" for view in views])
    files = {"cameras.txt": lines.cameras, "images.txt": lines.images, "points3D.txt": []}
    if all(agent.frame_intrinsics is None for agent in agents.members):
        files |= {"rigs.txt": lines.rigs, "frames.txt": lines.frames}
    return {name: ("\n".join([HEADERS[name], *content]) + "\n").encode("utf-8") for name, content in files.items()}
