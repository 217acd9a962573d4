import logging
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline, PchipInterpolator

from shared_world.world.paths import Waypoint, join, path_from_waypoints, upright_poses
from shared_world.world.poses import check_poses, heading, inverse
from shared_world.world.routes import arc_path, straight_path

BRAKING = [Waypoint(0, (0, 0, 0)), Waypoint(1, (0, 0, 10)), Waypoint(2, (0, 0, 11)), Waypoint(3, (0, 0, 12))]
CORNER = [Waypoint(0, (0, 0, 0)), Waypoint(2, (0, 0, 10)), Waypoint(3, (4, 0, 14)), Waypoint(5, (16, -1, 15))]

coordinates = st.floats(-100.0, 100.0)
ways = st.lists(st.tuples(st.integers(1, 6), coordinates, coordinates, coordinates), min_size=2, max_size=7)


def positions(path: torch.Tensor) -> np.ndarray:
    return path[:, :3, 3].numpy()


def turns(path: torch.Tensor) -> np.ndarray:
    """Heading changes from frame to frame in degrees, the shorter way."""
    return (np.diff(heading(path).numpy()) + 180.0) % 360.0 - 180.0


@settings(deadline=None)
@given(way=ways)
def test_every_waypoint_is_reached_at_its_time(way):
    times = np.cumsum([step for step, *_ in way])
    waypoints = [Waypoint(time, place) for time, (_, *place) in zip(times, way, strict=True)]
    path = path_from_waypoints(waypoints, frames=2 * (times[-1] - times[0]) + 1, frame_rate=2.0)
    check_poses(path, "path")
    at_waypoints = path[2 * (times - times[0])]
    np.testing.assert_allclose(positions(at_waypoints), [waypoint.position for waypoint in waypoints], atol=1e-5)


def test_evenly_timed_waypoints_on_a_line_give_constant_speed():
    waypoints = [Waypoint(second, (3.0 * second, 0, 4.0 * second)) for second in range(5)]
    path = path_from_waypoints(waypoints, 33, 8.0)
    np.testing.assert_allclose(np.linalg.norm(np.diff(positions(path), axis=0), axis=1), 5.0 / 8.0, atol=1e-12)
    np.testing.assert_allclose(heading(path), np.degrees(np.arctan2(3.0, 4.0)), atol=1e-9)


def test_the_curve_is_a_natural_spline_over_distance_run_through_in_monotone_time():
    times = np.array([waypoint.time for waypoint in CORNER])
    places = np.array([waypoint.position for waypoint in CORNER])
    distance = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(places, axis=0), axis=1))])
    expected = CubicSpline(distance, places, bc_type="natural")(PchipInterpolator(times, distance)(np.arange(41) / 8.0))
    np.testing.assert_allclose(positions(path_from_waypoints(CORNER, 41, 8.0)), expected, atol=1e-12)


def test_a_braking_car_does_not_overshoot():
    """A cubic spline over time runs beyond 11 m here and comes back."""
    over_time = CubicSpline([0, 1, 2, 3], [0, 10, 11, 12], bc_type="natural")(np.linspace(0, 3, 61))
    assert np.diff(over_time).min() < 0.0
    along = positions(path_from_waypoints(BRAKING, 61, 20.0))[:, 2]
    assert np.diff(along).min() > 0.0


def test_without_a_yaw_the_agent_looks_where_it_goes():
    path = path_from_waypoints(CORNER, 5001, 1000.0)
    moved = np.diff(positions(path), axis=0)
    expected = np.degrees(np.arctan2(moved[:, 0], moved[:, 2]))
    np.testing.assert_allclose((heading(path)[:-1] + heading(path)[1:]) / 2.0, expected, atol=0.05)


def test_agents_stay_upright_on_a_slope():
    path = path_from_waypoints([Waypoint(0, (0, 0, 0)), Waypoint(1, (0, -5, 5))], 9, 8.0)
    np.testing.assert_array_equal(path[:, :3, :3], np.broadcast_to(np.eye(3), (9, 3, 3)))


