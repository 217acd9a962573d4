"""Thumbnails of the example graphs for ComfyUI's template browser: what goes in, and what a run made of it.

Graphs for published weights, or for weights that nobody has published, run on random ones here, so that theirs show
what goes in alone.
"""

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

Box = tuple[Image.Image, tuple[int, int], tuple[int, int]]
"""A picture, its place and its size."""

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
VIEWS = (160, 320)
"""For graphs of actions: the first frames below each other, and the picture of the actions beside them."""
PAPER = (252, 252, 250)
"""Behind pictures of actions, about their own background."""
MAPS = ("SharedWorldPreviewAgents", "SharedWorldRaymapBuilder")
"""Nodes whose picture is shown as the map, the first that the graph has."""
ACTIONS = "SharedWorldPreviewActions"
SCENE = "SharedWorldScenePreview"
SQUARE = (160, 160)
TALLEST_CONDITION = 236
"""For graphs of scenes: both pictures of the scene below each other; beside them a frame of the condition videos, and
below that the identities, or the photograph with its depth if there are none."""
INSET, INSET_MARGIN, INSET_BORDER = (300, 118), 8, (150, 150, 150)
"""For graphs with the World Editor: its map over all of the picture, the player in the lower right corner."""
TILE_NAME = re.compile(r"town_agent\d+")
"""How names of pictures of first tiles, or of their views, begin."""


def write_thumbnail(server: ComfyServer, graph: Graph, outputs: Outputs, path: Path) -> None:
    """Write what goes into a graph and what a run made of it."""
    actions, scenes = nodes_of(graph, ACTIONS), nodes_of(graph, SCENE)
    if scenes:
        shown = [Image.open(io.BytesIO(server.view(picture))) for picture in outputs[scenes[0]]["images"]]
        boxes = scene_boxes(graph, shown, grid_of(server, graph, outputs))
    elif actions:
        boxes = action_boxes(graph, shown_picture(server, outputs[actions[0]]))
    else:
        boxes = map_boxes(graph, map_of(server, graph, outputs), grid_of(server, graph, outputs))
    color = PAPER if actions else BACKGROUND
    thumbnail = Image.new("RGB", SIZE, color)
    for picture, place, size in boxes:
        thumbnail.paste(ImageOps.pad(picture.convert("RGB"), size, Image.Resampling.LANCZOS, color), place)
    thumbnail.save(path, quality=QUALITY, optimize=True)


def write_panels(editor: bytes, player: bytes, path: Path) -> None:
    """Write a thumbnail of the World Editor's map, with the player in a corner; both as pictures of the page."""
    picture = Image.open(io.BytesIO(editor)).convert("RGB")
    thumbnail = ImageOps.fit(picture, SIZE, Image.Resampling.LANCZOS, centering=(0.5, 1.0))
    inset = ImageOps.fit(Image.open(io.BytesIO(player)).convert("RGB"), INSET, Image.Resampling.LANCZOS)
    place = SIZE[0] - INSET[0] - INSET_MARGIN, SIZE[1] - INSET[1] - INSET_MARGIN
    thumbnail.paste(ImageOps.expand(inset, 1, INSET_BORDER), place)
    thumbnail.save(path, quality=QUALITY, optimize=True)


def map_boxes(graph: Graph, shown_map: Image.Image, video: np.ndarray) -> list[Box]:
    """A map, what the graph loads, and frames of the grid video (frames, height, width, 3)."""
    loaded = loaded_pictures(graph)
    tiles, others = first_tiles(loaded), [name for name in loaded if not TILE_NAME.match(name)]
    if tiles:
        boxes = [(shown_map, (0, 0), LEFT)]
        boxes += [(tile, (LEFT[0], number * TILE[1]), TILE) for number, tile in enumerate(tiles)]
        return [*boxes, (Image.fromarray(video[-1]), (LEFT[0], SIZE[1] - STRIP[1]), STRIP)]
    beside = [shown_map, *(Image.open(EXAMPLE_INPUTS / name) for name in others)]
    beside += [Image.fromarray(video[frame]) for frame in (-1, 0)]
    boxes = [(Image.fromarray(video[len(video) // 2]), (0, 0), GRID)]
    return boxes + [
        (picture, (GRID[0], number * BESIDE[1]), BESIDE) for number, picture in enumerate(beside[:PLACES_BESIDE])
    ]


def action_boxes(graph: Graph, actions: Image.Image) -> list[Box]:
    """The first frames that the graph loads, a split screen as its halves, and the picture of its actions."""
    views = [Image.open(EXAMPLE_INPUTS / name) for name in loaded_pictures(graph)]
    if any(entry["inputs"].get("split_screen") for entry in graph.values()):
        views = [half for view in views for half in halves(view)]
    size = VIEWS[0], VIEWS[1] // len(views)
    boxes = [(view, (0, number * size[1]), size) for number, view in enumerate(views)]
    return [*boxes, (actions, (VIEWS[0], 0), (SIZE[0] - VIEWS[0], SIZE[1]))]


def scene_boxes(graph: Graph, shown: list[Image.Image], conditions: np.ndarray) -> list[Box]:
    """Pictures of the scene, a frame of the condition videos (frames, height, width, 3), and what the graph loads."""
    boxes = [(picture, (0, number * SQUARE[1]), SQUARE) for number, picture in enumerate(shown)]
    frame = Image.fromarray(conditions[len(conditions) // 3])
    across = SIZE[0] - SQUARE[0]
    loaded = loaded_pictures(graph)
    if not loaded:
        return [*boxes, (frame, (SQUARE[0], 0), (across, SIZE[1]))]
    height = min(TALLEST_CONDITION, round(across * frame.height / frame.width))
    boxes.append((frame, (SQUARE[0], 0), (across, height)))
    cars = [name for name in loaded if name.startswith("car_")]
    below = [readable(EXAMPLE_INPUTS / name) for name in cars or loaded]
    size = across // len(below), SIZE[1] - height
    return boxes + [(picture, (SQUARE[0] + number * size[0], height), size) for number, picture in enumerate(below)]


def readable(path: Path) -> Image.Image:
    """A picture with 8 bits per colour; Pillow does not scale those of 16 bits down to them."""
    with Image.open(path) as picture:
        if picture.mode == "I;16":
            return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
        return picture.convert("RGB")


def halves(picture: Image.Image) -> list[Image.Image]:
    """The left and the right half."""
    width, height = picture.size
    return [picture.crop((left, 0, left + width // 2, height)) for left in (0, width // 2)]


def nodes_of(graph: Graph, *kinds: str) -> list[str]:
    """Ids of the nodes of these types, in the order of the types."""
    return [node for kind in kinds for node, entry in graph.items() if entry["class_type"] == kind]


def shown_picture(server: ComfyServer, shown: Mapping[str, Any]) -> Image.Image:
    """Return the picture that a node shows."""
    return Image.open(io.BytesIO(server.view(shown["images"][0])))


def map_of(server: ComfyServer, graph: Graph, outputs: Outputs) -> Image.Image:
    """Return the picture of the first of `MAPS` in the graph."""
    return shown_picture(server, outputs[nodes_of(graph, *MAPS)[0]])


def grid_of(server: ComfyServer, graph: Graph, outputs: Outputs) -> np.ndarray:
    """Return the frames (frames, height, width, 3) of the first video that Create Video made."""

    def made_by_create_video(inputs: Mapping[str, Any]) -> bool:
        return graph[inputs["video"][0]]["class_type"] == "CreateVideo"

    node = next(node for node in nodes_of(graph, "SaveVideo") if made_by_create_video(graph[node]["inputs"]))
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
