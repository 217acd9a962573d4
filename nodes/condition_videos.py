"""Nodes between a scene with agents and what each agent sees of it."""

import logging
import math
from dataclasses import replace

import comfy.model_management
import comfy.utils
import torch
from comfy_api.latest import io
from PIL import ImageColor
from torch import Tensor

from ..world.agents import Agents, Body
from ..world.scene import AgentGaussian, RenderOptions, Scene, fit_gaussian, gaussians_of_agents, render_for_agent
from ..world.scene.clearance import CLEARANCE, narrowest_frame
from ..world.scene.gaussians import SIGMAS_TO_FACE
from .listed_names import split_names
from .scene import CATEGORY
from .sockets import AgentsSocket, ConditionVideos, ConditionVideosSocket, PosedDepth, PosedDepthSocket, SceneSocket

SMALLEST_SIDE = 0.02
"""Metres: a fitted body is no thinner, since a subject in one picture may be as flat as paper."""

LARGEST_STRETCH = 0.01

DRAWING_BYTES = 4 * 2**30
"""Memory that drawing may take on a GPU beside the cloud."""

logger = logging.getLogger(__name__)


def size_inputs() -> list[io.Input]:
    sizes = (
        ("width", 0.6, "Width of the body in metres: along the agent's right."),
        ("height", 1.7, "Height of the body in metres. A car has about 2.0, 1.4 and 4.2."),
        ("length", 0.5, "Length of the body in metres: along the agent's forward."),
    )
    return [
        io.Float.Input(name, default=default, min=0.01, max=1000.0, step=0.05, tooltip=tooltip)
        for name, default, tooltip in sizes
    ]


class AgentBody(io.ComfyNode):
    """Bodies for agents."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldAgentBody",
            display_name="Agent Body",
            category=CATEGORY,
            description=(
                "Gives agents the body that others see: a box of known size, or one measured in a picture with depth and a "
                "mask. Condition videos show it as a 3D Gaussian."
            ),
            search_aliases=["gaussian", "bounding box", "subject", "covariance", "size"],
            inputs=[
                AgentsSocket.Input("agents", tooltip="Agents whose bodies are set; paths and cameras stay."),
                *size_inputs(),
                io.Float.Input(
                    "bottom_up",
                    default=0.0,
                    min=-1000.0,
                    max=1000.0,
                    step=0.05,
                    tooltip="Metres of the body's underside above the agent's origin: 0 for paths on the ground, -1.6 for "
                    "paths of a camera 1.6 m above it.",
                ),
                io.String.Input(
                    "names",
                    default="",
                    tooltip="Which agents, separated by commas; empty for all of them.",
                ),
                PosedDepthSocket.Input(
                    "posed_depth",
                    optional=True,
                    tooltip="From the scene's node, with a mask: the size is measured there, and width, height and length "
                    "do not count.",
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="The subject in every picture of posed_depth; frames in which it is not seen are left out.",
                ),
            ],
            outputs=[AgentsSocket.Output(display_name="agents", tooltip="The agents with their bodies.")],
        )

    @classmethod
    def execute(
        cls,
        agents: Agents,
        width: float,
        height: float,
        length: float,
        bottom_up: float,
        names: str,
        posed_depth: PosedDepth | None = None,
        mask: Tensor | None = None,
    ) -> io.NodeOutput:
        chosen = split_names(names) or list(agents.names)
        for name in chosen:
            if name not in agents.names:
                raise ValueError(f"There is no agent '{name}' to give a body; choose from {', '.join(agents.names)}.")
        if (posed_depth is None) != (mask is None):
            missing = "posed_depth" if posed_depth is None else "mask"
            raise ValueError(f"To measure a body, connect {missing} too; to give its size, connect neither.")
        size = (width, height, length)
        if posed_depth is not None and mask is not None:
            size = measured_size(posed_depth, mask, chosen[0])
        body = Body(size, (0.0, -bottom_up - size[1] / 2.0, 0.0))
        members = (replace(agent, body=body) if agent.name in chosen else agent for agent in agents.members)
        return io.NodeOutput(Agents(tuple(members), agents.frame_rate))


def measured_size(posed: PosedDepth, mask: Tensor, name: str) -> tuple[float, float, float]:
    """Metres along the camera's right, down and forward of a subject: the box with the moments of its points."""
    fitted = fit_gaussian(posed.depth, mask, posed.extrinsics, posed.intrinsics, name)
    rotation = posed.extrinsics[fitted.seen, :3, :3].double()
    local = rotation.mT @ fitted.covariances[fitted.seen] @ rotation
    deviations = local.diagonal(dim1=-2, dim2=-1).sqrt().median(dim=0).values
    width, height, length = (2.0 * SIGMAS_TO_FACE * deviations).clamp(min=SMALLEST_SIDE).tolist()
    logger.info("agent '%s' is measured as %.2f x %.2f x %.2f m.", name, width, height, length)
    return width, height, length


