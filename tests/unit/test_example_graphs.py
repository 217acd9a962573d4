"""The example graphs as files; they run in tests/comfyui and open in tests/browser."""

import json

import pytest
import torch
from PIL import Image

from shared_world.development.example_inputs import EXAMPLE_INPUTS
from shared_world.development.locations import ROOT
from shared_world.development.model_links import OF_COMFYUI, comfyui_link
from shared_world.development.page_graphs import INSTEAD
from shared_world.development.short_runs import changed, short_run
from shared_world.development.workflow_layout import NOTE_TYPE
from shared_world.development.workflow_notes import note
from shared_world.models.published_files import PUBLISHED_FILES
from shared_world.world.actions.reading import read_actions
from shared_world.world.encounters import encounter
from shared_world.world.formats.registry import read_agents

WORKFLOWS = sorted((ROOT / "workflows").glob("*.json"))
SHIPPED = {path.name for path in (ROOT / "pocket" / "checkpoints").rglob("*.safetensors")}
PUBLISHED = {file.name: file for file in PUBLISHED_FILES.values()}
LARGEST_INPUTS = 1_000_000
"""Bytes: whoever installs the pack downloads them."""
each_graph = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def nodes_of_type(path, class_type):
    graph = json.loads((path.parent / "api" / path.name).read_text(encoding="utf-8"))
    return [entry["inputs"] for entry in graph.values() if entry["class_type"] == class_type]


def test_every_graph_of_the_page_has_its_api_twin():
    assert [path.stem for path in WORKFLOWS] == sorted(path.stem for path in (ROOT / "workflows" / "api").iterdir())


@each_graph
def test_note_has_five_lines_and_is_the_current_one(path):
    graph = json.loads(path.read_text(encoding="utf-8"))
    (text,) = [node["widgets_values"][0] for node in graph["nodes"] if node["type"] == NOTE_TYPE]
    assert text == note(path.stem), "run python -m shared_world.development.make_workflows"
    assert len(text.splitlines()) == 5


@each_graph
def test_thumbnail_is_small(path):
    thumbnail = path.with_suffix(".jpg")
    assert thumbnail.stat().st_size < 60_000
    with Image.open(thumbnail) as picture:
        assert picture.size == (512, 320)


@each_graph
def test_graph_reads_only_inputs_that_come_with_the_pack(path):
    names = [inputs["image"] for inputs in nodes_of_type(path, "LoadImage")]
    names += [inputs["file"] for inputs in nodes_of_type(path, "LoadVideo")]
    names += [inputs["file"] for inputs in nodes_of_type(path, "SharedWorldLoadAgentsFile")]
    for inputs in nodes_of_type(path, "SharedWorldLoadActionsFile"):
        names += [inputs["file"], *inputs["camera_files"].split(", ")]
    assert names or nodes_of_type(path, "SharedWorldPocketTown")
    assert [name for name in names if not (EXAMPLE_INPUTS / name).is_file()] == []


def test_inputs_are_small():
    assert sum(path.stat().st_size for path in EXAMPLE_INPUTS.iterdir()) < LARGEST_INPUTS


@each_graph
def test_graph_needs_no_other_weights_than_those_of_the_pack_or_published_ones(path):
    names = {inputs["model_name"] for inputs in nodes_of_type(path, "SharedWorldLoadModel")}
    names |= {inputs["model_name"] for inputs in nodes_of_type(path, "SharedWorldLoadGlobalStateEncoder")}
    names |= {
        inputs["vae_name"] for kind in ("SharedWorldLoadVAE", "VAELoader") for inputs in nodes_of_type(path, kind)
    }
    if nodes_of_type(path, "SharedWorldExtendBaseModel"):  # extends a base, and none can come with the pack
        assert "does not come with the pack" in note(path.stem)
    elif path.stem.startswith("agents"):  # nothing is generated
        assert names == set()
        assert "there is no model" in note(path.stem)
    elif path.stem.startswith("metaworld"):  # nobody has published any
        assert names == {"metaworld_tiny.safetensors", "wan_vae_tiny.safetensors"}
        assert "are not public" in note(path.stem)
        assert "does not come with the pack" in note(path.stem)
    elif names & set(PUBLISHED):
        assert names <= set(PUBLISHED)
        for name in names:
            assert f"`models/{PUBLISHED[name].kind}/{name}`" in note(path.stem)
            assert PUBLISHED[name].licence.summary in note(path.stem)
    else:
        assert len(names & SHIPPED) == len(names) == 2


