"""Graphs with places for a video."""

import json

import pytest

from shared_world.data_engine.graph import DEFAULT_GRAPH, read_template

POSED = DEFAULT_GRAPH.with_name("unroll_posed_video.json")


def written(folder, graph):
    path = folder / "graph.json"
    path.write_text(json.dumps(graph))
    return path


def test_places_become_files_of_the_servers_input_folder():
    template = read_template(POSED)
    assert template.endings == (".agents.json", ".depth.mkv", ".subject.mkv")
    beside = {ending: f"place/video{ending}" for ending in template.endings}
    graph = template.filled("place/video.mp4", beside, "place")
    values = [value for entry in graph.values() for value in entry["inputs"].values() if isinstance(value, str)]
    assert {"place/video.mp4", *beside.values()} <= set(values)
    assert not [value for value in values if "{" in value]
    saver = graph[template.saver]["inputs"]
    assert (saver["filename_prefix"], saver["folder"]) == ("place", "temporary")
    assert read_template(POSED) == template


def test_every_input_of_the_default_graph_but_models_is_connected_or_set():
    """Whether servers take it is tested with the command."""
    graph = read_template(DEFAULT_GRAPH).graph
    links = [value for entry in graph.values() for value in entry["inputs"].values() if isinstance(value, list)]
    assert {node for node, _ in links} | {read_template(DEFAULT_GRAPH).saver} == set(graph)


def test_settings_change_the_graph_and_what_it_is_called():
    changed = read_template(DEFAULT_GRAPH, ["Subjects.text=dog, cat", "Tracks.max_objects=2", "Depth.mode=mono"])
    values = {entry["_meta"]["title"]: entry["inputs"] for entry in changed.graph.values()}
    assert values["Subjects"]["text"] == "dog, cat"
    assert values["Tracks"]["max_objects"] == 2
    assert values["Depth"]["mode"] == "mono"
    assert changed.digest() != read_template(DEFAULT_GRAPH).digest()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("Subjects", "is no setting; write TITLE.INPUT=VALUE"),
        ("Subject.text=dog", "0 nodes of the graph are called 'Subject'"),
        ("Subjects.words=dog", "node 'Subjects' has no input 'words'; choose from clip, text"),
    ],
)
def test_settings_that_do_not_fit_are_named(setting, message):
    with pytest.raises(ValueError, match=message):
        read_template(DEFAULT_GRAPH, [setting])


def test_graphs_that_cannot_unroll_are_refused(tmp_path):
    graph = read_template(DEFAULT_GRAPH).graph
    with pytest.raises(FileNotFoundError):
        read_template(tmp_path / "none.json")
    (tmp_path / "text.json").write_text("{")
    with pytest.raises(ValueError, match="the graph cannot be read"):
        read_template(tmp_path / "text.json")
    with pytest.raises(ValueError, match=r"save it in ComfyUI with Export \(API\)"):
        read_template(written(tmp_path, {"nodes": [], "links": []}))
    with pytest.raises(ValueError, match="the graph has 0 nodes Save Unrolled Video"):
        read_template(written(tmp_path, {node: graph[node] for node in ("1", "2")}))
    with pytest.raises(ValueError, match="stands for the video"):
        read_template(DEFAULT_GRAPH, ["Video.file=ride.mp4"])