def marker_colours(text: str, names: tuple[str, ...]) -> list[tuple[float, float, float]]:
    """One RGB in 0..1 for each agent, from names or hex numbers of colours."""
    typed = split_names(text)
    colours = []
    for entry in typed:
        try:
            red, green, blue, *_ = ImageColor.getrgb(entry)
        except ValueError as error:
            raise ValueError(
                f"'{entry}' is no colour; write a name such as blue, or a number such as #0000FF."
            ) from error
        colours.append((red / 255.0, green / 255.0, blue / 255.0))
    if len(colours) == 1:
        return colours * len(names)
    if len(colours) != len(names):
        raise ValueError(
            f"There are {len(colours)} marker colours for {len(names)} agents; give one for all, or one for each."
        )
    return colours


def drawing_inputs() -> list[io.Input]:
    return [
        io.Boolean.Input(
            "show_agents",
            default=True,
            tooltip="Agents see each other's bodies. Off: they roam freely through the background.",
        ),
        io.String.Input(
            "marker_colours",
            default="blue",
            tooltip="Colour of the bodies: one for all, or one for each agent, separated by commas, such as 'blue, #FF0000'. "
            "MetaWorld was trained on blue.",
        ),
        io.Float.Input(
            "opacity_threshold",
            default=0.003,
            min=0.0,
            max=0.99,
            step=0.001,
            advanced=True,
            tooltip="Share of a body's highest density below which it is not seen; larger makes bodies smaller.",
        ),
        io.Float.Input(
            "point_size",
            default=0.005,
            min=0.0,
            max=0.5,
            step=0.001,
            advanced=True,
            tooltip="Radius of a point, where half the shorter side of the picture is 1; larger closes gaps.",
        ),
        io.Boolean.Input(
            "grey_first_frame",
            default=False,
            advanced=True,
            tooltip="In the first frame, grey behind bodies, as MetaWorld's released program can do.",
        ),
    ]


