import numpy as np
import pytest
import torch
from hypothesis import given, settings

from shared_world.tests.unit.world.formats.random_worlds import worlds
from shared_world.tests.unit.world.formats.samples import DATA, OPTIONS
from shared_world.world.formats import read_agents, write_agents
from shared_world.world.mounts import one_agent_per_view
from shared_world.world.poses import heading

GOLDEN = DATA / "kitti.txt"


def test_golden_file():
    world = read_agents(GOLDEN, OPTIONS)
    (camera,) = world.members
    np.testing.assert_allclose(camera.poses[:, :3, 3], [[0, 0, 0], [1, -2, 3]])
    np.testing.assert_allclose(heading(camera.poses), [0, 90])
    assert (world.frame_rate, camera.rig.width, camera.rig.height) == (8.0, 640, 480)


def test_every_camera_comes_back_exactly(tmp_path_factory):
    @settings(deadline=None, max_examples=25)
    @given(world=worlds())
    def check(world):
        folder = tmp_path_factory.mktemp("kitti")
        written = write_agents(world, folder / "poses.txt", "kitti")
        for path, wanted in zip(written, one_agent_per_view(world).members, strict=True):
            assert torch.equal(read_agents(path, OPTIONS).members[0].poses, wanted.extrinsics()[:, 0])
            # KITTI's own tools take every line for twelve numbers.
            assert np.loadtxt(path, ndmin=2, comments=None).shape == (world.frame_count, 12)

    check()


def test_what_the_file_lacks_is_said(caplog):
    assert read_agents(GOLDEN).frame_rate == 24.0
    for text in ("names no frame rate", "names no picture size", "holds no lens"):
        assert f"kitti.txt {text}" in caplog.text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("-1 0 0 3.", "-1 0 nan 3.", r"line 2, r33: expected a finite number, given 'nan'"),
        ("-1 0 0 3.", "-1 0 3.", r"line 2: expected 12 numbers \(r11 .* t3\), given 11"),
        ("-1 0 0 3.", "1 0 0 3.", r"matrix, line 2: the rotation is left-handed"),
        ("-1 0 0 3.", "-2 0 0 3.", r"matrix, line 2: the rotation is not orthonormal \(off by 3, allowed 0\.001\)"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_column(old, new, message, tmp_path):
    path = tmp_path / "broken.txt"
    path.write_text(GOLDEN.read_text().replace(old, new, 1))
    with pytest.raises(ValueError, match=rf"broken\.txt: {message}"):
        read_agents(path, OPTIONS, "kitti")
