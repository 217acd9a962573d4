"""A world in a mirror: what is on the left comes to the right."""

from dataclasses import replace

import torch
from torch import Tensor

from .agents import Agent, Agents
from .rigs import Rig
from .tiles import TileLayout, join_views, split_images

_OTHER_SIDE = {"left": "right", "right": "left"}


def _mirrored_poses(poses: Tensor) -> Tensor:
    """Poses (..., 4, 4) in a world whose x axis is turned around, of things whose own x axis is too."""
    sign = torch.tensor([-1.0, 1.0, 1.0, 1.0], dtype=poses.dtype, device=poses.device)
    return sign[:, None] * poses * sign


def _mirrored_intrinsics(intrinsics: Tensor, width: int) -> Tensor:
    """(..., 3, 3) for pictures of this width that are flipped left to right."""
    mirrored = intrinsics.clone()
    mirrored[..., 0, 2] = width - intrinsics[..., 0, 2]
    mirrored[..., 0, 1] = -intrinsics[..., 0, 1]
    return mirrored


def _sources(names: tuple[str, ...]) -> list[int]:
    """For each view, the one whose picture is flipped for it: "left" and "right" change places."""
    others = [_OTHER_SIDE.get(name, name) for name in names]
    return [names.index(other) if other in names else index for index, other in enumerate(others)]


def mirror_agents(agents: Agents) -> Agents:
    """The agents of the mirrored world, mirrored at the plane x = 0.

    A camera at (x, y, z) stands at (-x, y, z), and its picture is flipped left to right. The views "left" and "right"
    change places, so that names still say where a camera looks.
    """

    def mirrored(agent: Agent) -> Agent:
        rig, views = agent.rig, _sources(agent.rig.view_names)
        zoom, body = agent.frame_intrinsics, agent.body
        if body is not None:
            body = replace(body, centre=(-body.centre[0], *body.centre[1:]))
        return replace(
            agent,
            poses=_mirrored_poses(agent.poses),
            rig=Rig(
                rig.view_names,
                _mirrored_poses(rig.view_to_agent[views]),
                _mirrored_intrinsics(rig.intrinsics[views], rig.width),
                rig.width,
                rig.height,
            ),
            body=body,
            frame_intrinsics=None if zoom is None else _mirrored_intrinsics(zoom[:, views], rig.width),
        )

    return Agents(tuple(mirrored(agent) for agent in agents.members), agents.frame_rate)


def mirror_tiles(tiles: Tensor, layout: TileLayout) -> Tensor:
    """The tiles (..., height, width, channels) that the agents of `mirror_agents` see."""
    views = split_images(tiles, layout)
    mirrored = views[..., _sources(layout.view_order), :, :, :].flip(-2)
    return join_views(mirrored.movedim(-1, -4), layout).movedim(-3, -1)