@each_graph
def test_nodes_that_name_published_files_carry_links_from_which_the_page_offers_them(path):
    nodes = json.loads(path.read_text(encoding="utf-8"))["nodes"]
    named = {node["id"]: [PUBLISHED[value] for value in widget_values(node) if value in PUBLISHED] for node in nodes}
    linked = {node["id"]: links_of(node, PUBLISHED) for node in nodes}
    assert [sum(map(len, found.values())) for found in (linked, named)] == [3 if "multiworld" in path.stem else 0] * 2
    for node, files in named.items():
        for link, file in zip(linked[node], files, strict=True):
            assert (link["name"], link["directory"], link.get("hash")) == (file.name, file.kind, file.sha256)
            assert link["url"] == f"https://huggingface.co/{file.repository}/resolve/main/{file.path}"


@each_graph
def test_page_asks_for_files_of_comfyui_where_the_twin_reads_what_they_estimate(path):
    nodes = json.loads(path.read_text(encoding="utf-8"))["nodes"]
    named = {value for node in nodes for value in widget_values(node) if value in OF_COMFYUI}
    assert bool(named) == (path.stem in INSTEAD)
    assert named == {link["name"] for node in nodes for link in links_of(node, OF_COMFYUI)}
    for name in named:
        assert f"[{name}]({comfyui_link(name)['url']})" in note(path.stem)


def links_of(node, names):
    return [link for link in node["properties"].get("models", []) if link["name"] in names]


def widget_values(node):
    return [value for value in node.get("widgets_values", []) if isinstance(value, str)]


@each_graph
def test_actions_last_for_all_frames_of_the_clip(path):
    lengths = [inputs["frames"] for inputs in nodes_of_type(path, "SharedWorldActionScript")]
    for inputs in nodes_of_type(path, "SharedWorldLoadActionsFile"):
        assert inputs["frames"] == read_actions(EXAMPLE_INPUTS / inputs["file"]).frame_count
        lengths.append(inputs["frames"])
    clips = [inputs["frames"] for inputs in nodes_of_type(path, "SharedWorldMultiWorldConditioning")]
    clips += [3 * (inputs["chunk_frames"] - 1) + 1 for inputs in nodes_of_type(path, "SharedWorldWorldRollout")]
    assert lengths == clips


@each_graph
def test_short_run_changes_sizes_of_multiworld_and_steps_of_what_has_no_weights_alone(path):
    graph = json.loads((path.parent / "api" / path.name).read_text(encoding="utf-8"))
    short = changed(graph, short_run(graph))
    different = {
        name
        for node, entry in graph.items()
        for name, value in entry["inputs"].items()
        if short[node]["inputs"][name] != value
    }
    if path.stem.startswith("metaworld"):
        assert different == {"steps"}
    else:
        assert bool(different) == path.stem.startswith("multiworld")
        assert different <= {"width", "height", "steps"}


@each_graph
def test_cars_of_a_preset_start_where_their_first_tiles_were_taken(path):
    for inputs in nodes_of_type(path, "SharedWorldEncounterPreset"):
        shown = read_agents(EXAMPLE_INPUTS / "town_carla_log.json")
        driven = encounter(**inputs)
        torch.testing.assert_close(driven.poses()[:, 0], shown.poses()[:, 0], rtol=0, atol=1e-6)
