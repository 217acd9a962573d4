"""A picture of raymaps for people: directions and origins as colours."""

from collections.abc import Sequence

import numpy as np
import torch
from einops import rearrange
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from .raymaps import RAYMAP_CHANNELS, TEMPORAL_FACTOR, RaymapOptions, frame_groups

PANEL_WIDTH = 240
MARGIN = 4
LABEL_HEIGHT = 28
FONT_SIZE = 21
INK = (230, 230, 230)
PAPER = (24, 24, 24)


def raymap_picture(
    raymap: Tensor, options: RaymapOptions | None = None, names: Sequence[str] | None = None, columns: int = 4
) -> Tensor:
    """Draw raymaps: two rows per agent (directions, origins), a few latent frames side by side.

    Red, green and blue are x (right), y (down) and z (forward) of the world. Directions are normalised and mapped from
    -1..1 to 0..1. Origins are divided by the largest coordinate of all agents and frames and mapped likewise, so equal
    colours are equal places; grey is the common centroid. Each panel shows the last of the four frames that its latent
    frame holds, named in the label together with the origin of its first pixel.

    Args:
        raymap: (agents, 24, latent frames, height, width) from `build_raymaps`.
        options: the options it was built with; the defaults if None.
        names: one name per agent, in order.
        columns: how many latent frames to show at most, evenly spaced from the first to the last.

    Returns:
        (picture height, picture width, 3) float32 in 0..1.
    """
    options = options or RaymapOptions()
    if raymap.ndim != 5 or raymap.shape[1] != RAYMAP_CHANNELS:
        raise ValueError(
            f"A raymap has shape (agents, {RAYMAP_CHANNELS}, latent frames, height, width), "
            f"given {tuple(raymap.shape)}."
        )
    agents, _, latent_frames, height, width = raymap.shape
    names = list(names) if names is not None else [f"agent {number}" for number in range(1, agents + 1)]
    if len(names) != agents:
        raise ValueError(f"The raymap holds {agents} agents, given {len(names)} names: {', '.join(names)}.")

    shown = torch.linspace(0, latent_frames - 1, max(1, min(columns, latent_frames))).round().long()
    frames = frame_groups(TEMPORAL_FACTOR * (latent_frames - 1) + 1, options.packing)[shown, -1].tolist()
    order = "(group channels)" if options.channel_layout == "frame_major" else "(channels group)"
    maps = rearrange(
        raymap.detach().float().cpu(), f"a {order} f h w -> group a f h w channels", group=TEMPORAL_FACTOR
    )[-1]
    extent = maps[..., 3:].abs().amax().clamp(min=1e-6)
    maps = maps[:, shown]
    directions = torch.nn.functional.normalize(maps[..., :3], dim=-1)
    panels = torch.stack([directions, maps[..., 3:] / extent], dim=1).add(1.0).mul(127.5).round().byte().numpy()

    labels = []
    for name, origins in zip(names, maps[..., 0, 0, 3:].tolist(), strict=True):
        labels.append([f"{name}: directions"] + [""] * (len(frames) - 1))
        labels.append([_origin_label(frame, origin) for frame, origin in zip(frames, origins, strict=True)])
    panel_height = max(1, round(PANEL_WIDTH * height / width))
    picture = _draw_grid(rearrange(panels, "a kind f h w c -> (a kind) f h w c"), labels, (PANEL_WIDTH, panel_height))
    return torch.from_numpy(np.asarray(picture, dtype=np.float32) / 255.0)


def _origin_label(frame: int, origin: Sequence[float]) -> str:
    return f"frame {frame}: " + ", ".join(f"{round(value, 1) + 0.0:.4g}" for value in origin)


def _draw_grid(panels: np.ndarray, labels: Sequence[Sequence[str]], size: tuple[int, int]) -> Image.Image:
    """Panels (rows, columns, height, width, 3) uint8, each scaled to `size` (width, height) under its label."""
    rows, columns = panels.shape[:2]
    cell_width, cell_height = size[0] + MARGIN, size[1] + LABEL_HEIGHT + MARGIN
    picture = Image.new("RGB", (columns * cell_width + MARGIN, rows * cell_height + MARGIN), PAPER)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(FONT_SIZE)
    for row in range(rows):
        for column in range(columns):
            left, top = MARGIN + column * cell_width, MARGIN + row * cell_height
            draw.text((left, top), labels[row][column], fill=INK, font=font)
            panel = Image.fromarray(panels[row, column]).resize(size, Image.Resampling.NEAREST)
            picture.paste(panel, (left, top + LABEL_HEIGHT))
    return picture
