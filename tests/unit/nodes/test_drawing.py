import json

import folder_paths
import pytest
import torch

from shared_world.nodes.drawing import SHOWN_POINTS, DrawAgents
from shared_world.world.drawing import Drawing, DrawnAgent, drawing_from_agents, drawing_text, read_drawing
from shared_world.world.encounters import encounter
from shared_world.world.paths import Waypoint
from shared_world.world.scene.scene import PointCloud, Scene

DRAWING = Drawing((DrawnAgent("car", (Waypoint(0, (0, 0, 0)), Waypoint(2, (0, 0, 8)))),))


def draw(**changes):
    return DrawAgents.execute(**{"frames": 17, "frame_rate": 8.0, "drawing": "", **changes})


def test_drawn_agents_are_the_output():
    output = draw(drawing=drawing_text(DRAWING))
    assert output.args[0] == DRAWING.at_frames(17, 8.0)
    assert output.ui == {}


def test_connected_agents_are_taken_while_nothing_is_drawn_and_are_shown_either_way():
    agents = encounter("crossing")
    seed = drawing_from_agents(agents)
    assert draw(agents=agents).args[0] == seed.at_frames(17, 8.0)
    output = draw(agents=agents, drawing=drawing_text(DRAWING))
    assert output.args[0] == DRAWING.at_frames(17, 8.0)
    assert [read_drawing(text) for text in output.ui["shared_world_seed"]] == [seed]


def test_nothing_drawn_and_nothing_connected_says_what_to_do():
    with pytest.raises(ValueError, match="The drawing is empty; add an agent, or connect agents"):
        draw()


def test_value_that_is_no_drawing_is_refused_before_anything_runs():
    assert DrawAgents.validate_inputs(drawing=drawing_text(DRAWING)) is True
    assert DrawAgents.validate_inputs(drawing="") is True
    assert "'format' is missing" in DrawAgents.validate_inputs(drawing=json.dumps({"points": []}))


def test_points_of_a_scene_are_written_for_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_paths, "temp_directory", str(tmp_path / "temp"))
    points = torch.arange(3.0 * (SHOWN_POINTS + 1000)).reshape(-1, 3)
    scene = Scene(PointCloud(points, torch.zeros_like(points)))
    output = draw(drawing=drawing_text(DRAWING), scene=scene)
    (file,) = output.ui["shared_world_scene"]
    assert file["type"] == "temp"
    assert [path.name for path in (tmp_path / "temp").iterdir()] == [file["filename"]]
    header = (tmp_path / "temp" / file["filename"]).read_bytes()[:80]
    assert f"element vertex {SHOWN_POINTS}\n".encode() in header


def test_points_that_the_page_has_already_are_not_written_again(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_paths, "temp_directory", str(tmp_path))
    scene, other = (Scene(PointCloud(torch.full((4, 3), place), torch.zeros(4, 3))) for place in (1.0, 2.0))
    shown = [
        draw(drawing=drawing_text(DRAWING), scene=scene).ui["shared_world_scene"] for scene in (scene, scene, other)
    ]
    assert shown[0] == shown[1] != shown[2]
    assert len(list(tmp_path.iterdir())) == 2
