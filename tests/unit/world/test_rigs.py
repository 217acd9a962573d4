import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytransform3d.transformations import transform_from
from scipy.spatial.transform import Rotation

from shared_world.world.poses import heading, inverse
from shared_world.world.rigs import (
    Rig,
    check_intrinsics,
    four_view_rig,
    front_rig,
    pinhole_intrinsics,
    rig_from_yaws,
)


@given(fov=st.floats(5.0, 170.0), width=st.integers(1, 4000), height=st.integers(1, 4000))
def test_the_field_of_view_spans_the_width(fov, width, height):
    intrinsics = pinhole_intrinsics(width, height, fov)
    left, middle, right = (intrinsics @ ray for ray in _rays(-fov / 2.0, 0.0, fov / 2.0))
    assert (left[0] / left[2]).item() == pytest.approx(0.0, abs=1e-6 * width)
    assert (right[0] / right[2]).item() == pytest.approx(width, rel=1e-9)
    assert middle.tolist() == [width / 2.0, height / 2.0, 1.0]
    assert intrinsics[0, 0] == intrinsics[1, 1]


def _rays(*bearings: float) -> list[torch.Tensor]:
    return [
        torch.tensor([math.sin(math.radians(b)), 0.0, math.cos(math.radians(b))], dtype=torch.float64) for b in bearings
    ]


@pytest.mark.parametrize("fov", [0.0, -10.0, 180.0, float("nan")])
def test_an_impossible_field_of_view_is_refused_with_its_value(fov):
    with pytest.raises(ValueError, match=f"between 0 and 180 degrees, given {fov}"):
        pinhole_intrinsics(720, 480, fov)


def test_four_views_look_around_in_tile_order():
    rig = four_view_rig(720, 480)
    assert rig.view_names == ("front", "rear", "left", "right")
    np.testing.assert_allclose(heading(rig.view_to_agent).abs(), [0.0, 180.0, 90.0, 90.0], atol=1e-9)
    forward = rig.view_to_agent[:, :3, 2]
    np.testing.assert_allclose(forward[2], [-1.0, 0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(forward[3], [1.0, 0.0, 0.0], atol=1e-12)


def test_four_views_at_ninety_degrees_cover_every_bearing_once():
    rig = four_view_rig(720, 480)
    for ray in _rays(*np.linspace(-179.0, 180.0, 57)):
        local = torch.einsum("vij,i->vj", rig.view_to_agent[:, :3, :3], ray)
        pixels = torch.einsum("vij,vj->vi", rig.intrinsics, local)
        u = pixels[:, 0] / pixels[:, 2]
        assert int(((pixels[:, 2] > 0) & (u >= 0) & (u < 720)).sum()) == 1


def test_a_rig_from_yaws_applies_yaw_then_pitch_at_the_mount():
    rig = rig_from_yaws({"a": 30.0, "b": -120.0}, 64, 48, 70.0, mount=(0.1, -1.5, 0.4), pitch=-10.0)
    for yaw, pose in zip((30.0, -120.0), rig.view_to_agent, strict=True):
        expected = transform_from(
            Rotation.from_euler("YX", [yaw, -10.0], degrees=True).as_matrix(), np.array([0.1, -1.5, 0.4])
        )
        np.testing.assert_allclose(pose, expected, atol=1e-12)


def test_a_front_rig_has_one_camera_that_looks_forward():
    rig = front_rig(64, 48)
    assert rig.view_names == ("front",)
    assert torch.equal(rig.view_to_agent[0], torch.eye(4, dtype=torch.float64))


def test_a_resized_rig_sees_the_same_points_at_scaled_pixels():
    rig = four_view_rig(720, 480, horizontal_fov=80.0)
    small = rig.resized(360, 120)
    point = torch.tensor([0.3, -0.2, 2.0], dtype=torch.float64)
    before, after = rig.intrinsics[0] @ point, small.intrinsics[0] @ point
    np.testing.assert_allclose(after[:2] / after[2], before[:2] / before[2] * torch.tensor([0.5, 0.25]))
    assert (small.width, small.height) == (360, 120)
    assert small.resized(720, 480) == rig


def test_equality_compares_all_fields():
    rig = front_rig(64, 48)
    assert rig == front_rig(64, 48)
    assert rig != front_rig(64, 48, horizontal_fov=80.0)
    assert rig != front_rig(64, 48, mount=(0.0, -1.0, 0.0))
    assert rig != front_rig(96, 72)
    assert rig != rig_from_yaws({"back": 0.0}, 64, 48)
    assert rig != "rig"


def test_a_rig_keeps_its_own_copy_of_the_matrices():
    poses, intrinsics = torch.eye(4)[None].double(), pinhole_intrinsics(64, 48, 90.0)[None]
    rig = Rig(("front",), poses, intrinsics, 64, 48)
    poses[0, 0, 3] = 9.0
    intrinsics[0, 0, 0] = 9.0
    assert rig == front_rig(64, 48)


def _rig(**changes: object) -> Rig:
    good = four_view_rig(64, 48)
    fields = {name: getattr(good, name) for name in ("view_names", "view_to_agent", "intrinsics", "width", "height")}
    return Rig(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"view_names": ()}, "at least one view"),
        ({"view_names": ("front", "rear", "left", "front")}, "must differ, given front, rear, left, front"),
        ({"width": 0}, "must be positive, given 0x48"),
        ({"view_names": ("front", "rear")}, r"2 views needs .* given \(4, 4, 4\) and \(4, 3, 3\)"),
        ({"view_to_agent": torch.eye(4)[None]}, r"4 views needs .* given \(1, 4, 4\)"),
        ({"view_to_agent": 2.0 * torch.eye(4).expand(4, 4, 4)}, "rig, view 0: the last row"),
    ],
)
def test_a_rig_that_does_not_fit_together_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        _rig(**changes)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ((0, 2), float("nan"), "not finite: .*nan"),
        ((1, 1), -50.0, "focal lengths must be positive pixels, given -50"),
        ((0, 0), 0.0, "focal lengths must be positive pixels, given 0"),
        ((2, 0), 32.0, "last row of the intrinsics must be 0 0 1"),
    ],
)
def test_wrong_intrinsics_are_refused_with_their_view(place, value, message):
    intrinsics = four_view_rig(64, 48).intrinsics.clone()
    intrinsics[2][place] = value
    with pytest.raises(ValueError, match=f"rig, view 'left': .*{message}"):
        _rig(intrinsics=intrinsics)
    with pytest.raises(ValueError, match=f"camera 7: .*{message}"):
        check_intrinsics(intrinsics, "camera 7")


def test_view_to_agent_and_its_inverse_are_not_confused():
    """A camera mounted ahead of the agent sees the agent's origin behind it."""
    rig = front_rig(64, 48, mount=(0.0, 0.0, 2.0))
    assert inverse(rig.view_to_agent)[0, 2, 3] == -2.0
