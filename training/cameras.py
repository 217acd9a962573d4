"""What the network is told about cameras, in a form that is small on disk and fast to augment.

Within a slot of the tile every channel of a raymap is affine in row and column, so three numbers per channel hold it:
its value in the first latent pixel and its slopes. They are cached per clip; a random rotation and translation of the
world are applied to them, and whole maps are made on the accelerator.
"""

from dataclasses import replace

import torch
from einops import rearrange
from scipy.spatial.transform import Rotation
from torch import Tensor

from ..world.agents import Agents
from ..world.raymaps import (
    RaymapOptions,
    build_raymaps,
    centre_translations,
    compress_origins,
    latent_frame_count,
    pack_frames,
    reference_view,
)
from ..world.tiles import SINGLE_VIEW, TileLayout, join_views, split_views
from .settings import Camera

PITCH, YAW, ROLL = range(3)
"""Places of the angles in a raw pose."""


def map_slots(options: RaymapOptions, camera: Camera) -> TileLayout:
    """The slots within which the maps are affine."""
    return options.view_layout if camera == "raymap" and options.layout == "per_tile" else SINGLE_VIEW


def raw_poses(agents: Agents) -> Tensor:
    """The poses of the front cameras as plain numbers, for the ablation "raw values" of section 5.3.

    Returns:
        (agents, frames, 6) float64: pitch, yaw and roll in radians, R = R_y(yaw) R_x(pitch) R_z(roll), then x, y, z in
        metres from the common centroid.
    """
    fronts = torch.stack([agent.extrinsics()[:, reference_view(agent.rig)] for agent in agents.members])
    yaw_pitch_roll = Rotation.from_matrix(fronts[..., :3, :3].flatten(0, 1).numpy()).as_euler("YXZ")
    angles = torch.from_numpy(yaw_pitch_roll)[:, [1, 0, 2]].unflatten(0, fronts.shape[:2])
    positions = fronts[..., :3, 3]
    return torch.cat([angles, centre_translations(positions[:, :, None], positions)[:, :, 0]], dim=-1)


def affine_maps(agents: Agents, options: RaymapOptions, camera: Camera, height: int, width: int) -> Tensor:
    """The maps of all agents as affine functions.

    Args:
        agents: 4k + 1 frames.
        options: layout of the raymaps; origins are left uncompressed here.
        camera: raymaps, or raw poses repeated over the whole tile.
        height, width: of the tile in latent pixels.

    Returns:
        (agents, slots, 3, 24, k + 1) float32: value in the slot's first latent pixel, slope per row, slope per column.
    """
    if camera == "raw_pose":
        latent_frame_count(agents.frame_count)
        constant = pack_frames(raw_poses(agents), options).float()
        return torch.nn.functional.pad(constant[:, None, None], (0, 0, 0, 0, 0, 2))
    maps = build_raymaps(agents, replace(options, origin_compression=None), height, width)
    slots = split_views(maps, map_slots(options, camera))
    first = slots[..., 0, 0]
    rows, columns = slots.shape[-2:]
    by_row = (slots[..., -1, 0] - first) / max(rows - 1, 1)
    by_column = (slots[..., 0, -1] - first) / max(columns - 1, 1)
    return rearrange(torch.stack([first, by_row, by_column]), "part a c f slot -> a slot part c f").contiguous()


def moved(maps: Tensor, options: RaymapOptions, camera: Camera, angle: Tensor, translation: Tensor) -> Tensor:
    """Affine maps after the world was turned about the vertical axis through the centroid, then moved.

    Args:
        maps: (worlds, agents, slots, 3, 24, latent frames).
        angle: (worlds,) radians; positive turns z towards x, to the right.
        translation: (worlds, 3) metres.
    """
    order = "(frame vector xyz)" if options.channel_layout == "frame_major" else "(vector xyz frame)"
    axes = rearrange(maps, f"w a s p {order} f -> vector xyz w a s p frame f", vector=2, xyz=3)
    angle = angle.view(-1, 1, 1, 1, 1, 1)
    turned = torch.stack([_turned(vector, angle) for vector in axes])
    if camera == "raw_pose":
        turned[0] = axes[0]
        yaw = axes[0, YAW, :, :, :, :1] + angle
        turned[0, YAW, :, :, :, :1] = torch.atan2(yaw.sin(), yaw.cos())
    turned[1, :, :, :, :, 0] += rearrange(translation, "w xyz -> xyz w 1 1 1 1")
    return rearrange(turned, f"vector xyz w a s p frame f -> w a s p {order} f")


def _turned(vector: Tensor, angle: Tensor) -> Tensor:
    """Vectors (axis, ...) turned about the y axis."""
    x, y, z = vector
    cosine, sine = angle.cos(), angle.sin()
    return torch.stack([cosine * x + sine * z, y, cosine * z - sine * x])


def whole_maps(maps: Tensor, options: RaymapOptions, camera: Camera, height: int, width: int) -> Tensor:
    """The maps (..., 24, latent frames, height, width) of affine maps (..., slots, 3, 24, latent frames)."""
    slots = map_slots(options, camera)
    rows, columns = slots.slot_size(height, width, "latent tile")
    first, by_row, by_column = maps[..., None, None].unbind(-5)
    row = torch.arange(rows, dtype=maps.dtype, device=maps.device)[:, None]
    column = torch.arange(columns, dtype=maps.dtype, device=maps.device)
    values = rearrange(first + by_row * row + by_column * column, "... slot c f h w -> ... c f slot h w")
    whole = join_views(values, slots)
    if options.origin_compression is None:
        return whole
    order = "(frame vector xyz)" if options.channel_layout == "frame_major" else "(vector xyz frame)"
    parted = rearrange(whole, f"... {order} f h w -> vector ... xyz frame f h w", vector=2, xyz=3)
    compressed = torch.stack([parted[0], compress_origins(parted[1], options.origin_compression)])
    return rearrange(compressed, f"vector ... xyz frame f h w -> ... {order} f h w")
