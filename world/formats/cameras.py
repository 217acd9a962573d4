"""Agents from the cameras that a file lists one by one, and files that hold one camera each."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..agents import Agent, Agents, Body
from ..mounts import SINGLE_VIEW_NAME
from ..rigs import Rig

logger = logging.getLogger(__name__)


def agent_from_cameras(
    name: str,
    poses: Tensor,
    view_names: Sequence[str],
    view_to_agent: Tensor,
    intrinsics: Tensor,
    size: tuple[int, int],
    body: Body | None = None,
) -> Agent:
    """An agent whose lens may change over time.

    Args:
        name: of the agent.
        poses: (frames, 4, 4) agent-to-world.
        view_names: one per view.
        view_to_agent: (views, 4, 4).
        intrinsics: (frames, views, 3, 3) in pixels; equal frames become the rig's own intrinsics.
        size: (width, height) of all pictures in pixels.
        body: box around the agent.

    Raises:
        ValueError: naming the agent, as `Rig` and `Agent`.
    """
    if poses.shape[0] == 0:
        raise ValueError(f"agent '{name}' has no frames.")
    try:
        rig = Rig(tuple(view_names), view_to_agent, intrinsics[0], *size)
    except ValueError as error:
        raise ValueError(f"agent '{name}': {error}") from error
    constant = bool((intrinsics == intrinsics[:1]).all())
    return Agent(name, poses, rig, body, None if constant else intrinsics)


def single_camera_agent(name: str, poses: Tensor, intrinsics: Tensor, size: tuple[int, int]) -> Agent:
    """An agent that is one camera: its frame is the camera's, its only view is called "front".

    Args:
        name: of the agent.
        poses: (frames, 4, 4) camera-to-world.
        intrinsics: (frames, 3, 3) in pixels, or (3, 3) for all frames.
        size: (width, height) of the pictures in pixels.

    Raises:
        ValueError: as `agent_from_cameras`.
    """
    mount = torch.eye(4, dtype=torch.float64)[None]
    lenses = intrinsics.expand(len(poses), 3, 3)[:, None]
    return agent_from_cameras(name, poses, [SINGLE_VIEW_NAME], mount, lenses, size)


def warn_of_skew(source: Path, owner: str, intrinsics: Tensor) -> None:
    """Log that pinhole matrices (..., 3, 3) of `owner` have skew, if they do, for formats that cannot hold it."""
    if intrinsics[..., 0, 1].any():
        logger.warning("%s: %s has a lens with skew, which the format cannot hold.", source, owner)


def common_size(sizes: Sequence[tuple[int, int]], places: Sequence[str]) -> tuple[int, int]:
    """The (width, height) that all cameras of a rig share. Raises ValueError naming the places of two that differ."""
    for size, place in zip(sizes, places, strict=True):
        if size != sizes[0]:
            raise ValueError(
                f"{place}: the picture has {size[0]}x{size[1]} pixels, {places[0]} has {sizes[0][0]}x{sizes[0][1]}; "
                "all views of an agent must have one size."
            )
    return sizes[0]


GENERIC_NAMES = frozenset(
    {
        *("transforms", "poses", "intrinsics", "groundtruth", "camera_extrinsics", "trajectory"),
        *("cameras", "images", "rigs", "frames", "points3d", "sparse", "0"),
    }
)
"""Names, in lower case, that formats give to their files and folders, so that they say nothing of what is in them."""


def agent_name(path: Path) -> str:
    """Name of the agent of a file: the file's, or that of the first folder around it that is not in `GENERIC_NAMES`."""
    path = path.absolute()
    names = [path.stem, *(part for part in reversed(path.parent.parts) if part != path.anchor)]
    return next((name for name in names if name.lower() not in GENERIC_NAMES), path.stem or "camera")


@dataclass(frozen=True)
class CameraFile:
    """One camera and the file that it is written to.

    Attributes:
        path: the file.
        agent: whose camera it is.
        view: index of the camera in the agent's rig.
    """

    path: Path
    agent: Agent
    view: int

    @property
    def name(self) -> str:
        """For messages."""
        return f"agent '{self.agent.name}', view '{self.agent.rig.view_names[self.view]}'"

    @property
    def poses(self) -> Tensor:
        """(frames, 4, 4) camera-to-world."""
        return self.agent.extrinsics()[:, self.view]

    @property
    def intrinsics(self) -> Tensor:
        """(frames, 3, 3) in pixels."""
        return self.agent.intrinsics()[:, self.view]


def plain_name(text: str) -> str:
    """A name with only letters, digits, dashes and underscores, as file names need it."""
    return re.sub(r"[^\w-]+", "_", text)[:80] or "_"


def camera_files(agents: Agents, path: Path) -> list[CameraFile]:
    """A file per camera: `path` for a single one, else files beside it that end in the names of agent and view.

    The view's name is left out where an agent has one view. Names that are equal once characters that do not belong in
    file names are replaced get a number appended.
    """
    cameras = [(agent, view) for agent in agents.members for view in range(agent.rig.view_count)]
    if len(cameras) == 1:
        return [CameraFile(path, *cameras[0])]
    files: list[CameraFile] = []
    taken: set[str] = set()
    for agent, view in cameras:
        names = [agent.name] if agent.rig.view_count == 1 else [agent.name, agent.rig.view_names[view]]
        stem = "_".join([path.stem, *map(plain_name, names)])
        name, copy = stem, 2
        # Some file systems take capital and small letters for the same.
        while name.lower() in taken:
            name, copy = f"{stem}_{copy}", copy + 1
        taken.add(name.lower())
        files.append(CameraFile(path.with_name(name + path.suffix), agent, view))
    return files
