"""The pack's own socket types; everything else is ComfyUI's."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from comfy_api.latest import io
from torch import Tensor

from ..world.agents import Agents
from ..world.metrics.known_clip import KnownClip
from ..world.raymaps import RaymapOptions

AgentsSocket = io.Custom("SHARED_WORLD_AGENTS")
ActionsSocket = io.Custom("SHARED_WORLD_ACTIONS")
RaymapsSocket = io.Custom("SHARED_WORLD_RAYMAPS")
GroundTruthSocket = io.Custom("SHARED_WORLD_GROUND_TRUTH")
GlobalStateEncoderSocket = io.Custom("GLOBAL_STATE_ENCODER")


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


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """What is known about a clip, on its way to an evaluation.

    Attributes:
        agents: whose cameras show the clip; for names.
        look_up: makes the known clip, with the view without other agents.
    """

    agents: Agents
    look_up: Callable[[], KnownClip]

    @cached_property
    def known(self) -> KnownClip:
        """The known clip, made when it is first asked for."""
        return self.look_up()
