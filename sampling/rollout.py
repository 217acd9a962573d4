"""Videos longer than MultiWorld was trained on, chunk after chunk.

This is the long mode of the released It Takes Two program. The robots' released long mode is broken, so robots roll out
in the same way here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import latent_preview
import torch
from comfy.sd import VAE
from torch import Tensor

from ..models.multiworld.comfyui import MultiWorldModel
from ..models.vggt.comfyui import GlobalStateEncoder
from ..world.actions import Actions
from ..world.actions.chunks import OVERLAP
from .decoding import decode_agents
from .joint import SamplerSettings, StepCallback, sample_jointly
from .multiworld import NOTHING, check_clip, multiworld_conditioning


@dataclass(frozen=True, eq=False)
class Rollout:
    """What a rollout is made of.

    Attributes:
        model: a MODEL that is MultiWorld's.
        encoder: the global state encoder.
        vae: Wan 2.2's.
        first_frames: of every view, (views, height, width, 3) in 0..1, of any size.
        chunks: the actions of each chunk, all of one length, each beginning with the last frame of the one before.
        width, height: of the videos in pixels, multiples of 32.
        settings, seed: of the sampler, the same in every chunk.
        guidance_against: see `multiworld_conditioning`.

    Raises:
        ValueError: for another model, or sizes that the network has no whole tokens for.
    """

    model: Any
    encoder: GlobalStateEncoder
    vae: VAE
    first_frames: Tensor
    chunks: tuple[Actions, ...]
    width: int
    height: int
    settings: SamplerSettings
    seed: int
    guidance_against: str = NOTHING

    def __post_init__(self) -> None:
        if not isinstance(self.model.model, MultiWorldModel):
            raise ValueError(
                f"A rollout takes a MultiWorld model, given {type(self.model.model).__name__}; load a MultiWorld "
                "checkpoint with Load Multi-Agent Model."
            )
        check_clip(self.chunk_frames, self.width, self.height)

    @property
    def chunk_frames(self) -> int:
        """Frames that a chunk samples, the given first one among them."""
        return self.chunks[0].frame_count


@dataclass(frozen=True, eq=False)
class Chunk:
    """A finished chunk.

    Attributes:
        number: from 0.
        latents: (views, channels, latent frames, latent height, latent width) of the whole chunk.
        frames: (views, frames, height, width, 3) uint8 on the CPU, without the one that the chunk before ends with.
    """

    number: int
    latents: Tensor
    frames: Tensor


def roll_out(rollout: Rollout, finished: Callable[[int], Tensor | None] = lambda _: None) -> Iterator[Chunk]:
    """Sample chunk after chunk; n chunks of 81 frames make 80 n + 1.

    A chunk begins with the last decoded frames of the one before, which are encoded anew for the VAE and for the global
    state. Nothing else is carried over, and every chunk has the same noise.

    A chunk's frames take 3 bytes per pixel. The generator holds those of one chunk; what is held of earlier ones is the
    caller's choice.

    Args:
        rollout: what to make.
        finished: chunk number -> its latents, if it need not be sampled.

    Raises:
        ValueError, NotFinite: see `multiworld_conditioning` and `sample_jointly`.
    """
    views = rollout.first_frames
    show = latent_preview.prepare_callback(rollout.model, rollout.settings.steps * len(rollout.chunks))
    for number in range(len(rollout.chunks)):
        latents = finished(number)
        if latents is None:
            latents = _sample_chunk(rollout, number, views, show)
        frames = torch.stack([eight_bit(video) for video in decode_agents(rollout.vae, latents)])
        views = frames[:, -1].float() / 255
        yield Chunk(number, latents, frames[:, OVERLAP if number else 0 :])


def _sample_chunk(rollout: Rollout, number: int, views: Tensor, show: StepCallback) -> Tensor:
    positive, negative, latent = multiworld_conditioning(
        rollout.encoder,
        rollout.vae,
        views,
        rollout.chunks[number],
        rollout.chunk_frames,
        rollout.width,
        rollout.height,
        rollout.guidance_against,
    )

    def show_step(step: int, prediction: Tensor, noisy: Tensor, steps: int) -> None:
        show(number * steps + step, prediction, noisy, len(rollout.chunks) * steps)

    result = sample_jointly(rollout.model, positive, negative, latent, rollout.settings, rollout.seed, show=show_step)
    return result["samples"]


def eight_bit(video: Tensor) -> Tensor:
    """0..1 to 256 levels, on the CPU. Values are cut off, as the released program does, not rounded."""
    return (video.float().clamp(0, 1) * 255).to("cpu", torch.uint8)


def whole_videos(chunks: list[Tensor]) -> Iterator[Tensor]:
    """The frames of chunks in a row, view by view: (frames, height, width, 3) float32 in 0..1."""
    for view in zip(*chunks, strict=True):
        yield torch.cat(view) / 255
