"""The graph that unrolls one video: a file in ComfyUI's API format with places for the video.

A value of an input that is `{video}` stands for the video, one such as `{stem}.depth.mkv` for the file beside it that
has its name with another ending. Both become names of files in the server's input folder.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..world.formats.files import read_text

Graph = dict[str, dict[str, Any]]

DEFAULT_GRAPH = Path(__file__).with_name("unroll_video.json")
SAVER = "SharedWorldSaveUnrolledVideo"
VIDEO, STEM = "{video}", "{stem}"


@dataclass(frozen=True)
class Template:
    """A graph with places.

    Attributes:
        graph: in API format.
        saver: id of its node Save Unrolled Video.
    """

    graph: Graph
    saver: str

    @property
    def endings(self) -> tuple[str, ...]:
        """Of the files that lie beside every video, such as ".depth.mkv"."""
        found = {value[len(STEM) :] for value in _texts(self.graph) if value.startswith(STEM)}
        return tuple(sorted(found))

    def digest(self) -> str:
        """What changes when the graph does."""
        return hashlib.sha256(json.dumps(self.graph, sort_keys=True).encode()).hexdigest()

    def filled(self, video: str, beside: Mapping[str, str], folder: str) -> Graph:
        """The graph for one video.

        Args:
            video: its path in the server's input folder.
            beside: the same for the files beside it, by their endings.
            folder: where the result is saved in the server's temp folder.
        """
        names = {VIDEO: video} | {STEM + ending: path for ending, path in beside.items()}
        graph = {
            node: {**entry, "inputs": {name: _replaced(value, names) for name, value in entry["inputs"].items()}}
            for node, entry in self.graph.items()
        }
        graph[self.saver]["inputs"] |= {"filename_prefix": folder, "folder": "temporary"}
        return graph


def read_template(path: Path, settings: Sequence[str] = ()) -> Template:
    """A graph from a file, with some of its values changed.

    Args:
        path: of a graph in API format.
        settings: "TITLE.INPUT=VALUE" each: the title of a node in the graph, or its class or id. The value is JSON, or
            else text.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no graph in API format, has no place for a video or not one node that saves, or a setting
            does not fit.
    """
    try:
        graph = json.loads(read_text(path))
    except ValueError as error:
        raise ValueError(f"{path}: the graph cannot be read ({error}).") from error
    nodes = list(graph.values()) if isinstance(graph, dict) else [None]
    if not all(isinstance(entry, dict) and "class_type" in entry for entry in nodes):
        raise ValueError(f"{path}: this is no graph in API format; save it in ComfyUI with Export (API).")
    graph = {node: {**entry, "inputs": dict(entry.get("inputs", {}))} for node, entry in graph.items()}
    for setting in settings:
        _change(graph, setting)
    savers = [node for node, entry in graph.items() if entry["class_type"] == SAVER]
    if len(savers) != 1:
        raise ValueError(f"{path}: the graph has {len(savers)} nodes Save Unrolled Video, expected one.")
    if VIDEO not in _texts(graph):
        raise ValueError(f'{path}: no input of the graph is "{VIDEO}", which stands for the video; set one.')
    return Template(graph, savers[0])


def _texts(graph: Graph) -> list[str]:
    return [value for entry in graph.values() for value in entry["inputs"].values() if isinstance(value, str)]


def _replaced(value: Any, names: Mapping[str, str]) -> Any:
    return names.get(value, value) if isinstance(value, str) else value


def _change(graph: Graph, setting: str) -> None:
    place, equals, text = setting.partition("=")
    title, dot, name = place.partition(".")
    if not equals or not dot:
        raise ValueError(f"'{setting}' is no setting; write TITLE.INPUT=VALUE, such as Depth.resolution=504.")
    nodes = [
        node
        for node, entry in graph.items()
        if title in (node, entry["class_type"], entry.get("_meta", {}).get("title"))
    ]
    if len(nodes) != 1:
        raise ValueError(f"'{setting}': {len(nodes)} nodes of the graph are called '{title}', expected one.")
    inputs = graph[nodes[0]]["inputs"]
    if name not in inputs:
        raise ValueError(f"'{setting}': node '{title}' has no input '{name}'; choose from {', '.join(inputs)}.")
    try:
        inputs[name] = json.loads(text)
    except ValueError:
        inputs[name] = text
