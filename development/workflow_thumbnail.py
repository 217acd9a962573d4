"""Thumbnails of the example graphs for ComfyUI's template browser: what goes in, and what a run made of it."""

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import imageio.v3
from PIL import Image, ImageOps

from .comfyui_server import ComfyServer, Graph, Outputs
from .example_inputs import EXAMPLE_INPUTS

SIZE = (512, 320)
LEFT = (320, 320)
TILE = (192, 128)
GRID = (192, 64)
BACKGROUND = (20, 20, 20)
QUALITY = 88
MAPS = ("SharedWorldPreviewAgents", "SharedWorldRaymapBuilder")
"""Nodes whose picture is shown at the left, the first that the graph has."""


def write_thumbnail(server: ComfyServer, graph: Graph, outputs: Outputs, path: Path) -> None:
    """Write the map of a run, or else its raymaps, beside both first tiles and a frame of the grid video."""
    picture = Image.new("RGB", SIZE, BACKGROUND)
    left = ImageOps.pad(map_of(server, graph, outputs), LEFT, Image.Resampling.LANCZOS, BACKGROUND)
    picture.paste(left, (0, 0))
    for number, tile in enumerate(first_tiles(graph)):
        picture.paste(tile.resize(TILE, Image.Resampling.LANCZOS), (LEFT[0], number * TILE[1]))
    grid = ImageOps.pad(grid_of(server, graph, outputs), GRID, Image.Resampling.LANCZOS, BACKGROUND)
    picture.paste(grid, (LEFT[0], SIZE[1] - GRID[1]))
    picture.save(path, quality=QUALITY, optimize=True)


def map_of(server: ComfyServer, graph: Graph, outputs: Outputs) -> Image.Image:
    """Return the picture of the first of `MAPS` in the graph."""
    node = next(node for kind in MAPS for node in graph if graph[node]["class_type"] == kind)
    return Image.open(io.BytesIO(server.view(outputs[node]["images"][0])))


def grid_of(server: ComfyServer, graph: Graph, outputs: Outputs) -> Image.Image:
    """Return the last frame of the video that Create Video made."""

    def made_by_create_video(inputs: Mapping[str, Any]) -> bool:
        return graph[inputs["video"][0]]["class_type"] == "CreateVideo"

    savers = [node for node, entry in graph.items() if entry["class_type"] == "SaveVideo"]
    node = next(node for node in savers if made_by_create_video(graph[node]["inputs"]))
    video = server.view(outputs[node]["images"][0])
    return Image.fromarray(imageio.v3.imread(video, index=None, plugin="pyav", extension=".mp4")[-1])


def first_tiles(graph: Graph) -> list[Image.Image]:
    """Return the tiles that the graph loads, or those that it joins from four views each."""
    names = [entry["inputs"]["image"] for entry in graph.values() if entry["class_type"] == "LoadImage"]
    agents: dict[str, list[Image.Image]] = {}
    for name in names:
        agents.setdefault(re.match(r"town_agent\d+", name)[0], []).append(Image.open(EXAMPLE_INPUTS / name))
    return [pictures[0] if len(pictures) == 1 else joined(pictures) for pictures in agents.values()]


def joined(views: list[Image.Image]) -> Image.Image:
    """Return four views as a tile."""
    width, height = views[0].size
    tile = Image.new("RGB", (2 * width, 2 * height))
    for number, view in enumerate(views):
        tile.paste(view, (number % 2 * width, number // 2 * height))
    return tile
