"""Arranges a graph of the page: nodes in titled frames, in columns in the order of the work."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .model_links import model_links

Node = dict[str, Any]
Graph = dict[str, Any]

TITLE_HEIGHT = 30  # the page draws a node's title above its position
COLUMN_GAP, ROW_GAP, BAND_GAP = 60, 55, 60
FRAME_PADDING, FRAME_TITLE = 20, 50
LONGEST_COLUMN = 4
NOTE_TYPE = "MarkdownNote"
NOTE_WIDTH, SHORTEST_NOTE = 400, 300
NOTE_LINE, NOTE_CHARACTERS, NOTE_MARGIN = 12, 55, 35
"""Height of a line of the note, how many characters fit in it, and the height of its margins."""

SIZES = {
    "LoadImage": (240, 300),
    "SharedWorldPreviewAgents": (360, 470),
    "SharedWorldRaymapBuilder": (360, 470),
    "SharedWorldEncounterPreset": (300, 0),
    "SharedWorldLoadModel": (360, 0),
    "SharedWorldLoadVAE": (360, 0),
    "SharedWorldLoadGlobalStateEncoder": (360, 0),
    "SharedWorldActionScript": (380, 480),
    "SharedWorldLoadActionsFile": (460, 0),
    "SharedWorldPreviewActions": (560, 480),
    "SharedWorldMultiWorldConditioning": (320, 0),
    "SharedWorldWorldRollout": (400, 600),
    "StringReplace": (300, 230),
    "SharedWorldPocketTown": (340, 0),
    "PreviewAny": (760, 520),
    "SharedWorldExtendBaseModel": (360, 0),
    "SharedWorldShareVerseConditioning": (300, 0),
    "SharedWorldSceneFromImage": (320, 0),
    "SharedWorldScenePreview": (560, 480),
    "LoadVideo": (280, 280),
    "SharedWorldCheckAgents": (640, 520),
    "SharedWorldRenderInPocketTown": (320, 0),
    "SharedWorldPathFromWaypoints": (360, 330),
    "SharedWorldMetaWorldConditioning": (320, 0),
    "SharedWorldJointSampler": (320, 0),
    "SharedWorldDrawAgents": (980, 880),
    "SharedWorldAgentsPlayer": (980, 760),
    "SaveVideo": (400, 400),
}
"""Width and height of nodes that show pictures or long values; a height of 0 is the node's own."""

DEFAULT_SIZE = (280, 0)
LINKED_WIDTH = 420
"""Least width of nodes that name published files: the names are long."""


@dataclass(frozen=True)
class Frame:
    """A titled frame around nodes.

    Attributes:
        title: shown at its top.
        color: of the frame and its title.
        columns: types of the nodes in each column; "TYPE: TITLE" for those alone whose title begins so.
        only_with: type of node, in this or a later frame, without which the graph has no such frame, and a later frame
            takes its nodes.
        longest_column: nodes in a column beyond which it becomes several.
    """

    title: str
    color: str
    columns: tuple[tuple[str, ...], ...]
    only_with: str | None = None
    longest_column: int = LONGEST_COLUMN


