"""ShareVerse raymaps: camera poses and intrinsics as 24 channels on the latent grid (section 4.2).

Per pixel a raymap holds the direction of its ray in the world (3 channels, camera z component 1, not normalised) and
the origin of the ray (3 channels). Pixels are counted u = 0..width-1, v = 0..height-1 without a half-pixel offset. Four
frames are stacked on the channel axis of each latent frame.

Directions are affine in (u, v), so the 8x bilinear downsampling of the paper is evaluated in closed form and no map of
full resolution is ever made.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from einops import rearrange
from torch import Tensor

from .agents import Agent, Agents
from .choices import check_choice
from .rigs import Rig
from .tiles import SINGLE_VIEW, TWO_BY_TWO, TileLayout, join_views

logger = logging.getLogger(__name__)

SPATIAL_FACTOR = 8
"""Pixels per latent pixel along each side."""

TEMPORAL_FACTOR = 4
"""Frames per latent frame; the first latent frame stands for one frame, so that 4k+1 frames make k+1 latent frames."""

RAYMAP_CHANNELS = 6 * TEMPORAL_FACTOR

ASPECT_TOLERANCE = 0.01

RaymapLayout = Literal["front", "per_tile"]
FramePacking = Literal["consecutive", "aether_padding", "aether_released"]
ChannelLayout = Literal["frame_major", "channel_major"]


@dataclass(frozen=True)
class RaymapOptions:
    """How a model was trained to read raymaps. The paper leaves these open; the defaults are the literal reading.

    Attributes:
        layout: "front" spreads the rays of the front camera over the whole tile (the paper collects only that camera's
            parameters, section 3); "per_tile" gives every slot of the tile the rays of its own camera.
        packing: the four frames of each latent frame, see `frame_groups`.
        channel_layout: "frame_major" for 4 frames of 6 channels, "channel_major" for 6 channels of 4 frames.
        view_layout: the tile that the raymap belongs to.
        origin_compression: None, or the scale s in metres of `compress_origins`.
    """

    layout: RaymapLayout = "front"
    packing: FramePacking = "consecutive"
    channel_layout: ChannelLayout = "frame_major"
    view_layout: TileLayout = TWO_BY_TWO
    origin_compression: float | None = None

    def __post_init__(self) -> None:
        check_choice("Raymap option 'layout'", self.layout, RaymapLayout)
        check_choice("Raymap option 'packing'", self.packing, FramePacking)
        check_choice("Raymap option 'channel_layout'", self.channel_layout, ChannelLayout)
        scale = self.origin_compression
        if scale is not None and not (isinstance(scale, int | float) and 0.0 < scale < float("inf")):
            raise ValueError(
                f"Raymap option 'origin_compression' must be a positive scale in metres or None, given {scale!r}."
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return {
            "layout": self.layout,
            "packing": self.packing,
            "channel_layout": self.channel_layout,
            "view_layout": self.view_layout.to_dict(),
            "origin_compression": self.origin_compression,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "RaymapOptions":
        """Inverse of `to_dict`; a missing key means its default. Raises ValueError on an unknown key or value."""
        unknown = set(values) - set(cls.__dataclass_fields__)
        if unknown:
            raise ValueError(f"Unknown raymap options: {', '.join(sorted(unknown))}; update the pack to read them.")
        known = dict(values)
        if "view_layout" in known:
            known["view_layout"] = TileLayout.from_dict(known["view_layout"])
        return cls(**known)


def latent_frame_count(frame_count: int) -> int:
    """Latent frames k + 1 of 4k + 1 frames. Raises ValueError, naming the nearest valid counts, for other numbers."""
    groups, rest = divmod(frame_count - 1, TEMPORAL_FACTOR)
    if frame_count >= 1 and rest == 0:
        return groups + 1
    lower = TEMPORAL_FACTOR * groups + 1
    nearest = f"{lower} or {lower + TEMPORAL_FACTOR}" if lower >= 1 else "1"
    raise ValueError(
        f"Raymaps need 4k+1 frames, given {frame_count}; resample the paths to {nearest} frames (nearest valid count)."
    )


def frame_groups(frame_count: int, packing: FramePacking = "consecutive") -> Tensor:
    """Which frames each latent frame holds: (latent frames, 4) int64, shown here for 49 frames.

    - "consecutive": the first frame repeated, (0,0,0,0) (1,2,3,4) ... (45,46,47,48).
    - "aether_padding": (0,1,2,0) (1,2,3,4) ... (45,46,47,48), the padding of Aether's code in consecutive groups.
    - "aether_released": the same padded sequence 0,1,2,0,1,...,48 read with stride k + 1, as its released code does:
      (0,10,23,36) (1,11,24,37) (2,12,25,38) (0,13,26,39) ... (9,22,35,48).
    """
    check_choice("Raymap option 'packing'", packing, FramePacking)
    groups = latent_frame_count(frame_count)
    padding = [0, 0, 0] if packing == "consecutive" else [0, 1, 2]
    padded = torch.cat([torch.tensor(padding).clamp(max=frame_count - 1), torch.arange(frame_count)])
    if packing == "aether_released":
        return padded.unflatten(0, (TEMPORAL_FACTOR, groups)).T
    return padded.unflatten(0, (groups, TEMPORAL_FACTOR))


def pack_frames(values: Tensor, options: RaymapOptions) -> Tensor:
    """(agents, frames, channels, ...) to (agents, 4 * channels, latent frames, ...) as the options say."""
    groups = frame_groups(values.shape[1], options.packing)
    order = "(group channels)" if options.channel_layout == "frame_major" else "(channels group)"
    return rearrange(values[:, groups], f"agents frames group channels ... -> agents {order} frames ...")


def latent_pixel_centres(count: int, factor: int = SPATIAL_FACTOR) -> Tensor:
    """(count,) float64 pixel coordinates factor * j + (factor - 1) / 2 at which bilinear downsampling samples.

    For a map that is affine in its coordinates this equals `torch.nn.functional.interpolate(mode="bilinear",
    align_corners=False, antialias=False)` by 1 / factor.
    """
    return factor * torch.arange(count, dtype=torch.float64) + (factor - 1) / 2


def centre_translations(translations: Tensor, reference: Tensor, shift: Tensor | None = None) -> Tensor:
    """Subtract one centroid from the positions of all agents (section 4.2, mean normalization); nothing is scaled.

    Args:
        translations: (agents, frames, views, 3) camera positions in metres.
        reference: (agents, frames, 3) positions of the agents' reference cameras; the centroid is their mean over all
            agents and frames, so that the agents keep their places relative to each other.
        shift: (3,) metres, added to all positions: the random translation of training.
    """
    centred = translations - reference.mean((0, 1))
    return centred if shift is None else centred + shift.to(centred).reshape(3)


def compress_origins(origins: Tensor, scale: float) -> Tensor:
    """sign(x) log(1 + |10 x / scale|) per coordinate, as Aether does; `scale` in metres."""
    return torch.sign(origins) * torch.log1p((10.0 * origins / scale).abs())


def reference_view(rig: Rig) -> int:
    """Index of the camera that stands for the agent: the view named "front", or the rig's first view."""
    return rig.view_names.index("front") if "front" in rig.view_names else 0


