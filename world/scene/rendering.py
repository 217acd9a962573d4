"""Condition videos: what an agent's camera would see of a scene, as colours and as depth.

MetaWorld (section "Geometric State Rendering"): the background is rendered along the camera path, the other agents'
Gaussians are put into it, and the same is done for depth. Defaults are those of VerseCrafter and MetaWorld's release.
"""

import logging
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..agents import Agents
from ..poses import check_poses
from ..rigs import check_intrinsics, resized_intrinsics
from .blobs import Blobs
from .depth_picture import FAR_SHARE, NEAR_SHARE, depth_picture, depth_range
from .scene import AgentGaussian, Scene
from .splatting import CPU_VALUES, GPU_VALUES, Splatter

logger = logging.getLogger(__name__)

GREY = 128.0 / 255.0


@dataclass(frozen=True)
class RenderOptions:
    """How condition videos are drawn.

    Attributes:
        point_radius: of a point's disc, where half the shorter side of the picture is 1.
        background: RGB in 0..1 where no point is.
        opacity_threshold: density, relative to its maximum, from which on a blob is visible; in 0..1.
        ellipsoid_sigmas: size of the ellipsoids in the depth video.
        near: metres; points and blobs with less depth are left out.
        margin: pixels that the centre of a blob may lie outside of the picture.
        grey_first_frame: in the first frame, put grey behind blobs, so that the frame shows nothing of the subject.
        near_share, far_share: shares of depths that are nearer than white and nearer than black.
    """

    point_radius: float = 0.005
    background: tuple[float, float, float] = (0.0, 0.0, 0.0)
    opacity_threshold: float = 0.003
    ellipsoid_sigmas: float = 2.5
    near: float = 0.2
    margin: float = 50.0
    grey_first_frame: bool = False
    near_share: float = NEAR_SHARE
    far_share: float = FAR_SHARE

    def __post_init__(self) -> None:
        positive = {"near": self.near, "ellipsoid_sigmas": self.ellipsoid_sigmas}
        for name, value in positive.items():
            if not 0.0 < value < math.inf:
                raise ValueError(f"The render option '{name}' must be positive, given {value}.")
        for name, value in {"point_radius": self.point_radius, "margin": self.margin}.items():
            if not 0.0 <= value < math.inf:
                raise ValueError(f"The render option '{name}' must not be negative, given {value}.")
        if not 0.0 <= self.opacity_threshold < 1.0:
            raise ValueError(f"The opacity threshold must lie in 0..1, below 1, given {self.opacity_threshold}.")
        if not 0.0 <= self.near_share <= self.far_share <= 1.0:
            raise ValueError(
                f"The shares of near and far depths must rise within 0..1, given {self.near_share}, {self.far_share}."
            )


@dataclass(frozen=True, eq=False)
class ConditionVideos:
    """What one camera path sees.

    Attributes:
        rgb: (frames, height, width, 3) float32 in 0..1.
        depth: (frames, height, width) float32 metres along the camera's z axis; inf where nothing is.
        options: that they were drawn with.
    """

    rgb: Tensor
    depth: Tensor
    options: RenderOptions

    def depth_video(self) -> Tensor:
        """(frames, height, width) float32 disparity in 0..1, near is white, scaled by one range for the clip."""
        limits = depth_range(self.depth, self.options.near_share, self.options.far_share)
        return depth_picture(self.depth, limits)


def render_for_agent(
    scene: Scene,
    agents: Agents,
    viewer: str,
    height: int,
    width: int,
    view: int = 0,
    options: RenderOptions | None = None,
    device: torch.device | str = "cpu",
) -> ConditionVideos:
    """What agent `viewer` sees of the background and of all other agents, see `render_scene`.

    Args:
        scene: its agents' Gaussians are matched by name; the viewer's own is left out.
        agents: where the cameras are.
        viewer: name of one of them.
        height, width: of the pictures; intrinsics are scaled from the rig's picture size.
        view: number of the viewer's camera.
        options, device: as `render_scene`.

    Raises:
        ValueError: if there is no such agent or view, or the scene has other frames than the path.
    """
    if viewer not in agents.names:
        raise ValueError(f"There is no agent '{viewer}'; choose from {', '.join(agents.names)}.")
    agent = agents.members[agents.names.index(viewer)]
    rig = agent.rig
    if not 0 <= view < rig.view_count:
        raise ValueError(f"agent '{viewer}' has {rig.view_count} views, there is no view {view}.")
    intrinsics = resized_intrinsics(agent.intrinsics()[:, view], (rig.width, rig.height), (width, height))
    cameras = agent.extrinsics()[:, view], intrinsics
    return render_scene(scene.without(viewer), *cameras, height, width, options, device, f"agent '{viewer}'")


