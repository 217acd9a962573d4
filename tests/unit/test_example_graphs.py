"""The example graphs as files; they run in tests/comfyui and open in tests/browser."""

import json

import pytest
import torch
from PIL import Image

from shared_world.development.example_inputs import EXAMPLE_INPUTS
from shared_world.development.locations import ROOT
from shared_world.development.workflow_layout import NOTE_TYPE
from shared_world.development.workflow_notes import note
from shared_world.world.encounters import encounter
from shared_world.world.formats.registry import read_agents

WORKFLOWS = sorted((ROOT / "workflows").glob("*.json"))
SHIPPED = {path.name for path in (ROOT / "pocket" / "checkpoints").rglob("*.safetensors")}
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
    names += [inputs["file"] for inputs in nodes_of_type(path, "SharedWorldLoadAgentsFile")]
    assert names or nodes_of_type(path, "SharedWorldPocketTown")
    assert [name for name in names if not (EXAMPLE_INPUTS / name).is_file()] == []


@each_graph
def test_graph_needs_no_other_weights_than_those_of_the_pack(path):
    names = {inputs["model_name"] for inputs in nodes_of_type(path, "SharedWorldLoadModel")}
    names |= {
        inputs["vae_name"] for kind in ("SharedWorldLoadVAE", "VAELoader") for inputs in nodes_of_type(path, kind)
    }
    if nodes_of_type(path, "SharedWorldExtendBaseModel"):  # extends a base, and none can come with the pack
        assert "does not come with the pack" in note(path.stem)
    else:
        assert len(names & SHIPPED) == len(names) == 2


@each_graph
def test_cars_of_a_preset_start_where_their_first_tiles_were_taken(path):
    for inputs in nodes_of_type(path, "SharedWorldEncounterPreset"):
        shown = read_agents(EXAMPLE_INPUTS / "town_carla_log.json")
        driven = encounter(**inputs)
        torch.testing.assert_close(driven.poses()[:, 0], shown.poses()[:, 0], rtol=0, atol=1e-6)