def test_standing_keeps_place_and_heading():
    waypoints = [Waypoint(0, (0, 0, 0)), Waypoint(2, (6, 0, 6)), Waypoint(4, (6, 0, 6)), Waypoint(6, (12, 0, 6))]
    path = path_from_waypoints(waypoints, 61, 10.0)
    np.testing.assert_allclose(positions(path[20:41]), np.tile([6.0, 0.0, 6.0], (21, 1)), atol=1e-9)
    assert np.abs(turns(path[20:41])).max() < 1e-9
    assert np.abs(turns(path)).max() < 10.0


def test_an_agent_turns_on_the_spot_and_leaves_in_the_new_direction():
    waypoints = [
        Waypoint(0, (0, 0, 0)),
        Waypoint(2, (0, 0, 8)),
        Waypoint(3, (0, 0, 8), yaw=90.0),
        Waypoint(5, (8, 0, 8)),
    ]
    path = path_from_waypoints(waypoints, 51, 10.0)
    angles = heading(path).numpy()
    np.testing.assert_allclose(angles[:21], 0.0, atol=1e-9)
    np.testing.assert_allclose(angles[30:], 90.0, atol=1e-9)
    assert (np.diff(angles[20:31]) > 0.0).all()
    np.testing.assert_allclose(positions(path[20:31]), np.tile([0.0, 0.0, 8.0], (11, 1)), atol=1e-9)
    np.testing.assert_allclose(positions(path[:21])[:, 0], 0.0, atol=1e-9)
    np.testing.assert_allclose(positions(path[30:])[:, 2], 8.0, atol=1e-9)


@pytest.mark.parametrize("yaw", [None, 37.0])
def test_an_agent_that_never_moves_looks_along_z_or_its_yaw(yaw):
    still = [Waypoint(0, (1, 0, 2), yaw), Waypoint(3, (1, 0, 2), yaw)]
    for waypoints in (still, still[:1]):
        path = path_from_waypoints(waypoints, 9, 4.0)
        np.testing.assert_allclose(heading(path), 0.0 if yaw is None else yaw, atol=1e-12)
        np.testing.assert_array_equal(positions(path), np.tile([1.0, 0.0, 2.0], (9, 1)))


def test_standing_at_the_start_looks_where_the_agent_will_go():
    waypoints = [Waypoint(0, (0, 0, 0)), Waypoint(1, (0, 0, 0)), Waypoint(3, (5, 0, 0))]
    np.testing.assert_allclose(heading(path_from_waypoints(waypoints, 13, 4.0)), 90.0, atol=1e-9)


def test_a_vertical_part_keeps_the_heading():
    waypoints = [Waypoint(0, (0, 0, 0)), Waypoint(1, (5, 0, 0)), Waypoint(2, (5, 0, 0), 90.0), Waypoint(3, (5, -4, 0))]
    np.testing.assert_allclose(heading(path_from_waypoints(waypoints, 13, 4.0)), 90.0, atol=1e-6)


@settings(deadline=None)
@given(yaw=st.floats(-179.0, 179.0))
def test_one_yaw_everywhere_holds_the_camera_still_on_a_curve(yaw):
    waypoints = [Waypoint(waypoint.time, waypoint.position, yaw) for waypoint in CORNER]
    np.testing.assert_allclose(heading(path_from_waypoints(waypoints, 41, 8.0)), yaw, atol=1e-9)


def test_yaws_are_met_and_never_swung_beyond():
    yaws = [0.0, 0.0, 90.0, 90.0]
    waypoints = [Waypoint(float(time), (0, 0, 0), yaw) for time, yaw in enumerate(yaws)]
    angles = heading(path_from_waypoints(waypoints, 31, 10.0)).numpy()
    np.testing.assert_allclose(angles[::10], yaws, atol=1e-9)
    assert np.diff(angles).min() > -1e-9
    np.testing.assert_allclose(angles[:11], 0.0, atol=1e-9)


@pytest.mark.parametrize(("first", "second", "step"), [(170.0, -170.0, 1.0), (-170.0, 170.0, -1.0), (0.0, 180.0, 9.0)])
def test_a_turn_takes_the_shorter_way(first, second, step):
    path = path_from_waypoints([Waypoint(0, (0, 0, 0), first), Waypoint(2, (0, 0, 0), second)], 21, 10.0)
    np.testing.assert_allclose(turns(path), step, atol=1e-9)


