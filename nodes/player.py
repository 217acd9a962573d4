"""All agents' and views' videos in one panel, in step."""

from typing import Any

from comfy_api.latest import Input, io
from torch import Tensor

from ..world.agents import Agents
from ..world.ground_plan import describe_ground_plan
from ..world.metrics.per_frame import read_curves
from .player_files import PlayerFiles, rows_of_views, write_views
from .sockets import AgentsSocket
from .views import CATEGORY

UI_KEY = "shared_world_player"


class AgentsPlayer(io.ComfyNode):
    """A panel that plays the videos of all agents in step."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldAgentsPlayer",
            display_name="Agents Player",
            category=CATEGORY,
            description=(
                "Plays the videos of all agents and views in step, frame by frame if you like, beside a map of the agents, "
                "and compares them with a second set. Space plays, the arrow keys step."
            ),
            search_aliases=[
                "preview video",
                "synchronous playback",
                "compare videos",
                "multi-view player",
                "ground truth",
            ],
            is_input_list=True,
            is_output_node=True,
            inputs=[
                io.MultiType.Input(
                    "videos",
                    [io.Image, io.Video],
                    tooltip="List of IMAGE or VIDEO, agent by agent and view by view: images of Split Agents.",
                ),
                io.String.Input(
                    "labels",
                    optional=True,
                    force_input=True,
                    tooltip="One label per video, agent and view: labels of Split Agents. Not needed with agents.",
                ),
                AgentsSocket.Input(
                    "agents", optional=True, tooltip="The agents that the videos belong to: adds names and the map."
                ),
                io.MultiType.Input(
                    "compare",
                    [io.Image, io.Video],
                    optional=True,
                    tooltip="A second video for each of the first, in the same order, such as the ground truth or another seed.",
                ),
                io.String.Input(
                    "curves",
                    optional=True,
                    force_input=True,
                    tooltip="Numbers per frame, drawn under the videos: curves of Evaluate Shared World.",
                ),
                io.Float.Input(
                    "frame_rate",
                    default=8.0,
                    min=0.1,
                    max=240.0,
                    step=0.1,
                    tooltip="Frames per second of IMAGE lists; the rate of connected agents wins, a VIDEO has its own.",
                ),
                io.String.Input(
                    "compare_name", default="ground truth", tooltip="What the second set is, written on its pictures."
                ),
                io.Boolean.Input(
                    "keep",
                    default=False,
                    tooltip="On: the files stay in ComfyUI's output folder. Off: in its temporary folder, which it empties when "
                    "it starts.",
                ),
                io.String.Input(
                    "filename_prefix",
                    default="player/agents",
                    tooltip="Name of the files below that folder; a number and the name of the view are appended.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        videos: list[Tensor | Input.Video],
        frame_rate: list[float],
        compare_name: list[str],
        keep: list[bool],
        filename_prefix: list[str],
        labels: list[str] | None = None,
        agents: list[Agents] | None = None,
        compare: list[Tensor | Input.Video] | None = None,
        curves: list[str] | None = None,
    ) -> io.NodeOutput:
        world = agents[0] if agents else None
        rows = rows_of_views(len(videos), labels or [], world)
        if compare and len(compare) != len(videos):
            raise ValueError(
                f"There are {len(videos)} videos and {len(compare)} to compare them with; give one for each, in the same order."
            )
        description: dict[str, Any] = {
            "compare_name": compare_name[0],
            "map": None if world is None else describe_ground_plan(world),
            "curves": read_curves(curves[0]) if curves else [],
        }
        files = PlayerFiles(keep[0], filename_prefix[0])
        rate = frame_rate[0] if world is None else world.frame_rate
        description["rows"] = write_views(files, rows, videos, compare or [], rate)
        return io.NodeOutput(ui={UI_KEY: [files.add_description(description)]})
