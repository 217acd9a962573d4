import json

import pytest

from shared_world.development.locations import ROOT
from shared_world.tests.comfyui.test_videos import read_video

TWINS = sorted((ROOT / "workflows" / "api").glob("*.json"))
FRAMES, FRAME_RATE = 17, 4
WIDTH, HEIGHT = 96, 64
AGENTS, VIEWS = 2, 4


@pytest.mark.oldest
@pytest.mark.parametrize("path", TWINS, ids=lambda path: path.stem)
def test_example_graph_runs_and_saves_its_videos(server, path):
    graph = json.loads(path.read_text(encoding="utf-8"))
    info = server.object_info()
    outputs = server.run(graph)
    assert set(outputs) == {node for node, entry in graph.items() if info[entry["class_type"]]["output_node"]}
    savers = {entry["_meta"]["title"]: node for node, entry in graph.items() if entry["class_type"] == "SaveVideo"}
    videos = {title: [read_video(server, entry) for entry in outputs[node]["images"]] for title, node in savers.items()}
    assert {rate for title in videos for rate, _ in videos[title]} == {FRAME_RATE}
    ((_, grid),) = videos.pop("Save the grid")
    assert len(grid) == FRAMES
    assert grid.shape[2] > VIEWS * WIDTH
    for each_view in videos.values():
        assert [frames.shape for _, frames in each_view] == [(FRAMES, HEIGHT // 2, WIDTH // 2, 3)] * AGENTS * VIEWS
    for table in [outputs[node]["text"][0] for node, entry in graph.items() if entry["class_type"] == "PreviewAny"]:
        heading, psnr = ([cell.strip() for cell in table.splitlines()[line].split("|")] for line in (2, 4))
        assert float(psnr[heading.index("generated")]) > float(psnr[heading.index("frozen first frame")])


def test_generated_views_stand_above_the_true_ones(server):
    graph = json.loads((ROOT / "workflows" / "api" / "pocket_two_agents.json").read_text(encoding="utf-8"))
    (entry,) = server.run(graph)["17"]["images"]
    first = read_video(server, entry)[1][0].astype(float)
    generated, true = first[: len(first) // 2 - 4], first[-(len(first) // 2 - 4) :]
    below_the_labels = slice(16, None)
    given = abs(generated - true)[below_the_labels].mean()  # both start from the given frame
    assert 0.0 < given < 20.0
