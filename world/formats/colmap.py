"""COLMAP models, text or binary: a folder with `cameras`, `images` and, since COLMAP 3.12, `rigs` and `frames`.

    cameras.txt   CAMERA_ID MODEL WIDTH HEIGHT PARAMS…
    images.txt    IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME
                  (the next line holds the image's points, which are skipped)

Poses are world-to-camera with OpenCV axes, quaternions with w first. The world has no fixed axes or unit: it is kept as
it is, in metres. Perspective models are read, with a warning where there is distortion; fisheyes are refused. Any file
of the model or the folder can be named; text is preferred where a folder has both.

A path is made of images in the natural order of their names. Rigs of several cameras become agents; without them every
folder of images becomes one, as COLMAP keeps one camera per folder. `grouping` says otherwise. COLMAP leaves out images
that it cannot place: frames that not all cameras have are left out with a warning.

A model is written as text, with rigs, frames and an empty `points3D.txt`. Lenses that change over time are written as a
camera per image, which COLMAP's rigs do not allow, so rigs are left out then.
"""

import logging
import re
from dataclasses import dataclass
from pathlib import Path

import torch

from ..agents import Agent, Agents
from ..choices import check_choice
from ..mounts import SINGLE_VIEW_NAME, rigid_mounts
from ..poses import inverse, rigid
from .cameras import agent_from_cameras, agent_name, common_size, warn_of_skew
from .colmap_binary import read_binary_model
from .colmap_grouping import CameraPath, Grouping, camera_paths
from .colmap_model import PARAMETER_NAMES, ColmapImage, ColmapModel
from .colmap_text import read_text_model
from .colmap_writing import model_files
from .description import FileFormat, Head, ReadOptions, WriteOptions
from .files import write_folder
from .quaternions import rotations_from_quaternions

logger = logging.getLogger(__name__)

MODEL_FILES = ("cameras", "images", "rigs", "frames", "points3D")
NUMBER = r"[-+0-9.eE]+"


@dataclass(frozen=True)
class ColmapReadOptions(ReadOptions):
    """Options of COLMAP models.

    Attributes:
        grouping: what becomes an agent: "as written" takes rigs of several cameras, else folders; "one path" makes all
            images the path of one camera; "folders" and "cameras" make every folder or camera an agent.
    """

    grouping: Grouping = "as written"

    def __post_init__(self) -> None:
        check_choice("grouping", self.grouping, Grouping)


def _recognise(head: Head) -> bool:
    if head.path.is_dir():
        return any((head.path / f"images{suffix}").is_file() for suffix in (".txt", ".bin"))
    if head.path.suffix == ".bin" and head.path.stem in MODEL_FILES:
        return head.path.with_name("images.bin").is_file()
    lines = [line for line in head.text.splitlines() if line.strip() and not line.startswith("#")]
    first = lines[0] if lines else ""
    camera = rf"\s*\d+\s+({'|'.join(PARAMETER_NAMES)})(\s+{NUMBER})+\s*"
    image = rf"\s*\d+(\s+{NUMBER}){{7}}\s+\d+\s+(?!{NUMBER}(\s|$))\S.*"
    return re.fullmatch(camera, first) is not None or re.fullmatch(image, first) is not None


def _read_model(path: Path) -> tuple[Path, ColmapModel]:
    folder = path if path.is_dir() else path.parent
    if folder != path and path.stem not in MODEL_FILES:
        raise ValueError(
            f"the files of a model are called {', '.join(MODEL_FILES)}, given '{path.name}'; name the folder."
        )
    if path.suffix == ".bin" or not (folder / "images.txt").is_file():
        return folder, read_binary_model(folder)
    return folder, read_text_model(folder)


def _poses(images: list[ColmapImage]) -> torch.Tensor:
    """(images, 4, 4) camera-to-world."""
    w_first = torch.tensor([image.quaternion for image in images], dtype=torch.float64)
    rotations = rotations_from_quaternions(w_first[:, [1, 2, 3, 0]], [image.place for image in images])
    return inverse(rigid(rotations, torch.tensor([image.translation for image in images], dtype=torch.float64)))


def _agent(path: CameraPath, model: ColmapModel) -> Agent:
    images = [image for frame in path.frames for image in frame]
    poses = _poses(images).unflatten(0, (len(path.frames), len(path.views)))
    cameras = [model.cameras[image.camera] for image in images]
    size = common_size([(camera.width, camera.height) for camera in cameras], [image.place for image in images])
    intrinsics = torch.stack([camera.intrinsics for camera in cameras]).reshape(*poses.shape[:2], 3, 3)
    agent_poses = poses[:, 0]
    views = path.views if len(path.views) > 1 else [SINGLE_VIEW_NAME]
    mounts = rigid_mounts(agent_poses, poses, views, f"agent '{path.agent}'")
    mounts[0] = torch.eye(4)
    return agent_from_cameras(path.agent, agent_poses, views, mounts, intrinsics, size)


def _read(path: Path, options: ColmapReadOptions) -> Agents:
    folder, model = _read_model(path)
    if any(model.cameras[image.camera].is_distorted for image in model.images.values()):
        logger.warning("%s: lens distortion is ignored; undistort the images in COLMAP if they are used.", path)
    paths = camera_paths(model, options.grouping, agent_name(folder), path)
    return Agents(tuple(_agent(found, model) for found in paths), options.frame_rate_or_assumed(path))


def _write(agents: Agents, path: Path, options: WriteOptions) -> None:
    for agent in agents.members:
        warn_of_skew(path, f"agent '{agent.name}'", agent.intrinsics())
        if agent.frame_intrinsics is not None and agent.rig.view_count > 1:
            logger.warning(
                "%s: the lenses of agent '%s' change over time, which COLMAP's rigs cannot hold: rigs are left out.",
                path,
                agent.name,
            )
    write_folder(path, model_files(agents))


FORMAT = FileFormat(
    id="colmap",
    title="COLMAP model (folder)",
    suffixes=(".txt", ".bin"),
    direction="world-to-camera",
    camera_axes="OpenCV: x right, y down, z forward; right-handed",
    world_axes="right-handed, no fixed axes; kept as they are",
    units="none stated, taken as metres",
    intrinsics="focal lengths and principal point in pixels, with the picture size; shared by images or one per image",
    lost_on_export="frame rate, the agent's own frame where it is not that of its first view, bodies, skew; names keep "
    "only letters, digits, dashes and underscores",
    needed_on_import="frame rate",
    recognise=_recognise,
    read=_read,
    write=_write,
    read_options=ColmapReadOptions,
    writes_folder=True,
)