class RenderConditionVideos(io.ComfyNode):
    """What every agent's camera sees of a scene."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldRenderConditionVideos",
            display_name="Render Condition Videos",
            category=CATEGORY,
            description=(
                "Draws for every agent what its front camera sees along its path: the scene and the other agents' bodies, "
                "as colours and as depth. These videos tell MetaWorld where everything is."
            ),
            search_aliases=["point cloud render", "geometry condition", "depth video", "free roam", "metaworld"],
            inputs=[
                SceneSocket.Input(
                    "scene", tooltip="The background, from Scene From Image, Scene From Video or Scene From Points."
                ),
                AgentsSocket.Input(
                    "agents",
                    tooltip="Where the cameras go; the first view of each agent's rig counts. Bodies come from Agent Body.",
                ),
                *(
                    io.Int.Input(name, default=default, min=16, max=4096, step=16, tooltip=tooltip)
                    for name, default, tooltip in (
                        ("width", 832, "Width of the videos in pixels; Camera Rig should have the same proportions."),
                        ("height", 480, "Height of the videos in pixels."),
                    )
                ),
                *drawing_inputs(),
            ],
            outputs=[
                ConditionVideosSocket.Output(
                    id="condition_videos",
                    display_name="condition_videos",
                    tooltip="All videos, for MetaWorld Conditioning.",
                ),
                io.Image.Output(
                    id="rgb", display_name="rgb", is_output_list=True, tooltip="Colours, one video per agent."
                ),
                io.Image.Output(
                    id="depth",
                    display_name="depth",
                    is_output_list=True,
                    tooltip="Depth, one video per agent; near is white.",
                ),
                io.String.Output(
                    id="labels",
                    display_name="labels",
                    is_output_list=True,
                    tooltip="Name of each agent, for Agents Grid.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        scene: Scene,
        agents: Agents,
        width: int,
        height: int,
        show_agents: bool,
        marker_colours: str,
        opacity_threshold: float,
        point_size: float,
        grey_first_frame: bool,
    ) -> io.NodeOutput:
        options = RenderOptions(
            point_radius=point_size, opacity_threshold=opacity_threshold, grey_first_frame=grey_first_frame
        )
        populated = with_bodies(scene, agents, marker_colours) if show_agents else scene.with_agents([])
        _warn(scene, agents, width, height)
        videos = rendered(populated, agents, width, height, options)
        return io.NodeOutput(videos, list(videos.rgb), list(videos.depth), list(videos.names))


def with_bodies(scene: Scene, agents: Agents, colours: str) -> Scene:
    """The scene with a Gaussian for each agent: its own where it has one of that name, else that of the body."""
    if len(agents) == 1 and agents.names[0] not in scene.names:
        return scene
    coloured = dict(zip(agents.names, marker_colours(colours, agents.names), strict=True))
    known = {agent.name: agent for agent in scene.agents}
    missing = tuple(agent for agent in agents.members if agent.name not in known)
    for agent in missing:
        if agent.body is None:
            raise ValueError(
                f"agent '{agent.name}' has no body that the others could see; give it one with Agent Body, or turn "
                "show_agents off."
            )
    made: tuple[AgentGaussian, ...] = ()
    if missing:
        made = gaussians_of_agents(Agents(missing, agents.frame_rate))
    everyone = [*scene.agents, *made]
    return scene.with_agents([replace(agent, colour=coloured.get(agent.name, agent.colour)) for agent in everyone])


def rendered(scene: Scene, agents: Agents, width: int, height: int, options: RenderOptions) -> ConditionVideos:
    """All agents' videos, drawn one agent after the other on ComfyUI's device."""
    device = comfy.model_management.get_torch_device()
    comfy.model_management.free_memory(DRAWING_BYTES + 40 * len(scene.background), device)
    progress = comfy.utils.ProgressBar(len(agents))
    shape = (len(agents), agents.frame_count, height, width)
    rgb, depth = torch.empty(*shape, 3), torch.empty(shape)
    for number, name in enumerate(agents.names):
        seen = render_for_agent(scene, agents, name, height, width, 0, options, device)
        rgb[number], depth[number] = seen.rgb.cpu(), seen.depth_video().cpu()
        progress.update(1)
    return ConditionVideos(rgb, depth[..., None].expand(*shape, 3), agents.names)


def _warn(scene: Scene, agents: Agents, width: int, height: int) -> None:
    """Log what runs but hardly looks as meant."""
    for agent in agents.members:
        rig = agent.rig
        if not math.isclose(rig.width * height, rig.height * width, rel_tol=LARGEST_STRETCH):
            logger.warning(
                "agent '%s': its camera takes pictures of %dx%d, the videos are %dx%d, so that they are stretched; give "
                "Camera Rig the size of the videos.", agent.name, rig.width, rig.height, width, height,
            )  # fmt: skip
        blocked = narrowest_frame(scene.background, agent.extrinsics()[:, 0, :3, 3])
        if blocked is not None:
            frame, points = blocked
            logger.warning(
                "agent '%s', frame %d: %d points of the scene lie within %g m of its camera, so that its path seems to "
                "lead through a wall; move the path, or check the scale of the scene.",
                agent.name, frame, points, CLEARANCE,
            )  # fmt: skip