BANDS = (
    (
        Frame(
            "Model and size",
            "#b58b2a",
            (
                (
                    "SharedWorldLoadModel",
                    "SharedWorldExtendBaseModel",
                    "SharedWorldLoadVAE",
                    "SharedWorldLoadGlobalStateEncoder",
                    "VAELoader",
                    "PrimitiveInt",
                    "PrimitiveFloat",
                ),
            ),
        ),
    ),
    (
        Frame(
            "Town",
            "#8a6fae",
            (("LoadImage", "SharedWorldPocketTown"), ("SharedWorldScenePreview",)),
            only_with="SharedWorldPocketTown",
        ),
        Frame("World Editor", "#3f789e", (("SharedWorldDrawAgents",),), only_with="SharedWorldDrawAgents"),
    ),
    (
        Frame(
            "Scene",
            "#8a6fae",
            (
                ("LoadImage: Photograph", "LoadImage: Depth", "LoadMoGeModel", "MoGeInference"),
                ("SharedWorldSceneFromImage",),
            ),
            only_with="SharedWorldSceneFromImage",
        ),
        Frame(
            "Video",
            "#8a6fae",
            (
                ("LoadVideo", "LoadDA3Model", "CheckpointLoaderSimple"),
                ("GetVideoComponents", "ImageToMask", "DA3Inference", "CLIPTextEncode", "SAM3_VideoTrack"),
                ("SharedWorldSceneFromVideo",),
                ("SharedWorldUnrollVideo", "SharedWorldSaveUnrolledVideo"),
            ),
            only_with="SharedWorldUnrollVideo",
        ),
        Frame(
            "Identities",
            "#88aaaa",
            (("LoadImage", "ImageFromBatch"), ("SharedWorldAgentIdentity",)),
            only_with="SharedWorldAgentIdentity",
        ),
    ),
    (
        Frame(
            "Sources",
            "#3f789e",
            (("SharedWorldLoadAgentsFile",), ("CreateCameraInfo", "SharedWorldAgentsFromCameras")),
            only_with="SharedWorldAgentsFromCameras",
        ),
    ),
    (
        Frame(
            "One world",
            "#a1309b",
            (
                ("SharedWorldCombineAgents", "SharedWorldPreviewAgents"),
                ("SharedWorldCheckAgents", "PreviewAny: What was"),
            ),
            only_with="SharedWorldCheckAgents",
        ),
    ),
    (
        Frame(
            "Agents",
            "#3f789e",
            (
                ("SharedWorldPathFromWaypoints",),
                ("SharedWorldCombineAgents", "SharedWorldCameraRig", "SharedWorldAgentBody"),
                ("SharedWorldScenePreview",),
            ),
            only_with="SharedWorldPathFromWaypoints",
        ),
        Frame(
            "Agents",
            "#3f789e",
            (("SharedWorldAgentBody",), ("SharedWorldScenePreview",)),
            only_with="SharedWorldAgentBody",
        ),
    ),
    (
        Frame(
            "Cameras",
            "#3f789e",
            (
                ("SharedWorldEncounterPreset", "SharedWorldLoadAgentsFile"),
                ("SharedWorldPreviewAgents",),
                ("SharedWorldRaymapBuilder",),
            ),
        ),
        Frame(
            "Actions",
            "#3f789e",
            (("SharedWorldActionScript", "SharedWorldLoadActionsFile"), ("SharedWorldPreviewActions",)),
        ),
        Frame(
            "First frames",
            "#88aaaa",
            (("LoadImage",),),
            only_with="SharedWorldMultiWorldConditioning",
            longest_column=1,
        ),
        Frame("First frames", "#88aaaa", (("LoadImage",), ("SharedWorldFourViewJoiner",), ("ImageScale",))),
    ),
    (
        Frame(
            "Condition videos",
            "#88aa88",
            (
                ("SharedWorldRenderConditionVideos",),
                ("SharedWorldAgentsGrid: Condition", "ImageStitch: Colours"),
                ("CreateVideo: Condition", "SaveVideo: Save the condition"),
            ),
            only_with="SharedWorldRenderConditionVideos",
        ),
        Frame(
            "Sampling",
            "#b06634",
            (
                (
                    "SharedWorldShareVerseConditioning",
                    "SharedWorldMultiWorldConditioning",
                    "SharedWorldMetaWorldConditioning",
                    "SharedWorldWorldRollout",
                ),
                ("SharedWorldJointSampler",),
            ),
        ),
        Frame(
            "Pictures",
            "#88aa88",
            (
                ("SharedWorldSplitAgents", "SharedWorldRenderInPocketTown"),
                ("StringConcatenate", "StringReplace"),
                ("SharedWorldAgentsGrid", "ImageStitch", "CreateVideo"),
                ("SaveVideo", "SharedWorldAgentsPlayer"),
            ),
        ),
    ),
    (Frame("Numbers", "#a1309b", (("SharedWorldEvaluate", "PreviewAny"),)),),
)
"""Frames below each other in bands from left to right; the note stands above the first."""


def arrange(graph: Graph, graph_id: str, note: str) -> Graph:
    """Return the graph with sizes, positions, frames, a note, and ids that depend on nothing but the graph.

    Nodes that name published files get the links to them.

    Args:
        graph: as the page serializes it after loading the API graph.
        graph_id: a UUID; the page keeps it.
        note: Markdown text of the note.

    Raises ValueError if a node belongs to no frame.
    """
    nodes = sorted((_prepared(node) for node in graph["nodes"]), key=lambda node: int(node["id"]))
    note_node = _note_node(note, nodes[-1]["id"] + 1)
    links = _renumber(nodes, graph["links"])
    return {
        "id": graph_id,
        "revision": 0,
        "last_node_id": note_node["id"],
        "last_link_id": len(links),
        "nodes": [note_node, *nodes],
        "links": links,
        "groups": _place(nodes, note_node["size"][1]),
        "config": {},
        "extra": {"ds": {"scale": 0.6, "offset": [140, 200]}},
        "version": 0.4,
    }


