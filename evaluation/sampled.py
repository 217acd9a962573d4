"""Networks as rows of the table."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..pocket.clip_files import read_clip
from ..training.clips import Clip as ListedClip
from .clips import Batch
from .generation import Sampling
from .models import TrainedModel
from .settings import WRONG_PARTNER
from .variants import Variant


class Sampled(Variant):
    """A model that is given every agent's own first frame."""

    sampled = True

    def __init__(self, model: TrainedModel, sampling: Sampling) -> None:
        self.model = model
        self.sampling = sampling
        self.name = model.name
        self.front_only = model.front_only

    def depends_on(self, clip: ListedClip) -> Any:
        return _sampling_record(self.model, self.sampling)

    def frames(self, batch: Batch) -> Sequence[Tensor]:
        first = self.sampling.first_latents(self.model, batch.tiles[:, :, 0])
        return list(self.sampling.frames(self.model, batch, first))


class WrongPartner(Variant):
    """A model to which the other agents of a world were shown wrongly.

    For each agent in turn the world is sampled with this agent's own first frame and with first frames from another
    town for the other agents; only this agent's frames of that sampling count. Cameras and noise stay as they are. What
    a model loses in this way is what it took from the other agents' first frames.
    """

    sampled = True
    one_world = False

    def __init__(self, model: TrainedModel, sampling: Sampling, partners: Mapping[str, ListedClip]) -> None:
        self.model = model
        self.sampling = sampling
        self.partners = partners
        self.name = model.name + WRONG_PARTNER
        self.front_only = model.front_only

    def depends_on(self, clip: ListedClip) -> Any:
        return {**_sampling_record(self.model, self.sampling), "partner": self.partners[clip.name].fingerprint()}

    def frames(self, batch: Batch) -> Sequence[Tensor]:
        own = batch.tiles[:, :, 0]
        others = torch.stack([self._first_tiles(item.name, own.shape[1:]) for item in batch.clips])
        own, others = (self.sampling.first_latents(self.model, tiles) for tiles in (own, others))
        evaluated = []
        for agent in range(own.shape[1]):
            first = others.clone()
            first[:, agent] = own[:, agent]
            evaluated.append(self.sampling.frames(self.model, batch, first)[:, agent])
        return list(torch.stack(evaluated, dim=1))

    def _first_tiles(self, name: str, expected: Sequence[int]) -> Tensor:
        partner = self.partners[name]
        tiles = read_clip(partner.folder, ground_truth=False).tiles[:, 0]
        if tiles.shape != torch.Size(expected):
            raise ValueError(
                f"{partner.folder}: first tiles of shape {tuple(tiles.shape)} cannot take the place of "
                f"{tuple(expected)}; evaluate clips of one size."
            )
        return tiles


def _sampling_record(model: TrainedModel, sampling: Sampling) -> dict[str, Any]:
    return {
        "model": model.digest,
        "autoencoder": sampling.autoencoder.digest,
        "steps": sampling.steps,
        "seed": sampling.seed,
    }
