"""The pack's own socket types; everything else is ComfyUI's."""

from dataclasses import dataclass

from comfy_api.latest import io
from torch import Tensor

from ..world.raymaps import RaymapOptions

AgentsSocket = io.Custom("SHARED_WORLD_AGENTS")
RaymapsSocket = io.Custom("SHARED_WORLD_RAYMAPS")


@dataclass(frozen=True)
class Raymaps:
    """Raymaps on their way to the conditioning.

    Attributes:
        values: (agents, 24, latent frames, latent height, latent width) float32.
        names: of the agents.
        options: how the channels are laid out.
    """

    values: Tensor
    names: tuple[str, ...]
    options: RaymapOptions
