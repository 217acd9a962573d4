"""Cameras of glTF 2.0, with animation: .gltf with its buffers inside or beside it, and .glb.

Camera-to-world, right-handed, y up, metres; a camera looks along its own -z with y up. To ours:

    pose = diag(1, -1, -1, 1) @ (the node's matrix in the world) @ diag(1, -1, -1, 1)

Every node with a perspective camera becomes an agent with one view, called like the node. Nodes are moved by the
animations of the whole file: translation, rotation and scale with LINEAR, STEP and CUBICSPLINE keys, through the
hierarchy. As the specification has it, the scale of a node does not reach the camera's axes, only its place; mirrored
and sheared ones are refused. Paths are sampled at the frame rate from the first key to the last.

Lens: `yfov` in radians, `aspectRatio` (else that of the picture's size). A picture size is in no glTF file: width and
height are those of the options; one alone, or none, is completed by the aspect ratio, with pixels square.

A file written here has a node per agent that moves, below it a node per view that does not, float32 keys, and in
`extras`, which other programs keep or leave out but never mind, what makes the file come back as it was: the frame
rate, which nodes are agents and views, and the picture's size.
"""

import logging
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..agents import Agent, Agents, unique_name
from ..mounts import SINGLE_VIEW_NAME, rigid_mounts
from ..poses import check_poses
from .cameras import agent_from_cameras, common_size, single_camera_agent
from .description import FileFormat, Head, ReadOptions
from .gltf_buffers import GLB_MAGIC, GltfFile
from .gltf_nodes import NodeWorld, node_name
from .gltf_writing import AGENT_KEY, FRAME_RATE_KEY, VIEW_KEY, write_gltf
from .json_values import JsonValue
from .opengl_axes import OPENGL_CAMERA, WORLD_TO_OURS

logger = logging.getLogger(__name__)

Size = tuple[int, int]
Assumed = Callable[[], Size]


def _recognise(head: Head) -> bool:
    if head.data.startswith(GLB_MAGIC):
        return True
    # The asset may stand behind a long list of buffers, so the ending counts too.
    text = head.text
    if not text.lstrip().startswith("{"):
        return False
    return ('"asset"' in text and '"nodes"' in text) or head.path.suffix.lower() == ".gltf"


def _extra(item: JsonValue, key: str) -> JsonValue | None:
    """A value of an item's `extras`, if it has one; extras of other programs may be anything."""
    extras = item.get("extras")
    return extras.get(key) if extras is not None and isinstance(extras.value, dict) else None


def _camera_nodes(file: GltfFile) -> list[tuple[int, JsonValue]]:
    """Index of every node with a perspective camera, and the camera."""
    found, flat = [], 0
    for index, node in enumerate(file.entries("nodes")):
        reference = node.get("camera")
        if reference is None:
            continue
        camera = file.entry("cameras", reference)
        if camera.key("type").text() == "perspective":
            found.append((index, camera))
        else:
            flat += 1
    if flat:
        logger.warning("%s: orthographic cameras are left out, %d of them.", file.path, flat)
    if not found:
        raise ValueError("no node of the file has a perspective camera.")
    return found


def _size(camera: JsonValue, aspect: float | None, options: ReadOptions, assumed: Assumed) -> tuple[Size, bool]:
    """Picture size, and whether it is the file's own, so that the aspect ratio tells of pixels that are not square."""
    width, height = _extra(camera, "width"), _extra(camera, "height")
    if width is not None and height is not None:
        return (width.size(), height.size()), True
    if aspect is None or (options.width is not None and options.height is not None):
        return assumed(), False
    if options.width is not None:
        return (options.width, max(round(options.width / aspect), 1)), False
    height_pixels = options.height or assumed()[1]
    return (max(round(height_pixels * aspect), 1), height_pixels), False


