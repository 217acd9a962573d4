"""Run an example graph on a real ComfyUI: python -m shared_world.development.demo [GRAPH]."""

import argparse
import json
import sys
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

EXAMPLE = ROOT / "workflows" / "api" / "shareverse_two_agents.json"
OUTPUT = ROOT / "output"


def main() -> None:
    """Run the graph and print where its videos lie, or end with one sentence that says what went wrong."""
    parser = argparse.ArgumentParser(description="Run a graph in API format on a headless ComfyUI with this pack.")
    parser.add_argument("graph", nargs="?", type=Path, default=EXAMPLE, help="JSON file (default: %(default)s)")
    path = parser.parse_args().graph
    try:
        files = run_example(path, json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        sys.exit(f"Demo stopped: {error.filename} is missing.")
    except json.JSONDecodeError as error:
        sys.exit(f"Demo stopped: {path} is not JSON ({error}).")
    except (GraphRefused, GraphFailed, GraphInterrupted, ServerFailed, TimeoutError) as error:
        sys.exit(f"Demo stopped: {error}")
    except KeyboardInterrupt:
        sys.exit("Demo stopped.")
    if not files:
        sys.exit(f"Demo stopped: {path.name} ran but saved no file; does it end in a Save node?")
    print("\n".join(["Saved:", *(f"  {file}" for file in files)]))


def run_example(path: Path, graph: Graph) -> list[Path]:
    """Start ComfyUI, run the graph with a progress bar and return the files it saved."""
    models = example_models()
    copy_example_inputs(COMFYUI / "demo" / "input")
    print("Starting ComfyUI ...", flush=True)
    look = "{desc}: {percentage:3.0f}%|{bar}| {postfix}"
    with (
        ComfyServer(COMFYUI / "demo", models=[models], output=OUTPUT) as server,
        tqdm(total=len(graph), desc=path.stem, bar_format=look) as bar,
    ):

        def show(progress: Progress) -> None:
            bar.n = progress.finished + progress.value / progress.maximum
            bar.set_postfix_str(graph[progress.node]["class_type"] if progress.node in graph else "")

        outputs = server.run(graph, show, timeout=3600)
        bar.n = len(graph)
        bar.set_postfix_str("")
    return saved_files(outputs)


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
