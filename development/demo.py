"""Run an example graph on a real ComfyUI: python -m shared_world.development.demo [GRAPH]."""

import argparse
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from .comfyui_server import (
    ComfyServer,
    Graph,
    GraphFailed,
    GraphInterrupted,
    GraphRefused,
    Outputs,
    Progress,
    ServerFailed,
)
from .example_inputs import copy_example_inputs
from .example_models import example_models
from .locations import COMFYUI, ROOT

EXAMPLE = ROOT / "workflows" / "api" / "pocket_two_agents.json"
OUTPUT = ROOT / "output"


SHORTEST_SECONDS = 0.2
"""Nodes that take less are not listed."""


@dataclass
class Stopwatch:
    """Seconds that each of several consecutive activities took.

    Attributes:
        seconds: by activity, in order of their first start.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    _activity: str = ""
    _since: float = 0.0

    def start(self, activity: str) -> None:
        """End what was going on and start this; an empty name starts nothing."""
        now = time.monotonic()
        if self._activity:
            self.seconds[self._activity] = self.seconds.get(self._activity, 0.0) + now - self._since
        self._activity, self._since = activity, now


@dataclass(frozen=True)
class Result:
    """What a graph left behind.

    Attributes:
        files: that it saved.
        texts: that its nodes show.
        seconds: that the start of ComfyUI and each type of node took.
    """

    files: list[Path]
    texts: list[str]
    seconds: dict[str, float]


def main() -> None:
    """Run the graph, print where its videos lie and what its nodes say, or end with one sentence on what went wrong."""
    parser = argparse.ArgumentParser(description="Run a graph in API format on a headless ComfyUI with this pack.")
    parser.add_argument("graph", nargs="?", type=Path, default=EXAMPLE, help="JSON file (default: %(default)s)")
    path = parser.parse_args().graph
    try:
        result = run_example(path, json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        sys.exit(f"Demo stopped: {error.filename} is missing.")
    except json.JSONDecodeError as error:
        sys.exit(f"Demo stopped: {path} is not JSON ({error}).")
    except (GraphRefused, GraphFailed, GraphInterrupted, ServerFailed, TimeoutError) as error:
        sys.exit(f"Demo stopped: {error}")
    except KeyboardInterrupt:
        sys.exit("Demo stopped.")
    for text in result.texts:
        print(f"\n{text}")
    if not result.files:
        sys.exit(f"Demo stopped: {path.name} ran but saved no file; does it end in a Save node?")
    print("\n".join(["", "Saved:", *(f"  {file}" for file in result.files), "", taken(result.seconds)]))


def run_example(path: Path, graph: Graph) -> Result:
    """Start ComfyUI and run the graph with a progress bar."""
    models = example_models()
    copy_example_inputs(COMFYUI / "demo" / "input")
    print("Starting ComfyUI ...", flush=True)
    watch = Stopwatch()
    watch.start("start of ComfyUI")
    look = "{desc}: {percentage:3.0f}%|{bar}| {postfix}"
    with (
        ComfyServer(COMFYUI / "demo", models=[models], output=OUTPUT) as server,
        tqdm(total=len(graph), desc=path.stem, bar_format=look) as bar,
    ):

        def show(progress: Progress) -> None:
            node_type = graph[progress.node]["class_type"] if progress.node in graph else ""
            watch.start(node_type)
            bar.n = progress.finished + progress.value / progress.maximum
            bar.set_postfix_str(node_type)

        outputs = server.run(graph, show, timeout=3600)
        watch.start("")
        bar.n = len(graph)
        bar.set_postfix_str("")
    return Result(saved_files(outputs), texts(outputs), watch.seconds)


def taken(seconds: dict[str, float]) -> str:
    """The seconds in one line."""
    parts = [f"{activity} {value:.1f} s" for activity, value in seconds.items() if value >= SHORTEST_SECONDS]
    return f"Took {sum(seconds.values()):.1f} s: {', '.join(parts)}."


def texts(outputs: Outputs) -> list[str]:
    """Return the texts among what the nodes showed, each once."""
    return list(dict.fromkeys(text for shown in outputs.values() for text in shown.get("text", [])))


def saved_files(outputs: Outputs) -> list[Path]:
    """Return the paths of the files in the output folder among what the nodes showed."""
    return [
        OUTPUT / entry.get("subfolder", "") / entry["filename"]
        for shown in outputs.values()
        for entries in shown.values()
        for entry in entries
        if isinstance(entry, dict) and entry.get("type") == "output"
    ]


if __name__ == "__main__":
    main()
