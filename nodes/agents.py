"""Nodes that make agents: who is in the world, where they go, through which cameras they look."""

import torch
from comfy_api.latest import io, ui

from ..world.agents import Agent, Agents, combine_agents
from ..world.encounters import CAMERA_HEIGHT, ENCOUNTERS, car_rig, encounter
from ..world.paths import path_from_waypoints
from ..world.plot import plot_agents
from ..world.rig_text import parse_views
from ..world.rigs import FOUR_VIEWS, rig_from_yaws
from ..world.waypoint_text import parse_waypoints
from .sockets import AgentsSocket

CATEGORY = "Shared World/agents"

KNOWN_RIGS = {"four views": FOUR_VIEWS, "front only": {"front": 0.0}}
CUSTOM_RIG = "custom"

EXAMPLE_PATH = """# seconds  x  z   (metres; x right, z forward)
0  0  0
2  0  8
4  3  14
"""


def frames_input() -> io.Int.Input:
    return io.Int.Input(
        "frames",
        default=49,
        min=1,
        max=4096,
        tooltip="Number of frames. ShareVerse needs 4k+1 of them (17, 33, 49) and was trained on 49.",
    )


def frame_rate_input() -> io.Float.Input:
    return io.Float.Input(
        "frame_rate",
        default=8.0,
        min=0.1,
        max=240.0,
        step=0.1,
        tooltip="Frames per second; with the speed it decides how far an agent moves from frame to frame.",
    )


def shown_frame(agents: Agents, frame: int) -> int:
    """The frame that a widget means: -1 is the last one, and numbers beyond the path its nearest end."""
    return max(-agents.frame_count, min(frame, agents.frame_count - 1)) % agents.frame_count


class EncounterPreset(io.ComfyNode):
    """Two cars that meet."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldEncounterPreset",
            display_name="Encounter Preset",
            category=CATEGORY,
            description="Two cars that meet on one of six routes, each with four cameras. Change the cameras with Camera Rig.",
            search_aliases=["trajectory preset", "two cars", "crossing", "head-on"],
            inputs=[
                io.Combo.Input(
                    "preset",
                    options=list(ENCOUNTERS),
                    tooltip="The routes. " + " ".join(f"{name}: {kind.summary}" for name, kind in ENCOUNTERS.items()),
                ),
                frames_input(),
                frame_rate_input(),
                io.Float.Input(
                    "speed",
                    default=6.0,
                    min=0.1,
                    max=60.0,
                    step=0.1,
                    tooltip="Speed of both cars in metres per second (6 is about 22 km/h).",
                ),
                io.Float.Input(
                    "distance",
                    default=18.0,
                    min=1.0,
                    max=500.0,
                    step=0.5,
                    tooltip="Metres that each car drives until they meet. Frames x speed / frame rate should exceed it.",
                ),
                io.Float.Input(
                    "lane_offset",
                    default=1.75,
                    min=0.0,
                    max=20.0,
                    step=0.05,
                    tooltip="Metres from the middle of the road to the middle of a lane; traffic keeps right.",
                ),
                io.Float.Input(
                    "turn_radius",
                    default=8.0,
                    min=1.0,
                    max=100.0,
                    step=0.5,
                    tooltip="Radius in metres of the curve of a car that turns.",
                ),
                io.Float.Input(
                    "jitter",
                    default=0.4,
                    min=0.0,
                    max=5.0,
                    step=0.05,
                    tooltip="Largest random shift in metres of every start and end point; 0 gives the same paths for all seeds.",
                ),
                io.Int.Input(
                    "seed",
                    default=0,
                    min=0,
                    max=2**31 - 1,
                    control_after_generate=True,
                    tooltip="Seed of the random shifts. The noise of the pictures has its own seed in the sampler.",
                ),
            ],
            outputs=[
                AgentsSocket.Output(display_name="agents", tooltip="Two agents with car bodies, at ground level.")
            ],
        )

    @classmethod
    def execute(
        cls,
        preset: str,
        frames: int,
        frame_rate: float,
        speed: float,
        distance: float,
        lane_offset: float,
        turn_radius: float,
        jitter: float,
        seed: int,
    ) -> io.NodeOutput:
        return io.NodeOutput(
            encounter(preset, distance, lane_offset, speed, turn_radius, jitter, seed, frames, frame_rate)
        )


class PathFromWaypoints(io.ComfyNode):
    """One agent along typed waypoints."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldPathFromWaypoints",
            display_name="Path From Waypoints",
            category=CATEGORY,
            description=(
                "One agent that drives through waypoints, one per line: time x z, or time x y z, or time x y z yaw. "
                "Metres, y down, z forward; the agent looks along its path unless a yaw in degrees says otherwise."
            ),
            search_aliases=["trajectory", "camera path", "spline"],
            inputs=[
                io.String.Input(
                    "waypoints",
                    multiline=True,
                    default=EXAMPLE_PATH,
                    tooltip="One waypoint per line: seconds and metres, separated by spaces. '#' starts a comment.",
                ),
                io.String.Input(
                    "name", default="agent 1", tooltip="Name of the agent in labels, files and error messages."
                ),
                frames_input(),
                frame_rate_input(),
                io.Combo.Input(
                    "easing",
                    options=["constant", "ease_in", "ease_out", "ease_in_out"],
                    default="constant",
                    tooltip="Start from rest, come to rest, both, or keep a constant speed at the ends.",
                ),
                io.Boolean.Input(
                    "fit_frames",
                    default=True,
                    tooltip="On: the times are stretched so that the last frame is at the last waypoint. "
                    "Off: times are kept, and frames after the last waypoint hold its pose.",
                ),
            ],
            outputs=[
                AgentsSocket.Output(
                    display_name="agents", tooltip="One agent with four cameras; join several with Combine Agents."
                )
            ],
        )

    @classmethod
    def execute(
        cls, waypoints: str, name: str, frames: int, frame_rate: float, easing: str, fit_frames: bool
    ) -> io.NodeOutput:
        poses = path_from_waypoints(parse_waypoints(waypoints), frames, frame_rate, easing, stretch=fit_frames)
        return io.NodeOutput(Agents((Agent(name, poses, car_rig()),), frame_rate))


