"""The pack's own socket types, and those of others that ComfyUI has no name for; everything else is ComfyUI's."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from comfy_api.latest import io
from torch import Tensor

from ..world.agents import Agents
from ..world.metrics.known_clip import KnownClip
from ..world.raymaps import RaymapOptions
from ..world.unrolling import UnrolledWorld

AgentsSocket = io.Custom("SHARED_WORLD_AGENTS")
ActionsSocket = io.Custom("SHARED_WORLD_ACTIONS")
RaymapsSocket = io.Custom("SHARED_WORLD_RAYMAPS")
GroundTruthSocket = io.Custom("SHARED_WORLD_GROUND_TRUTH")
GlobalStateEncoderSocket = io.Custom("GLOBAL_STATE_ENCODER")
SceneSocket = io.Custom("SHARED_WORLD_SCENE")
PosedDepthSocket = io.Custom("SHARED_WORLD_POSED_DEPTH")
ConditionVideosSocket = io.Custom("SHARED_WORLD_CONDITION_VIDEOS")
UnrolledSocket = io.Custom("SHARED_WORLD_UNROLLED")

CameraCtrlPosesSocket = io.Custom("CAMERACTRL_POSES")
ReCamMasterPosesSocket = io.Custom("CAMERAPOSES")
DepthAnythingGeometrySocket = io.Custom("DA3_GEOMETRY")
DepthAnythingPointCloudSocket = io.Custom("DA3_POINT_CLOUD")
MoGeGeometrySocket = io.Custom("MOGE_GEOMETRY")


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


@dataclass(frozen=True, eq=False)
class UnrolledVideo:
    """A video taken apart, on its way to a file.

    Attributes:
        world: what it was taken apart into.
        images: (frames, height, width, 3) in 0..1, as large as they were given.
        identities: (height, width, 3) in 0..1, each subject's picture out of these images.
        masks: (height, width) in 0..1, what of these pictures is the subject.
    """

    world: UnrolledWorld
    images: Tensor
    identities: tuple[Tensor, ...]
    masks: tuple[Tensor, ...]
