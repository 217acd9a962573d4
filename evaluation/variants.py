"""What is measured: a row of the table."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ..training.clips import Clip as ListedClip
from .clips import Batch


class Variant(ABC):
    """A network or a control.

    Attributes:
        name: of the row.
        front_only: whether there are front views alone.
        one_world: whether the agents' frames come from one sampling, so that they can be compared with each other.
        sampled: whether a network is sampled, so that the time it takes is of interest.
        shown: whether its frames are shown in pictures and videos.
    """

    name: str
    front_only: bool = False
    one_world: bool = True
    sampled: bool = False
    shown: bool = True

    def depends_on(self, clip: ListedClip) -> Any:
        """What its numbers for a clip depend on beside that clip, as values for JSON."""
        return {}

    @abstractmethod
    def frames(self, batch: Batch) -> Sequence[Tensor]:
        """Frames (agents, frames, views, height, width, 3) in 0..1 of every clip."""
