"""Make the example graphs of the page from their API twins: python -m shared_world.development.make_workflows.

ComfyUI's own page loads each of `workflows/api`, so that nodes, sockets and values are written as it writes them. They
are laid out, framed and annotated; the result is loaded again and must convert back. Where the page's graph has models
in place of files (see `page_graphs`), it is the twin that runs. A picture of each
graph after a run goes to a scratch folder, to be looked at, and a thumbnail for the template browser beside the graph.
"""

import argparse
import json
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

from .comfyui_page import ComfyPage, chromium, chromium_path
from .comfyui_server import ComfyServer
from .example_inputs import copy_example_inputs
from .example_models import example_models
from .locations import COMFYUI, ROOT
from .page_graphs import INSTEAD, page_graph
from .short_runs import changed, changed_values, short_run
from .workflow_layout import arrange
from .workflow_notes import note
from .workflow_thumbnail import write_panels, write_thumbnail

WORKFLOWS = ROOT / "workflows"
TWINS = WORKFLOWS / "api"
SCREENSHOTS = COMFYUI / "screenshots"
MARGIN = 40
PANELS = (70, 160, 20, 160)
"""Pixels that the page's panels take at the left, top, right and bottom."""
EDITOR, PLAYER = ".shared-world-editor-ground", ".shared-world-player-grid"
"""Parts of the page that a thumbnail shows: the editor's map, and the player's videos."""
SETTLING_MILLISECONDS = 4000
"""Previews load, and videos show their first frame."""


def main() -> None:
    """Make all graphs, or those named."""
    parser = argparse.ArgumentParser(description="Make workflows/*.json from workflows/api/*.json.")
    parser.add_argument("graphs", nargs="*", help="names without .json (default: all)")
    names = parser.parse_args().graphs or sorted(path.stem for path in TWINS.glob("*.json"))
    executable = chromium_path()
    if executable is None:
        sys.exit("There is no Chromium on PATH (apt-get install chromium).")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        ComfyServer(Path(folder) / "server", models=[example_models()]) as server,
        chromium(executable, Path(folder)) as browser,
    ):
        copy_example_inputs(server.input)
        for name in names:
            context = browser.new_context(viewport={"width": 1600, "height": 900})
            page = ComfyPage(context.new_page(), server)
            page.open()
            page.change_setting("Comfy.Minimap.Visible", False)
            make_graph(page, name)
            context.close()


def make_graph(page: ComfyPage, name: str) -> None:
    """Write workflows/NAME.json, its thumbnail and a picture of it after a run."""
    twin = json.loads((TWINS / f"{name}.json").read_text(encoding="utf-8"))
    shown = page_graph(name, twin)
    page.load_api(shown)
    graph = arrange(page.graph(), str(uuid.uuid5(uuid.NAMESPACE_URL, f"shared-world/{name}")), note(name))
    page.load(graph)
    check_twin(page.api_graph(), shown)
    write_json(WORKFLOWS / f"{name}.json", graph)

    changes = short_run(twin)
    if name in INSTEAD:
        outputs = page.server.run(changed(twin, changes))
    else:
        page.change_widgets(changes)
        outputs = run_on_page(page, name)
        page.change_widgets(changed_values(twin, changes))
    take_picture(page, graph, SCREENSHOTS / f"{name}.png")
    if page.page.locator(EDITOR).count():
        write_panels(*(page.page.locator(panel).screenshot() for panel in (EDITOR, PLAYER)), WORKFLOWS / f"{name}.jpg")
    else:
        write_thumbnail(page.server, twin, outputs, WORKFLOWS / f"{name}.jpg")
    print(f"{name}: workflows/{name}.json, workflows/{name}.jpg, {SCREENSHOTS.relative_to(ROOT)}/{name}.png")


def run_on_page(page: ComfyPage, name: str) -> dict[str, Any]:
    """What the nodes showed."""
    run = page.run()
    if run["status"]["status_str"] != "success":
        sys.exit(f"{name} did not run: {run['status']['messages'][-1]}")
    return run["outputs"]


def check_twin(made: dict[str, Any], twin: dict[str, Any]) -> None:
    """Stop if the page would queue another graph than the twin."""
    if made.keys() != twin.keys():
        sys.exit(f"The page made nodes {sorted(made)} of nodes {sorted(twin)}.")
    for node, wanted in twin.items():
        for part in ("class_type", "inputs"):
            if made[node][part] != wanted[part]:
                sys.exit(f"Node {node} became {made[node][part]}, its twin says {wanted[part]}.")


def write_json(path: Path, graph: dict[str, Any]) -> None:
    """Write a graph as the page downloads it."""
    path.write_text(json.dumps(graph, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def take_picture(page: ComfyPage, graph: dict[str, Any], path: Path) -> None:
    """Save a picture of the whole graph at its full size, without the page's panels around it."""
    boxes = [[*node["pos"], *node["size"]] for node in graph["nodes"]] + [
        frame["bounding"] for frame in graph["groups"]
    ]
    width = round(max(x + width for x, _, width, _ in boxes)) + 2 * MARGIN
    height = round(max(y + height for _, y, _, height in boxes)) + 2 * MARGIN
    left, top, right, bottom = PANELS
    page.page.set_viewport_size({"width": left + width + right, "height": top + height + bottom})
    page.page.evaluate(
        "offset => { app.canvas.ds.scale = 1; app.canvas.ds.offset = offset; app.canvas.setDirty(true, true) }",
        [left + MARGIN, top + MARGIN],
    )
    page.page.wait_for_timeout(SETTLING_MILLISECONDS)
    page.page.screenshot(path=path, clip={"x": left, "y": top, "width": width, "height": height})


if __name__ == "__main__":
    main()
