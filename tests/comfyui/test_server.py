import asyncio
import os
import signal

import pytest

import shared_world
from shared_world.development.comfyui_server import ComfyServer, GraphRefused, ServerFailed
from shared_world.development.locations import NEWEST, comfyui_folder

PICTURES = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 32, "batch_size": 2, "color": 0xFF0000}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "red"}},
}


def own_node_ids():
    async def ids():
        extension = await shared_world.comfy_entrypoint()
        return [node.GET_SCHEMA().node_id for node in await extension.get_node_list()]

    return asyncio.run(ids())


@pytest.mark.oldest
def test_server_offers_exactly_the_nodes_of_the_extension(server):
    module = "custom_nodes.shared-world"
    offered = [node for node, info in server.object_info().items() if info["python_module"] == module]
    assert sorted(offered) == sorted(own_node_ids())
    assert all(node.startswith("SharedWorld") for node in offered)


@pytest.mark.oldest
def test_pack_is_imported_and_its_pyproject_read(server):
    log = server.log()
    imported = log.partition("Import times for custom nodes:")[2].partition("Starting server")[0]
    assert "custom_nodes/shared-world" in imported
    assert "IMPORT FAILED" not in imported
    assert "Unable to parse pyproject.toml" not in log


@pytest.mark.oldest
def test_graph_runs_to_files_and_reports_progress(server):
    steps = []
    graph = {**PICTURES, "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "test/a"}}}
    entries = server.run(graph, steps.append)["2"]["images"]
    assert [(entry["type"], entry["subfolder"]) for entry in entries] == [("output", "test")] * 2
    assert (server.output / "test" / entries[0]["filename"]).read_bytes() == server.view(entries[0])
    assert (steps[-1].node, steps[-1].finished, steps[-1].total) == ("2", 1, 2)


def test_value_out_of_range_is_refused_with_the_node_it_belongs_to(server):
    graph = {**PICTURES, "1": {"class_type": "EmptyImage", "inputs": {**PICTURES["1"]["inputs"], "width": -1}}}
    with pytest.raises(GraphRefused, match=r"node 1 \(EmptyImage\).*smaller than min.*width") as refusal:
        server.run(graph)
    assert list(refusal.value.node_errors) == ["1"]


def test_graph_of_which_only_a_part_is_valid_is_refused_as_a_whole(server):
    graph = {**PICTURES, "3": {"class_type": "SaveImage", "inputs": {"filename_prefix": "no picture"}}}
    with pytest.raises(GraphRefused, match=r"node 3 \(SaveImage\)"):
        server.queue(graph)


def test_server_that_cannot_start_says_why(tmp_path):
    server = ComfyServer(tmp_path, comfyui_folder(NEWEST), arguments=["--no-such-argument"])
    with pytest.raises(ServerFailed, match="unrecognized arguments: --no-such-argument"), server:
        pass


def test_death_of_the_server_ends_a_run(tmp_path):
    with (
        ComfyServer(tmp_path, comfyui_folder(NEWEST)) as server,
        pytest.raises(ServerFailed, match="ComfyUI is gone"),
    ):
        server.run(PICTURES, lambda progress: os.kill(server.process.pid, signal.SIGKILL))
