"""What MultiWorld is told of a clip: its actions, the world's state, and the first frame of every view."""

import logging
from typing import Any

import comfy.latent_formats
import numpy as np
import torch
from comfy.sd import VAE
from PIL import Image
from torch import Tensor

from ..models.batch import AGENTS
from ..models.multiworld.conditioning import (
    CAMERA,
    CONTINUOUS_ACTIONS,
    DISCRETE_ACTIONS,
    GLOBAL_STATE,
    ROBOT_ACTIONS,
    ROBOT_COUNTS,
)
from ..models.vggt.comfyui import GlobalStateEncoder
from ..world.actions import Actions, cut_chunks
from ..world.actions.it_takes_two import LAYOUT as IT_TAKES_TWO
from ..world.actions.it_takes_two import it_takes_two_inputs
from ..world.actions.panda import LAYOUT as PANDA
from ..world.actions.panda import panda_inputs
from .joint import Conditioning

logger = logging.getLogger(__name__)

SIDE_FACTOR = 32
"""Width and height in pixels are multiples of it: 16 of the VAE times 2 of the network's patches."""

TEMPORAL_FACTOR = 4

NOTHING, NULL_ACTIONS = "nothing", "null actions"
GUIDANCE = (NOTHING, NULL_ACTIONS)
"""What guidance may push away from."""


def multiworld_conditioning(
    encoder: GlobalStateEncoder,
    vae: VAE,
    pictures: Tensor,
    actions: Actions,
    frames: int,
    width: int,
    height: int,
    guidance_against: str = NOTHING,
) -> tuple[Conditioning, Conditioning, dict[str, Any]]:
    """Conditioning and LATENT of one clip.

    Args:
        encoder: the global state encoder; it sees the pictures in their own size.
        vae: Wan 2.2's; it sees each picture alone, scaled to width and height.
        pictures: first frame of every view, (views, height, width, 3) in 0..1.
        actions: at video rate; frames beyond the clip are left out with a warning.
        frames: of the clip, 4k + 1.
        width, height: of the clip in pixels, multiples of 32.
        guidance_against: one of `GUIDANCE`. The null actions of It Takes Two are the all-ones actions of its training.

    Returns:
        positive, negative and a LATENT with one item per view: the first latent frame is kept clean by the noise mask,
        and all views get the same noise, as in the released program.

    Raises:
        ValueError: if sizes, actions, cameras or the VAE do not fit each other, with what is expected and given.
    """
    check_clip(frames, width, height)
    views = len(pictures)
    told = action_inputs(_cut(actions, frames), views)
    encoded = encode_first_frames(vae, pictures, width, height)
    told |= {AGENTS: views, GLOBAL_STATE: encoder.encode(pictures)[None]}
    positive: Conditioning = [[None, told]]
    negative = positive
    if guidance_against == NULL_ACTIONS:
        negative = [[None, {**told, **null_actions(told)}]]

    samples = encoded.new_zeros(views, encoded.shape[1], (frames - 1) // TEMPORAL_FACTOR + 1, *encoded.shape[3:])
    samples[:, :, :1] = encoded
    noise_mask = torch.ones(views, 1, *samples.shape[2:])
    noise_mask[:, :, :1] = 0
    return positive, negative, {"samples": samples, "noise_mask": noise_mask, "batch_index": [0] * views}


def check_clip(frames: int, width: int, height: int) -> None:
    """Refuse what the network has no whole tokens for, with the nearest values that it has."""
    if frames < 1 or (frames - 1) % TEMPORAL_FACTOR:
        nearest = max(1, round((frames - 1) / TEMPORAL_FACTOR) * TEMPORAL_FACTOR + 1)
        raise ValueError(f"MultiWorld makes clips of 4k + 1 frames, given {frames}; the nearest is {nearest}.")
    for name, side in (("width", width), ("height", height)):
        if side < 1 or side % SIDE_FACTOR:
            nearest = max(1, round(side / SIDE_FACTOR)) * SIDE_FACTOR
            raise ValueError(
                f"MultiWorld's {name} is a multiple of {SIDE_FACTOR} pixels, given {side}; the nearest is {nearest}."
            )


def _cut(actions: Actions, frames: int) -> Actions:
    if actions.frame_count > frames:
        logger.warning("The actions last %d frames, the clip %d; the first ones are used.", actions.frame_count, frames)
    (clip,) = cut_chunks(actions, chunks=1, chunk_frames=frames, overlap=0)
    return clip


def action_inputs(actions: Actions, views: int) -> dict[str, Tensor]:
    """Conditioning entries of one world's actions; see `models.multiworld.conditioning` for keys and shapes.

    Raises:
        ValueError: for a layout that MultiWorld was not trained on, or cameras for another number of views.
    """
    if actions.layout == IT_TAKES_TWO:
        if views != len(actions):
            logger.warning("It Takes Two was trained on %d views, one of each player; given %d.", len(actions), views)
        discrete, continuous = it_takes_two_inputs(actions)
        return {DISCRETE_ACTIONS: discrete[None], CONTINUOUS_ACTIONS: continuous[None]}
    if actions.layout != PANDA:
        raise ValueError(
            f"MultiWorld takes actions of layout '{IT_TAKES_TWO.name}' or '{PANDA.name}', given "
            f"'{actions.layout.name}'; choose one of them for the actions."
        )
    robots = panda_inputs(actions)
    if robots.cameras is None:
        raise ValueError(
            "The actions hold no camera, which MultiWorld's robots network takes for every view; name camera files in "
            "Load Actions File, or type the cameras in Action Script."
        )
    if len(robots.cameras) not in (1, views):
        raise ValueError(
            f"The actions hold {len(robots.cameras)} cameras, given first frames of {views} views; give one camera for "
            "each view, or one for all."
        )
    counts = torch.tensor([robots.agent_count])
    return {ROBOT_ACTIONS: robots.tokens[None], ROBOT_COUNTS: counts, CAMERA: robots.cameras[:, None]}


def null_actions(told: dict[str, Any]) -> dict[str, Tensor]:
    """The actions that stood for none in a tenth of It Takes Two's training: every value one.

    Raises:
        ValueError: for robots, which were never trained without actions.
    """
    if DISCRETE_ACTIONS not in told:
        raise ValueError(
            "MultiWorld's robots network was not trained with null actions, so that guidance against them would be "
            f"arbitrary; choose '{NOTHING}'."
        )
    return {key: torch.ones_like(told[key]) for key in (DISCRETE_ACTIONS, CONTINUOUS_ACTIONS)}


def encode_first_frames(vae: VAE, pictures: Tensor, width: int, height: int) -> Tensor:
    """Latents (views, 48, 1, height / 16, width / 16) of pictures (views, height, width, 3) in 0..1.

    Raises:
        ValueError: if the VAE is another model's.
    """
    channels = comfy.latent_formats.Wan22.latent_channels
    if vae.latent_channels != channels:
        raise ValueError(
            f"MultiWorld takes Wan 2.2's VAE of {channels} latent channels, given one of {vae.latent_channels}; load "
            "wan2.2_vae.safetensors."
        )
    return torch.cat([vae.encode(resized(picture, width, height)[None]) for picture in pictures])


def resized(picture: Tensor, width: int, height: int) -> Tensor:
    """(height, width, 3) in 0..1, as the released program resizes: bicubic, on 256 levels; unchanged where it fits."""
    if picture.shape[:2] == (height, width):
        return picture
    levels = (picture.float() * 255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    scaled = np.array(Image.fromarray(levels).resize((width, height), Image.Resampling.BICUBIC))
    return torch.from_numpy(scaled).float() / 255
