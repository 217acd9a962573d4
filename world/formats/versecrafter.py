"""VerseCrafter's trajectories: the camera as .npz, moving objects as 3-D Gaussians in a .json beside it.

    custom_camera_trajectory.npz      extrinsics (frames, 4, 4)
    custom_3D_gaussian_trajectory.json
        {"metadata": {"num_objects": …, "num_frames": …, "obj_id_to_color_idx": {"1": 0}, …},
         "frames": [{"frame_index": 0,
                     "objects": [{"object_id": "1", "color_index": 0,
                                  "gaussian_3d": {"mean": [x, y, z], "covariance": 3x3}}]}]}

Despite their name the extrinsics are camera-to-world as Blender has them: cameras with OpenGL axes (x right, y up, z
back) in a z-up, right-handed world, in metres as far as the depth model is right. To ours:

    pose = WORLD_TO_OURS["z"] @ extrinsics @ diag(1, -1, -1, 1),  mean = R m,  covariance = R C R^T

The camera becomes an agent with one view, every object an agent of its own: it stands upright at the mean, looks where
it goes (a Gaussian has no front), and its body is the box of the average covariance. An .npz brings the objects of the
.json whose name is the same but for `camera_trajectory` and `3D_gaussian_trajectory`, or has the latter appended; a
.json alone brings the objects alone.

The lens is in another file (`depth_intrinsics.npz`, divided by the picture size), so it is that of the options, unless
the .npz has an `intrinsic` (3x3, or one per frame) and a `size` (width, height) too, as files written here have;
VerseCrafter minds only `extrinsics`. On export every camera gets an .npz, and beside it a .json with the bodies of all
other agents.
"""

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..actions.numpy_files import read_npz
from ..agents import Agent, Agents, Body, unique_name
from ..mounts import SINGLE_VIEW_NAME
from ..paths import upright_poses
from ..poses import check_poses
from ..rigs import Rig
from ..scene.gaussians import SIGMAS_TO_FACE, gaussian_of_body
from .cameras import CameraFile, agent_name, camera_files, single_camera_agent
from .description import FileFormat, Head, ReadOptions, WriteOptions
from .files import read_text, write_file
from .json_values import JsonValue, format_json, parse_json
from .opengl_axes import OPENGL_CAMERA, WORLD_TO_OURS

logger = logging.getLogger(__name__)

CAMERA_STEM, OBJECT_STEM = "camera_trajectory", "3D_gaussian_trajectory"

SMALLEST_BODY = 0.001
"""Metres; a Gaussian that is flat still makes a box."""

LARGEST_VARIANCE = 1e12
"""Square metres: an object of a thousand kilometres."""

STANDING = 0.001
"""Metres per frame below which an object keeps its heading."""


@dataclass(frozen=True)
class VerseCrafterReadOptions(ReadOptions):
    """Options of VerseCrafter's trajectories.

    Attributes:
        objects: read the objects beside a camera too.
    """

    objects: bool = True


def _recognise(head: Head) -> bool:
    if head.data.startswith(b"PK"):
        return b"extrinsics.npy" in head.data
    return '"gaussian_3d"' in head.text and '"frames"' in head.text


def object_path(path: Path) -> Path:
    """The file of the objects that belong to a camera's file."""
    if CAMERA_STEM in path.stem:
        return path.with_name(path.stem.replace(CAMERA_STEM, OBJECT_STEM) + ".json")
    return path.with_name(f"{path.stem}_{OBJECT_STEM}.json")


def _array(arrays: dict[str, np.ndarray], name: str, *shapes: tuple[int, ...]) -> Tensor:
    values = torch.from_numpy(arrays[name].astype(np.float64))
    if tuple(values.shape) not in shapes:
        expected = " or ".join("x".join(map(str, shape)) for shape in shapes)
        raise ValueError(f"array '{name}': expected {expected} numbers, given shape {tuple(values.shape)}.")
    return values


def _lens(arrays: dict[str, np.ndarray], frames: int, options: ReadOptions, path: Path) -> tuple[Tensor, Sequence[int]]:
    """Pinhole matrices in pixels, (3, 3) or (frames, 3, 3), and the picture size."""
    if "intrinsic" not in arrays:
        return options.lens_or_assumed(path)
    lens = _array(arrays, "intrinsic", (3, 3), (frames, 3, 3))
    size: Sequence[int] = options.size_or_assumed(path) if "size" not in arrays else []
    if "size" in arrays:
        pixels = _array(arrays, "size", (2,))
        if not bool(((pixels >= 1) & (pixels == pixels.round()) & (pixels < 2**24)).all()):
            raise ValueError(f"array 'size': expected width and height in pixels, given {pixels.tolist()}.")
        size = [int(value) for value in pixels]
    if bool((lens[..., 0, 0] < 10.0).all()):
        # Divided by the picture size, as VerseCrafter's depth model gives it.
        lens = lens * torch.tensor([*size, 1.0], dtype=torch.float64)[:, None]
    return lens, size