def _lens(camera: JsonValue, options: ReadOptions, assumed: Assumed, source: Path) -> tuple[Tensor, Size]:
    """(3, 3) pinhole matrix and picture size."""
    lens = camera.key("perspective")
    angle, ratio = lens.key("yfov"), lens.get("aspectRatio")
    radians = angle.number()
    if not 1e-4 < radians < math.pi - 1e-4:
        raise angle.wrong("an angle between 0 and pi radians")
    aspect = None if ratio is None else ratio.number()
    if ratio is not None and not 1e-3 < ratio.number() < 1e3:
        raise ratio.wrong("a width over height between 0.001 and 1000")
    (width, height), own = _size(camera, aspect, options, assumed)
    fy = height / (2.0 * math.tan(radians / 2.0))
    fx = fy if aspect is None or not own else width / (2.0 * aspect * math.tan(radians / 2.0))
    if aspect is not None and not own and abs(width / height / aspect - 1.0) > 0.02:
        logger.warning(
            "%s: %s has an aspect ratio of %.3g, the picture of %dx%d pixels has %.3g; the vertical field of view is "
            "kept.",
            source, camera.field, aspect, width, height, width / height,
        )  # fmt: skip
    matrix = torch.tensor([[fx, 0.0, width / 2.0], [0.0, fy, height / 2.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    return matrix, (width, height)


def _frame_times(world: NodeWorld, frame_rate: float) -> np.ndarray:
    """Seconds of the frames, from the first key to the last."""
    first, last = world.duration()
    # Keys are float32, so the last one may come too early by a ten-millionth of it.
    count = math.floor((last - first) * frame_rate * (1.0 + 2e-7) + 1e-3) + 1
    if count > 2**24:
        raise ValueError(
            f"the animation lasts {last - first:g} s, which at {frame_rate:g} frames per second is too long."
        )
    return first + np.arange(count) / frame_rate


def _our_poses(world: NodeWorld, node: int, owner: str) -> Tensor:
    poses = world.poses(node, owner)
    check_poses(poses, owner)
    return WORLD_TO_OURS["y"] @ poses @ OPENGL_CAMERA


def _members(
    file: GltfFile, world: NodeWorld, cameras: list[tuple[int, JsonValue]], lenses: list[tuple[Tensor, Size]]
) -> tuple[Agent, ...]:
    """An agent per camera, except for those below a node that was written as an agent."""
    nodes = file.entries("nodes")
    groups: dict[int, list[int]] = {}
    for number, (node, _) in enumerate(cameras):
        above = world.parents.get(node)
        is_view = above is not None and _extra(nodes[above], AGENT_KEY) is not None
        # Nodes from 0 up are agents, negative numbers cameras of their own.
        groups.setdefault(above if above is not None and is_view else -1 - number, []).append(number)
    members: list[Agent] = []
    for owner, numbers in groups.items():
        places = [f"{nodes[cameras[number][0]].field}" for number in numbers]
        poses = [_our_poses(world, cameras[number][0], place) for number, place in zip(numbers, places, strict=True)]
        taken = [member.name for member in members]
        if owner < 0:
            matrix, size = lenses[numbers[0]]
            node, camera = cameras[numbers[0]]
            name = unique_name(node_name(nodes[node], node_name(camera, f"camera {node}")), taken)
            members.append(single_camera_agent(name, poses[0], matrix, size))
            continue
        name = unique_name(node_name(nodes[owner], f"agent {owner}"), taken)
        views: list[str] = []
        for number in numbers:
            below = nodes[cameras[number][0]]
            view = _extra(below, VIEW_KEY)
            views.append(unique_name(node_name(below, SINGLE_VIEW_NAME) if view is None else view.name(), views))
        agent_poses = _our_poses(world, owner, nodes[owner].field)
        mounts = rigid_mounts(agent_poses, torch.stack(poses, dim=1), views, f"agent '{name}'")
        size = common_size([lenses[number][1] for number in numbers], places)
        matrices = torch.stack([lenses[number][0] for number in numbers]).expand(len(agent_poses), -1, 3, 3)
        members.append(agent_from_cameras(name, agent_poses, views, mounts, matrices, size))
    return tuple(members)


def _read(path: Path, options: ReadOptions) -> Agents:
    file = GltfFile.open(path)
    cameras = _camera_nodes(file)
    world = NodeWorld.around(file, [node for node, _ in cameras])
    stated = _extra(file.document.key("asset"), FRAME_RATE_KEY)
    frame_rate = options.frame_rate_or_assumed(path, stated=None if stated is None else stated.number())
    if not 0.0 < frame_rate < 1e6:
        raise ValueError(f"the frame rate must be between 0 and 1e6 frames per second, given {frame_rate:g}.")
    world.sample(_frame_times(world, frame_rate))
    # One warning for all cameras.
    assumed = cache(lambda: options.size_or_assumed(path))
    lenses = [_lens(camera, options, assumed, path) for _, camera in cameras]
    return Agents(_members(file, world, cameras, lenses), frame_rate)


FORMAT = FileFormat(
    id="gltf",
    title="glTF 2.0 cameras",
    suffixes=(".glb", ".gltf"),
    direction="camera-to-world",
    camera_axes="OpenGL: x right, y up, looks along -z; right-handed",
    world_axes="y up; right-handed",
    units="metres, seconds, radians",
    intrinsics="yfov in radians and aspectRatio per camera; no picture size",
    lost_on_export="digits beyond float32, zoom after the first frame, bodies, off-centre principal points, skew",
    needed_on_import="frame rate, width and height, unless the file was written here",
    recognise=_recognise,
    read=_read,
    write=write_gltf,
)
