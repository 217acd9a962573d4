"""Nodes that make of agents what other nodes take for cameras and paths."""

import logging
from typing import get_args

import comfy.model_management
from comfy_api.latest import io

from ..world.agents import Agents
from ..world.dialects.cameractrl import Direction, cameractrl_rows
from ..world.dialects.cameras import CameraPath, chosen_cameras
from ..world.dialects.load3d_camera import load3d_camera
from ..world.dialects.recammaster import FRAMES_PER_POSE, recammaster_poses
from ..world.dialects.tracks import TrackedPoints, project_agents
from ..world.dialects.wan_camera import wan_camera_embedding
from .agents import CATEGORY, shown_frame
from .listed_names import split_names
from .sockets import AgentsSocket, CameraCtrlPosesSocket, ReCamMasterPosesSocket

OTHER_SHAPE = 0.01
"""Difference of two aspect ratios, relative, from which on one picture is a stretched one of the other."""

logger = logging.getLogger(__name__)


def choice_inputs() -> list[io.Input]:
    """Whose camera to take."""
    return [
        AgentsSocket.Input("agents", tooltip="Agents whose cameras are handed over, where they are in the world."),
        io.String.Input(
            "names",
            default="",
            tooltip="Names of the agents wanted, separated by commas; empty takes all, in their order.",
        ),
        io.String.Input(
            "view", default="", tooltip="Name of the camera on each agent; empty takes the first, the front."
        ),
    ]


