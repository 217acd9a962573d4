"""Drawings: agents as a person draws them, by waypoints, and their text."""

from .drawing import Drawing, DrawnAgent, Limits
from .seeding import drawing_from_agents
from .text import drawing_text, read_drawing

__all__ = ["Drawing", "DrawnAgent", "Limits", "drawing_from_agents", "drawing_text", "read_drawing"]
