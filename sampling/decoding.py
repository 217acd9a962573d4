"""Latents to pictures, one agent at a time."""

import copy
from collections.abc import Iterator
from types import SimpleNamespace

from comfy.ldm.cogvideo.vae import AutoencoderKLCogVideoX
from comfy.sd import VAE
from torch import Tensor


def published_decoding(vae: VAE) -> VAE:
    """The same VAE, decoding CogVideoX latents as they were trained to be decoded.

    ComfyUI decodes CogVideoX's low-resolution layers over all frames at once, which changes the statistics of their
    group norms and with them the picture; two latent frames at a time is how the model was published. Of an even number
    of latent frames the published decoder makes four pictures of the first one too; the first three are left out, so
    that k latent frames are 4k - 3 pictures as everywhere else. Weights, device and offloading stay ComfyUI's.
    """
    network = vae.first_stage_model
    if not isinstance(network, AutoencoderKLCogVideoX):
        return vae

    def decode(latents: Tensor) -> Tensor:
        return network._decode_batched(latents)[:, :, 3 - 4 * latents.shape[2] :]

    exact = copy.copy(vae)
    exact.first_stage_model = SimpleNamespace(decode=decode)
    return exact


def decode_agents(vae: VAE, latents: Tensor) -> Iterator[Tensor]:
    """Pictures of one batch item after the other, so that memory does not grow with the number of agents.

    Args:
        vae: a video VAE.
        latents: (agents, channels, frames, height, width), as a LATENT carries them.

    Yields:
        (frames, height, width, 3) float in 0..1.
    """
    exact = published_decoding(vae)
    for latent in latents.split(1):
        yield exact.decode(latent)[0]
