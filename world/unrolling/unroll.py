"""One egocentric video with depth, cameras and masks, taken apart."""

import logging
import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, get_args

import torch
from torch import Tensor

from ..agents import Agent, Agents, Body
from ..paths import check_sampling
from ..poses import check_poses, rigid
from ..rigs import Rig, check_intrinsics
from ..scene.background import DILATION, VOXEL, holistic_cloud
from ..scene.gaussians import gaussian_of_body
from ..scene.masks import match_size
from ..scene.scene import AgentGaussian, PointCloud, Scene
from .identity import choose_identity
from .result import UnrolledWorld
from .subjects import SubjectOptions, Track, track_subject

logger = logging.getLogger(__name__)

Gaussians = Literal["seen", "body"]
"""`seen`: mean and covariance of the points seen, as in the paper. `body`: those of the whole body's box, as where a
scene is made from given paths."""


@dataclass(frozen=True)
class UnrollOptions:
    """How a video is taken apart.

    Attributes:
        subjects: how they are tracked.
        gaussians: what stands for them in the scene.
        dilation, voxel, farthest, neighbours, deviations: of `holistic_cloud`.
    """

    subjects: SubjectOptions = field(default_factory=SubjectOptions)
    gaussians: Gaussians = "seen"
    dilation: float = DILATION
    voxel: float = VOXEL
    farthest: float = math.inf
    neighbours: int = 20
    deviations: float = 2.0

    def __post_init__(self) -> None:
        if self.gaussians not in get_args(Gaussians):
            raise ValueError(f"Unknown Gaussians '{self.gaussians}'; choose 'seen' or 'body'.")


def unroll_video(
    images: Tensor,
    depth: Tensor,
    extrinsics: Tensor,
    intrinsics: Tensor,
    masks: Tensor,
    frame_rate: float,
    names: Sequence[str] | None = None,
    camera_name: str = "camera",
    bodies: Mapping[str, Body] | None = None,
    options: UnrollOptions | None = None,
) -> UnrolledWorld:
    """Take a video apart into its camera's path, its subjects' paths and identities, and the background.

    Subjects carry a camera like the video's on top of their body, so that the world can be seen through their eyes.

    Args:
        images: (frames, height, width, 3) RGB in 0..1.
        depth: (frames, height, width) metres along the camera's z axis; 0, inf or NaN where there is none.
        extrinsics: (frames, 4, 4) camera-to-world; the world's up is -y.
        intrinsics: (frames, 3, 3) or (3, 3) in pixels of the depth.
        masks: (subjects, frames, height, width), bool or 0..1; another size of the same shape is scaled.
        frame_rate: frames per second.
        names: of the subjects; "subject 1", "subject 2", .. by default.
        camera_name: of the agent that carries the camera.
        bodies: name -> box of subjects whose size is known.
        options: `UnrollOptions()` by default.

    Returns:
        Its warnings are logged too.

    Raises:
        ValueError: if shapes, numbers of frames or names do not fit, a subject is never seen, or nothing is left of the
            background.
    """
    options = options or UnrollOptions()
    intrinsics = intrinsics.expand(len(extrinsics), 3, 3) if intrinsics.ndim == 2 else intrinsics
    _check(images, depth, extrinsics, intrinsics, masks)
    check_sampling(len(images), frame_rate)
    names = _names(names, len(masks), camera_name, bodies or {})
    video = _Video(images, depth, extrinsics, intrinsics, frame_rate)
    with _collected_warnings() as warnings:
        if len(images) == 1:
            logger.warning("The video has one frame, so that nothing moves and no heading is known.")
        masks = _matched(masks, names, depth)
        tracks = video.tracks(masks, names, bodies or {}, options.subjects)
        identities = [choose_identity(images, mask, name) for name, mask in zip(names, masks, strict=True)]
        background = video.background(masks, options)
    camera = video.camera(camera_name)
    members = [_agent(name, track, camera.rig) for name, track in zip(names, tracks, strict=True)]
    gaussians = [_gaussian(name, track, options.gaussians) for name, track in zip(names, tracks, strict=True)]
    seen = [track.seen for track in tracks]
    return UnrolledWorld(
        Scene(background, tuple(gaussians)),
        Agents((camera, *members), frame_rate),
        tuple(identities),
        torch.stack(seen) if seen else torch.zeros(0, len(images), dtype=torch.bool),
        tuple(warnings),
    )


