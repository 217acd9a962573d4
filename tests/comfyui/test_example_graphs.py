import json

import imageio.v3
import pytest

from shared_world.development.locations import ROOT
from shared_world.development.tiny_checkpoints import FRAMES, HEIGHT, WIDTH

TWINS = sorted((ROOT / "workflows" / "api").glob("*.json"))
VIEWS = 4


@pytest.mark.oldest
@pytest.mark.parametrize("path", TWINS, ids=lambda path: path.stem)
def test_example_graph_runs_and_saves_its_videos(server, path):
    graph = json.loads(path.read_text(encoding="utf-8"))
    outputs = server.run(graph)
    savers = {entry["_meta"]["title"]: node for node, entry in graph.items() if entry["class_type"] == "SaveVideo"}
    videos = {
        title: [server.output / entry["subfolder"] / entry["filename"] for entry in outputs[node]["images"]]
        for title, node in savers.items()
    }
    (grid,) = videos["Save the grid"]
    frames = imageio.v3.imread(grid, plugin="pyav")
    assert len(frames) == FRAMES
    assert frames.shape[2] > VIEWS * WIDTH
    if "Save each agent and view" in videos:
        sizes = [imageio.v3.improps(video, plugin="pyav").shape for video in videos["Save each agent and view"]]
        assert sizes == [(FRAMES, HEIGHT // 2, WIDTH // 2, 3)] * 2 * VIEWS