def _read_camera(path: Path, options: ReadOptions) -> Agent:
    arrays = read_npz(path)
    if "extrinsics" not in arrays:
        raise ValueError(f"the array 'extrinsics' is missing; the file has {', '.join(arrays)[:80] or 'none'}.")
    given = arrays["extrinsics"]
    if given.ndim != 3 or given.shape[1:] != (4, 4) or not len(given):
        raise ValueError(f"array 'extrinsics': expected frames x 4 x 4 numbers, given shape {given.shape}.")
    extrinsics = torch.from_numpy(given.astype(np.float64))
    check_poses(extrinsics, "array 'extrinsics'")
    lens, (width, height) = _lens(arrays, len(extrinsics), options, path)
    poses = WORLD_TO_OURS["z"] @ extrinsics @ OPENGL_CAMERA
    return single_camera_agent(agent_name(path), poses, lens, (width, height))


def _headings(positions: Tensor) -> Tensor:
    """(frames,) degrees in which something at positions (frames, 3) goes; where it stands, in which it went before."""
    steps = (torch.diff(positions, dim=0, append=positions[-1:]))[:, [0, 2]]
    moving = np.flatnonzero(steps.norm(dim=1).numpy() > STANDING)
    if not moving.size:
        return torch.zeros(len(positions), dtype=torch.float64)
    latest = np.searchsorted(moving, np.arange(len(positions)), side="right") - 1
    chosen = steps[torch.from_numpy(moving[latest.clip(min=0)])]
    return torch.rad2deg(torch.atan2(chosen[:, 0], chosen[:, 1]))


def _object(name: str, means: Tensor, covariances: Tensor, rig: Rig) -> Agent:
    """An agent from its Gaussians over time, in our axes."""
    largest = covariances.abs().amax((1, 2))
    sensible = largest < LARGEST_VARIANCE
    symmetric = (covariances - covariances.mT).abs().amax((1, 2)) <= 1e-3 * largest + 1e-9
    # Decomposing numbers near the largest float does not converge.
    safe = torch.where(sensible[:, None, None], (covariances + covariances.mT) / 2.0, 0.0)
    wrong = ~(sensible & symmetric) | (torch.linalg.eigvalsh(safe)[:, 0] < -1e-3 * largest - 1e-9)
    if wrong.any():
        raise ValueError(
            f"{name}, frame {int(wrong.nonzero()[0])}: covariance: expected a symmetric matrix in square metres "
            "without negative eigenvalues."
        )
    poses = upright_poses(means, _headings(means))
    rotation = poses[:, :3, :3]
    variances = (rotation.mT @ covariances @ rotation).diagonal(dim1=1, dim2=2).mean(0).clamp(min=0.0)
    width, height, length = (2.0 * SIGMAS_TO_FACE * variances.sqrt()).clamp(min=SMALLEST_BODY).tolist()
    return Agent(name, poses, rig, Body((width, height, length), (0.0, 0.0, 0.0)))


def _read_objects(path: Path, rig: Rig) -> list[Agent]:
    frames = [
        frame.owned_by(f"frame {index}")
        for index, frame in enumerate(parse_json(read_text(path)).key("frames").items())
    ]
    if not frames:
        raise ValueError("frames: the list is empty.")
    listed: list[dict[str, JsonValue]] = []
    for frame in frames:
        objects: dict[str, JsonValue] = {}
        for item in frame.key("objects").items():
            identity = item.key("object_id").name()
            given = item.get("name")
            objects[f"object {identity}" if given is None else given.name()] = item.key("gaussian_3d")
        listed.append(objects)
        if objects.keys() != listed[0].keys():
            odd = sorted(objects.keys() ^ listed[0].keys())[0]
            raise ValueError(f"{frame.owner}: '{odd}' is not in all frames; give every object a Gaussian per frame.")
    turn = WORLD_TO_OURS["z"][:3, :3]
    agents = []
    for name in listed[0]:
        means = torch.stack([objects[name].key("mean").numbers(3) for objects in listed])
        covariances = torch.stack([objects[name].key("covariance").numbers(3, 3) for objects in listed])
        agents.append(_object(name, means @ turn.T, turn @ covariances @ turn.T, rig))
    return agents


def _rig_without_camera(path: Path, options: ReadOptions) -> Rig:
    if options.rig is not None:
        return options.rig
    lens, size = options.lens_or_assumed(path)
    return Rig((SINGLE_VIEW_NAME,), torch.eye(4)[None], lens[None], *size)


