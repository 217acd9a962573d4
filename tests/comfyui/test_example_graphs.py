import json
import math
import re

import pytest

from shared_world.development.comfyui_server import GraphRefused
from shared_world.development.locations import NEWEST, ROOT, comfyui_folder
from shared_world.development.model_links import OF_COMFYUI
from shared_world.development.page_graphs import INSTEAD, page_graph
from shared_world.development.short_runs import changed, short_run
from shared_world.tests.comfyui.test_videos import read_video

TWINS = sorted((ROOT / "workflows" / "api").glob("*.json"))
MULTIWORLD = [path for path in TWINS if path.stem.startswith("multiworld")]
METAWORLD = [path for path in TWINS if path.stem.startswith("metaworld")]
POCKET_METAWORLD = next(path for path in TWINS if path.stem == "pocket_metaworld")
AGENTS_ALONE = [path for path in TWINS if path.stem.startswith("agents")]
DRAWN = ROOT / "workflows" / "api" / "draw_and_play.json"
FRAMES, FRAME_RATE = 17, 4
WIDTH, HEIGHT = 96, 64
AGENTS, VIEWS = 2, 4
CHUNKS, CHUNK_FRAMES = 2, 9
FEW_FRAMES = 5
SMALL = {
    "SharedWorldMultiWorldConditioning": {"frames": CHUNK_FRAMES},
    "SharedWorldWorldRollout": {"chunks": CHUNKS, "chunk_frames": CHUNK_FRAMES},
    "SharedWorldRenderConditionVideos": {"width": WIDTH, "height": HEIGHT},
    "SharedWorldAgentIdentity": {"width": WIDTH, "height": HEIGHT},
}
"""Nodes of graphs whose weights do not come with the pack, with what makes their noise small."""


def small(graph):
    """The graph with fewer steps, frames and pixels: nearly all of its time would go to the VAE."""
    changes = short_run(graph)
    for node, entry in graph.items():
        changes[node] = changes.get(node, {}) | SMALL.get(entry["class_type"], {})
    # Those that are given are as many as there are poses.
    if "LoadVideo" not in {entry["class_type"] for entry in graph.values()}:
        titles = {entry.get("_meta", {}).get("title"): node for node, entry in graph.items()}
        changes |= {titles["Frames"]: {"value": FEW_FRAMES}} if "Frames" in titles else {}
    return changed(graph, changes)


def is_newest(server):
    return server.comfyui == comfyui_folder(NEWEST)


def one_step(graph):
    """The graph with a single step: enough to see that every node works."""
    samplers = [node for node, entry in graph.items() if entry["class_type"] == "SharedWorldJointSampler"]
    return changed(graph, {node: {"steps": 1} for node in samplers})


def output_nodes(server, graph):
    info = server.object_info()
    return {node for node, entry in graph.items() if info[entry["class_type"]]["output_node"]}