def test_between_a_yaw_and_none_the_heading_blends():
    waypoints = [Waypoint(0, (0, 0, 0), yaw=-60.0), Waypoint(2, (0, 0, 8)), Waypoint(4, (0, 0, 16))]
    angles = heading(path_from_waypoints(waypoints, 41, 10.0)).numpy()
    assert angles[0] == pytest.approx(-60.0)
    assert (np.diff(angles[:21]) > 0.0).all()
    np.testing.assert_allclose(angles[20:], 0.0, atol=1e-9)


@pytest.mark.parametrize(
    ("easing", "starts", "stops"),
    [("constant", False, False), ("ease_in", True, False), ("ease_out", False, True), ("ease_in_out", True, True)],
)
def test_easing_starts_and_ends_at_rest_and_keeps_the_times(easing, starts, stops):
    waypoints = [Waypoint(second, (0, 0, 5.0 * second)) for second in range(4)]
    path = path_from_waypoints(waypoints, 301, 100.0, easing=easing)
    speed = np.diff(positions(path)[:, 2]) * 100.0
    assert (speed[0] < 0.3) == starts
    assert (speed[-1] < 0.3) == stops
    assert speed.min() >= 0.0
    np.testing.assert_allclose(positions(path[::100])[:, 2], [0.0, 5.0, 10.0, 15.0], atol=1e-9)


def test_stretching_puts_the_last_waypoint_on_the_last_frame():
    path = path_from_waypoints(CORNER, 49, 8.0, stretch=True)
    np.testing.assert_allclose(positions(path)[-1], CORNER[-1].position, atol=1e-9)
    np.testing.assert_allclose(path, path_from_waypoints(CORNER, 49, 48.0 / 5.0), atol=1e-9)
    assert torch.equal(path_from_waypoints(CORNER, 1, 8.0, stretch=True), path[:1])


def test_the_end_is_held_and_logged(caplog):
    path = path_from_waypoints(CORNER, 61, 10.0)
    assert torch.equal(path[50:], path[50].expand(11, 4, 4))
    assert "last waypoint is at 5 s, the path lasts until 6 s" in caplog.text


def test_a_cut_end_is_logged(caplog):
    path = path_from_waypoints(CORNER, 21, 10.0)
    assert "ends at 2 s (21 frames at 10 per second) before its last waypoint at 5 s" in caplog.text
    assert torch.equal(path, path_from_waypoints(CORNER, 51, 10.0)[:21])


def test_a_path_that_fits_its_waypoints_is_not_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        path_from_waypoints(CORNER, 51, 10.0)
        path_from_waypoints(CORNER[:1], 51, 10.0)
    assert not caplog.records


def test_times_count_from_the_first_waypoint():
    later = [Waypoint(waypoint.time + 100.0, waypoint.position) for waypoint in CORNER]
    np.testing.assert_allclose(path_from_waypoints(later, 41, 8.0), path_from_waypoints(CORNER, 41, 8.0), atol=1e-9)


@pytest.mark.parametrize("time", [2.0, 1.5])
def test_times_that_do_not_increase_are_refused_with_both_waypoints(time):
    with pytest.raises(ValueError, match=f"Waypoint 3 at {time:g} s must come after waypoint 2 at 2 s"):
        path_from_waypoints([*CORNER[:2], Waypoint(time, (0, 0, 0))], 9, 8.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"waypoints": []}, "at least one waypoint"),
        ({"frames": 0}, "at least one frame, given 0"),
        ({"frame_rate": 0.0}, "positive frames per second, given 0"),
        ({"frame_rate": float("nan")}, "positive frames per second, given nan"),
        ({"easing": "bounce"}, "Unknown easing 'bounce'; choose one of constant, ease_in, ease_out, ease_in_out"),
    ],
)
def test_unusable_arguments_are_refused_with_their_value(changes, message):
    with pytest.raises(ValueError, match=message):
        path_from_waypoints(**{"waypoints": CORNER, "frames": 9, "frame_rate": 8.0, **changes})


