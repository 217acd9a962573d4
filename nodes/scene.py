"""Nodes that make scenes from pictures with depth, and show scenes."""

import logging
from dataclasses import replace
from io import BytesIO
from typing import Any

from comfy_api.latest import Types, io, ui
from torch import Tensor

from ..world.agents import Agents
from ..world.scene import PointCloud, Scene, anchor_cloud, gaussian_of_body, holistic_cloud
from ..world.scene.overview import at_frame, draw_overview, with_agents_as_points, with_path
from ..world.scene.ply import ply_bytes
from ..world.scene.scene import MARKER_COLOUR, AgentGaussian
from .depth_input import (
    Geometry,
    ReadDepth,
    depth_inputs,
    match_pictures,
    optional_inputs,
    read_depth,
    scale_inputs,
)
from .posed_depth import posed_depth
from .sockets import AgentsSocket, PosedDepthSocket, SceneSocket

CATEGORY = "Shared World/scene"

logger = logging.getLogger(__name__)


def scene_outputs() -> list[io.Output]:
    return [
        SceneSocket.Output(
            id="scene", display_name="scene", tooltip="The background as coloured points in the world, in metres."
        ),
        PosedDepthSocket.Output(
            id="posed_depth",
            display_name="posed_depth",
            tooltip="The depth in metres with its cameras, from which Agent Body measures a subject.",
        ),
    ]


class SceneFromImage(io.ComfyNode):
    """One photograph to a scene."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldSceneFromImage",
            display_name="Scene From Image",
            category=CATEGORY,
            description=(
                "Makes a scene of one photograph with depth: every pixel becomes a point in the world, except subjects. "
                "What the photograph does not show is left to the model (MetaWorld's anchor frame)."
            ),
            search_aliases=["point cloud", "background", "anchor frame", "photograph", "unproject", "moge"],
            inputs=[
                io.Image.Input("image", tooltip="The photograph; of a batch the first picture is taken."),
                *depth_inputs(),
                *scale_inputs(),
                *optional_inputs("People and things that are not to stay in the scene; several masks are joined."),
            ],
            outputs=scene_outputs(),
        )

    @classmethod
    def execute(
        cls,
        image: Tensor,
        depth: Tensor | Geometry,
        horizontal_fov: float,
        camera_height: float,
        camera_pitch: float,
        farthest: float,
        depth_values: dict[str, Any] | None = None,
        metric_scale: dict[str, Any] | None = None,
        subjects: Tensor | None = None,
        mask_growth: int = 10,
        ground: Tensor | None = None,
        camera: Agents | None = None,
    ) -> io.NodeOutput:
        check_choices(depth_values, metric_scale)
        read = _first_frame(read_depth(depth, depth_values), len(image))
        pictures = match_pictures(image[:1], read.depth)
        one_frame = None if camera is None else camera.select_frames([0])
        posed = posed_depth(read, image, horizontal_fov, metric_scale, camera_height, camera_pitch, one_frame, ground)
        cloud = anchor_cloud(
            pictures[0],
            posed.depth[0],
            posed.extrinsics[0],
            posed.intrinsics[0],
            without_empty(subjects),
            float(mask_growth),
            farthest or float("inf"),
        )
        return io.NodeOutput(Scene(cloud), posed)


def check_choices(depth_values: dict[str, Any] | None, metric_scale: dict[str, Any] | None) -> None:
    """Refuse choices that ComfyUI leaves out because it does not know their value."""
    for name, choice in (("depth_values", depth_values), ("metric_scale", metric_scale)):
        if choice is None:
            raise ValueError(f"The choice of {name} is none of those that there are; choose one in the node.")


def without_empty(masks: Tensor | None) -> Tensor | None:
    """None for masks in which nothing is set: Load Image gives one of 64x64 for a picture without transparency."""
    return masks if masks is not None and bool((masks >= 0.5).any()) else None


def _first_frame(read: ReadDepth, pictures: int) -> ReadDepth:
    if pictures > 1 or len(read.depth) > 1:
        logger.warning(
            "Scene From Image takes the first of %d pictures and of %d depth maps; Scene From Video takes all.",
            pictures, len(read.depth),
        )  # fmt: skip
    lens = None if read.intrinsics is None else read.intrinsics[:1]
    return replace(read, depth=read.depth[:1], intrinsics=lens, extrinsics=None)


class SceneFromVideo(io.ComfyNode):
    """A video, or several photographs, to a scene."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldSceneFromVideo",
            display_name="Scene From Video",
            category=CATEGORY,
            description=(
                "Makes a scene of all frames of a video, or of several photographs of one place, with depth and camera "
                "poses: what stands still in any of them (MetaWorld's holistic background)."
            ),
            search_aliases=["point cloud", "background", "holistic", "fuse", "reconstruction", "depth anything"],
            inputs=[
                io.Image.Input("images", tooltip="Frames of a video, or photographs, as a batch."),
                *depth_inputs(),
                *scale_inputs(),
                *cls.fusion_inputs(),
                *optional_inputs("What moves, one mask for every picture, or one for all."),
            ],
            outputs=scene_outputs(),
        )

    @classmethod
    def fusion_inputs(cls) -> list[io.Input]:
        return [
            io.Float.Input(
                "voxel",
                default=0.02,
                min=0.001,
                max=10.0,
                step=0.005,
                tooltip="Edge in metres of the cubes of which each becomes one point; larger for large scenes. Far away "
                "cubes grow with the pixels.",
            ),
            io.Int.Input(
                "neighbours",
                default=20,
                min=0,
                max=200,
                advanced=True,
                tooltip="Nearest points that a point is compared with to find strays; 0 keeps all points.",
            ),
            io.Float.Input(
                "deviations",
                default=2.0,
                min=0.0,
                max=100.0,
                step=0.1,
                advanced=True,
                tooltip="Standard deviations of the distance to its neighbours from which on a point is a stray.",
            ),
        ]

    @classmethod
    def execute(
        cls,
        images: Tensor,
        depth: Tensor | Geometry,
        horizontal_fov: float,
        camera_height: float,
        camera_pitch: float,
        farthest: float,
        voxel: float,
        neighbours: int,
        deviations: float,
        depth_values: dict[str, Any] | None = None,
        metric_scale: dict[str, Any] | None = None,
        subjects: Tensor | None = None,
        mask_growth: int = 10,
        ground: Tensor | None = None,
        camera: Agents | None = None,
    ) -> io.NodeOutput:
        check_choices(depth_values, metric_scale)
        read = read_depth(depth, depth_values)
        pictures = match_pictures(images, read.depth)
        posed = posed_depth(read, images, horizontal_fov, metric_scale, camera_height, camera_pitch, camera, ground)
        masks = without_empty(subjects)
        if masks is not None and len(masks) == 1:
            masks = masks.expand(len(pictures), -1, -1)
        cloud = holistic_cloud(
            pictures,
            posed.depth,
            posed.extrinsics,
            posed.intrinsics,
            masks,
            float(mask_growth),
            farthest or float("inf"),
            voxel,
            neighbours,
            deviations,
        )
        return io.NodeOutput(Scene(cloud), posed)