@torch.no_grad()
def build_raymaps(
    agents: Agents,
    options: RaymapOptions,
    latent_height: int,
    latent_width: int,
    *,
    factor: int = SPATIAL_FACTOR,
    translation: Tensor | None = None,
) -> Tensor:
    """Raymaps of all agents for a tile of height factor * latent_height and width factor * latent_width in pixels.

    The intrinsics of the rigs are scaled from the rig's picture size to the size that the picture has here: the whole
    tile with layout "front", a slot of the tile with "per_tile". The work is done in float64.

    Args:
        agents: 4k + 1 frames. The rigs may differ.
        translation: (3,) metres common to all agents; random in training, None otherwise.

    Returns:
        (agents, 24, k + 1, latent_height, latent_width) float32; origins in metres from the common centroid.

    Raises:
        ValueError: if the frame count is not 4k + 1; with "per_tile" also if the latent size does not split into the
            slots of the tile, or a rig does not have the views of the tile.
    """
    latent_frame_count(agents.frame_count)
    slots = options.view_layout if options.layout == "per_tile" else SINGLE_VIEW
    slot_height, slot_width = slots.slot_size(latent_height, latent_width, "latent tile")
    size = (factor * slot_height, factor * slot_width)
    _warn_if_stretched(agents, options.view_layout, factor * latent_height, factor * latent_width)

    reference = torch.stack([agent.extrinsics()[:, reference_view(agent.rig), :3, 3] for agent in agents.members])
    cameras = [_pixel_to_ray(agent, _shown_views(agent, options), size) for agent in agents.members]
    directions = torch.stack([direction for direction, _ in cameras])
    origins = centre_translations(torch.stack([origin for _, origin in cameras]), reference, translation)
    if options.origin_compression is not None:
        origins = compress_origins(origins, options.origin_compression)

    # Rays are affine in (u, v, 1), origins constant: 3 coefficients per channel are packed instead of whole maps.
    constant = torch.nn.functional.pad(origins[..., None], (2, 0))
    coefficients = torch.cat([directions, constant], dim=-2)
    packed = pack_frames(rearrange(coefficients, "a f views channels k -> a f channels views k"), options)
    v, u = torch.meshgrid(
        latent_pixel_centres(slot_height, factor), latent_pixel_centres(slot_width, factor), indexing="ij"
    )
    pixels = torch.stack([u, v, torch.ones_like(u)])
    maps = (packed @ pixels.flatten(1)).float().unflatten(-1, (slot_height, slot_width))
    return join_views(maps, slots)


def _shown_views(agent: Agent, options: RaymapOptions) -> list[int]:
    if options.layout == "front":
        return [reference_view(agent.rig)]
    return options.view_layout.view_indices(agent.rig.view_names, f"agent '{agent.name}'")


def _pixel_to_ray(agent: Agent, views: list[int], size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Rotated inverse intrinsics (frames, views, 3, 3) and positions (frames, views, 3) for pictures of `size`."""
    height, width = size
    scale = torch.tensor([width / agent.rig.width, height / agent.rig.height, 1.0], dtype=torch.float64)
    intrinsics = agent.intrinsics()[:, views] * scale[:, None]
    extrinsics = agent.extrinsics()[:, views]
    return extrinsics[..., :3, :3] @ torch.linalg.inv(intrinsics), extrinsics[..., :3, 3]


def _warn_if_stretched(agents: Agents, layout: TileLayout, tile_height: int, tile_width: int) -> None:
    slot_aspect = (tile_width / layout.columns) / (tile_height / layout.rows)
    for agent in agents.members:
        aspect = agent.rig.width / agent.rig.height
        if abs(aspect / slot_aspect - 1.0) > ASPECT_TOLERANCE:
            logger.warning(
                "agent '%s': pictures of %dx%d are taken as stretched to the views of a %s tile of %dx%d; "
                "crop them first and set the rig to the cropped size.",
                agent.name,
                agent.rig.width,
                agent.rig.height,
                layout.name,
                tile_width,
                tile_height,
            )