def _read_camera_and_objects(path: Path, options: VerseCrafterReadOptions) -> list[Agent]:
    camera, beside = _read_camera(path, options), object_path(path)
    if not options.objects or not beside.is_file():
        return [camera]
    try:
        objects = _read_objects(beside, camera.rig)
    except ValueError as error:
        raise ValueError(f"{beside.name}: {error}") from error
    if objects and objects[0].frame_count != camera.frame_count:
        raise ValueError(
            f"{beside.name} has {objects[0].frame_count} frames, the camera has {camera.frame_count}; both need the "
            "same, or read the camera without objects."
        )
    members = [camera]
    for found in objects:
        members.append(replace(found, name=unique_name(found.name, [member.name for member in members])))
    return members


def _read(path: Path, options: VerseCrafterReadOptions) -> Agents:
    with path.open("rb") as stream:
        is_camera = stream.read(2) == b"PK"
    if is_camera:
        members = _read_camera_and_objects(path, options)
    else:
        members = _read_objects(path, _rig_without_camera(path, options))
    if not members:
        raise ValueError("frames: no frame has objects.")
    return Agents(tuple(members), options.frame_rate_or_assumed(path))


def _object_document(agents: Sequence[Agent]) -> dict[str, Any]:
    turn = WORLD_TO_OURS["z"][:3, :3].T
    moved = []
    for agent in agents:
        assert agent.body is not None
        means, covariances = gaussian_of_body(agent.poses, agent.body)
        moved.append(((means @ turn.T).tolist(), (turn @ covariances @ turn.T).tolist()))
    frames = [
        {
            "frame_index": frame,
            "objects": [
                {
                    "object_id": str(number + 1),
                    "name": agent.name,
                    "color_index": number,
                    "gaussian_3d": {"mean": moved[number][0][frame], "covariance": moved[number][1][frame]},
                }
                for number, agent in enumerate(agents)
            ],
        }
        for frame in range(agents[0].frame_count)
    ]
    metadata = {
        "num_objects": len(agents),
        "num_frames": agents[0].frame_count,
        "frame_step": 1,
        "obj_id_to_color_idx": {str(number + 1): number for number in range(len(agents))},
    }
    return {"metadata": metadata, "frames": frames}


def _write_objects(agents: Sequence[Agent], path: Path) -> None:
    write_file(path, (format_json(_object_document(agents)) + "\n").encode("utf-8"))


def _camera_data(camera: CameraFile) -> bytes:
    rig = camera.agent.rig
    # The transpose of a rotation is its inverse.
    extrinsics = WORLD_TO_OURS["z"].T @ camera.poses @ OPENGL_CAMERA
    lenses = camera.intrinsics / torch.tensor([rig.width, rig.height, 1.0], dtype=torch.float64)[:, None]
    constant = bool((lenses == lenses[:1]).all())
    stream = io.BytesIO()
    np.savez(
        stream,
        extrinsics=extrinsics.numpy(),
        intrinsic=(lenses[0] if constant else lenses).numpy(),
        size=np.array([rig.width, rig.height]),
    )
    return stream.getvalue()


def _write(agents: Agents, path: Path, options: WriteOptions) -> Sequence[Path]:
    with_body = [agent for agent in agents.members if agent.body is not None]
    is_camera = path.suffix.lower() == ".npz"
    if not is_camera and not with_body:
        raise ValueError("no agent has a body; write the cameras as .npz, or give the agents a size.")
    if len(with_body) < len(agents) and (len(agents) > 1 or not is_camera):
        bare = next(agent.name for agent in agents.members if agent.body is None)
        logger.warning("%s: agent '%s' has no body, so it is no object in the trajectory.", path, bare)
    if not is_camera:
        _write_objects(with_body, path)
        return [path]
    written = []
    for camera in camera_files(agents, path):
        write_file(camera.path, _camera_data(camera))
        written.append(camera.path)
        others = [agent for agent in with_body if agent.name != camera.agent.name]
        if others:
            written.append(object_path(camera.path))
            _write_objects(others, written[-1])
    return written


FORMAT = FileFormat(
    id="versecrafter",
    title="VerseCrafter trajectory",
    suffixes=(".npz", ".json"),
    direction="camera-to-world",
    camera_axes="OpenGL: x right, y up, looks along -z; right-handed",
    world_axes="Blender: z up, y forward; right-handed",
    units="metres",
    intrinsics="none; files written here also hold a 3x3 matrix divided by the picture size, and the size",
    lost_on_export="names, frame rate, headings of the other agents, bodies off their origin; each camera becomes a "
    "file and an agent",
    needed_on_import="frame rate, width, height and horizontal field of view; a rig for a .json alone",
    recognise=_recognise,
    read=_read,
    write=_write,
    read_options=VerseCrafterReadOptions,
)
