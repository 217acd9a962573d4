"""What CONDITIONING carries to MetaWorld, and how it reaches the network once per run.

Identity images travel as ComfyUI's own `time_dim_concat`: (agents, channels, identities, height, width) latents of the
VAE, one latent frame each. Guidance as released is ordinary guidance between a positive conditioning and a negative one
whose identities are all null (`NULL_IDENTITIES`). Phantom's guidance with text is ComfyUI's Dual CFG Guider: cond1 with
identities and text, cond2 with identities and the empty text, negative with null identities and the empty text.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import comfy.latent_formats
import torch
from torch import Tensor

from ..batch import AGENTS
from .transformer import MetaWorldTransformer

logger = logging.getLogger(__name__)

CONDITION_RGB = "shared_world_condition_rgb"
"""(agents, channels, latent frames, height, width): the VAE's latents of every agent's RGB condition video."""

CONDITION_DEPTH = "shared_world_condition_depth"
"""The same of the depth condition video; near is bright."""

IDENTITIES = "time_dim_concat"
"""ComfyUI's key of latent frames that are appended for the network's eyes."""

NULL_IDENTITIES = "shared_world_null_identities"
"""(agents or 1, identities) booleans: which identities the network sees as zeros, whatever the VAE."""

ENCODE_EVERY_STEP = "shared_world_encode_every_step"
"""Conditioning key: True encodes the condition anew at every step, to measure what keeping it saves."""


def null_identities(identities: Tensor, latent_format: comfy.latent_formats.LatentFormat | None = None) -> Tensor:
    """Latents of the VAE that a network sees as zeros, for models that know no `NULL_IDENTITIES`.

    Args:
        identities: (agents, channels, identities, height, width).
        latent_format: the model's; Wan 2.1's by default.
    """
    return (latent_format or comfy.latent_formats.Wan21()).process_out(torch.zeros_like(identities))


def require_batch(conditioning: Mapping[str, Any], noise: Tensor) -> int:
    """The number of agents that share a world.

    Raises:
        ValueError: if the latents are no whole worlds.
    """
    agents = conditioning.get(AGENTS, 1)
    if len(noise) % agents:
        raise ValueError(
            f"The latent batch has {len(noise)} items, the conditioning {agents} agents; connect conditioning and "
            "LATENT of the same node without changing the batch."
        )
    return agents


def check_identities(identities: Tensor, noise: Tensor, agents: int) -> None:
    """Refuse identity latents that ComfyUI would silently repeat, cut or pad; one set may serve all agents.

    Args:
        identities: (agents or 1, channels, identities, height, width).
        noise: the latents.
        agents: how many share a world.

    Raises:
        ValueError: naming what is given and expected.
    """
    _check_agents("identity latents", identities, noise, agents)
    given, expected = (*identities.shape[1:2], *identities.shape[3:]), (*noise.shape[1:2], *noise.shape[3:])
    if given != expected:
        raise ValueError(
            f"The identity latents have {given} (channels, height, width), the latents {expected}; encode the identity "
            "images in the size of the video with the model's VAE."
        )


def without_null_identities(identities: Tensor, null: Tensor) -> Tensor:
    """The network's identity latents (batch, channels, identities, height, width) with zeros where `null` says so.

    Raises:
        ValueError: if `null`, see `NULL_IDENTITIES`, does not fit the identities.
    """
    if null.ndim != 2 or len(null) not in (1, len(identities)) or null.shape[1] != identities.shape[2]:
        raise ValueError(
            f"Null identities of shape {tuple(null.shape)} are given for {len(identities)} agents with "
            f"{identities.shape[2]} identities; give a row for each agent and a column for each identity."
        )
    return identities.masked_fill(null.to(identities.device)[:, None, :, None, None], 0)


def condition_latents(
    network: MetaWorldTransformer,
    conditioning: Mapping[str, Any],
    noise: Tensor,
    agents: int,
    process_latent_in: Callable[[Tensor], Tensor],
) -> Tensor | None:
    """The network's condition (agents, channels, frames, height, width), or None where there is none.

    Args:
        network: the network that it is for.
        conditioning: key -> value; the keys are this module's.
        noise: the latents.
        agents: how many share a world.
        process_latent_in: from the VAE's latents to the network's.

    Raises:
        ValueError: for a condition that the network cannot take, or that is of another size or other agents.
    """
    colour, depth = conditioning.get(CONDITION_RGB), conditioning.get(CONDITION_DEPTH)
    if colour is None:
        if depth is not None:
            raise ValueError("There is a depth condition video without an RGB one; connect both.")
        logger.info("MetaWorld: no condition videos given, agents roam free of a scene.")
        return None
    if depth is not None and network.options.depth == "without":
        logger.warning("This MetaWorld checkpoint takes no depth condition video; it is left out.")
        depth = None
    given = {"RGB condition": colour} | ({} if depth is None else {"depth condition": depth})
    for what, latents in given.items():
        _check_agents(what, latents, noise, agents)
        if latents.shape[1:] != noise.shape[1:]:
            raise ValueError(
                f"The {what} has {tuple(latents.shape[1:])} (channels, frames, height, width) latent positions, the "
                f"latents {tuple(noise.shape[1:])}; connect conditioning and LATENT of the same node."
            )
    if depth is not None and len(depth) != len(colour):
        raise ValueError(
            f"There are RGB conditions for {len(colour)} agents and depth conditions for {len(depth)}; give every "
            "agent both."
        )
    condition = torch.cat([process_latent_in(latents) for latents in given.values()], dim=1)
    network.check_condition(condition)
    return condition


def _check_agents(what: str, given: Tensor, noise: Tensor, agents: int) -> None:
    if given.ndim == 5 and (len(given) == 1 or (len(given) % agents == 0 and len(noise) % len(given) == 0)):
        return
    raise ValueError(
        f"The {what} has shape {tuple(given.shape)} for {agents} agents and a latent batch of {len(noise)}; it needs "
        "five axes, of which the first counts the agents."
    )