def _prepared(node: Node) -> Node:
    width, height = SIZES.get(node["type"], DEFAULT_SIZE)
    links = model_links(node.get("widgets_values", []))
    # Seeds stay: who opens the graph should see what its thumbnail shows.
    values = ["fixed" if value == "randomize" else value for value in node.get("widgets_values", [])]
    size = [max(width, LINKED_WIDTH if links else 0), max(height, round(node["size"][1]))]
    properties = {**node["properties"], "models": links} if links else node["properties"]
    return {**node, "size": size, "widgets_values": values, "properties": properties}


def _note_node(text: str, node_id: int) -> Node:
    return {
        "id": node_id,
        "type": NOTE_TYPE,
        "pos": [0, TITLE_HEIGHT],
        "size": [NOTE_WIDTH, _note_height(text)],
        "flags": {},
        "order": 0,
        "mode": 0,
        "inputs": [],
        "outputs": [],
        "title": "Read me",
        "properties": {},
        "widgets_values": [text],
        "color": "#432",
        "bgcolor": "#000",
    }


def _note_height(text: str) -> int:
    lines = sum(math.ceil(len(line) / NOTE_CHARACTERS) for line in text.splitlines())
    return max(SHORTEST_NOTE, lines * NOTE_LINE + NOTE_MARGIN)


def _place(nodes: Sequence[Node], note_height: int) -> list[dict[str, Any]]:
    """Set every node's position and return the frames as the page's groups."""
    groups: list[dict[str, Any]] = []
    homeless = list(nodes)
    left, top = 0, TITLE_HEIGHT + note_height + BAND_GAP
    for band in BANDS:
        right = left
        for frame in band:
            columns = _columns(frame, homeless)
            placed = [node for column in columns for node in column]
            homeless = [node for node in homeless if node not in placed]
            if columns:
                width, height = _place_columns(columns, left + FRAME_PADDING, top + FRAME_TITLE)
                size = [width + 2 * FRAME_PADDING, height + FRAME_TITLE + FRAME_PADDING]
                groups.append(_group(frame, len(groups) + 1, [left, top, *size]))
                top, right = top + size[1] + BAND_GAP, max(right, left + size[0])
        # The first band, whichever that is, stands below the note.
        left, top = (right + BAND_GAP, 0) if right > left else (left, top)
    if homeless:
        types = sorted({node["type"] for node in homeless})
        raise ValueError(f"No frame is meant for nodes of type {', '.join(types)}; add them to BANDS.")
    return groups


def _columns(frame: Frame, nodes: Sequence[Node]) -> list[list[Node]]:
    """The frame's nodes by column; a long column becomes several."""
    columns: list[list[Node]] = []
    if frame.only_with is not None and all(node["type"] != frame.only_with for node in nodes):
        return columns
    for kinds in frame.columns:
        column = [node for kind in kinds for node in nodes if _is(node, kind)]
        longest = frame.longest_column
        columns += [column[start : start + longest] for start in range(0, len(column), longest)]
    return columns


def _is(node: Node, kind: str) -> bool:
    """Whether a node is of a frame's "TYPE" or "TYPE: TITLE"."""
    node_type, _, title = kind.partition(": ")
    return node["type"] == node_type and node.get("title", "").startswith(title)


def _place_columns(columns: Sequence[Sequence[Node]], left: int, top: int) -> tuple[int, int]:
    """Set positions of the columns' nodes and return the width and height they take."""
    x, bottom = left, top
    for column in columns:
        y, width = top, max(node["size"][0] for node in column)
        for node in column:
            node["size"][0] = width
            node["pos"] = [x, y + TITLE_HEIGHT]
            y += TITLE_HEIGHT + node["size"][1] + ROW_GAP
        x, bottom = x + width + COLUMN_GAP, max(bottom, y - ROW_GAP)
    return x - COLUMN_GAP - left, bottom - top


def _group(frame: Frame, number: int, bounding: list[int]) -> dict[str, Any]:
    return {
        "id": number,
        "title": frame.title,
        "bounding": bounding,
        "color": frame.color,
        "font_size": 24,
        "flags": {},
    }


def _renumber(nodes: Sequence[Node], links: Sequence[list]) -> list[list]:
    """Number the links from 1, in the nodes too: the page counts those it made and dropped while loading."""
    numbers = {link[0]: number for number, link in enumerate(sorted(links), start=1)}
    for node in nodes:
        for socket in node.get("inputs", []):
            socket["link"] = numbers.get(socket.get("link"))
        for socket in node.get("outputs", []):
            socket["links"] = sorted(numbers[link] for link in socket.get("links") or []) or None
    return [[numbers[link[0]], *link[1:]] for link in sorted(links)]
