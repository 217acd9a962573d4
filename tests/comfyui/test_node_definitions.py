"""Graphs that users saved keep working: a page stores a node's values by position, an API graph by name."""

import json
import re

import pytest

from shared_world.development.locations import PACK_NAME
from shared_world.tests.comfyui.node_definitions import FILE, node_definitions

RECORDED = json.loads(FILE.read_text(encoding="utf-8"))
REFRESH = "if that is meant, run python -m shared_world.tests.comfyui.node_definitions"
KINDS = ("required", "optional")


@pytest.mark.oldest
def test_what_saved_graphs_hold_is_still_there(server):
    present = node_definitions(server.object_info())
    assert set(RECORDED) <= set(present), "a node is gone"
    for node, recorded in RECORDED.items():
        inputs = {kind: [entry for entry in present[node]["inputs"] if entry["kind"] == kind] for kind in KINDS}
        for kind in KINDS:
            old = [entry for entry in recorded["inputs"] if entry["kind"] == kind]
            new = inputs[kind][: len(old)]
            assert [without_choices(entry) for entry in new] == [without_choices(entry) for entry in old], node
            for was, entry in zip(old, new, strict=True):
                assert set(was.get("options", [])) <= set(entry.get("options", [])), f"{node}: {entry['name']}"
                nested = was.get("inputs", [])
                assert entry.get("inputs", [])[: len(nested)] == nested, f"{node}: {entry['name']}"
            added = inputs[kind][len(old) :]
            assert kind == "optional" or not added, f"{node}: an API graph lacks {added}"
        assert present[node]["outputs"][: len(recorded["outputs"])] == recorded["outputs"], node


def without_choices(entry):
    return {key: value for key, value in entry.items() if key not in ("options", "inputs")}


def test_record_is_up_to_date(server):
    assert node_definitions(server.object_info()) == RECORDED, REFRESH


def described(server):
    """(node, what, name, tooltip) of every input, nested ones too, and every output of the pack."""
    for node, description in server.object_info().items():
        if description["python_module"] != f"custom_nodes.{PACK_NAME}":
            continue
        groups = [description["input"].get(kind, {}) for kind in KINDS]
        while groups:
            for name, (_, *rest) in groups.pop().items():
                settings = rest[0] if rest else {}
                yield node, "input", name, settings.get("tooltip")
                groups += settings.get("template", {}).get("input", {}).values()
                groups += [
                    group
                    for option in settings.get("options", [])
                    if isinstance(option, dict)
                    for group in option["inputs"].values()
                ]
        tooltips = description["output_tooltips"]
        for name, tooltip in zip(description["output_name"], tooltips, strict=True):
            yield node, "output", name, tooltip


@pytest.mark.oldest
def test_every_input_and_output_has_a_tooltip_that_says_more_than_its_name(server):
    entries = list(described(server))
    assert {name for _, _, name, _ in entries} >= {"first_frame", "views", "own_seeds", "latent"}
    for node, what, name, tooltip in entries:
        place = f"{node}, {what} '{name}': {tooltip!r}"
        assert isinstance(tooltip, str), place
        assert tooltip.endswith("."), place
        assert len(tooltip) >= 15, place
        words = set(re.findall(r"[a-z0-9]+", tooltip.lower()))
        assert len(words - set(re.findall(r"[a-z0-9]+", name.lower()))) >= 2, place


@pytest.mark.oldest
def test_every_node_says_what_it_does_and_is_found_under_shared_world(server):
    own = [info for info in server.object_info().values() if info["python_module"] == f"custom_nodes.{PACK_NAME}"]
    assert len({info["display_name"] for info in own}) == len(own) >= 16
    for info in own:
        assert info["name"].startswith("SharedWorld")
        assert info["display_name"] != info["name"]
        assert info["category"].startswith("Shared World/")
        assert info["description"].endswith(".")
        assert len(info["description"].split()) >= 8, info["description"]


def test_help_page_of_every_node_is_served(server):
    for node in RECORDED:
        page = server._request(f"/extensions/{PACK_NAME}/docs/{node}.md").decode()
        assert page.startswith("# "), node
        assert len(page) > 400, node


def test_translations_of_every_node_are_served(server):
    translations = server.get("/i18n")
    assert (
        len(
            [
                language
                for language in translations
                if RECORDED.keys() <= translations[language].get("nodeDefs", {}).keys()
            ]
        )
        >= 2
    )