class AgentsToCameras(io.ComfyNode):
    """Agents to the cameras of other nodes."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldAgentsToCameras",
            display_name="Agents To Cameras",
            category=CATEGORY,
            description=(
                "Hands agents' cameras to other nodes as CameraCtrl poses, as a camera of the 3D viewer and as ReCamMaster "
                "poses. Outputs are lists: a node connected to them runs once per agent."
            ),
            search_aliases=["cameractrl", "camera info", "preview 3d", "recammaster", "export camera"],
            inputs=[
                *choice_inputs(),
                io.Combo.Input(
                    "direction",
                    options=list(get_args(Direction)),
                    tooltip="Which way cameractrl_poses map. world-to-camera: what AnimateDiff-Evolved, WanVideoWrapper and "
                    "KJNodes read. camera-to-world: what code made after ComfyUI's own Wan camera node reads.",
                ),
                io.Int.Input(
                    "frame",
                    default=0,
                    min=-4096,
                    max=4096,
                    tooltip="Frame that camera_info is of, since it holds one camera; -1 is the last one.",
                ),
                io.Int.Input(
                    "frames_per_pose",
                    default=FRAMES_PER_POSE,
                    min=1,
                    max=64,
                    tooltip="Frames from one of the camera_poses to the next; ReCamMaster takes every fourth.",
                ),
            ],
            outputs=[
                CameraCtrlPosesSocket.Output(
                    id="cameractrl_poses",
                    display_name="cameractrl_poses",
                    is_output_list=True,
                    tooltip="Rows of 19 numbers for CameraCtrl and Wan Fun camera nodes, in the chosen direction.",
                ),
                io.Load3DCamera.Output(
                    id="camera_info",
                    display_name="camera_info",
                    is_output_list=True,
                    tooltip="Camera at one frame for Preview 3D and Render Splat: y up, vertical field of view.",
                ),
                ReCamMasterPosesSocket.Output(
                    id="camera_poses",
                    display_name="camera_poses",
                    is_output_list=True,
                    tooltip="Poses in Unreal's axes and centimetres for ReCamMaster's nodes; without the lens.",
                ),
                io.String.Output(
                    id="labels",
                    display_name="labels",
                    is_output_list=True,
                    tooltip="Agent and view of each item, such as 'agent 1 front'.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls, agents: Agents, names: str, view: str, direction: Direction, frame: int, frames_per_pose: int
    ) -> io.NodeOutput:
        cameras = chosen_cameras(agents, split_names(names), view)
        chosen = shown_frame(agents, frame)
        return io.NodeOutput(
            [cameractrl_rows(camera, direction) for camera in cameras],
            [load3d_camera(camera, chosen) for camera in cameras],
            [recammaster_poses(camera, frames_per_pose) for camera in cameras],
            [camera.label for camera in cameras],
        )


class AgentsToWanCamera(io.ComfyNode):
    """Agents to the camera embedding of Wan."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldAgentsToWanCamera",
            display_name="Agents To Wan Camera",
            category=CATEGORY,
            description=(
                "Agents' camera paths for Wan Fun's camera models, in place of the presets of Wan Camera Embedding. One "
                "embedding per agent, relative to its own first frame, as the models were trained."
            ),
            search_aliases=["wan camera embedding", "plucker", "fun camera", "camera control"],
            inputs=[
                *choice_inputs(),
                io.Int.Input(
                    "width",
                    default=832,
                    min=16,
                    max=8192,
                    step=16,
                    tooltip="Width in pixels of the video; the agents' pictures should have the same shape.",
                ),
                io.Int.Input(
                    "height", default=480, min=16, max=8192, step=16, tooltip="Height in pixels of the video."
                ),
                io.Float.Input(
                    "units_per_metre",
                    default=1.0,
                    min=0.0001,
                    max=10000.0,
                    step=0.01,
                    tooltip="What a metre becomes for the model. ComfyUI's presets go 1.5 units over the whole clip, zooms "
                    "3: for a path of 30 m set 0.1 to go as far as a zoom.",
                ),
            ],
            outputs=[
                io.WanCameraEmbedding.Output(
                    id="camera_embedding",
                    display_name="camera_embedding",
                    is_output_list=True,
                    tooltip="For Wan Camera Image To Video; one per agent.",
                ),
                io.Int.Output(id="width", display_name="width", tooltip="Width in pixels, for the same node."),
                io.Int.Output(id="height", display_name="height", tooltip="Height in pixels, for the same node."),
                io.Int.Output(id="length", display_name="length", tooltip="Number of frames, for the same node."),
                io.String.Output(
                    id="labels",
                    display_name="labels",
                    is_output_list=True,
                    tooltip="Agent and view of each item, such as 'agent 1 front'.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls, agents: Agents, names: str, view: str, width: int, height: int, units_per_metre: float
    ) -> io.NodeOutput:
        cameras = chosen_cameras(agents, split_names(names), view)
        device = comfy.model_management.intermediate_device()
        embeddings = [
            wan_camera_embedding(in_shape(camera, width, height), units_per_metre).to(device) for camera in cameras
        ]
        return io.NodeOutput(embeddings, width, height, agents.frame_count, [camera.label for camera in cameras])


def in_shape(camera: CameraPath, width: int, height: int) -> CameraPath:
    """The camera with pictures of another size, with a warning where they get another shape."""
    if abs(camera.width * height / (camera.height * width) - 1.0) > OTHER_SHAPE:
        logger.warning(
            "'%s' has pictures of %dx%d, which are stretched to %dx%d; give the agents this size in Camera Rig.",
            camera.label, camera.width, camera.height, width, height,
        )  # fmt: skip
    return camera.resized(width, height)


class AgentsToTracks(io.ComfyNode):
    """Other agents as points in one agent's picture."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldAgentsToTracks",
            display_name="Agents To Tracks",
            category=CATEGORY,
            description=(
                "Where all other agents are in one agent's picture, frame by frame: tracks for Wan Move, and the same as "
                "a string of points for Wan Track To Video and ATI."
            ),
            search_aliases=["point tracks", "wan move", "ati", "track coords", "trajectory", "project"],
            inputs=[
                AgentsSocket.Input("agents", tooltip="Two or more agents in one world."),
                io.String.Input(
                    "viewer", default="", tooltip="Name of the agent whose camera it is; empty takes the first agent."
                ),
                io.String.Input("view", default="", tooltip="Name of its camera; empty takes the first, the front."),
                io.Int.Input(
                    "width", default=832, min=1, max=8192, tooltip="Width in pixels of the video that is to be made."
                ),
                io.Int.Input(
                    "height", default=480, min=1, max=8192, tooltip="Height in pixels of the video that is to be made."
                ),
                io.Combo.Input(
                    "points",
                    options=list(get_args(TrackedPoints)),
                    tooltip="centre: the middle of each agent's body, one track each. corners: the eight corners of its box.",
                ),
            ],
            outputs=[
                io.Tracks.Output(
                    id="tracks",
                    display_name="tracks",
                    tooltip="Tracks in pixels; a point behind the camera or outside of the picture is not visible.",
                ),
                io.String.Output(
                    id="track_coords",
                    display_name="track_coords",
                    tooltip="The tracks that are ever visible as a string of points; it cannot say when they are not.",
                ),
                io.String.Output(
                    id="labels", display_name="labels", tooltip="Agent of each of the tracks, one per line."
                ),
            ],
        )

    @classmethod
    def execute(
        cls, agents: Agents, viewer: str, view: str, width: int, height: int, points: TrackedPoints
    ) -> io.NodeOutput:
        tracks = project_agents(agents, viewer.strip(), view.strip(), (width, height), points)
        return io.NodeOutput(tracks.as_tracks(), tracks.as_json(), "\n".join(tracks.labels))
