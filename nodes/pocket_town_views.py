"""Pocket Town as a renderer: what the cameras of any agents see in one of its towns."""

from comfy_api.latest import io

from ..pocket.road_layouts import LAYOUTS
from ..pocket.splits import SPLITS, town_seed
from ..pocket.visitors import render_visitors
from ..pocket.weather import WEATHERS, find_weather
from ..world.agents import Agents
from .listed_names import split_names
from .pocket_town import CATEGORY
from .sockets import AgentsSocket


class RenderInPocketTown(io.ComfyNode):
    """A simulated town through the cameras of agents."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldRenderInPocketTown",
            display_name="Render In Pocket Town",
            category=CATEGORY,
            description=(
                "What the cameras of any agents see in a small simulated town, to look at paths from other sources. "
                "Agents with a body are drawn as cars. Outputs are lists, agent by agent and view by view."
            ),
            search_aliases=["simulator", "preview cameras", "render agents", "synthetic town"],
            inputs=[
                AgentsSocket.Input(
                    "agents", tooltip="Agents in the world of the town: metres, the ground at height 0."
                ),
                io.Combo.Input(
                    "split", options=list(SPLITS), default="test", tooltip="Which towns, as in Pocket Town."
                ),
                io.Int.Input("town", default=0, min=0, max=2**31 - 1, tooltip="Number of the town within the split."),
                io.Combo.Input(
                    "layout",
                    options=list(LAYOUTS),
                    default="town",
                    tooltip="Roads. crossroads: two that cross at the origin; straight and t_junction are a piece of road too.",
                ),
                io.Combo.Input(
                    "weather", options=list(WEATHERS), default="sunny", tooltip="Light and sky of the town."
                ),
                io.Int.Input(
                    "width",
                    default=240,
                    min=16,
                    max=2048,
                    tooltip="Width in pixels of each picture; the height follows from the agents' cameras.",
                ),
                io.String.Input(
                    "car_colours",
                    default="red, blue, yellow",
                    tooltip="Colours of the cars in the order of the agents that have a body, separated by commas and "
                    "repeated as needed: red, blue, yellow, green, white, black.",
                ),
                io.Int.Input(
                    "samples", default=3, min=1, max=64, tooltip="Rays per pixel: more are smoother and take longer."
                ),
            ],
            outputs=[
                io.Image.Output(
                    id="images",
                    display_name="images",
                    is_output_list=True,
                    tooltip="Frames of each agent and view, agent by agent.",
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
        cls,
        agents: Agents,
        split: str,
        town: int,
        layout: str,
        weather: str,
        width: int,
        car_colours: str,
        samples: int,
    ) -> io.NodeOutput:
        rendered = render_visitors(
            town_seed(split, town), layout, agents, width, find_weather(weather), split_names(car_colours), samples
        )
        return io.NodeOutput(list(rendered.values()), list(rendered))
