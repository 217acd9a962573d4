import itertools
import json

import pytest

from shared_world.development.locations import ROOT
from shared_world.development.page_graphs import page_graph
from shared_world.models.published_files import PUBLISHED_FILES

WORKFLOWS = sorted((ROOT / "workflows").glob("*.json"))


@pytest.fixture
def in_chinese(own_page):
    own_page.change_setting("Comfy.Locale", "zh")
    own_page.reload()
    yield own_page
    own_page.change_setting("Comfy.Locale", "en")


def own_node_types(server):
    return {node for node, info in server.object_info().items() if info["python_module"] == "custom_nodes.shared-world"}


def overlapping_nodes(page):
    boxes = page.page.evaluate("() => app.graph.nodes.map(node => [node.title, ...node.boundingRect])")
    return [
        (title, other)
        for (title, x, y, width, height), (other, *place) in itertools.combinations(boxes, 2)
        if x < place[0] + place[2] and place[0] < x + width and y < place[1] + place[3] and place[1] < y + height
    ]


def test_page_opens_with_the_pack_and_asks_nothing_of_other_machines(own_page, server):
    page = own_page
    shown = page.page.evaluate(
        "() => Object.entries(LiteGraph.registered_node_types)"
        ".filter(([, type]) => type.nodeData?.python_module === 'custom_nodes.shared-world').map(([id]) => id)"
    )
    assert set(shown) == own_node_types(server)
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
def test_example_graph_loads_and_would_be_queued_as_its_api_twin(page, path):
    graph = json.loads(path.read_text(encoding="utf-8"))
    twin = page_graph(path.stem, json.loads((path.parent / "api" / path.name).read_text(encoding="utf-8")))
    page.load(graph)
    assert page.page.evaluate("() => app.graph.nodes.length") == len(graph["nodes"])
    assert page.missing_node_types() == []
    previews = "nodes => nodes.every(node => node.widgets.some(widget => widget.name === 'video-preview'))"
    page.page.wait_for_function(f"() => ({previews})(app.graph.nodes.filter(node => node.type === 'LoadVideo'))")
    queued = page.api_graph()
    assert {node: (entry["class_type"], entry["inputs"]) for node, entry in queued.items()} == {
        node: (entry["class_type"], entry["inputs"]) for node, entry in twin.items()
    }
    assert overlapping_nodes(page) == []
    assert page.errors == []
    assert page.foreign_requests == []


def test_published_files_that_are_missing_are_offered_with_their_folder_and_address(page):
    text = (ROOT / "workflows" / "multiworld_it_takes_two.json").read_text(encoding="utf-8")
    published = {file.name: file for file in PUBLISHED_FILES.values() if f'"{file.name}"' in text}
    for name in published:  # the server has tiny files of these names
        text = text.replace(f'"{name}"', f'"absent_{name}"')
    page.load(json.loads(text))
    offered = {model["name"].removeprefix("absent_"): model for model in page.missing_models()}
    assert offered.keys() == published.keys()
    for name, file in published.items():
        assert offered[name]["directory"] == file.kind
        assert offered[name]["url"] == f"https://huggingface.co/{file.repository}/resolve/main/{file.path}"
    assert page.foreign_requests == []


def test_example_graph_queued_from_the_page_runs_and_shows_its_videos(page):
    page.load(json.loads((ROOT / "workflows" / "shareverse_two_agents.json").read_text(encoding="utf-8")))
    run = page.run()
    assert run["status"]["status_str"] == "success"
    assert len(run["outputs"]["17"]["images"]) == 1  # the grid
    assert len(run["outputs"]["18"]["images"]) == 8  # two agents with four views
    page.page.wait_for_function("() => document.querySelectorAll('video').length >= 2")
    assert page.errors == []
    assert page.foreign_requests == []


def test_table_of_an_evaluation_is_shown(page):
    page.load(json.loads((ROOT / "workflows" / "pocket_two_agents.json").read_text(encoding="utf-8")))
    assert page.run()["status"]["status_str"] == "success"
    page.page.wait_for_function(
        "() => [...document.querySelectorAll('textarea')].some(area => area.value.includes('own-frame oracle |'))"
    )
    assert page.errors == []


def test_graphs_are_offered_as_templates_with_thumbnails(page, server):
    assert set(server.get("/workflow_templates")["shared-world"]) == {path.stem for path in WORKFLOWS}
    for path in WORKFLOWS:
        size = page.page.evaluate(
            """async address => {
                const image = new Image()
                image.src = address
                await image.decode()
                return [image.naturalWidth, image.naturalHeight]
            }""",
            f"/api/workflow_templates/shared-world/{path.stem}.jpg",
        )
        assert size == [512, 320]


def test_help_page_of_a_node_is_shown_in_its_help_panel(page):
    page.load(json.loads((ROOT / "workflows" / "shareverse_two_agents.json").read_text(encoding="utf-8")))
    page.show_help("SharedWorldRaymapBuilder")
    heading = page.page.get_by_role("heading", name="Raymap Builder").first
    heading.wait_for()
    page.page.get_by_text("camera-to-world").first.wait_for()
    assert page.errors == []


def test_nodes_have_chinese_names_in_the_chinese_page(in_chinese):
    page = in_chinese
    page.load(json.loads((ROOT / "workflows" / "shareverse_two_agents.json").read_text(encoding="utf-8")))
    texts = json.loads((ROOT / "locales" / "zh" / "nodeDefs.json").read_text(encoding="utf-8"))
    names = page.page.evaluate(
        "() => Object.fromEntries(app.graph.nodes.map(node => [node.type, node.constructor.title]))"
    )
    sampler = texts["SharedWorldJointSampler"]
    assert names["SharedWorldJointSampler"] == sampler["display_name"]
    labels = page.page.evaluate(
        "type => app.graph.nodes.find(node => node.type === type).widgets.map(widget => widget.label)",
        "SharedWorldJointSampler",
    )
    assert sampler["inputs"]["topology"]["name"] in labels
    assert page.errors == []
