"""The node that makes agents of what other nodes call cameras."""

from collections.abc import Mapping
from typing import Any, get_args

from comfy_api.latest import io

from ..world.agents import Agent, Agents
from ..world.dialects.cameractrl import Direction, agent_from_cameractrl
from ..world.dialects.depth_geometry import PicturesAre, agents_from_geometry
from ..world.dialects.load3d_camera import agent_from_load3d_camera
from ..world.dialects.recammaster import agent_from_recammaster
from ..world.resampling import resample_agents
from .agents import CATEGORY, frame_rate_input
from .depth_input import read_depth
from .placing import placed, unit_and_place_inputs
from .sockets import (
    AgentsSocket,
    CameraCtrlPosesSocket,
    DepthAnythingGeometrySocket,
    MoGeGeometrySocket,
    PosedDepth,
    PosedDepthSocket,
    ReCamMasterPosesSocket,
)

CAMERACTRL = "CameraCtrl poses"
LOAD3D = "3D viewer camera"
RECAMMASTER = "ReCamMaster poses"
GEOMETRY = "depth geometry"
POSED_DEPTH = "posed depth"


def size_inputs() -> list[io.Input]:
    """Picture size, which most dialects do not hold."""
    return [
        io.Int.Input(name, default=value, min=1, max=8192, tooltip=f"{side} in pixels of the agent's pictures.")
        for name, value, side in (("width", 720, "Width"), ("height", 480, "Height"))
    ]


def pictures_are_input() -> io.Combo.Input:
    return io.Combo.Input(
        "pictures_are",
        options=list(get_args(PicturesAre)),
        tooltip="Whether the pictures are frames of one moving camera, or each is a camera of its own that stands still.",
    )


def source_options() -> list[io.DynamicCombo.Option]:
    """One choice for each dialect."""
    cameractrl = [
        CameraCtrlPosesSocket.Input("poses", tooltip="From a CameraCtrl pose node: one row of numbers for each frame."),
        io.Combo.Input(
            "direction",
            options=list(get_args(Direction)),
            tooltip="Which way the rows map; they do not say it. world-to-camera: AnimateDiff-Evolved, WanVideoWrapper, "
            "KJNodes, RealEstate10K. camera-to-world: rows made for ComfyUI's own Wan camera code, VideoX-Fun.",
        ),
        *size_inputs(),
    ]
    load3d = [
        io.Load3DCamera.Input("camera_info", tooltip="From Load 3D, Preview 3D or Create Camera Info: one camera."),
        *size_inputs(),
    ]
    recammaster = [
        ReCamMasterPosesSocket.Input(
            "camera_poses", tooltip="From ReCamMaster's nodes: Unreal's axes, centimetres, every fourth frame."
        ),
        *size_inputs(),
        io.Float.Input(
            "horizontal_fov",
            default=65.0,
            min=1.0,
            max=179.0,
            step=0.5,
            tooltip="Field of view over the width in degrees, which the poses do not hold.",
        ),
    ]
    geometry = [
        io.MultiType.Input(
            "geometry",
            types=[DepthAnythingGeometrySocket, MoGeGeometrySocket],
            tooltip="From Run Depth Anything 3 in mode multiview: poses and lenses; from Run MoGe Inference: a lens.",
        ),
        pictures_are_input(),
    ]
    posed = [
        PosedDepthSocket.Input(
            "posed_depth", tooltip="From Scene From Image or Scene From Video: the cameras of that scene, in metres."
        ),
        pictures_are_input(),
    ]
    return [
        io.DynamicCombo.Option(CAMERACTRL, cameractrl),
        io.DynamicCombo.Option(LOAD3D, load3d),
        io.DynamicCombo.Option(RECAMMASTER, recammaster),
        io.DynamicCombo.Option(GEOMETRY, geometry),
        io.DynamicCombo.Option(POSED_DEPTH, posed),
    ]


class AgentsFromCameras(io.ComfyNode):
    """Cameras of other nodes to agents."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldAgentsFromCameras",
            display_name="Agents From Cameras",
            category=CATEGORY,
            description=(
                "Makes agents of cameras that other nodes hold: CameraCtrl poses, a camera of the 3D viewer, ReCamMaster "
                "poses, or the cameras of a depth estimate. By default they stay where they are in their own world."
            ),
            search_aliases=[
                "cameractrl",
                "camera info",
                "load 3d",
                "recammaster",
                "depth anything",
                "moge",
                "import camera",
            ],
            inputs=[
                io.DynamicCombo.Input(
                    "source",
                    options=source_options(),
                    tooltip="What kind of cameras to read; the matching socket appears with the choice.",
                ),
                io.String.Input(
                    "name", default="camera", tooltip="Name of the agent; several get a number appended to it."
                ),
                io.Int.Input(
                    "frames",
                    default=0,
                    min=0,
                    max=4096,
                    tooltip="Frames to spread the path over; a single camera stands there for as many. 0 keeps the source's.",
                ),
                frame_rate_input(),
                *unit_and_place_inputs(),
            ],
            outputs=[
                AgentsSocket.Output(
                    id="agents",
                    display_name="agents",
                    tooltip="Agents with one camera each; Camera Rig gives them others, Combine Agents joins them.",
                )
            ],
        )

    @classmethod
    def execute(
        cls,
        name: str,
        frames: int,
        frame_rate: float,
        source: Mapping[str, Any] | None = None,
        **place: Any,
    ) -> io.NodeOutput:
        if source is None:  # ComfyUI leaves this kind of choice out where it does not know the value
            known = ", ".join(option.key for option in source_options())
            raise ValueError(f"The source is none of those that there are; choose {known}.")
        agents = Agents(read_cameras(source, name), frame_rate)
        if agents.frame_count == 1 and frames > 1:
            agents = agents.select_frames([0] * frames)
        elif frames:
            agents = resample_agents(agents, frames, frame_rate, keep="path")
        return io.NodeOutput(placed(agents, **place))


def read_cameras(source: Mapping[str, Any], name: str) -> tuple[Agent, ...]:
    """The agents of a choice of `source_options`. Raises ValueError as the dialect's reader."""
    kind, size = source["source"], (source.get("width", 0), source.get("height", 0))
    if kind == CAMERACTRL:
        return (agent_from_cameractrl(source["poses"], name, size, source["direction"]),)
    if kind == LOAD3D:
        return (agent_from_load3d_camera(source["camera_info"], name, size),)
    if kind == RECAMMASTER:
        return (agent_from_recammaster(source["camera_poses"], name, size, source["horizontal_fov"]),)
    if kind == POSED_DEPTH:
        posed: PosedDepth = source["posed_depth"]
        height, width = posed.depth.shape[1:]
        return agents_from_geometry(posed.extrinsics, posed.intrinsics, (width, height), name, source["pictures_are"])
    read = read_depth(source["geometry"], {})
    height, width = read.depth.shape[1:]
    return agents_from_geometry(read.extrinsics, read.intrinsics, (width, height), name, source["pictures_are"])
