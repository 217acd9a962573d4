"""File names that lead out of ComfyUI's folders are refused, and nothing is read or written there."""

from pathlib import Path

import pytest

from shared_world.tests.comfyui.failures import failure, refusal
from shared_world.tests.comfyui.graphs import EXTEND, Graph, preset

pytestmark = pytest.mark.usefixtures("next_run_works")

OUTSIDE = ["../escaped", "../../escaped", "sub/../../escaped", "/escaped", ".."]


def files(server):
    """Every file in and around the server's folders, and those of the names above elsewhere."""
    return {*server.folder.parent.rglob("*"), *Path("/").glob("escaped*")}


@pytest.mark.parametrize("name", ["../secret.json", "../../secret.json", "sub/../../secret.json", "/etc/hostname"])
def test_agents_are_not_read_from_outside_the_input_folder(server, name):
    (server.folder / "secret.json").write_text("{}")
    graph = Graph().add("agents", "SharedWorldLoadAgentsFile", file=name, format="recognise", frames=0, frame_rate=0.0)
    graph.add("map", "SharedWorldPreviewAgents", agents=["agents", 0], frame=0, size=128)
    assert f"'{name}' lies outside ComfyUI's input folder" in refusal(server, graph, "agents")


def test_link_in_the_input_folder_does_not_lead_outside(server):
    (server.folder / "secret.json").write_text("{}")
    link = server.input / "link.json"
    link.unlink(missing_ok=True)
    link.symlink_to(server.folder / "secret.json")
    graph = Graph().add(
        "agents", "SharedWorldLoadAgentsFile", file=link.name, format="recognise", frames=0, frame_rate=0.0
    )
    graph.add("map", "SharedWorldPreviewAgents", agents=["agents", 0], frame=0, size=128)
    assert "'link.json' lies outside ComfyUI's input folder" in refusal(server, graph, "agents")


@pytest.mark.parametrize("prefix", [*OUTSIDE, "", "."])
def test_agents_are_not_written_outside_the_output_folder(server, prefix):
    graph = preset(Graph())
    graph.add(
        "save", "SharedWorldSaveAgentsFile", agents=["agents", 0], filename_prefix=prefix, format="shared_world_json"
    )
    before = files(server)
    assert f"'{prefix}' lies outside ComfyUI's output folder" in failure(server, graph, "save")
    assert files(server) == before


@pytest.mark.parametrize("name", [*OUTSIDE, "", "."])
def test_models_are_not_written_outside_their_folder(server, name):
    graph = Graph().add("extended", "SharedWorldExtendBaseModel", **EXTEND | {"save_as": name})
    before = files(server)
    assert f"'{name}' lies outside ComfyUI's models/diffusion_models folder" in failure(server, graph, "extended")
    assert files(server) == before
