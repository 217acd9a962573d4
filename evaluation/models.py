"""The networks that are evaluated."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from ..models.checkpoints import CheckpointError, open_checkpoint
from ..models.pocket_vae import PocketVAE
from ..models.shareverse.transformer import ShareVerseTransformer
from ..training.autoencoders import Autoencoder, digest_of, load_autoencoder
from ..training.settings import Camera
from ..training.trained import load_trained
from ..world.raymaps import SPATIAL_FACTOR, latent_frame_count
from ..world.tiles import SINGLE_VIEW, TWO_BY_TWO, TileLayout

logger = logging.getLogger(__name__)


class EvaluatedModel(Protocol):
    """What results say of a network.

    Attributes:
        name, file, digest, record: see `TrainedModel`.
        network: any.
        camera: what it is told about cameras.
        layout: the tile that it generates.
        front_only: whether it leaves out views of the clips.
    """

    @property
    def name(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def record(self) -> Mapping[str, Any]: ...
    @property
    def network(self) -> nn.Module: ...
    @property
    def camera(self) -> str: ...
    @property
    def layout(self) -> TileLayout: ...
    @property
    def front_only(self) -> bool: ...


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A trained ShareVerse.

    Attributes:
        name: row of the table.
        file: name of its file.
        digest: SHA-256 of that file.
        network: in evaluation mode.
        camera: what it is told about cameras.
        record: metadata of the file.
    """

    name: str
    file: str
    digest: str
    network: ShareVerseTransformer
    camera: Camera
    record: Mapping[str, Any]

    @property
    def layout(self) -> TileLayout:
        """The tile that it generates: all views, or the front view alone."""
        return self.network.options.raymap.view_layout

    @property
    def front_only(self) -> bool:
        return self.layout.slots == 1


def load_model(name: str, path: Path, device: torch.device) -> TrainedModel:
    """A network that was trained with the trainers.

    Raises:
        CheckpointError: if the file is no whole ShareVerse, or needs what an evaluation cannot give it.
    """
    checkpoint = open_checkpoint(path)
    record = checkpoint.record
    network, camera = load_trained(path)
    network.eval().requires_grad_(False).to(device)
    layout = network.options.raymap.view_layout
    if layout not in (TWO_BY_TWO, SINGLE_VIEW):
        raise CheckpointError(
            f"{path.name} generates {layout.name} tiles of {', '.join(layout.view_order)}, the clips have 2x2 tiles; "
            "only these and the front view alone are evaluated."
        )
    training = record.get("training")
    recipe = training.get("recipe", {}) if isinstance(training, dict) else {}
    if recipe.get("empty_text"):
        raise CheckpointError(
            f"{path.name} was trained with a text encoder's output for an empty prompt ({recipe['empty_text']}), which "
            "an evaluation does not read; only networks trained without text are evaluated."
        )
    return TrainedModel(name, path.name, digest_of(checkpoint.files), network, camera, record)


def load_decoder(path: Path, device: torch.device) -> Autoencoder:
    """The pocket VAE, which also decodes.

    Raises:
        CheckpointError: if the file is something else.
    """
    autoencoder = load_autoencoder(path, device) if path.is_file() else None
    if autoencoder is None or not isinstance(autoencoder.network, PocketVAE):
        raise CheckpointError(
            f"{path} is not the file of a pocket VAE; choose the one that the models were trained with."
        )
    return autoencoder


def latent_size(model: TrainedModel, shape: tuple[int, int, int, int]) -> tuple[int, int, int]:
    """Latent (frames, height, width) that the model generates for clips with tiles (agents, frames, height, width).

    Raises:
        ValueError: if there are not 4k + 1 frames, or a view does not split into latent pixels.
    """
    height, width = shape[2:]
    if model.front_only:
        height, width = TWO_BY_TWO.slot_size(height, width)
    if height % SPATIAL_FACTOR or width % SPATIAL_FACTOR:
        raise ValueError(
            f"The model '{model.name}' generates pictures of {width}x{height} for these clips, which must be multiples "
            f"of {SPATIAL_FACTOR}; make clips of another size."
        )
    return latent_frame_count(shape[1]), height // SPATIAL_FACTOR, width // SPATIAL_FACTOR


def require_fitting(model: TrainedModel, autoencoder: Autoencoder, shape: tuple[int, int, int, int]) -> None:
    """Refuse a model whose latents are not those of the autoencoder or of the clips.

    Args:
        model: which must fit.
        autoencoder: of the evaluation.
        shape: (agents, frames, height, width) of the tiles of a clip.

    Raises:
        ValueError: naming the model and what it needs.
    """
    config, owner = model.network.config, f"The model '{model.name}' ({model.file})"
    if config.out_channels != autoencoder.channels:
        raise ValueError(
            f"{owner} makes latents of {config.out_channels} channels, the autoencoder {autoencoder.name} has "
            f"{autoencoder.channels}; choose the autoencoder that it was trained with."
        )
    frames, height, width = latent_size(model, shape)
    patch, known = config.patch_size, config.learned_grid
    grid = (frames, height // patch, width // patch)
    if height % patch or width % patch or (known and (grid[1:] != tuple(known[1:]) or frames > known[0])):
        expected = f"{known} tokens (frames, rows, columns)" if known else f"sides that are multiples of {patch}"
        raise ValueError(
            f"{owner} was trained for latents of {expected}, these clips have latents of {frames} frames of "
            f"{width}x{height}, {grid} tokens; evaluate clips of the size that it was trained for."
        )
    scale = model.network.options.latent_scale
    if not math.isclose(scale, autoencoder.latent_scale, rel_tol=1e-4):
        logger.warning(
            "%s scales latents by %g, the autoencoder %s by %g: it was probably trained with another autoencoder.",
            owner,
            scale,
            autoencoder.name,
            autoencoder.latent_scale,
        )
    trained = model.record.get("trained", {}).get("agents", shape[0])
    if trained != shape[0]:
        logger.warning("%s was trained with %s agents, these clips have %d.", owner, trained, shape[0])