class ScenePreview(io.ComfyNode):
    """A scene from outside, and as a 3D file."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldScenePreview",
            display_name="Scene Preview",
            category=CATEGORY,
            description=(
                "Shows a scene from above and at a slant, with the paths and bodies of agents. Connect point_cloud to "
                "Preview Point Cloud to turn it in 3D, or to Save Point Cloud."
            ),
            search_aliases=["3d preview", "point cloud", "ply", "map", "view from above"],
            is_output_node=True,
            inputs=[
                SceneSocket.Input("scene", tooltip="From Scene From Image, Scene From Video or Scene From Points."),
                io.Int.Input("size", default=768, min=128, max=4096, tooltip="Side of the square pictures in pixels."),
                io.Int.Input(
                    "frame",
                    default=0,
                    min=0,
                    max=100000,
                    tooltip="Frame at which the agents' bodies are shown; after the last one, the last.",
                ),
                AgentsSocket.Input(
                    "agents", optional=True, tooltip="Agents whose camera paths and bodies are drawn into the scene."
                ),
            ],
            outputs=[
                io.Image.Output(
                    id="pictures",
                    display_name="pictures",
                    tooltip="Two pictures: the map, in which z points up and x to the right, and a slanted view.",
                ),
                io.File3DPLY.Output(
                    id="point_cloud",
                    display_name="point_cloud",
                    tooltip="All points as a PLY file, y up, for Preview Point Cloud and Save Point Cloud.",
                ),
            ],
        )

    @classmethod
    def execute(cls, scene: Scene, size: int, frame: int, agents: Agents | None = None) -> io.NodeOutput:
        shown = at_frame(scene, frame)
        if agents is not None:
            shown = _with_bodies(shown, agents, min(frame, agents.frame_count - 1))
            cloud: PointCloud = shown.background
            for agent in agents.members:
                cloud = with_path(cloud, agent.extrinsics()[:, 0, :3, 3], MARKER_COLOUR)
            shown = Scene(cloud, shown.agents)
        pictures = draw_overview(shown, size)
        file = Types.File3D(BytesIO(ply_bytes(with_agents_as_points(shown))), "ply")
        return io.NodeOutput(pictures, file, ui=ui.PreviewImage(pictures, cls=cls))


def _with_bodies(scene: Scene, agents: Agents, frame: int) -> Scene:
    """The scene at one frame with the bodies of agents that it does not have yet."""
    bodies = [
        AgentGaussian(agent.name, *gaussian_of_body(agent.poses[frame : frame + 1], agent.body))
        for agent in agents.members
        if agent.body is not None and agent.name not in scene.names
    ]
    return scene.with_agents([*scene.agents, *bodies])
