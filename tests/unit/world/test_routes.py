import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_world.world.poses import check_poses, heading
from shared_world.world.routes import Route, arc_path, straight_path, travelled_fraction


def positions(path: torch.Tensor) -> np.ndarray:
    return path[:, :3, 3].numpy()


def test_a_straight_path_goes_evenly_from_start_to_end_and_looks_ahead():
    path = straight_path((1, -2, 3), (5, -2, 7), 9)
    check_poses(path, "path")
    np.testing.assert_allclose(positions(path), np.linspace([1, -2, 3], [5, -2, 7], 9))
    np.testing.assert_allclose(heading(path), 45.0)


def test_a_straight_path_can_look_elsewhere():
    np.testing.assert_allclose(heading(straight_path((0, 0, 0), (4, 0, 0), 5, yaw=-30.0)), -30.0)
    np.testing.assert_allclose(heading(straight_path((0, 0, 0), (0, -3, 0), 5)), 0.0)


@settings(deadline=None)
@given(
    start=st.tuples(*[st.floats(-50, 50)] * 3),
    bearing=st.floats(-180, 180),
    radius=st.floats(0.5, 50),
    angle=st.floats(-350, 350),
)
def test_an_arc_keeps_its_distance_to_the_centre_and_looks_along_the_tangent(start, bearing, radius, angle):
    path = arc_path(start, bearing, radius, angle, 13)
    check_poses(path, "path")
    ahead = np.radians(bearing)
    side = 1.0 if angle >= 0.0 else -1.0
    centre = np.array(start) + side * radius * np.array([np.cos(ahead), 0.0, -np.sin(ahead)])
    spokes = positions(path) - centre
    np.testing.assert_allclose(np.linalg.norm(spokes, axis=1), radius, atol=1e-9)
    np.testing.assert_allclose(positions(path)[0], start, atol=1e-9)
    forward = path[:, :3, 2].numpy()
    np.testing.assert_allclose((forward * spokes).sum(1), 0.0, atol=1e-8)
    expected = np.radians(bearing + angle * np.linspace(0.0, 1.0, 13))
    np.testing.assert_allclose(forward[:, 0], np.sin(expected), atol=1e-9)
    np.testing.assert_allclose(forward[:, 2], np.cos(expected), atol=1e-9)


def test_positive_angles_turn_right_and_negative_ones_left():
    assert positions(arc_path((0, 0, 0), 0.0, 5.0, 90.0, 5))[-1] == pytest.approx([5.0, 0.0, 5.0])
    assert positions(arc_path((0, 0, 0), 0.0, 5.0, -90.0, 5))[-1] == pytest.approx([-5.0, 0.0, 5.0])


def test_a_full_circle_comes_back():
    path = arc_path((1, 0, 2), 25.0, 3.0, 360.0, 9)
    np.testing.assert_allclose(path[-1], path[0], atol=1e-9)


@pytest.mark.parametrize("radius", [0.0, -2.0, float("nan"), float("inf")])
def test_an_impossible_radius_is_refused_with_its_value(radius):
    with pytest.raises(ValueError, match=f"must be positive metres, given {radius}"):
        arc_path((0, 0, 0), 0.0, radius, 90.0, 5)


@pytest.mark.parametrize(
    ("easing", "first", "last"),
    [("constant", 1.0, 1.0), ("ease_in", 0.0, 2.0), ("ease_out", 2.0, 0.0), ("ease_in_out", 0.0, 0.0)],
)
def test_easing_sets_the_speed_at_both_ends(easing, first, last):
    share = travelled_fraction(1001, easing)
    speed = torch.diff(share) * 1000.0
    assert (share[0], share[-1]) == (0.0, 1.0)
    assert speed[0].item() == pytest.approx(first, abs=0.01)
    assert speed[-1].item() == pytest.approx(last, abs=0.01)
    assert speed.min() >= 0.0


def test_unusable_sampling_is_refused_with_its_value():
    with pytest.raises(ValueError, match="at least one frame, given 0"):
        travelled_fraction(0)
    with pytest.raises(ValueError, match="Unknown easing 'bounce'"):
        travelled_fraction(5, "bounce")
    assert travelled_fraction(1).tolist() == [0.0]


@settings(deadline=None)
@given(
    bearing=st.floats(-180, 180),
    angle=st.floats(-180, 180),
    radius=st.floats(1, 30),
    distance=st.floats(-60, 60),
)
def test_a_route_is_run_through_at_unit_speed_along_its_heading(bearing, angle, radius, distance):
    """Checked by finite differences, across both ends of the bend."""
    route = Route((3.0, -2.0), bearing, angle, radius)
    around = torch.tensor([distance - 1e-4, distance, distance + 1e-4], dtype=torch.float64)
    ground, headings = route.at(around)
    slope = ((ground[2] - ground[0]) / 2e-4).numpy()
    expected = [np.sin(np.radians(headings[1].item())), np.cos(np.radians(headings[1].item()))]
    np.testing.assert_allclose(slope, expected, atol=2e-4)


def test_a_route_counts_from_the_middle_of_its_bend():
    route = Route((0.0, 0.0), heading=0.0, angle=90.0, radius=4.0)
    ground, headings = route.at(torch.tensor([-route.bend_length / 2.0, 0.0, route.bend_length / 2.0 + 3.0]))
    np.testing.assert_allclose(headings, [0.0, 45.0, 90.0], atol=1e-5)
    np.testing.assert_allclose(ground[0], [0.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(ground[2], [7.0, 4.0], atol=1e-6)
