"""Whether agents can be what their numbers say: checks that catch poses read with a wrong convention.

A report and a picture, and warnings where the same numbers, read another way, would look far more like cameras that
somebody carries through the world. Nothing is ever changed.
"""

from .picture import check_picture
from .report import Report, check_agents
from .scale import KnownLength

__all__ = ["KnownLength", "Report", "check_agents", "check_picture"]
