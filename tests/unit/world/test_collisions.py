import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from shared_world.world.agents import Agent, Agents, Body
from shared_world.world.collisions import Footprint, body_separations, footprint, separation
from shared_world.world.paths import upright_poses
from shared_world.world.poses import pitch_rotation, rigid, yaw_rotation
from shared_world.world.rigs import front_rig
from shared_world.world.routes import straight_path

RIG = front_rig(64, 48)

places = st.floats(-4.0, 4.0)
sides = st.floats(0.2, 3.0)
rectangles = st.tuples(places, places, st.floats(-180.0, 180.0), sides, sides)


def rectangle(x: float, z: float, bearing: float, half_width: float, half_length: float) -> Footprint:
    forward = [math.sin(math.radians(bearing)), math.cos(math.radians(bearing))]
    return Footprint(
        *(torch.tensor(pair, dtype=torch.float64) for pair in ([x, z], forward, [half_width, half_length]))
    )


def overlap(first: Footprint, second: Footprint) -> bool:
    """Whether a point lies in both, as a linear program: |axes (point - centre)| <= half size for both."""
    rows, limits = [], []
    for one in (first, second):
        axes, centre, half = one.axes().numpy(), one.centre.numpy(), one.half_size.numpy()
        rows += [axes, -axes]
        limits += [axes @ centre + half, -axes @ centre + half]
    result = linprog(np.zeros(2), A_ub=np.concatenate(rows), b_ub=np.concatenate(limits), bounds=(None, None))
    return result.status == 0


def outline(one: Footprint, per_side: int = 400) -> np.ndarray:
    corners = one.corners().numpy()
    steps = np.linspace(0.0, 1.0, per_side)[:, None]
    return np.concatenate([(1 - steps) * a + steps * b for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)])


@settings(deadline=None, max_examples=60)
@given(first=rectangles, second=rectangles)
def test_separation_agrees_with_a_linear_program_and_with_sampled_outlines(first, second):
    first, second = rectangle(*first), rectangle(*second)
    metres = separation(first, second).item()
    if abs(metres) > 1e-6:
        assert overlap(first, second) == (metres < 0.0)
    if metres > 0.0:
        gaps = np.linalg.norm(outline(first)[:, None] - outline(second)[None], axis=-1)
        assert gaps.min() == pytest.approx(metres, abs=0.02)


@settings(deadline=None)
@given(first=rectangles, second=rectangles, moved=st.tuples(places, places), turned=st.floats(-180.0, 180.0))
def test_separation_is_symmetric_and_the_same_anywhere_in_the_world(first, second, moved, turned):
    metres = separation(rectangle(*first), rectangle(*second))
    np.testing.assert_allclose(separation(rectangle(*second), rectangle(*first)), metres, atol=1e-12)
    rotation = yaw_rotation(turned)[::2, ::2].numpy()
    far = []
    for x, z, bearing, half_width, half_length in (first, second):
        place = rotation @ [x, z] + moved
        far.append(rectangle(*place, bearing + turned, half_width, half_length))
    np.testing.assert_allclose(separation(*far), metres, atol=1e-9)


@pytest.mark.parametrize(
    ("second", "metres"),
    [
        ((5.0, 0.0, 0.0, 1.0, 2.0), 3.0),
        ((5.0, 7.0, 0.0, 1.0, 2.0), math.hypot(3.0, 3.0)),
        ((0.0, 5.0, 90.0, 1.0, 2.0), 2.0),
        ((1.5, 0.0, 0.0, 1.0, 2.0), -0.5),
        ((0.0, 3.5, 0.0, 1.0, 2.0), -0.5),
        ((0.0, 0.0, 0.0, 0.1, 0.1), -1.1),
        ((4.0, 0.0, 45.0, 1.0, 1.0), 3.0 - math.sqrt(2.0)),
    ],
)
def test_known_separations(second, metres):
    assert separation(rectangle(0, 0, 0, 1, 2), rectangle(*second)).item() == pytest.approx(metres)


def test_leading_axes_broadcast():
    many = footprint(straight_path((0, 0, 0), (0, 0, 9), 10), Body((2, 1, 4)))
    one = footprint(upright_poses(torch.tensor([[6.0, 0.0, 0.0]]), 0.0), Body((2, 1, 4)))
    metres = separation(many, one)
    assert metres.shape == (10,)
    assert metres[:5].tolist() == [4.0] * 5
    assert metres[9].item() == pytest.approx(math.hypot(4.0, 5.0))


def test_a_footprint_follows_heading_and_centre_of_the_body():
    poses = upright_poses(torch.tensor([[10.0, 3.0, 20.0]]), 90.0)
    one = footprint(poses, Body(size=(2, 1, 4), centre=(0.5, -9.0, 1.0)))
    np.testing.assert_allclose(one.centre[0], [11.0, 19.5], atol=1e-12)
    np.testing.assert_allclose(one.forward[0], [1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(one.axes()[0], [[0.0, -1.0], [1.0, 0.0]], atol=1e-12)
    corners = {tuple(corner) for corner in one.corners()[0].round(decimals=6).tolist()}
    assert corners == {(9.0, 18.5), (13.0, 18.5), (9.0, 20.5), (13.0, 20.5)}


def test_pitch_does_not_shrink_a_footprint_and_a_vertical_agent_has_one():
    for pitch, forward in ((40.0, [1.0, 0.0]), (90.0, [0.0, 1.0])):
        pose = rigid(yaw_rotation(90.0) @ pitch_rotation(pitch), torch.zeros(3, dtype=torch.float64))
        one = footprint(pose, Body((2, 1, 4)))
        np.testing.assert_allclose(one.forward, forward, atol=1e-9)
        assert one.half_size.tolist() == [1.0, 2.0]


def test_bodies_of_a_world_are_compared_frame_by_frame():
    """Two cars drive towards each other in one lane, a third stands beside."""
    car = Body((2, 1, 4))
    members = (
        Agent("red", straight_path((0, 0, 0), (0, 0, 10), 11), RIG, car),
        Agent("blue", straight_path((0, 0, 20), (0, 0, 10), 11), RIG, car),
        Agent("post", straight_path((5, 0, 0), (5, 0, 0), 11, yaw=0.0), RIG, Body((1, 1, 1))),
    )
    metres = body_separations(Agents(members, 8.0))
    assert metres.shape == (3, 3, 11)
    assert torch.isinf(metres.diagonal()).all()
    # At the end one lies on the other; the shortest way out is sideways, by their width.
    expected = [max(16.0 - 2.0 * frame, -2.0) for frame in range(11)]
    np.testing.assert_allclose(metres[0, 1], expected, atol=1e-9)
    assert torch.equal(metres, metres.transpose(0, 1))
    assert metres[0, 2, 0].item() == pytest.approx(3.5)


def test_an_agent_without_a_body_is_named():
    agents = Agents((Agent("red", straight_path((0, 0, 0), (0, 0, 1), 2), RIG),), 8.0)
    with pytest.raises(ValueError, match="agent 'red' has no body"):
        body_separations(agents)
