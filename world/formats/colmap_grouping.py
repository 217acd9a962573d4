"""Which images of a COLMAP model are the path of which agent."""

import logging
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from .colmap_model import ColmapImage, ColmapModel
from .natural_order import natural_order

logger = logging.getLogger(__name__)

Grouping = Literal["as written", "one path", "folders", "cameras"]


@dataclass(frozen=True)
class CameraPath:
    """The images of one agent.

    Attributes:
        agent: its name.
        views: names of its views.
        frames: one image per view for every frame, in the order of time.
    """

    agent: str
    views: list[str]
    frames: list[list[ColmapImage]]

    @property
    def keys(self) -> list[str]:
        """What images of other agents at the same time are called too: the name without folders."""
        return [PurePosixPath(frame[0].name).name for frame in self.frames]


def _folder(image: ColmapImage) -> str:
    return str(PurePosixPath(image.name.replace("\\", "/")).parent).removeprefix(".")


def _single(groups: dict[str, list[ColmapImage]]) -> list[CameraPath]:
    """A path with one view per group of images."""
    return [
        CameraPath(agent, ["front"], [[image] for image in sorted(images, key=lambda image: natural_order(image.name))])
        for agent, images in groups.items()
    ]


def _rig_names(images: list[ColmapImage], number: int, alone: str | None) -> tuple[str, list[str]]:
    """Name of a rig and of its views, from the folders of the images of one of its frames."""
    folders = [PurePosixPath(_folder(image)).parts for image in images]
    shared = 0
    while len(images) > 1 and all(len(parts) > shared + 1 and parts[shared] == folders[0][shared] for parts in folders):
        shared += 1
    if len(images) == 1:
        shared = len(folders[0])
    views = ["_".join(parts[shared:]) for parts in folders]
    if len(set(views)) < len(views) or not all(views):
        views = [f"camera {image.camera}" for image in images]
    return "/".join(folders[0][:shared]) or alone or f"rig {number}", views


def _rigs(model: ColmapModel, name: str, source: Path) -> list[CameraPath]:
    """A path per rig; frames in which a camera of the rig has no image are left out."""
    of_rig: dict[int, list[list[ColmapImage]]] = {}
    left_out = 0
    for frame in model.frames:
        cameras = model.rigs.get(frame.rig, [])
        images = [model.images.get(frame.images.get(camera, -1)) for camera in cameras]
        complete = [image for image in images if image is not None]
        if complete and len(complete) == len(cameras):
            of_rig.setdefault(frame.rig, []).append(complete)
        else:
            left_out += 1
    if left_out:
        logger.warning(
            "%s: %d frames are left out, because cameras of their rig have no image there.", source, left_out
        )
    paths = []
    for number, frames in sorted(of_rig.items()):
        frames.sort(key=lambda images: natural_order(images[0].name))
        paths.append(CameraPath(*_rig_names(frames[0], number, name if len(of_rig) == 1 else None), frames))
    if len({path.agent for path in paths}) < len(paths):
        numbers = sorted(of_rig)
        paths = [
            CameraPath(f"{path.agent} rig {n}", path.views, path.frames) for n, path in zip(numbers, paths, strict=True)
        ]
    if not paths:
        raise ValueError("no frame of the model has an image of every camera of its rig.")
    return paths


def _in_step(paths: list[CameraPath], source: Path) -> list[CameraPath]:
    """The paths with the frames that all have, if names without folders tell which belong together."""
    keys = [set(path.keys) for path in paths]
    common = set.intersection(*keys)
    if not common or any(len(path.frames) != len(names) for path, names in zip(paths, keys, strict=True)):
        return paths
    left_out = set.union(*keys) - common
    if left_out:
        logger.warning(
            "%s: %d of %d frames are left out, because not all cameras have them.",
            source,
            len(left_out),
            len(left_out) + len(common),
        )
    return [
        CameraPath(
            path.agent,
            path.views,
            [frame for frame, key in zip(path.frames, path.keys, strict=True) if key in common],
        )
        for path in paths
    ]


def camera_paths(model: ColmapModel, grouping: Grouping, name: str, source: Path) -> list[CameraPath]:
    """The paths of a model, one per agent.

    Args:
        model: the model.
        grouping: see `ColmapReadOptions`.
        name: of an agent that nothing in the model names.
        source: for warnings.

    Raises:
        ValueError: if no frame of any rig is complete.
    """
    images = [image for _, image in sorted(model.images.items())]
    if grouping == "one path":
        return _single({name: images})
    if grouping == "as written" and any(len(cameras) > 1 for cameras in model.rigs.values()):
        return _in_step(_rigs(model, name, source), source)
    groups: dict[str, list[ColmapImage]] = {}
    for image in images:
        group = f"camera {image.camera}" if grouping == "cameras" else _folder(image) or name
        groups.setdefault(group, []).append(image)
    if len(groups) == 1 and grouping == "cameras":
        groups = {name: images}
    return _in_step(_single(groups), source)
