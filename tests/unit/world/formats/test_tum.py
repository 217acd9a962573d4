import numpy as np
import pytest
import torch
from hypothesis import given, settings
from pytransform3d.rotations import matrix_from_quaternion, quaternion_wxyz_from_xyzw

from shared_world.tests.unit.world.formats.random_worlds import worlds
from shared_world.tests.unit.world.formats.samples import DATA, OPTIONS
from shared_world.world.formats import ReadOptions, read_agents, write_agents
from shared_world.world.mounts import one_agent_per_view
from shared_world.world.poses import heading

GOLDEN = DATA / "tum.txt"


def test_golden_file():
    world = read_agents(GOLDEN, OPTIONS)
    (camera,) = world.members
    assert world.frame_rate == 2.0
    np.testing.assert_allclose(camera.poses[:, :3, 3], [[0, 0, 0], [1, -2, 3]])
    np.testing.assert_allclose(heading(camera.poses), [0, 90], atol=1e-6)
    np.testing.assert_allclose(camera.rig.intrinsics[0], [[320, 0, 320], [0, 320, 240], [0, 0, 1]])


def test_quaternions_are_camera_to_world_with_w_last(tmp_path):
    quaternion = np.array([0.1, -0.5, 0.3, 0.8]) / np.linalg.norm([0.1, -0.5, 0.3, 0.8])
    (tmp_path / "a.txt").write_text("0 4 5 6 " + " ".join(map(repr, quaternion.tolist())))
    pose = read_agents(tmp_path / "a.txt", OPTIONS).members[0].poses[0]
    np.testing.assert_allclose(pose[:3, :3], matrix_from_quaternion(quaternion_wxyz_from_xyzw(quaternion)), atol=1e-12)
    np.testing.assert_allclose(pose[:3, 3], [4, 5, 6])


def test_every_camera_comes_back_from_its_own_file(tmp_path_factory):
    @settings(deadline=None, max_examples=25)
    @given(world=worlds())
    def check(world):
        folder = tmp_path_factory.mktemp("tum")
        cameras = one_agent_per_view(world).members
        written = write_agents(world, folder / "path.tum", "tum")
        for path, wanted in zip(written, cameras, strict=True):
            again = read_agents(path, ReadOptions(world.frame_rate, horizontal_fov=90.0))
            np.testing.assert_allclose(again.extrinsics()[0, :, 0], wanted.extrinsics()[:, 0], atol=1e-9)
            assert again.frame_rate == world.frame_rate

    check()


def test_what_the_file_lacks_is_said(caplog):
    (camera,) = read_agents(GOLDEN).members
    assert (camera.rig.width, camera.rig.height) == (720, 480)
    assert camera.rig.intrinsics[0, 0, 0] == pytest.approx(360.0)
    assert "tum.txt names no picture size: 720x480" in caplog.text
    assert "tum.txt holds no lens: a horizontal field of view of 90 degrees is assumed" in caplog.text


def test_uneven_times_are_said(tmp_path, caplog):
    path = tmp_path / "gaps.txt"
    path.write_text("".join(f"{time} 0 0 0 0 0 0 1\n" for time in (0.0, 0.1, 0.2, 0.5)))
    assert read_agents(path, OPTIONS).frame_rate == pytest.approx(6.0)
    assert "gaps.txt: time steps vary between 0.1 and 0.3 seconds; the mean frame rate is taken" in caplog.text


def test_byte_order_mark_line_ends_and_tabs_do_not_matter(tmp_path):
    path = tmp_path / "tum.txt"
    path.write_bytes(b"\xef\xbb\xbf" + GOLDEN.read_bytes().replace(b"\n", b"\r\n").replace(b" ", b" \t "))
    assert read_agents(path, OPTIONS) == read_agents(GOLDEN, OPTIONS)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("10.5 1 -2 3", "10.5 1 -2 inf", "line 5, tz: expected a finite number, given 'inf'"),
        (
            "10.5 1 -2 3",
            "10.5 1 -2",
            "line 5: expected 8 numbers .timestamp tx .* qw., given 7; the line may be cut off",
        ),
        ("10.5 1 -2 3", "10.0 1 -2 3", "line 5, timestamp: time does not increase"),
        (
            "0 0 0 1\n",
            "0 0 0 2\n",
            "line 3: the quaternion has length 2, expected 1; the columns may be in another order",
        ),
        ("0 0 0 1\n", "0 0 0 0\n", "line 3: the quaternion has length 0, expected 1"),
        ("0 0 0 1\n", "0 0 0 1_0\n", "line 3, qw: expected a finite number, given '1_0'"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_column(old, new, message, tmp_path):
    path = tmp_path / "broken.txt"
    path.write_text(GOLDEN.read_text().replace(old, new, 1))
    with pytest.raises(ValueError, match=rf"broken\.txt: {message}"):
        read_agents(path, OPTIONS, "tum")


def test_a_file_of_comments_only_is_refused(tmp_path):
    path = tmp_path / "empty.txt"
    path.write_text("# nothing\n\n")
    with pytest.raises(ValueError, match="the file holds no numbers, only comments or blank lines"):
        read_agents(path, OPTIONS, "tum")


def test_lenses_of_options_are_checked():
    with pytest.raises(ValueError, match=r"tum\.txt: The horizontal field of view must lie between 0 and 180"):
        read_agents(GOLDEN, ReadOptions(horizontal_fov=0.0))


def test_poses_are_exact_to_float64(tmp_path):
    world = read_agents(GOLDEN, OPTIONS)
    write_agents(world, tmp_path / "again.txt", "tum")
    assert torch.allclose(read_agents(tmp_path / "again.txt", OPTIONS).poses(), world.poses(), rtol=0, atol=1e-14)