class CombineAgents(io.ComfyNode):
    """Several sets of agents in one world."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        agents = AgentsSocket.Input("agents", tooltip="Agents in the common world frame.")
        return io.Schema(
            node_id="SharedWorldCombineAgents",
            display_name="Combine Agents",
            category=CATEGORY,
            description="Puts agents from several sources into one world. Poses are not moved; equal names get a number.",
            search_aliases=["merge agents", "join agents"],
            inputs=[
                io.Autogrow.Input(
                    "sources",
                    template=io.Autogrow.TemplatePrefix(agents, prefix="agents", min=2, max=16),
                    tooltip="Sets of agents with the same frame count and frame rate, in the order of the branches.",
                )
            ],
            outputs=[AgentsSocket.Output(display_name="agents", tooltip="All agents, in the order of the inputs.")],
        )

    @classmethod
    def execute(cls, sources: dict[str, Agents]) -> io.NodeOutput:
        return io.NodeOutput(combine_agents([world for world in sources.values() if world is not None]))


class CameraRig(io.ComfyNode):
    """The cameras of agents."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        custom = io.String.Input(
            "views",
            multiline=True,
            default="front 0\nrear 180\nleft -90\nright 90",
            tooltip="One view per line: name, degrees of yaw to the right, and optionally degrees of pitch upwards.",
        )
        return io.Schema(
            node_id="SharedWorldCameraRig",
            display_name="Camera Rig",
            category=CATEGORY,
            description="Gives all agents the same cameras: ShareVerse's four views, a front camera, or your own.",
            search_aliases=["camera", "intrinsics", "field of view", "four views"],
            inputs=[
                AgentsSocket.Input("agents", tooltip="Agents whose cameras are replaced; their paths stay."),
                io.DynamicCombo.Input(
                    "rig",
                    options=[
                        *(io.DynamicCombo.Option(name, []) for name in KNOWN_RIGS),
                        io.DynamicCombo.Option(CUSTOM_RIG, [custom]),
                    ],
                    tooltip="four views: front 0, rear 180, left -90, right +90 degrees of yaw, as ShareVerse was trained.",
                ),
                io.Int.Input(
                    "width",
                    default=720,
                    min=1,
                    max=8192,
                    tooltip="Width in pixels of each camera's picture, before it is halved into the tile.",
                ),
                io.Int.Input(
                    "height", default=480, min=1, max=8192, tooltip="Height in pixels of each camera's picture."
                ),
                io.Float.Input(
                    "horizontal_fov",
                    default=90.0,
                    min=1.0,
                    max=179.0,
                    step=0.5,
                    tooltip="Field of view over the width, in degrees. Four views of 90 degrees close the circle.",
                ),
                io.Float.Input(
                    "mount_up",
                    default=CAMERA_HEIGHT,
                    min=-100.0,
                    max=100.0,
                    step=0.05,
                    tooltip="Metres of the cameras above the agent's origin, which presets put on the ground.",
                ),
                io.Float.Input(
                    "mount_forward",
                    default=0.0,
                    min=-100.0,
                    max=100.0,
                    step=0.05,
                    tooltip="Metres of the cameras ahead of the agent's origin.",
                ),
            ],
            outputs=[AgentsSocket.Output(display_name="agents", tooltip="The agents with the new cameras.")],
        )

    @classmethod
    def execute(
        cls,
        agents: Agents,
        width: int,
        height: int,
        horizontal_fov: float,
        mount_up: float,
        mount_forward: float,
        rig: dict | None = None,
    ) -> io.NodeOutput:
        if rig is None:  # ComfyUI leaves this kind of choice out where it does not know the value
            raise ValueError(
                f"The rig is none of those that there are; choose {', '.join(KNOWN_RIGS)} or {CUSTOM_RIG}."
            )
        yaws, pitches = parse_views(rig["views"]) if rig["rig"] == CUSTOM_RIG else (KNOWN_RIGS[rig["rig"]], 0.0)
        cameras = rig_from_yaws(yaws, width, height, horizontal_fov, (0.0, -mount_up, mount_forward), pitches)
        return io.NodeOutput(agents.with_rig(cameras))


class PreviewAgents(io.ComfyNode):
    """A map of the agents."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldPreviewAgents",
            display_name="Preview Agents",
            category=CATEGORY,
            description="Map from above: paths, headings, bodies and what each camera sees at one frame.",
            search_aliases=["plot", "map", "trajectory view"],
            is_output_node=True,
            inputs=[
                AgentsSocket.Input("agents", tooltip="Agents to draw on one map, in their common world frame."),
                io.Int.Input(
                    "frame",
                    default=0,
                    min=-4096,
                    max=4096,
                    tooltip="Frame at which bodies and views are drawn; -1 is the last one.",
                ),
                io.Int.Input("size", default=768, min=128, max=4096, tooltip="Side of the square map in pixels."),
            ],
            outputs=[io.Image.Output(display_name="map", tooltip="The map as a square picture, for Save Image.")],
        )

    @classmethod
    def execute(cls, agents: Agents, frame: int, size: int) -> io.NodeOutput:
        chosen = shown_frame(agents, frame)
        picture: torch.Tensor = plot_agents(agents, chosen, (size, size))[None]
        return io.NodeOutput(picture, ui=ui.PreviewImage(picture, cls=cls))