@pytest.mark.oldest
@pytest.mark.parametrize(
    "path",
    [path for path in TWINS if path not in [*MULTIWORLD, *METAWORLD, *AGENTS_ALONE, POCKET_METAWORLD, DRAWN]],
    ids=lambda path: path.stem,
)
def test_example_graph_runs_and_saves_its_videos(server, path):
    graph = json.loads(path.read_text(encoding="utf-8"))
    graph = graph if is_newest(server) else one_step(graph)
    outputs = server.run(graph)
    assert set(outputs) == output_nodes(server, graph)
    savers = {entry["_meta"]["title"]: node for node, entry in graph.items() if entry["class_type"] == "SaveVideo"}
    videos = {title: [read_video(server, entry) for entry in outputs[node]["images"]] for title, node in savers.items()}
    assert {rate for title in videos for rate, _ in videos[title]} == {FRAME_RATE}
    ((_, grid),) = videos.pop("Save the grid")
    assert len(grid) == FRAMES
    assert grid.shape[2] > VIEWS * WIDTH
    if path.stem == "pocket_two_agents" and is_newest(server):
        generated_views_stand_above_the_true_ones(grid[0].astype(float))
    for each_view in videos.values():
        assert [frames.shape for _, frames in each_view] == [(FRAMES, HEIGHT // 2, WIDTH // 2, 3)] * AGENTS * VIEWS
    for table in [outputs[node]["text"][0] for node, entry in graph.items() if entry["class_type"] == "PreviewAny"]:
        rows = rows_of(table)
        assert not is_newest(server) or rows["PSNR dB"]["generated"] > rows["PSNR dB"]["frozen first frame"]


def generated_views_stand_above_the_true_ones(first):
    """Both halves of the first frame of the grid show the given frame."""
    generated, true = first[: len(first) // 2 - 4], first[-(len(first) // 2 - 4) :]
    below_the_labels = slice(16, None)
    given = abs(generated - true)[below_the_labels].mean()
    assert 0.0 < given < 20.0


def rows_of(table):
    """Numbers of a table in Markdown by row, without arrow and pixels, and column; NaN where there is none."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:1] == "|"]
    heading, _, *rows = cells
    return {
        re.split(r" [↑↓(]", name)[0]: {
            column: float(value) if value != "-" else math.nan for column, value in zip(heading[1:], row, strict=True)
        }
        for name, *row in rows
    }


@pytest.mark.oldest
def test_two_drivers_of_the_pocket_metaworld_see_each_other(server):
    graph = json.loads(POCKET_METAWORLD.read_text(encoding="utf-8"))
    graph = graph if is_newest(server) else one_step(graph)
    outputs = server.run(graph)
    assert set(outputs) == output_nodes(server, graph)
    nodes = {entry.get("_meta", {}).get("title"): node for node, entry in graph.items()}
    drivers = [read_video(server, entry) for entry in outputs[nodes["Save each agent's video"]]["images"]]
    assert [(rate, frames.shape) for rate, frames in drivers] == [(FRAME_RATE, (FRAMES, HEIGHT, WIDTH, 3))] * AGENTS
    rows = rows_of(outputs[nodes["How near they are"]]["text"][0])
    if not is_newest(server):
        return
    # Each is where the paths put it: more than half of its pixels are nearer to the car than to the street.
    for name in ("PSNR dB", "other car dB", "car hit"):
        assert rows[name]["generated"] > rows[name]["frozen first frame"]
    assert rows["car hit"]["generated"] > 0.5
    assert rows["car colour off"]["generated"] < rows["car colour off"]["frozen first frame"]


@pytest.mark.oldest
@pytest.mark.parametrize("path", AGENTS_ALONE, ids=lambda path: path.stem)
def test_agents_of_all_sources_meet_in_one_town_without_a_warning(server, path):
    graph = json.loads(path.read_text(encoding="utf-8"))
    outputs = server.run(graph)
    assert set(outputs) == output_nodes(server, graph)
    types = {entry["class_type"]: node for node, entry in graph.items()}
    (report,) = outputs[types["PreviewAny"]]["text"]
    assert report.startswith("Nothing looks wrong.")
    assert "4 agents, 17 frames at 4 per second" in report
    (entry,) = outputs[types["SaveVideo"]]["images"]
    rate, grid = read_video(server, entry)
    assert (rate, len(grid)) == (FRAME_RATE, FRAMES)
    assert grid.shape[2] > VIEWS * graph[types["SharedWorldAgentsGrid"]]["inputs"]["view_width"]


def test_drawn_agents_drive_on_from_where_the_town_shows_them_and_all_their_views_are_played(server):
    graph = one_step(json.loads(DRAWN.read_text(encoding="utf-8")))
    outputs = server.run(graph)
    (seed,) = outputs["6"]["shared_world_seed"]
    assert [agent["name"] for agent in json.loads(seed)["agents"]] == ["agent 1", "agent 2"]
    (description,) = outputs["11"]["shared_world_player"]
    rows = json.loads(server.view(description))["rows"]
    assert [len(row["views"]) for row in rows] == [VIEWS] * AGENTS


def clip_of(graph):
    """Frames, width and height of each view, as the graph says."""
    clips = {entry["class_type"]: entry["inputs"] for entry in graph.values() if "height" in entry["inputs"]}
    (clip,) = clips.values()
    rollout = (CHUNK_FRAMES - 1) * CHUNKS + 1
    frames = clip["frames"] if "SharedWorldMultiWorldConditioning" in clips else rollout
    return frames, clip["width"], clip["height"]


@pytest.mark.oldest
@pytest.mark.parametrize("path", MULTIWORLD, ids=lambda path: path.stem)
def test_multiworld_graph_runs_small_and_saves_the_videos_of_its_views_side_by_side(server, path):
    graph = json.loads(path.read_text(encoding="utf-8"))
    graph = small(graph)
    outputs = server.run(graph)
    assert set(outputs) == output_nodes(server, graph)
    types = {entry["class_type"]: node for node, entry in graph.items()}
    (entry,) = outputs[types["SaveVideo"]]["images"]
    rate, grid = read_video(server, entry)
    columns = graph[types["SharedWorldAgentsGrid"]]["inputs"]["columns"]
    frames, width, height = clip_of(graph)
    assert rate == (60 if columns == 2 else 20)
    assert len(grid) == frames
    assert columns * width <= grid.shape[2] < (columns + 1) * width
    assert height <= grid.shape[1] < 2 * height
    assert len(outputs[types["SharedWorldPreviewActions"]]["images"]) == 1
    if "SharedWorldWorldRollout" in types:
        (folder,) = outputs[types["SharedWorldWorldRollout"]]["text"]
        assert len(list((server.output / folder).glob("*.latent"))) == CHUNKS


def blue_share(frames):
    """Share of the pixels, by frame, that only the marker of a body has."""
    red, green, blue = frames.astype(int).transpose(3, 0, 1, 2)
    return ((blue > 150) & (red < 70) & (green < 70)).mean((1, 2))


@pytest.mark.oldest
@pytest.mark.parametrize("path", METAWORLD, ids=lambda path: path.stem)
def test_metaworld_graph_shows_its_scene_and_saves_condition_and_generated_videos(server, path):
    graph = json.loads(path.read_text(encoding="utf-8"))
    graph = small(graph)
    outputs = server.run(graph)
    assert set(outputs) == output_nodes(server, graph)
    types = {entry["class_type"]: node for node, entry in graph.items()}
    values = {entry["_meta"]["title"]: entry["inputs"].get("value") for entry in graph.values() if "_meta" in entry}
    agents = sum(entry["class_type"] == "SharedWorldPathFromWaypoints" for entry in graph.values())
    agents += "SharedWorldUnrollVideo" in types  # the camera of the video has a path, and there is one subject
    savers = {entry["_meta"]["title"]: node for node, entry in graph.items() if entry["class_type"] == "SaveVideo"}
    videos = {}
    for title, node in savers.items():
        (entry,) = outputs[node]["images"]
        rate, videos[title] = read_video(server, entry)
        assert rate == values["Frame rate"]
        assert len(videos[title]) == values["Frames"]
        assert agents * WIDTH <= videos[title].shape[2] < (agents + 1) * WIDTH
    conditions, generated = videos["Save the condition videos"], videos["Save the grid"]
    assert 2 * HEIGHT <= conditions.shape[1] < 3 * HEIGHT  # depth below colours
    assert HEIGHT <= generated.shape[1] < 2 * HEIGHT
    assert (blue_share(conditions).max() > 0.002) == ("SharedWorldAgentBody" in types)
    assert len(outputs[types["SharedWorldScenePreview"]]["images"]) == 2


@pytest.mark.oldest
@pytest.mark.parametrize("name", sorted(INSTEAD))
def test_page_graph_with_models_of_comfyui_lacks_nothing_but_their_files(server, name):
    graph = page_graph(name, json.loads((ROOT / "workflows" / "api" / f"{name}.json").read_text(encoding="utf-8")))
    with pytest.raises(GraphRefused) as refused:
        server.queue(graph)
    errors = [(node, error["type"]) for node, entry in refused.value.node_errors.items() for error in entry["errors"]]
    assert {kind for _, kind in errors} == {"value_not_in_list"}
    files = {value for node, _ in errors for value in texts(graph[node]) if value in OF_COMFYUI}
    assert files == {value for entry in graph.values() for value in texts(entry) if value in OF_COMFYUI}
    assert len(files) == len(errors)


def texts(entry):
    return [value for value in entry["inputs"].values() if isinstance(value, str)]