@dataclass(frozen=True, eq=False)
class _Video:
    """A video with depth and cameras, leading axis frames."""

    images: Tensor
    depth: Tensor
    extrinsics: Tensor
    intrinsics: Tensor
    frame_rate: float

    def tracks(
        self, masks: Tensor, names: Sequence[str], bodies: Mapping[str, Body], options: SubjectOptions
    ) -> list[Track]:
        cameras = self.extrinsics, self.intrinsics
        return [
            track_subject(self.depth, mask, *cameras, name, self.frame_rate, bodies.get(name), options)
            for name, mask in zip(names, masks, strict=True)
        ]

    def background(self, masks: Tensor, options: UnrollOptions) -> PointCloud:
        return holistic_cloud(
            self.images,
            self.depth,
            self.extrinsics,
            self.intrinsics,
            masks.any(0) if len(masks) else None,
            options.dilation,
            options.farthest,
            options.voxel,
            options.neighbours,
            options.deviations,
        )

    def camera(self, name: str) -> Agent:
        """The agent that carries the camera; its frame is the camera's."""
        lens = self.intrinsics.double().cpu()
        height, width = self.depth.shape[1:]
        rig = Rig(("front",), torch.eye(4, dtype=torch.float64)[None], lens[:1], width, height)
        zooms = not bool((lens == lens[0]).all())
        return Agent(name, self.extrinsics.cpu(), rig, frame_intrinsics=lens[:, None] if zooms else None)


def _check(images: Tensor, depth: Tensor, extrinsics: Tensor, intrinsics: Tensor, masks: Tensor) -> None:
    frames = len(images)
    if images.ndim != 4 or images.shape[-1] < 3 or images.shape[:3] != depth.shape or frames == 0:
        raise ValueError(
            "A video (frames, height, width, 3) needs depth (frames, height, width) of the same frames and size, given "
            f"{tuple(images.shape)} and {tuple(depth.shape)}; resize the images to the depth."
        )
    if tuple(extrinsics.shape) != (frames, 4, 4) or tuple(intrinsics.shape) != (frames, 3, 3):
        raise ValueError(
            f"A video of {frames} frames needs extrinsics ({frames}, 4, 4) and intrinsics ({frames}, 3, 3), given "
            f"{tuple(extrinsics.shape)} and {tuple(intrinsics.shape)}."
        )
    if masks.ndim != 4 or masks.shape[1] != frames:
        raise ValueError(
            f"A video of {frames} frames needs masks (subjects, {frames}, height, width), given {tuple(masks.shape)}."
        )
    check_poses(extrinsics, "camera")
    check_intrinsics(intrinsics, "camera")


def _names(names: Sequence[str] | None, subjects: int, camera_name: str, bodies: Mapping[str, Body]) -> list[str]:
    chosen = [f"subject {number}" for number in range(1, subjects + 1)] if names is None else list(names)
    if len(chosen) != subjects:
        raise ValueError(f"{subjects} subjects have masks, {len(chosen)} have names: {', '.join(chosen)}.")
    if len({camera_name, *chosen}) != subjects + 1:
        raise ValueError(f"Camera and subjects must have different names, given {', '.join([camera_name, *chosen])}.")
    unknown = sorted(set(bodies) - set(chosen))
    if unknown:
        raise ValueError(f"There is no subject '{unknown[0]}' to have a body; choose from {', '.join(chosen)}.")
    return chosen


def _matched(masks: Tensor, names: Sequence[str], depth: Tensor) -> Tensor:
    """Masks (subjects, frames, height, width) as bool in the size and on the device of the depth."""
    height, width = depth.shape[1:]
    if not names:
        return torch.zeros(0, *depth.shape, dtype=torch.bool, device=depth.device)
    matched = [match_size(mask, height, width, f"agent '{name}'") for name, mask in zip(names, masks, strict=True)]
    return torch.stack(matched).to(depth.device)


def _agent(name: str, track: Track, rig: Rig) -> Agent:
    x, y, z = track.body.centre
    top = torch.tensor([x, y - track.body.size[1] / 2.0, z], dtype=torch.float64)
    mounted = Rig(
        rig.view_names,
        rigid(torch.eye(3, dtype=torch.float64), top)[None],
        rig.intrinsics,
        rig.width,
        rig.height,
    )
    return Agent(name, track.poses, mounted, track.body)


def _gaussian(name: str, track: Track, kind: Gaussians) -> AgentGaussian:
    if kind == "body":
        return AgentGaussian(name, *gaussian_of_body(track.poses, track.body))
    return AgentGaussian(name, track.means, track.covariances)


@contextmanager
def _collected_warnings() -> Iterator[list[str]]:
    """Warnings that this thread logs in `world` meanwhile."""
    warnings: list[str] = []
    thread = threading.get_ident()

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            message = record.getMessage()
            if record.thread == thread and message not in warnings:
                warnings.append(message)

    collector = Collector(logging.WARNING)
    world = logging.getLogger(__name__.rsplit(".", 2)[0])
    world.addHandler(collector)
    try:
        yield warnings
    finally:
        world.removeHandler(collector)
