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
SceneSocket = io.Custom("SHARED_WORLD_SCENE")
PosedDepthSocket = io.Custom("SHARED_WORLD_POSED_DEPTH")
ConditionVideosSocket = io.Custom("SHARED_WORLD_CONDITION_VIDEOS")


@io.comfytype(io_type="SHARED_WORLD_DRAWING")
class DrawingWidget(io.ComfyTypeIO):
    """The text of a drawing, which the pack's own widget shows as an editor."""

    Type = str

    class Input(io.WidgetInput):
        """The widget."""


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


@dataclass(frozen=True, eq=False)
class ConditionVideos:
    """What the agents' cameras see of a scene, on its way to the conditioning.

    Attributes:
        rgb: (agents, frames, height, width, 3) float32 in 0..1.
        depth: as `rgb`, disparity in 0..1, near is white, the same in all three channels.
        names: of the agents.
    """

    rgb: Tensor
    depth: Tensor
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class PosedDepth:
    """Depth in metres with the cameras that it was seen by, which a scene was made from.

    Attributes:
        depth: (frames, height, width) float32 metres along the camera's z axis; 0, inf or NaN where there is none.
        extrinsics: (frames, 4, 4) float64 camera-to-world.
        intrinsics: (frames, 3, 3) float64 in pixels of the depth maps.
    """

    depth: Tensor
    extrinsics: Tensor
    intrinsics: Tensor
