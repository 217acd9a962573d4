"""The World Editor: agents drawn on a map in the page."""

import hashlib

import torch
from comfy_api.latest import io

from ..world.agents import Agents
from ..world.drawing import drawing_from_agents, drawing_text, read_drawing
from ..world.formats.files import write_file
from ..world.scene.ply import ply_bytes
from ..world.scene.scene import Scene
from .agents import CATEGORY, frame_rate_input, frames_input
from .output_files import temp_folder
from .sockets import AgentsSocket, DrawingWidget, SceneSocket

SHOWN_POINTS = 60_000
"""Points of a scene that the page's 3D view gets; more would not look better at its size."""


class DrawAgents(io.ComfyNode):
    """Agents drawn by hand."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldDrawAgents",
            display_name="Draw Agents",
            category=CATEGORY,
            description=(
                "Draws the paths of several agents on a map, with what each of their cameras sees, who sees whom and "
                "where they collide."
            ),
            search_aliases=["world editor", "path editor", "trajectory editor", "spline editor", "waypoints", "map"],
            is_output_node=True,  # so that the page gets what it shows also where nothing had to be computed anew
            inputs=[
                frames_input(),
                frame_rate_input(),
                DrawingWidget.Input(
                    "drawing",
                    default="",
                    socketless=True,
                    tooltip="What is drawn, as JSON with a version. Draw on the map, or paste a copied drawing there.",
                ),
                AgentsSocket.Input(
                    "agents",
                    optional=True,
                    tooltip="Agents to start from. They are taken while nothing is drawn; what you draw is never replaced.",
                ),
                SceneSocket.Input(
                    "scene",
                    optional=True,
                    tooltip="Scene whose points the 3D view shows after a run, and which hides agents from each other.",
                ),
            ],
            outputs=[
                AgentsSocket.Output(
                    display_name="agents",
                    tooltip="The agents as drawn, at ground level; with a car's four cameras unless they came with others.",
                )
            ],
        )

    @classmethod
    def validate_inputs(cls, drawing: str | None = None) -> bool | str:
        try:
            read_drawing(drawing or "")  # None where it comes from another node
        except ValueError as error:
            return str(error)
        return True

    @classmethod
    def execute(
        cls, frames: int, frame_rate: float, drawing: str, agents: Agents | None = None, scene: Scene | None = None
    ) -> io.NodeOutput:
        drawn = read_drawing(drawing)
        shown: dict[str, list] = {}
        if agents is not None:
            seed = drawing_from_agents(agents)
            shown["shared_world_seed"] = [drawing_text(seed)]
            drawn = drawn if drawn.agents else seed
        if scene is not None:
            shown["shared_world_scene"] = [_point_file(scene)]
        return io.NodeOutput(drawn.at_frames(frames, frame_rate), ui=shown)


def _point_file(scene: Scene) -> dict[str, str]:
    """The scene's points, evenly thinned out, as a file of ComfyUI's temporary folder as the page asks for it.

    It is named by its content, so that it is written and fetched once.
    """
    cloud = scene.background
    if len(cloud) > SHOWN_POINTS:
        cloud = cloud.chosen(torch.linspace(0, len(cloud) - 1, SHOWN_POINTS, dtype=torch.float64).round().long())
    content = ply_bytes(cloud)
    name = f"shared_world_points_{hashlib.sha256(content).hexdigest()[:32]}.ply"
    path = temp_folder() / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, content)
    return {"filename": name, "subfolder": "", "type": "temp"}