@pytest.mark.parametrize(
    "numbers", [(float("nan"), (0, 0, 0)), (0, (0, float("inf"), 0)), (0, (0, 0, 0), float("nan")), (0, (1, 2))]
)
def test_a_waypoint_with_unusable_numbers_is_refused(numbers):
    with pytest.raises(ValueError, match="A waypoint needs"):
        Waypoint(*numbers)


def test_joined_paths_continue_without_a_step():
    straight = straight_path((0, 0, 0), (0, 0, 6), 7)
    bend = arc_path((5, -1, 5), heading=30.0, radius=4.0, angle=90.0, frames=9)
    joined = join([straight, bend, straight])
    assert joined.shape == (7 + 8 + 6, 4, 4)
    check_poses(joined, "path")
    assert torch.equal(joined[:7], straight)
    for offset, part in ((6, bend), (14, straight)):
        expected = inverse(part[:1]) @ part
        np.testing.assert_allclose(
            inverse(joined[offset : offset + 1]) @ joined[offset:][: len(part)], expected, atol=1e-9
        )
    np.testing.assert_allclose(positions(joined)[-1], [10.0, 0.0, 10.0], atol=1e-9)


def test_a_single_pose_joins_as_nothing():
    straight = straight_path((0, 0, 0), (0, 0, 6), 7)
    np.testing.assert_allclose(join([straight, straight[:1], straight]), join([straight, straight]), atol=1e-12)


def test_paths_can_be_put_one_behind_the_other_as_they_are():
    first, second = straight_path((0, 0, 0), (0, 0, 6), 7), straight_path((9, 0, 0), (9, 0, 6), 3)
    assert torch.equal(join([first, second], attach=False), torch.cat([first, second]))


def test_unusable_paths_are_not_joined():
    straight = straight_path((0, 0, 0), (0, 0, 6), 7)
    with pytest.raises(ValueError, match="Nothing to join"):
        join([])
    with pytest.raises(ValueError, match="path 2 has no frames"):
        join([straight, straight[:0]])
    with pytest.raises(ValueError, match="path 1, frame 0: the rotation is not orthonormal"):
        join([straight * torch.tensor([2.0, 2.0, 2.0, 1.0])[:, None], straight])


def test_upright_poses_place_and_turn():
    path = upright_poses(torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), torch.tensor([0.0, 90.0]))
    assert path.dtype == torch.float64
    np.testing.assert_allclose(positions(path), [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_allclose(path[1, :3, 2], [1, 0, 0], atol=1e-12)


def speeds(path: torch.Tensor, frame_rate: float) -> np.ndarray:
    return np.linalg.norm(np.diff(positions(path), axis=0), axis=1) * frame_rate


def test_speed_of_a_waypoint_holds_there_and_no_other_time_changes():
    slow = [replace(waypoint, speed=speed) for waypoint, speed in zip(CORNER, (2.0, 1.5, None, 4.0), strict=True)]
    path = path_from_waypoints(slow, frames=5001, frame_rate=1000.0)
    driven = speeds(path, 1000.0)
    assert [driven[0], driven[2000], driven[-1]] == pytest.approx([2.0, 1.5, 4.0], rel=0.01)
    at_waypoints = positions(path)[[0, 2000, 3000, 5000]]
    np.testing.assert_allclose(at_waypoints, [waypoint.position for waypoint in CORNER], atol=1e-9)


def test_speed_that_would_overshoot_is_limited_so_that_the_agent_never_goes_back():
    rushing = [Waypoint(0, (0, 0, 0)), Waypoint(1, (0, 0, 2), speed=500.0), Waypoint(2, (0, 0, 10))]
    path = path_from_waypoints(rushing, frames=2001, frame_rate=1000.0)
    ahead = positions(path)[:, 2]
    assert (np.diff(ahead) >= -1e-12).all()
    assert speeds(path, 1000.0)[999] == pytest.approx(3.0 * 2.0, rel=0.01)


def test_negative_speed_is_refused():
    with pytest.raises(ValueError, match="speed at a waypoint must not be negative, given -1 m/s"):
        Waypoint(0, (0, 0, 0), speed=-1)
