import json

import pytest

from shared_world.development.locations import ROOT

WORKFLOWS = sorted((ROOT / "workflows").glob("*.json"))


def test_page_opens_with_the_pack_and_asks_nothing_of_other_machines(page, server):
    shown = page.page.evaluate(
        "() => Object.entries(LiteGraph.registered_node_types)"
        ".filter(([, type]) => type.nodeData?.python_module === 'custom_nodes.shared-world').map(([id]) => id)"
    )
    nodes = server.object_info().items()
    offered = [node for node, info in nodes if info["python_module"] == "custom_nodes.shared-world"]
    assert sorted(shown) == sorted(offered)
    assert page.errors == []
    assert page.foreign_requests == []


def test_every_script_of_the_pack_is_given_to_the_page(server):
    scripts = {
        f"/extensions/shared-world/{path.relative_to(ROOT / 'web').as_posix()}" for path in (ROOT / "web").rglob("*.js")
    }
    assert {path for path in server.get("/extensions") if path.startswith("/extensions/shared-world/")} == scripts


def test_a_node_that_no_pack_offers_is_reported_as_missing(page):
    page.load({"nodes": [{"id": 1, "type": "NoSuchNode", "pos": [0, 0]}], "links": [], "version": 0.4})
    assert page.missing_node_types() == ["NoSuchNode"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_example_graph_loads_with_every_node(page, path):
    graph = json.loads(path.read_text(encoding="utf-8"))
    page.load(graph)
    assert page.page.evaluate("() => app.graph.nodes.length") == len(graph["nodes"])
    assert page.missing_node_types() == []
    assert page.errors == []
    assert page.foreign_requests == []
