import logging
import re

from comfy_api.latest import ComfyExtension, io
from comfyui_version import __version__ as comfyui_version

from ..models.metaworld.comfyui import register as register_metaworld
from ..models.multiworld.comfyui import register as register_multiworld
from .actions import ActionScript, LoadActionsFile, PreviewActions
from .agent_checks import CheckAgents
from .agents import CameraRig, CombineAgents, EncounterPreset, PathFromWaypoints, PreviewAgents
from .agents_files import LoadAgentsFile, SaveAgentsFile
from .camera_sources import AgentsFromCameras
from .camera_targets import AgentsToCameras, AgentsToTracks, AgentsToWanCamera
from .condition_videos import AgentBody, RenderConditionVideos
from .conditioning import RaymapBuilder, ShareVerseConditioning
from .downloads import DownloadFile
from .drawing import DrawAgents
from .evaluation import EvaluateSharedWorld
from .global_state import LoadGlobalStateEncoder
from .loaders import ExtendBaseModel, LoadMultiAgentModel, LoadMultiAgentVAE
from .metaworld import AgentIdentity, MetaWorldConditioning
from .model_folders import list_shipped_models
from .multiworld import MultiWorldConditioning
from .player import AgentsPlayer
from .pocket_town import PocketTown
from .pocket_town_views import RenderInPocketTown
from .rollout import WorldRollout
from .sampling import JointSampler
from .scene import SceneFromImage, SceneFromVideo, ScenePreview
from .scene_from_points import SceneFromPoints
from .splats import RenderSplatForAgents
from .unrolled_files import SaveUnrolledVideo
from .unrolling import UnrollVideo
from .views import AgentsGrid, FourViewJoiner, FourViewSplitter, SplitAgents

OLDEST_COMFYUI = (0, 27)

NODES: list[type[io.ComfyNode]] = [
    LoadMultiAgentModel,
    ExtendBaseModel,
    EncounterPreset,
    PathFromWaypoints,
    LoadAgentsFile,
    SaveAgentsFile,
    CombineAgents,
    CameraRig,
    PreviewAgents,
    RaymapBuilder,
    FourViewJoiner,
    FourViewSplitter,
    ShareVerseConditioning,
    JointSampler,
    SplitAgents,
    AgentsGrid,
    AgentsPlayer,
    LoadMultiAgentVAE,
    PocketTown,
    EvaluateSharedWorld,
    LoadGlobalStateEncoder,
    ActionScript,
    LoadActionsFile,
    PreviewActions,
    MultiWorldConditioning,
    DownloadFile,
    WorldRollout,
    SceneFromImage,
    SceneFromVideo,
    ScenePreview,
    AgentBody,
    RenderConditionVideos,
    AgentIdentity,
    MetaWorldConditioning,
    UnrollVideo,
    SaveUnrolledVideo,
    AgentsFromCameras,
    AgentsToCameras,
    AgentsToWanCamera,
    AgentsToTracks,
    CheckAgents,
    RenderSplatForAgents,
    RenderInPocketTown,
    DrawAgents,
    SceneFromPoints,
]


class SharedWorldExtension(ComfyExtension):
    """The pack's nodes, as ComfyUI asks for them."""

    async def on_load(self) -> None:
        """Tell ComfyUI of the pack's models, and warn about a ComfyUI that is too old, which it does not check itself."""
        list_shipped_models()
        register_metaworld()
        register_multiworld()
        if tuple(int(number) for number in re.findall(r"\d+", comfyui_version)[:2]) < OLDEST_COMFYUI:
            logging.getLogger(__name__).warning(
                "Shared World is tested with ComfyUI %d.%d and newer, this is %s: update ComfyUI if a node fails.",
                *OLDEST_COMFYUI,
                comfyui_version,
            )

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        """Return the node classes."""
        return NODES
