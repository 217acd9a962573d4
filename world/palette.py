"""The one palette, for pictures made here and for ComfyUI's page (frontend/src/appearance/palette.ts)."""

Color = tuple[int, int, int]

PALETTE: tuple[Color, ...] = (
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (230, 159, 0),
    (86, 180, 233),
    (90, 90, 90),
)
"""Colours of Okabe and Ito, distinct for colour-blind readers; their yellow is too faint on a light background."""
