"""Controls: what the networks are held against."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ..training.autoencoders import Autoencoder
from ..training.clips import Clip as ListedClip
from ..world.metrics.controls import frozen_first_frame, own_frame_oracle
from ..world.tiles import split_images
from .building_colours import BuildingColours
from .clips import Batch
from .generation import decode
from .settings import FROZEN, ORACLE, RECONSTRUCTION, TRUTH
from .variants import Variant


class Truth(Variant):
    """The truth itself: what a perfect network would get."""

    name = TRUTH

    def frames(self, batch: Batch) -> Sequence[Tensor]:
        return [item.known.truth for item in batch.clips]


class FrozenFirstFrame(Variant):
    """The given first frame all the time."""

    name = FROZEN
    shown = False

    def frames(self, batch: Batch) -> Sequence[Tensor]:
        return [frozen_first_frame(item.known.truth) for item in batch.clips]


class Reconstruction(Variant):
    """The truth, encoded and decoded: no network that works on these latents can be expected to be better."""

    name = RECONSTRUCTION

    def __init__(self, autoencoder: Autoencoder) -> None:
        self.autoencoder = autoencoder

    def depends_on(self, clip: ListedClip) -> Any:
        return {"autoencoder": self.autoencoder.digest}

    def frames(self, batch: Batch) -> Sequence[Tensor]:
        pictures = decode(self.autoencoder, self.autoencoder.encode(batch.tiles.flatten(0, 1)))
        return list(split_images(pictures, batch.layout).unflatten(0, batch.tiles.shape[:2]))


class OwnFrameOracle(Variant):
    """Perfect geometry and the agent's own first frame, see `world.metrics.controls.own_frame_oracle`."""

    name = ORACLE
    shown = False

    def __init__(self, colours: BuildingColours) -> None:
        self.colours = colours

    def depends_on(self, clip: ListedClip) -> Any:
        return {"reference": self.colours.sources(clip)}

    def frames(self, batch: Batch) -> Sequence[Tensor]:
        return [own_frame_oracle(item.known, self.colours.of(item.listed)) for item in batch.clips]