@torch.no_grad()
def render_scene(
    scene: Scene,
    extrinsics: Tensor,
    intrinsics: Tensor,
    height: int,
    width: int,
    options: RenderOptions | None = None,
    device: torch.device | str = "cpu",
    owner: str = "camera path",
) -> ConditionVideos:
    """Draw a scene along a camera path.

    Memory beside the videos and the cloud (40 bytes per point): some 100 MB on a CPU, some 2 GB on a GPU.

    Args:
        scene: whose agents are all drawn; none for roaming freely.
        extrinsics: (frames, 4, 4) camera-to-world.
        intrinsics: (frames, 3, 3) or (3, 3) in pixels of the pictures.
        height, width: of the pictures.
        options: `RenderOptions()` by default.
        device: where to draw; the videos stay there.
        owner: of the path, for messages.

    Raises:
        ValueError: if a pose or matrix is wrong, or an agent of the scene has other frames than the path.
    """
    options = options or RenderOptions()
    frames = len(extrinsics)
    intrinsics = intrinsics.expand(frames, 3, 3) if intrinsics.ndim == 2 else intrinsics
    _check(scene, extrinsics, intrinsics, height, width, owner)
    radius = options.point_radius * min(height, width) / 2.0
    splatter = Splatter(scene.background, device)
    drawn = splatter.draw(extrinsics, intrinsics, height, width, radius, options.near, options.background)
    rgb, depth = drawn.rgb, drawn.depth
    _warn_if_nothing_is_seen(depth, owner)
    if scene.agents:
        blobs = [_blobs(agent, extrinsics.to(device), intrinsics.to(device)) for agent in scene.agents]
        colours = torch.tensor([agent.colour for agent in scene.agents], device=rgb.device)
        values = CPU_VALUES if rgb.device.type == "cpu" else GPU_VALUES
        step = max(1, values // (height * width))
        for start in range(0, frames, step):
            part = torch.arange(start, min(start + step, frames), device=rgb.device)
            _composite(rgb, depth, [blob.chosen(part) for blob in blobs], colours, start, options)
    return ConditionVideos(rgb, depth, options)


def _check(scene: Scene, extrinsics: Tensor, intrinsics: Tensor, height: int, width: int, owner: str) -> None:
    check_poses(extrinsics, owner)
    check_intrinsics(intrinsics, owner)
    if len(extrinsics) == 0 or len(intrinsics) != len(extrinsics):
        raise ValueError(
            f"{owner}: expected as many intrinsics as poses and at least one, given {len(intrinsics)} and "
            f"{len(extrinsics)}."
        )
    if height < 1 or width < 1:
        raise ValueError(f"{owner}: the picture size must be positive, given {width}x{height}.")
    for agent in scene.agents:
        if agent.frame_count != len(extrinsics):
            raise ValueError(
                f"agent '{agent.name}' of the scene has {agent.frame_count} frames, the path of {owner} "
                f"{len(extrinsics)}; resample the paths to one frame count first."
            )


def _warn_if_nothing_is_seen(depth: Tensor, owner: str) -> None:
    blank = ~torch.isfinite(depth).flatten(1).any(1)
    if blank.all():
        logger.warning(
            "%s: no point of the background is in view in any of %d frames, so they are blank; check that path and "
            "scene are in one world frame, and the scale of the depth.", owner, len(depth),
        )  # fmt: skip
    elif blank.any():
        frame = int(blank.nonzero()[0])
        logger.warning(
            "%s: no point of the background is in view in %d of %d frames, first in frame %d.",
            owner, int(blank.sum()), len(depth), frame,
        )  # fmt: skip


def _blobs(agent: AgentGaussian, extrinsics: Tensor, intrinsics: Tensor) -> Blobs:
    means, covariances = agent.means.to(extrinsics.device), agent.covariances.to(extrinsics.device)
    return Blobs.seen_from(means, covariances, extrinsics, intrinsics)


def _composite(
    rgb: Tensor, depth: Tensor, blobs: list[Blobs], colours: Tensor, start: int, options: RenderOptions
) -> None:
    """Draw blobs of some frames, from frame `start` on, over the background in `rgb` and `depth`, in place.

    Every blob is drawn where it is nearer than the background, far ones first. They are sorted frame by frame, so that
    step k draws the k-th farthest blob of every frame, which may be another agent's in each.
    """
    distances = torch.stack([blob.means[:, 2] for blob in blobs])
    order = distances.argsort(dim=0, descending=True)
    every = torch.arange(distances.shape[1], device=rgb.device)
    stacked = Blobs(
        torch.stack([blob.means for blob in blobs]),
        torch.stack([blob.covariances for blob in blobs]),
        torch.stack([blob.intrinsics for blob in blobs]),
    )
    size = (rgb.shape[1], rgb.shape[2])
    frames = slice(start, start + len(every))
    background = depth[frames].clone()
    not_greyed = torch.full(size, options.grey_first_frame and start == 0, device=rgb.device)
    for agent in order:
        blob = Blobs(stacked.means[agent, every], stacked.covariances[agent, every], stacked.intrinsics[agent, every])
        seen = blob.in_sight(*size, options.near, options.margin).nonzero().squeeze(-1)
        if len(seen) == 0:
            continue
        blob = blob.chosen(seen)
        window = rows, columns = blob.window(*size, options.opacity_threshold, options.ellipsoid_sigmas)
        pictures, depths = rgb[frames, rows, columns], depth[frames, rows, columns]
        opacity = blob.opacity(window, options.opacity_threshold)
        distance, hit = blob.depth(window, options.ellipsoid_sigmas, options.near)
        opacity *= distance < background[:, rows, columns][seen]
        picture = pictures[seen]
        if seen[0] == 0:
            behind = not_greyed[window] & (opacity[0] > 0.0)
            not_greyed[window] &= ~behind
            picture[0] = torch.where(behind[..., None], GREY, picture[0])
        pictures[seen] = torch.lerp(picture, colours[agent[seen]][:, None, None], opacity[..., None])
        depths[seen] = torch.minimum(depths[seen], torch.where(hit, distance, math.inf))
