"""MetaWorld networks, and what they are told, as rows of the table."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..models.checkpoints import open_checkpoint
from ..models.metaworld.schedule import official_sigmas
from ..models.metaworld.transformer import MetaWorldTransformer
from ..training.autoencoders import Autoencoder, digest_of
from ..training.clips import Clip as ListedClip
from ..training.conditions import condition_videos, on_white
from ..training.metaworld_prediction import sample_worlds
from ..training.metaworld_trained import load_trained
from ..training.posed_clips import PosedWindow, read_posed_windows
from ..training.random_numbers import NOISE, generator
from ..training.settings import Background, ConditionSettings, DataSettings
from ..training.settings_files import parse_settings
from ..world.tiles import SINGLE_VIEW, TileLayout
from .clips import Batch
from .generation import decode
from .variants import Variant

CONDITION = "condition_video"


@dataclass(frozen=True, eq=False)
class TrainedMetaWorld:
    """A trained MetaWorld.

    Attributes:
        name: row of the table.
        file, digest, record: its name, SHA-256 and metadata.
        network: in evaluation mode.
    """

    name: str
    file: str
    digest: str
    network: MetaWorldTransformer
    record: Mapping[str, Any]
    camera: str = "condition videos"
    layout: TileLayout = SINGLE_VIEW
    front_only: bool = False

    @property
    def conditions(self) -> ConditionSettings:
        """How the condition videos of its training were made; the defaults where that is not recorded."""
        recipe = self.record.get("training", {}).get("recipe", {})
        return parse_settings(ConditionSettings, recipe.get("conditions", {}), self.file)


def load_metaworld(name: str, path: Path, device: torch.device) -> TrainedMetaWorld:
    """A network that was trained with the trainer. Raises CheckpointError if the file is no whole MetaWorld."""
    checkpoint = open_checkpoint(path)
    network = load_trained(path).to(device)
    return TrainedMetaWorld(name, path.name, digest_of(checkpoint.files), network, checkpoint.record)


@dataclass(frozen=True)
class MetaWorldSampling:
    """How clips are sampled.

    Attributes:
        autoencoder: of the latents.
        steps, seed, guidance, shift: of the sampling.
        device: of the networks.
    """

    autoencoder: Autoencoder
    steps: int
    seed: int
    guidance: float
    shift: float
    device: torch.device
    _posed: dict[str, PosedWindow] = field(default_factory=dict)

    def posed(self, listed: ListedClip) -> PosedWindow:
        """The whole of a clip with depth; the last one is kept."""
        if listed.name not in self._posed:
            self._posed.clear()
            frames = int(listed.listed["frames"])
            settings = DataSettings(train="", cache="", frames=frames, stride=frames)
            self._posed[listed.name] = read_posed_windows(listed, settings)[0]
        return self._posed[listed.name]

    def encoded(self, videos: Tensor) -> Tensor:
        """Unscaled latents (agents, channels, frames, height, width) of (agents, frames, height, width, 3) uint8."""
        return self.autoencoder.encode(videos)


class ToldDifferently(Variant):
    """A MetaWorld that is told about every clip in a certain way.

    Args:
        model: whose rows these are.
        sampling: how clips are sampled.
        ending: of the row's name; empty for what the model was trained for.
        background: of the condition videos.
        topology: how agents are aligned.
        with_depth: whether there are depth condition videos.
        wrong_identities: whether the agents' identity images are those of each other, so that colours are swapped.
    """

    sampled = True

    def __init__(
        self,
        model: TrainedMetaWorld,
        sampling: MetaWorldSampling,
        ending: str,
        background: Background = "anchor",
        topology: str = "ring",
        with_depth: bool = True,
        wrong_identities: bool = False,
    ) -> None:
        self.model, self.sampling = model, sampling
        self.name = f"{model.name}{ending}"
        self.background, self.topology = background, topology
        self.with_depth, self.wrong_identities = with_depth, wrong_identities

    def depends_on(self, clip: ListedClip) -> Any:
        sampling = self.sampling
        return {
            "model": self.model.digest,
            "autoencoder": sampling.autoencoder.digest,
            "sampling": [sampling.steps, sampling.seed, sampling.guidance, sampling.shift],
            "told": [self.background, self.topology, self.with_depth, self.wrong_identities],
        }

    @torch.no_grad()
    def frames(self, batch: Batch) -> Sequence[Tensor]:
        sampling, network = self.sampling, self.model.network
        told = [self._told(item.listed) for item in batch.clips]
        condition, identities = (torch.stack(parts).to(sampling.device) for parts in zip(*told, strict=True))
        noise = torch.stack([self._noise(item.number, condition.shape) for item in batch.clips]).to(sampling.device)
        sigmas = official_sigmas(sampling.steps, sampling.shift)
        latents = sample_worlds(network, noise, condition, identities, self.topology, sigmas, sampling.guidance)
        pictures = decode(sampling.autoencoder, latents.flatten(0, 1) / self._scale())
        return list(pictures.unflatten(0, (len(batch.clips), -1))[:, :, :, None])

    def _scale(self) -> float:
        scale = self.model.network.options.latent_scale
        return 1.0 if scale is None else scale

    def _told(self, listed: ListedClip) -> tuple[Tensor, Tensor]:
        """Scaled conditions (agents, channels, frames, ...) and identities (agents, channels, others, ...)."""
        sampling, window = self.sampling, self.sampling.posed(listed)
        rgb, depth = condition_videos(window, self.background, self.model.conditions)
        condition = torch.cat([sampling.encoded(video) for video in ((rgb, depth) if self.with_depth else (rgb,))], 1)
        height, width = window.frames.shape[2:4]
        pictures = [on_white(portrait, height, width) for portrait in window.portraits]
        identities = sampling.encoded(torch.stack(pictures))
        agents = range(len(identities))
        # With two agents, who is shown its own identity instead of the other's is shown the wrong colour.
        shown = [
            [agent] if self.wrong_identities else [other for other in agents if other != agent] for agent in agents
        ]
        others = torch.stack([torch.cat(list(identities[numbers]), dim=1) for numbers in shown])
        return condition * self._scale(), others * self._scale()

    def _noise(self, number: int, condition: torch.Size) -> Tensor:
        agents, _, frames, height, width = condition[1:]
        random = generator("cpu", self.sampling.seed, NOISE, number)
        return torch.randn(agents, self.model.network.layout.channels, frames, height, width, generator=random)


class ConditionVideo(Variant):
    """The RGB condition video as it is: what is known before anything is generated."""

    name = CONDITION

    def __init__(self, model: TrainedMetaWorld, sampling: MetaWorldSampling) -> None:
        self.model, self.sampling = model, sampling

    def depends_on(self, clip: ListedClip) -> Any:
        return hashlib.sha256(repr(self.model.conditions).encode()).hexdigest()

    def frames(self, batch: Batch) -> Sequence[Tensor]:
        windows = (self.sampling.posed(item.listed) for item in batch.clips)
        videos = (condition_videos(window, "anchor", self.model.conditions)[0] for window in windows)
        return [video[:, :, None].float() / 255.0 for video in videos]


def variants_of(model: TrainedMetaWorld, sampling: MetaWorldSampling) -> list[Variant]:
    """The rows of a model: as it was trained, and told less, more or wrongly."""
    options = model.network.options
    topology = "ring" if options.alignment else "none"
    depth = options.depth != "without"

    def told(ending: str, **differently: Any) -> ToldDifferently:
        return ToldDifferently(model, sampling, ending, **{"topology": topology, "with_depth": depth, **differently})

    rows = [told(""), told("_holistic", background="holistic")]
    if options.depth == "either":
        rows.append(told("_without_depth", with_depth=False))
    if options.alignment:
        rows += [
            told("_independent", topology="none"),
            told("_holistic_independent", topology="none", background="holistic"),
        ]
    return [*rows, told("_wrong_identities", wrong_identities=True)]
