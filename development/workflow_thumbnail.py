"""Thumbnails of the example graphs for ComfyUI's template browser: what goes in, and what a run made of it."""

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import imageio.v3
import numpy as np
from PIL import Image, ImageOps

from .comfyui_server import ComfyServer, Graph, Outputs
from .example_inputs import EXAMPLE_INPUTS

SIZE = (512, 320)
BACKGROUND = (20, 20, 20)
QUALITY = 88
LEFT = (320, 320)
TILE = (192, 128)
STRIP = (192, 64)
"""For graphs that load first tiles: the map at the left, the tiles and a frame of the grid video beside it."""
GRID = (400, 320)
BESIDE, PLACES_BESIDE = (112, 106), 3
"""For graphs that make them: a frame of the grid video; beside it the map, loaded pictures and other frames."""
MAPS = ("SharedWorldPreviewAgents", "SharedWorldRaymapBuilder")
"""Nodes whose picture is shown as the map, the first that the graph has."""
TILE_NAME = re.compile(r"town_agent\d+")
"""How names of pictures of first tiles, or of their views, begin."""


def write_thumbnail(server: ComfyServer, graph: Graph, outputs: Outputs, path: Path) -> None:
    """Write what goes into a graph and what a run made of it."""
    loaded = loaded_pictures(graph)
    tiles, others = first_tiles(loaded), [name for name in loaded if not TILE_NAME.match(name)]
    shown_map, video = map_of(server, graph, outputs), grid_of(server, graph, outputs)
    if tiles:
        boxes = [(shown_map, (0, 0), LEFT)]
        boxes += [(tile, (LEFT[0], number * TILE[1]), TILE) for number, tile in enumerate(tiles)]
        boxes += [(Image.fromarray(video[-1]), (LEFT[0], SIZE[1] - STRIP[1]), STRIP)]
    else:
        beside = [shown_map, *(Image.open(EXAMPLE_INPUTS / name) for name in others)]
        beside += [Image.fromarray(video[frame]) for frame in (-1, 0)]
        boxes = [(Image.fromarray(video[len(video) // 2]), (0, 0), GRID)]
        boxes += [
            (picture, (GRID[0], number * BESIDE[1]), BESIDE) for number, picture in enumerate(beside[:PLACES_BESIDE])
        ]
    thumbnail = Image.new("RGB", SIZE, BACKGROUND)
    for picture, place, size in boxes:
        thumbnail.paste(ImageOps.pad(picture.convert("RGB"), size, Image.Resampling.LANCZOS, BACKGROUND), place)
    thumbnail.save(path, quality=QUALITY, optimize=True)


def map_of(server: ComfyServer, graph: Graph, outputs: Outputs) -> Image.Image:
    """Return the picture of the first of `MAPS` in the graph."""
    node = next(node for kind in MAPS for node in graph if graph[node]["class_type"] == kind)
    return Image.open(io.BytesIO(server.view(outputs[node]["images"][0])))


def grid_of(server: ComfyServer, graph: Graph, outputs: Outputs) -> np.ndarray:
    """Return the frames (frames, height, width, 3) of the video that Create Video made."""

    def made_by_create_video(inputs: Mapping[str, Any]) -> bool:
        return graph[inputs["video"][0]]["class_type"] == "CreateVideo"

    savers = [node for node, entry in graph.items() if entry["class_type"] == "SaveVideo"]
    node = next(node for node in savers if made_by_create_video(graph[node]["inputs"]))
    video = server.view(outputs[node]["images"][0])
    return imageio.v3.imread(video, index=None, plugin="pyav", extension=".mp4")


def loaded_pictures(graph: Graph) -> list[str]:
    """Return the names of the pictures that the graph loads."""
    return [entry["inputs"]["image"] for entry in graph.values() if entry["class_type"] == "LoadImage"]


def first_tiles(names: list[str]) -> list[Image.Image]:
    """Return the tiles among loaded pictures, or those that are joined from four views each."""
    agents: dict[str, list[Image.Image]] = {}
    for name in names:
        if agent := TILE_NAME.match(name):
            agents.setdefault(agent[0], []).append(Image.open(EXAMPLE_INPUTS / name))
    return [pictures[0] if len(pictures) == 1 else joined(pictures) for pictures in agents.values()]


def joined(views: list[Image.Image]) -> Image.Image:
    """Return four views as a tile."""
    width, height = views[0].size
    tile = Image.new("RGB", (2 * width, 2 * height))
    for number, view in enumerate(views):
        tile.paste(view, (number % 2 * width, number // 2 * height))
    return tile
