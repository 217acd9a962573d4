"""Agents to other nodes' cameras and back on the server."""

import numpy
import pytest

from shared_world.tests.comfyui.graphs import Graph, preset
from shared_world.tests.comfyui.test_agents_files import agents_of, camera_poses, save

TO_CAMERAS = {"names": "", "view": "", "direction": "world-to-camera", "frame": -1, "frames_per_pose": 1}
OF_CAMERAS = {"width": 720, "height": 480}
CHOICES = {
    "CameraCtrl poses": {"poses": ["out", 0], "direction": "world-to-camera", **OF_CAMERAS},
    "3D viewer camera": {"camera_info": ["out", 1], **OF_CAMERAS},
    "ReCamMaster poses": {"camera_poses": ["out", 2], "horizontal_fov": 90.0, **OF_CAMERAS},
}


def sent_out(names="agent 2"):
    graph = preset(Graph())
    return graph.add("out", "SharedWorldAgentsToCameras", agents=["agents", 0], **(TO_CAMERAS | {"names": names}))


def read_back(graph, kind, **changes):
    nested = {f"source.{name}": value for name, value in CHOICES[kind].items()}
    given = {"source": kind, **nested, "name": "back", "frames": 0, "frame_rate": 8.0} | changes
    return graph.add("back", "SharedWorldAgentsFromCameras", **given)


@pytest.mark.parametrize("kind", CHOICES)
def test_cameras_come_back_through_every_socket(server, kind):
    original = camera_poses(agents_of(server, preset(Graph()), "agents"))[1, :, 0]
    back = camera_poses(agents_of(server, read_back(sent_out(), kind), "back"))[0, :, 0]
    expected = original[-1:] if kind == "3D viewer camera" else original
    numpy.testing.assert_allclose(back, expected, atol=1e-6)


def test_every_agent_of_a_list_runs_on_its_own(server):
    graph = save(read_back(sent_out(names=""), "CameraCtrl poses"), "back", "listed", "shared_world_json")
    server.run(graph)
    assert len(list(server.output.glob("listed_*"))) == 2


@pytest.mark.oldest
def test_camera_of_comfyuis_own_node_stands_where_it_says(server):
    graph = Graph().add(
        "info",
        "CreateCameraInfo",
        mode="look_at",
        **{"mode.position_x": 3.0, "mode.position_y": 4.0, "mode.position_z": 0.0},
        target_x=3.0,
        target_y=4.0,
        target_z=-10.0,
        roll=0.0,
        fov=60.0,
        zoom=1.0,
        camera_type="perspective",
    )
    read_back(graph, "3D viewer camera", frames=5, **{"source.camera_info": ["info", 0]})
    poses = camera_poses(agents_of(server, graph, "back"))[0, :, 0]
    expected = numpy.eye(4)
    expected[:3, 3] = 3.0, -4.0, 0.0
    numpy.testing.assert_allclose(poses, [expected] * 5, atol=1e-6)


def test_check_on_the_server_tells_a_wrong_direction(server):
    graph = read_back(sent_out(), "CameraCtrl poses", **{"source.direction": "camera-to-world"})
    graph.add("check", "SharedWorldCheckAgents", agents=["back", 0], known_length="nothing", frame=0, size=256)
    graph.add("text", "PreviewAny", source=["check", 0])
    outputs = server.run(graph)
    assert outputs["text"]["text"][0].startswith("WARNING")
    assert "inverted" in outputs["check"]["text"][0]
    assert len(outputs["check"]["images"]) == 1
