"""Nodes between pictures and tiles, and from LATENT to every agent's and view's video."""

import torch
from comfy_api.latest import io
from torch import Tensor

from ..sampling.decoding import decode_agents
from ..sampling.videos import as_video
from ..world.agents import Agents
from ..world.grid import video_grid
from ..world.tiles import TILE_LAYOUTS, TileLayout, join_images, split_images
from .listed_names import split_names
from .sockets import AgentsSocket

CATEGORY = "Shared World/views"

FOUR_VIEW_LAYOUTS = [name for name, layout in TILE_LAYOUTS.items() if layout.slots == 4]
VIEWS = ("front", "rear", "left", "right")


def layout_input(options: list[str]) -> io.Combo.Input:
    return io.Combo.Input(
        "layout",
        options=options,
        default=options[0],
        tooltip="Places of the views in a tile. 2x2: front and rear above left and right (ShareVerse); 1x4: in a row; "
        "1x1: a single view.",
    )


class FourViewJoiner(io.ComfyNode):
    """Four views to one tile."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldFourViewJoiner",
            display_name="Four-View Joiner",
            category=CATEGORY,
            description="Halves the four views of an agent and joins them into the tile that ShareVerse works on.",
            search_aliases=["tile", "mosaic", "concatenate views"],
            inputs=[
                *(
                    io.Image.Input(
                        view, tooltip=f"Picture or video of the {view} camera; all four have one size and length."
                    )
                    for view in VIEWS
                ),
                layout_input(FOUR_VIEW_LAYOUTS),
            ],
            outputs=[
                io.Image.Output(display_name="tile", tooltip="One tile per frame, as large as one of the views in 2x2.")
            ],
        )

    @classmethod
    def execute(cls, front: Tensor, rear: Tensor, left: Tensor, right: Tensor, layout: str) -> io.NodeOutput:
        views = dict(zip(VIEWS, (front, rear, left, right), strict=True))
        for name, view in views.items():
            if view.shape[:3] != front.shape[:3]:
                frames, height, width = view.shape[:3]
                raise ValueError(
                    f"view '{name}' has {frames} frames of {width}x{height}, view 'front' {front.shape[0]} of "
                    f"{front.shape[2]}x{front.shape[1]}; give all four views one size and length."
                )
        stacked = torch.stack([view[..., :3] for view in views.values()], dim=1)
        return io.NodeOutput(join_images(stacked, TILE_LAYOUTS[layout]))


class FourViewSplitter(io.ComfyNode):
    """One tile to four views."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldFourViewSplitter",
            display_name="Four-View Splitter",
            category=CATEGORY,
            description="Cuts a tile, or a video of tiles, into the four views of the agent.",
            search_aliases=["untile", "split views"],
            inputs=[
                io.Image.Input(
                    "tile", tooltip="Tiles of one agent; width and height divisible by the views in a row and column."
                ),
                layout_input(FOUR_VIEW_LAYOUTS),
            ],
            outputs=[
                io.Image.Output(
                    id=view, display_name=view, tooltip=f"Frames of the {view} camera, cut out without resizing."
                )
                for view in VIEWS
            ],
        )

    @classmethod
    def execute(cls, tile: Tensor, layout: str) -> io.NodeOutput:
        return io.NodeOutput(*split_images(tile, TILE_LAYOUTS[layout]).unbind(dim=1))


def view_labels(layout: TileLayout, items: int, agents: Agents | None, typed: str = "") -> list[list[str]]:
    """One list of labels per agent: the agent's name and the view's; agents without a name get their number."""
    names = list(agents.names) if agents is not None else split_names(typed)
    names += [f"agent {number}" for number in range(len(names) + 1, items + 1)]
    return [[f"{name} {view}" if layout.slots > 1 else name for view in layout.view_order] for name in names[:items]]


class SplitAgents(io.ComfyNode):
    """A LATENT of several agents to one video per agent and view."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldSplitAgents",
            display_name="Split Agents",
            category=CATEGORY,
            description=(
                "Decodes a LATENT agent by agent, so that memory does not grow with their number, and cuts each into its "
                "views. Outputs are lists: a node connected to them runs once per agent and view."
            ),
            search_aliases=["decode agents", "vae decode", "per agent video"],
            inputs=[
                io.Latent.Input("samples", tooltip="Latents with one batch item per agent."),
                io.Vae.Input(
                    "vae",
                    tooltip="Video VAE of the model. CogVideoX's is decoded two latent frames at a time, as published.",
                ),
                layout_input(["2x2", "1x4", "1x1"]),
                io.Float.Input(
                    "frame_rate",
                    default=8.0,
                    min=0.1,
                    max=240.0,
                    step=0.1,
                    tooltip="Frames per second of the videos; the rate of connected agents wins.",
                ),
                AgentsSocket.Input(
                    "agents", optional=True, tooltip="Gives the labels their names and the videos their frame rate."
                ),
                io.String.Input(
                    "names",
                    default="",
                    optional=True,
                    tooltip="Names for the labels, separated by commas, where no agents are connected: 'left, right'. "
                    "Without a name an item is called by its number.",
                ),
            ],
            outputs=[
                io.Image.Output(
                    id="images",
                    display_name="images",
                    is_output_list=True,
                    tooltip="Frames of each agent and view, agent by agent.",
                ),
                io.Video.Output(
                    id="videos",
                    display_name="videos",
                    is_output_list=True,
                    tooltip="The same as VIDEO, for Save Video.",
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
        samples: dict,
        vae: object,
        layout: str,
        frame_rate: float,
        agents: Agents | None = None,
        names: str = "",
    ) -> io.NodeOutput:
        latents, chosen = samples["samples"], TILE_LAYOUTS[layout]
        rate = agents.frame_rate if agents is not None else frame_rate
        images: list[Tensor] = []
        labels: list[str] = []
        every = view_labels(chosen, len(latents), agents, names)
        for frames, own in zip(decode_agents(vae, latents), every, strict=True):
            images.extend(split_images(frames, chosen).unbind(dim=1))
            labels.extend(own)
        return io.NodeOutput(images, [as_video(image, rate) for image in images], labels)


class AgentsGrid(io.ComfyNode):
    """All agents and views in one video."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldAgentsGrid",
            display_name="Agents Grid",
            category=CATEGORY,
            description="Puts all videos of a list into one labelled video, one row per agent.",
            search_aliases=["video grid", "mosaic", "side by side"],
            is_input_list=True,
            inputs=[
                io.Image.Input("images", tooltip="List of videos of one size, such as the images of Split Agents."),
                io.Int.Input(
                    "columns",
                    default=4,
                    min=1,
                    max=64,
                    tooltip="Videos per row; 4 puts an agent's four views in one row.",
                ),
                io.String.Input(
                    "labels", optional=True, force_input=True, tooltip="One label per video; leave open for none."
                ),
                io.Int.Input(
                    "view_width",
                    default=0,
                    min=0,
                    max=4096,
                    optional=True,
                    tooltip="Width in pixels of each video in the grid, the height in proportion; 0 keeps their own size.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="grid", tooltip="Frames of the whole grid; connect to Create Video.")
            ],
        )

    @classmethod
    def execute(
        cls,
        images: list[Tensor],
        columns: list[int],
        labels: list[str] | None = None,
        view_width: list[int] | None = None,
    ) -> io.NodeOutput:
        return io.NodeOutput(video_grid(images, labels or [], columns[0], (view_width or [0])[0]))
