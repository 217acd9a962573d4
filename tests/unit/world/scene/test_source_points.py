import logging
import math

import pytest
import torch

from shared_world.tests.unit.world.scene.cameras import random_cloud
from shared_world.world.agents import Agent, Agents
from shared_world.world.placing import place_agents
from shared_world.world.poses import rigid
from shared_world.world.rebasing import rebase_agents
from shared_world.world.rigs import front_rig
from shared_world.world.scene.fusion import fuse_by_voxel
from shared_world.world.scene.source_points import SourcePoints, normalised, points_in_world

RED = torch.tensor([[1.0, 0.0, 0.0]])


def source(*points, **changes):
    places = torch.tensor(points, dtype=torch.float64)
    return SourcePoints(places, **({"colours": RED.expand(len(points), 3)} | changes))


@pytest.mark.parametrize(
    ("axes", "point"),
    [
        ("opencv", (1.0, -2.0, 3.0)),
        ("y up", (1.0, 2.0, -3.0)),
        ("z up", (1.0, 3.0, 2.0)),
        ("unreal", (3.0, 1.0, 2.0)),
        ("unity", (1.0, 2.0, 3.0)),
    ],
)
def test_one_metre_right_two_up_three_forward_in_any_axes(axes, point):
    assert points_in_world(source(point), axes).points.tolist() == [[1.0, -2.0, 3.0]]
    assert points_in_world(source(point, axes=axes)).points.tolist() == [[1.0, -2.0, 3.0]]


@pytest.mark.parametrize("axes", ["opencv", "y up", "z up"])
def test_points_move_as_the_agents_of_the_same_source_do(axes):
    """An agent on a point of its world stays on it."""
    place = torch.tensor([3.0, -1.0, 7.0], dtype=torch.float64)
    pose = rigid(torch.eye(3, dtype=torch.float64), place)[None]
    agents = rebase_agents(
        Agents((Agent("a", pose, front_rig(64, 48)),), 8.0), camera_axes="opencv", world_axes=axes, metres_per_unit=0.5
    )
    moved = place_agents(agents, right=1.0, up=2.0, forward=-4.0, turn=30.0).members[0].poses[0, :3, 3]
    (point,) = points_in_world(source(place.tolist()), axes, 0.5, right=1.0, up=2.0, forward=-4.0, turn=30.0).points
    torch.testing.assert_close(point, moved.float())


def test_far_coordinates_are_moved_before_they_become_single_precision():
    (point,) = points_in_world(source((90000.125, 0.25, 0.0)), "opencv", right=-90000.0).points
    assert point.tolist() == [0.125, 0.25, 0.0]


def test_points_that_stay_far_away_are_warned_about(caplog):
    with caplog.at_level(logging.WARNING):
        points_in_world(source((100000.0, 0.0, 0.0)))
        assert caplog.text == ""
        points_in_world(source((500000.0, 0.0, 0.0)))
    assert "Points lie up to 500000 m from the world's origin" in caplog.text


def test_points_that_are_not_finite_are_left_out_with_a_warning(caplog):
    colours = torch.tensor([[1.0, 0.0, 0.0], [0.0, math.nan, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    points = [(0, 0, 1), (0, 0, 2), (math.nan, 0, 3), (0, math.inf, 4), (0, 1e39, 5)]
    cloud = points_in_world(source(*points, colours=colours), "opencv")
    assert cloud.points.tolist() == [[0.0, 0.0, 1.0]]
    assert cloud.colours.tolist() == [[1.0, 0.0, 0.0]]
    assert "4 of 5 points are left out: their numbers are not finite." in caplog.text
    with pytest.raises(ValueError, match="None of 1 points has finite numbers"):
        points_in_world(source((math.nan, 0.0, 0.0)))


def test_points_without_colours_are_grey_and_the_log_says_so(caplog):
    assert points_in_world(source((0.0, 0.0, 1.0), colours=None)).colours.tolist() == [[0.5, 0.5, 0.5]]
    assert "no colours and become grey" in caplog.text


@pytest.mark.parametrize("number", ["confidence", "opacity"])
def test_only_points_from_the_threshold_on_are_kept(number):
    given = source((0, 0, 1), (0, 0, 2), (0, 0, 3), **{number: torch.tensor([0.2, math.nan, 0.5])})
    assert len(points_in_world(given)) == 3
    kept = points_in_world(given, "opencv", **{f"{number}_threshold": 0.5})
    assert kept.points.tolist() == [[0.0, 0.0, 3.0]]
    with pytest.raises(ValueError, match=r"None of 3 points is left: .* below the threshold"):
        points_in_world(given, **{f"{number}_threshold": 0.9})
    other = {"confidence": "opacity", "opacity": "confidence"}[number]
    assert len(points_in_world(given, **{f"{other}_threshold": 0.9})) == 3


def test_confidence_is_normalised_as_comfyui_does_it():
    raw = torch.tensor([1.5, 3.5, 2.0])
    assert normalised(raw).tolist() == [0.0, 1.0, 0.25]
    assert normalised(torch.full((2,), 4.0)).tolist() == [1.0, 1.0]


def test_voxels_thin_the_cloud_in_metres_of_the_world():
    cloud = random_cloud()
    given = SourcePoints(cloud.points.double() * 100.0, cloud.colours, axes="opencv")
    thinned = points_in_world(given, metres_per_unit=0.01, voxel=0.7)
    assert len(thinned) == len(fuse_by_voxel(cloud, 0.7)) < len(cloud)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"axes": "sideways"}, "The axes of points are one of opencv, .*, given 'sideways'"),
        ({"metres_per_unit": 0.0}, "metres_per_unit must be positive, given 0"),
        ({"turn": math.nan}, "Nothing can be moved by .* give finite numbers"),
        ({"voxel": 1e-7}, "too far for voxels of 1e-07 m"),
    ],
)
def test_what_makes_no_world_is_told(changes, message):
    with pytest.raises(ValueError, match=message):
        points_in_world(source((0.0, 0.0, 5.0)), **changes)
