"""What MetaWorld is told of a clip: what every agent's camera sees of the scene, and what the others look like."""

import logging
from collections.abc import Sequence
from typing import Any

import torch
from comfy.sd import VAE
from torch import Tensor

from ..models.batch import AGENTS
from ..models.metaworld.conditioning import CONDITION_DEPTH, CONDITION_RGB, IDENTITIES, NULL_IDENTITIES
from .identity_pictures import on_white_canvas
from .joint import Conditioning

logger = logging.getLogger(__name__)

SIDE_FACTOR = 16
"""Width and height in pixels are multiples of it: 8 of the VAE times 2 of the network's patches."""

TEMPORAL_FACTOR = 4

NO_IDENTITIES, NOTHING = "no identities", "nothing"
GUIDANCE = (NO_IDENTITIES, NOTHING)
"""What guidance may push away from; the first is the release's."""


def metaworld_conditioning(
    vae: VAE,
    rgb: Tensor,
    depth: Tensor | None,
    names: Sequence[str],
    identities: Sequence[Tensor | None] = (),
    subjects: Tensor | None = None,
    guidance_against: str = NO_IDENTITIES,
    prompt: Conditioning | None = None,
) -> tuple[Conditioning, Conditioning, dict[str, Any]]:
    """Conditioning and an empty LATENT of one clip, one branch per agent.

    Args:
        vae: Wan 2.1's, or the one that the checkpoint was trained with.
        rgb: condition videos (agents, frames, height, width, 3) in 0..1; frames beyond 4k + 1 are left out with a
            warning.
        depth: the same of depth, near is bright; None for networks that take none.
        names: of the agents.
        identities: per agent its identity images (pictures, height, width, 3) in 0..1 of any size, or None; may be
            shorter than the agents.
        subjects: identity images of subjects without a video of their own.
        guidance_against: one of `GUIDANCE`.
        prompt: encoding of the text, by default zeros.

    Returns:
        positive, negative and LATENT. Without identities both conditionings are equal.

    Raises:
        ValueError: if sizes or numbers do not fit each other, or the VAE is another model's.
    """
    agents, frames, height, width = rgb.shape[:4]
    check_size(width, height)
    check_vae(vae)
    kept = (frames - 1) // TEMPORAL_FACTOR * TEMPORAL_FACTOR + 1
    if kept != frames:
        logger.warning("MetaWorld makes clips of 4k + 1 frames: of %d frames the first %d are used.", frames, kept)
    text, extras = prompt[0] if prompt else (None, {})
    condition = _encode_videos(vae, rgb[:, :kept])
    told = {**extras, AGENTS: agents, CONDITION_RGB: condition}
    if depth is not None:
        told[CONDITION_DEPTH] = _encode_videos(vae, depth[:, :kept])
    seen = identities_seen(
        [_encode_pictures(vae, pictures, width, height) for pictures in _of_agents(identities, names)],
        _encode_pictures(vae, subjects, width, height),
    )
    negative_told = told
    if seen is not None:
        latents, absent = seen
        told = {**told, IDENTITIES: latents, NULL_IDENTITIES: absent}
        everything = torch.ones_like(absent)
        negative_told = {**told, NULL_IDENTITIES: everything} if guidance_against == NO_IDENTITIES else told
    positive: Conditioning = [[text, told]]
    negative = positive if negative_told is told else [[text, negative_told]]
    return positive, negative, {"samples": torch.zeros_like(condition)}


def identities_seen(of_agents: Sequence[Tensor | None], of_subjects: Tensor | None) -> tuple[Tensor, Tensor] | None:
    """What each branch is shown: the identities of all other agents in their order, then those of the subjects.

    An agent's own are not among them: its camera does not see it (section 3.1, "the visible agents"). Branches with
    fewer identities than others are filled up with absent ones, which the network sees as zeros, as in a tenth of its
    training.

    Args:
        of_agents: per agent latents (pictures, channels, 1, height, width), or None.
        of_subjects: the same of subjects without a branch.

    Returns:
        Latents (agents, channels, identities, height, width) and which are absent (agents, identities), or None where
        no branch is shown any.
    """
    shown = [
        [
            latent
            for other, latents in enumerate([*of_agents, of_subjects])
            if other != agent and latents is not None
            for latent in latents
        ]
        for agent in range(len(of_agents))
    ]
    count = max(map(len, shown))
    if not count:
        if any(latents is not None for latents in of_agents):
            logger.warning(
                "The only agent does not see itself: its identity image is not used; connect it as a subject."
            )
        return None
    nothing = torch.zeros_like(next(latents[0] for latents in shown if latents))
    absent = torch.arange(count) >= torch.tensor([[len(latents)] for latents in shown])
    filled = [torch.cat([*latents, *[nothing] * (count - len(latents))], dim=1) for latents in shown]
    return torch.stack(filled), absent


def _of_agents(identities: Sequence[Tensor | None], names: Sequence[str]) -> list[Tensor | None]:
    if len(identities) > len(names):
        raise ValueError(
            f"Identity images are given for {len(identities)} agents, the condition videos hold {len(names)} "
            f"({', '.join(names)}); connect others as 'subjects'."
        )
    return [*identities, *[None] * (len(names) - len(identities))]


def check_size(width: int, height: int) -> None:
    """Refuse what the network has no whole tokens for, with the nearest size that it has."""
    for name, side in (("width", width), ("height", height)):
        if side < 1 or side % SIDE_FACTOR:
            nearest = max(1, round(side / SIDE_FACTOR)) * SIDE_FACTOR
            raise ValueError(
                f"MetaWorld's {name} is a multiple of {SIDE_FACTOR} pixels, given condition videos of {side}; render "
                f"them with {nearest}."
            )


def check_vae(vae: VAE) -> None:
    """Refuse a VAE whose latents the network has no place for."""
    factor = vae.spacial_compression_encode()
    if vae.latent_dim != 3 or factor != SIDE_FACTOR // 2:
        raise ValueError(
            f"MetaWorld takes Wan 2.1's VAE of 16 latent channels and 1/8 of the size, given one of "
            f"{vae.latent_channels} channels and 1/{factor}; load wan_2.1_vae.safetensors."
        )


def _encode_videos(vae: VAE, videos: Tensor) -> Tensor:
    return torch.cat([vae.encode(video[..., :3]) for video in videos])


def _encode_pictures(vae: VAE, pictures: Tensor | None, width: int, height: int) -> Tensor | None:
    """Latents (pictures, channels, 1, height / 8, width / 8), each picture encoded alone; None for no picture."""
    if pictures is None or not len(pictures):
        return None
    return torch.cat([vae.encode(on_white_canvas(picture[..., :3], width, height)[None]) for picture in pictures])
