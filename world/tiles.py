"""Tiles: the views of one agent side by side in one picture, and back.

ShareVerse halves each of an agent's four views and puts them in one picture (section 4.3), so that one branch of the
network generates them together.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from einops import rearrange
from torch import Tensor

from .rigs import FOUR_VIEWS

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TileLayout:
    """Where each view lies in a tile.

    Attributes:
        rows, columns: slots of the tile; every slot has the same size.
        view_order: one view name per slot, row by row.
    """

    rows: int
    columns: int
    view_order: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "view_order", tuple(self.view_order))
        if self.rows < 1 or self.columns < 1:
            raise ValueError(f"A tile needs at least one row and one column, given {self.rows}x{self.columns}.")
        if len(self.view_order) != self.slots:
            raise ValueError(
                f"A {self.name} tile needs {self.slots} view names, given {len(self.view_order)}: "
                f"{', '.join(self.view_order)}."
            )
        if len(set(self.view_order)) != self.slots:
            raise ValueError(f"A tile shows every view once, given {', '.join(self.view_order)}.")

    @property
    def slots(self) -> int:
        return self.rows * self.columns

    @property
    def name(self) -> str:
        return f"{self.rows}x{self.columns}"

    @property
    def reduction(self) -> int:
        """How much smaller a view is in the tile: 2 (section 4.3), or 1 where the tile is a single view."""
        return 1 if self.slots == 1 else 2

    def slot_size(self, height: int, width: int, what: str = "tile") -> tuple[int, int]:
        """(height, width) of one view in a tile of the given size. Raises ValueError if the slots would differ.

        `what` names the thing of that size in the message ("latent tile").
        """
        for side, size, parts in (("height", height, self.rows), ("width", width, self.columns)):
            if size < parts or size % parts:
                raise ValueError(
                    f"A {self.name} {what} of height {height} and width {width} does not split into equal views: "
                    f"the {side} must be a multiple of {parts}, nearest {_nearest_multiples(size, parts)}."
                )
        return height // self.rows, width // self.columns

    def view_indices(self, view_names: Sequence[str], owner: str) -> list[int]:
        """For each slot, the index of its view among `view_names`.

        Views are found by name. If the names are others but the number fits, the views are taken in their own order,
        with a warning where that order matters.

        Args:
            view_names: the views of a rig.
            owner: what has these views, for the message ("agent 'red'").

        Raises:
            ValueError: naming owner and views, if names and number both do not fit.
        """
        if set(self.view_order) <= set(view_names):
            return [list(view_names).index(name) for name in self.view_order]
        if len(view_names) != self.slots:
            raise ValueError(
                f"{owner} has {len(view_names)} views ({', '.join(view_names)}), a {self.name} tile needs {self.slots} "
                f"({', '.join(self.view_order)}); choose another tile layout or another rig."
            )
        if self.slots > 1:
            logger.warning(
                "%s has views %s, the tile expects %s; they are placed in the order of the rig.",
                owner,
                ", ".join(view_names),
                ", ".join(self.view_order),
            )
        return list(range(self.slots))

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return {"rows": self.rows, "columns": self.columns, "view_order": list(self.view_order)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TileLayout":
        """Inverse of `to_dict`. Raises ValueError if a key is missing or unknown."""
        expected = {"rows", "columns", "view_order"}
        if set(values) != expected:
            raise ValueError(f"A tile layout has the keys {sorted(expected)}, given {sorted(values)}.")
        return cls(int(values["rows"]), int(values["columns"]), tuple(values["view_order"]))


TWO_BY_TWO = TileLayout(2, 2, tuple(FOUR_VIEWS))
STRIP = TileLayout(1, 4, tuple(FOUR_VIEWS))
SINGLE_VIEW = TileLayout(1, 1, ("front",))

TILE_LAYOUTS = {layout.name: layout for layout in (TWO_BY_TWO, STRIP, SINGLE_VIEW)}
"""Named layouts. From views of height H and width W, "2x2" makes a tile of H x W, the strip "1x4" one of H/2 x 2W (as
many pixels), and "1x1" is the view itself."""


def join_views(views: Tensor, layout: TileLayout = TWO_BY_TWO) -> Tensor:
    """Put views of one size into one tile.

    Args:
        views: (..., views, height, width) in the order of `layout.view_order`: planes of pictures, latents or raymaps.

    Returns:
        (..., rows * height, columns * width), same dtype.
    """
    if views.ndim < 3 or views.shape[-3] != layout.slots:
        raise ValueError(
            f"A {layout.name} tile joins {layout.slots} views, expected shape (..., {layout.slots}, height, width), "
            f"given {tuple(views.shape)}."
        )
    pattern = "... (rows columns) height width -> ... (rows height) (columns width)"
    return rearrange(views, pattern, rows=layout.rows, columns=layout.columns)


def split_views(tile: Tensor, layout: TileLayout = TWO_BY_TWO) -> Tensor:
    """Inverse of `join_views`: (..., height, width) to (..., views, height / rows, width / columns)."""
    layout.slot_size(tile.shape[-2], tile.shape[-1])
    pattern = "... (rows height) (columns width) -> ... (rows columns) height width"
    return rearrange(tile, pattern, rows=layout.rows, columns=layout.columns)


def join_images(views: Tensor, layout: TileLayout = TWO_BY_TWO, tile_size: tuple[int, int] | None = None) -> Tensor:
    """Shrink the pictures of several views and put them into one tile.

    Args:
        views: (..., views, height, width, channels) floating point, in the order of `layout.view_order`.
        tile_size: (height, width) of the tile in pixels; by default every view is halved (section 4.3), a single view
            kept as it is.

    Returns:
        (..., tile height, tile width, channels), same dtype; resized with an antialiased bilinear filter.

    Raises:
        ValueError: if the number of views or a size does not fit the layout.
    """
    if views.ndim < 4 or views.shape[-4] != layout.slots:
        raise ValueError(
            f"A {layout.name} tile joins {layout.slots} views, expected shape (..., {layout.slots}, height, width, "
            f"channels), given {tuple(views.shape)}."
        )
    height, width = views.shape[-3:-1]
    if tile_size is not None:
        size = layout.slot_size(*tile_size)
    else:
        size = (_halved(height, "height", layout.reduction), _halved(width, "width", layout.reduction))
    pattern = "... (rows columns) height width channels -> ... (rows height) (columns width) channels"
    return rearrange(_resize(views, size), pattern, rows=layout.rows, columns=layout.columns)


def split_images(tile: Tensor, layout: TileLayout = TWO_BY_TWO) -> Tensor:
    """Cut a tile (..., height, width, channels) into views (..., views, height / rows, width / columns, channels)."""
    layout.slot_size(tile.shape[-3], tile.shape[-2])
    pattern = "... (rows height) (columns width) channels -> ... (rows columns) height width channels"
    return rearrange(tile, pattern, rows=layout.rows, columns=layout.columns)


def _nearest_multiples(size: int, parts: int) -> str:
    lower = size // parts * parts
    return f"{lower} or {lower + parts}" if lower else f"{parts}"


def _halved(size: int, side: str, reduction: int) -> int:
    if size < reduction or size % reduction:
        raise ValueError(
            f"Views of {side} {size} cannot be halved: the {side} must be even, nearest "
            f"{_nearest_multiples(size, reduction)}."
        )
    return size // reduction


def _resize(pictures: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(pictures.shape[-3:-1]) == size:
        return pictures
    batch = pictures.shape[:-3]
    planes = pictures.flatten(0, -4).movedim(-1, 1)
    if planes.dtype in (torch.float16, torch.bfloat16):  # torch has no antialiased filter for these on the CPU
        planes = planes.float()
    planes = torch.nn.functional.interpolate(planes, size, mode="bilinear", align_corners=False, antialias=True)
    return planes.to(pictures.dtype).movedim(1, -1).unflatten(0, batch)
