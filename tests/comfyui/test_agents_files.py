"""Agents to files and back on the server, in every format that the nodes offer."""

import json
import shutil

import numpy
import pytest

from shared_world.tests.comfyui.graphs import Graph, preset
from shared_world.world.formats.registry import all_formats

FORMATS = ("carla_log", "nerfstudio_transforms", "shared_world_json")
"""Those that hold several agents with their rigs; what the others hold is tested without a server."""


def save(graph, source, prefix, file_format):
    """Node `prefix` that writes the agents of `source` to a file of that name."""
    return graph.add(
        prefix, "SharedWorldSaveAgentsFile", agents=[source, 0], filename_prefix=prefix, format=file_format
    )


def load(graph, file, **options):
    inputs = {"file": file, "format": "recognise", "frames": 0, "frame_rate": 0.0} | options
    return graph.add("loaded", "SharedWorldLoadAgentsFile", **inputs)


def saved_file(server, outputs, node):
    """The file that a Save Agents File says it wrote."""
    (name,) = outputs[node]["text"]
    return server.output / name


def write_input_agents(server, file_format="shared_world_json", seed=0):
    """Write the agents of the preset to the file `agents.*` in the input folder; returns its name."""
    graph = save(preset(Graph()).change("agents", seed=seed), "agents", f"input_{file_format}", file_format)
    written = saved_file(server, server.run(graph), f"input_{file_format}")
    target = server.input / f"agents{written.suffix}"
    target.write_bytes(written.read_bytes())
    return target.name


def agents_of(server, graph, source):
    """The agents of a node, as our own format holds them."""
    return json.loads(
        saved_file(server, server.run(save(graph, source, "own", "shared_world_json")), "own").read_text()
    )


def camera_poses(document):
    """(agents, frames, views, 4, 4) camera-to-world poses."""
    return numpy.array(
        [
            numpy.array(agent["poses"])[:, None]
            @ numpy.array([view["view_to_agent"] for view in agent["rig"]["views"]])[None]
            for agent in document["agents"]
        ]
    )


def test_nodes_offer_all_formats(server):
    info = server.object_info()
    for node in ("SharedWorldSaveAgentsFile", "SharedWorldLoadAgentsFile"):
        offered = info[node]["input"]["required"]["format"][1]["options"]
        assert [name for name in offered if name != "recognise"] == list(all_formats())


@pytest.mark.oldest
@pytest.mark.parametrize("file_format", FORMATS)
def test_what_is_saved_is_read_back(server, file_format):
    original = agents_of(server, preset(Graph()), "agents")
    name = write_input_agents(server, file_format)
    read = agents_of(server, load(Graph(), name), "loaded")

    assert [agent["name"] for agent in read["agents"]] == [agent["name"] for agent in original["agents"]]
    numpy.testing.assert_allclose(camera_poses(read), camera_poses(original), atol=1e-5)
    for agent, was in zip(read["agents"], original["agents"], strict=True):
        assert (agent["rig"]["width"], agent["rig"]["height"]) == (was["rig"]["width"], was["rig"]["height"])
        for view, before in zip(agent["rig"]["views"], was["rig"]["views"], strict=True):
            assert view["name"] == before["name"]
            numpy.testing.assert_allclose(view["intrinsics"], before["intrinsics"], atol=1e-3)
    if file_format != "nerfstudio_transforms":  # which has no frame rate and asks for one
        assert read["frame_rate"] == original["frame_rate"] == 8.0
    if file_format == "shared_world_json":
        assert read == original


def test_frame_rate_of_the_node_stands_in_where_the_file_has_none(server):
    name = write_input_agents(server, "nerfstudio_transforms")
    read = agents_of(server, load(Graph(), name, frame_rate=8.0), "loaded")
    assert read["frame_rate"] == 8.0
    assert camera_poses(read).shape[1] == 17


def test_resampling_keeps_the_ends_of_the_path(server):
    original = agents_of(server, preset(Graph()), "agents")
    name = write_input_agents(server)
    read = agents_of(server, load(Graph(), name, frames=33), "loaded")
    assert camera_poses(read).shape[1] == 33
    numpy.testing.assert_allclose(camera_poses(read)[:, [0, -1]], camera_poses(original)[:, [0, -1]], atol=1e-6)


@pytest.mark.parametrize("file_format", ["tum", "colmap"])
def test_files_of_a_camera_each_and_folders_are_read_back_with_the_options_of_the_node(server, file_format):
    graph = preset(Graph())
    original = camera_poses(agents_of(server, graph, "agents"))[:, :, 0]
    front = preset(Graph()).add(
        "front",
        "SharedWorldCameraRig",
        agents=["agents", 0],
        rig="front only",
        width=96,
        height=64,
        horizontal_fov=90.0,
        mount_up=1.6,
        mount_forward=0.0,
    )
    written = server.run(save(front, "front", f"each_{file_format}", file_format))[f"each_{file_format}"]["text"][0]
    names = written.split("\n")
    for name in names:
        if (server.output / name).is_dir():
            shutil.copytree(server.output / name, server.input / name, dirs_exist_ok=True)
        else:
            shutil.copy(server.output / name, server.input / name)
    if file_format == "colmap":
        assert len(names) == 1
        read = load(Graph(), f"{names[0]}/images.txt", cameras="agents", metres_per_unit=2.0)
    else:
        assert len(names) == 2
        read = load(Graph(), names[0], more_files=names[1], metres_per_unit=2.0, width=96, height=64)
    poses = camera_poses(agents_of(server, read, "loaded"))[:, :, 0]
    original[..., :3, 3] *= 2.0
    numpy.testing.assert_allclose(poses, original, atol=1e-4)


@pytest.mark.parametrize("file_format", FORMATS)
def test_saving_never_replaces_a_file(server, file_format):
    prefix = f"kept/{file_format}"
    written = {}
    for seed in range(3):
        graph = preset(Graph()).change("agents", seed=seed, jitter=1.0)
        file = saved_file(server, server.run(save(graph, "agents", prefix, file_format)), prefix)
        assert file not in written
        written[file] = file.read_bytes()
    assert {file: file.read_bytes() for file in written} == written
    assert len(set(written.values())) == 3
    assert sorted((server.output / "kept").glob(f"{file_format}_*")) == sorted(written)


def test_file_that_changed_is_read_again(server):
    versions = [(server.input / write_input_agents(server, seed=seed)).read_bytes() for seed in (0, 1)]
    read = []
    for version in versions:  # no run in between, which would make ComfyUI forget the one before
        (server.input / "changing.json").write_bytes(version)
        read.append(agents_of(server, load(Graph(), "changing.json"), "loaded"))
    assert read == [json.loads(version) for version in versions]


def test_new_file_in_the_input_folder_is_offered(server):
    name = write_input_agents(server)
    file_input = server.object_info()["SharedWorldLoadAgentsFile"]["input"]["required"]["file"]
    assert name in file_input[1]["options"]
