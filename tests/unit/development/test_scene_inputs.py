"""What the MetaWorld examples load: photograph, depth, cars and paths belong together."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from shared_world.development.example_inputs import EXAMPLE_INPUTS
from shared_world.development.locations import ROOT
from shared_world.development.make_scene_inputs import (
    CAMERA_HEIGHT,
    CARS,
    FOV,
    HEIGHT,
    PLACE,
    WHITE_IS,
    WIDTH,
    depth_levels,
    town,
)
from shared_world.pocket.placement import moved, obstruction
from shared_world.world.agents import Agent, Agents
from shared_world.world.encounters import CAR
from shared_world.world.paths import path_from_waypoints
from shared_world.world.rigs import front_rig
from shared_world.world.waypoint_text import parse_waypoints

FRAMES, FRAME_RATE = 81, 25.0


def nodes(graph, class_type):
    twin = json.loads((ROOT / "workflows" / "api" / f"{graph}.json").read_text(encoding="utf-8"))
    return [entry["inputs"] for entry in twin.values() if entry["class_type"] == class_type]


def driven(graph):
    """The agents of a graph at its real length, in the world of the town."""
    members = []
    for inputs in nodes(graph, "SharedWorldPathFromWaypoints"):
        poses = path_from_waypoints(
            parse_waypoints(inputs["waypoints"]), FRAMES, FRAME_RATE, inputs["easing"], stretch=inputs["fit_frames"]
        )
        members.append(Agent(inputs["name"], poses, front_rig(WIDTH, HEIGHT), CAR))
    shift = torch.eye(4, dtype=torch.float64)
    shift[:3, 3] = torch.tensor(PLACE)
    return moved(Agents(tuple(members), FRAME_RATE), shift)


def test_depth_of_the_street_is_that_of_a_flat_ground():
    with Image.open(EXAMPLE_INPUTS / "street_depth.png") as picture:
        assert picture.mode == "I;16"
        metres = np.asarray(picture) * (WHITE_IS / 65535)
    assert metres.shape == (HEIGHT, WIDTH)
    rows = np.arange(HEIGHT - 100, HEIGHT)
    focal = WIDTH / 2 / np.tan(np.radians(FOV / 2))
    middle = metres[rows, WIDTH // 2]  # the carriageway
    np.testing.assert_allclose(middle, CAMERA_HEIGHT * focal / (rows + 0.5 - HEIGHT / 2), atol=0.001)
    assert metres[0, WIDTH // 2] == 0.0  # the sky


def test_depth_that_does_not_fit_into_the_grey_picture_is_unknown():
    levels = depth_levels(torch.tensor([[0.0014, WHITE_IS, WHITE_IS + 0.002, torch.inf]]))
    assert levels.tolist() == [[1, 65535, 0, 0]]


@pytest.mark.parametrize("graph", ["metaworld_two_agents_photo", "metaworld_three_agents_ring", "metaworld_free_roam"])
def test_graphs_read_the_depth_and_the_lens_as_they_were_written(graph):
    (scene,) = nodes(graph, "SharedWorldSceneFromImage")
    assert scene["depth_values"] == "grey is distance"
    assert (scene["depth_values.white_is"], scene["depth_values.black_is"]) == (WHITE_IS, 0.0)
    assert (scene["horizontal_fov"], scene["camera_height"]) == (FOV, CAMERA_HEIGHT)


@pytest.mark.parametrize("graph", ["metaworld_two_agents_photo", "metaworld_three_agents_ring"])
def test_cars_stay_on_the_road_and_do_not_touch(graph):
    agents = driven(graph)
    assert obstruction(town(), agents) == ""
    beside = torch.eye(4, dtype=torch.float64)
    beside[0, 3] = 4.0
    off_the_road = Agents((replace(agents.members[0], poses=beside @ agents.members[0].poses),), FRAME_RATE)
    assert obstruction(town(), off_the_road) != ""


@pytest.mark.parametrize("colour", CARS)
def test_picture_of_a_car_shows_its_colour_on_white_all_around(colour):
    with Image.open(EXAMPLE_INPUTS / f"car_{colour}.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    rim = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert (rim == 255).all()
    shown = pixels[(pixels < 255).any(-1)].mean(0)
    red, green, blue = shown
    assert {"red": red - max(green, blue), "blue": blue - max(red, green), "yellow": min(red, green) - blue}[
        colour
    ] > 15
