import numpy as np
import pytest
import torch
from hypothesis import given, settings
from pytransform3d.transformations import invert_transform

from shared_world.tests.unit.world.formats.random_worlds import worlds
from shared_world.tests.unit.world.formats.samples import DATA
from shared_world.world.agents import Agent, Agents
from shared_world.world.formats import ReadOptions, read_agents, write_agents
from shared_world.world.mounts import one_agent_per_view
from shared_world.world.poses import heading
from shared_world.world.rigs import front_rig, pinhole_intrinsics

GOLDEN = DATA / "realestate10k.txt"
SIZE = ReadOptions(width=640, height=480)
ROW = "0.5 0.75 0.5 0.5 0 0 1 0 0 0 0 1 0 0 0 0 1 0"


def test_golden_file():
    world = read_agents(GOLDEN, SIZE)
    (camera,) = world.members
    assert (camera.name, camera.rig.view_names) == ("realestate10k", ("front",))
    assert world.frame_rate == 2.0
    np.testing.assert_allclose(camera.poses[:, :3, 3], [[0, 0, 0], [1, -2, 3]], atol=1e-12)
    np.testing.assert_allclose(heading(camera.poses), [0, 90])
    np.testing.assert_allclose(camera.rig.intrinsics[0], [[320, 0, 320], [0, 360, 240], [0, 0, 1]])
    assert (camera.rig.width, camera.rig.height) == (640, 480)


def test_matrices_are_world_to_camera(tmp_path):
    rng = np.random.default_rng(3)
    matrix = np.eye(4)
    matrix[:3, :3] = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    matrix[:3, :3] *= np.linalg.det(matrix[:3, :3])
    matrix[:3, 3] = rng.normal(size=3)
    (tmp_path / "a.txt").write_text("0 1 1 0.5 0.5 0 0 " + " ".join(map(repr, matrix[:3].ravel().tolist())))
    (camera,) = read_agents(tmp_path / "a.txt", SIZE).members
    np.testing.assert_allclose(camera.poses[0], invert_transform(matrix), atol=1e-12)


def test_every_camera_comes_back_from_its_own_file(tmp_path_factory):
    @settings(deadline=None, max_examples=25)
    @given(world=worlds(centred=False))
    def check(world):
        folder = tmp_path_factory.mktemp("realestate10k")
        cameras = one_agent_per_view(world).members
        written = write_agents(world, folder / "path.txt", "realestate10k")
        assert len(written) == len(cameras)
        for path, wanted in zip(written, cameras, strict=True):
            options = ReadOptions(world.frame_rate, wanted.rig.width, wanted.rig.height)
            again = read_agents(path, options)
            assert again.frame_rate == pytest.approx(world.frame_rate, rel=3e-5)
            np.testing.assert_allclose(again.extrinsics()[0, :, 0], wanted.extrinsics()[:, 0], atol=1e-9)
            np.testing.assert_allclose(again.members[0].intrinsics(), wanted.intrinsics(), rtol=1e-12)

    check()


def test_readers_that_drop_the_first_line_lose_no_frame(tmp_path):
    world = Agents((Agent("a", torch.eye(4).repeat(3, 1, 1), front_rig(720, 480)),), 24.0)
    (path,) = write_agents(world, tmp_path / "a.txt", "realestate10k")
    rows = [line.split(" ") for line in path.read_text().splitlines()[1:]]
    assert [row[0] for row in rows] == ["0", "41667", "83333"]
    assert {len(row) for row in rows} == {19}
    np.testing.assert_allclose([float(cell) for cell in rows[0][1:5]], [0.5, 0.75, 0.5, 0.5])


def test_the_file_may_lack_its_address_and_have_other_line_ends(tmp_path):
    text = GOLDEN.read_text()
    for number, changed in enumerate(
        [
            "\n".join(text.split("\n")[1:]),
            "\n\n" + text,
            "\ufeff" + text.replace("\n", "\r\n"),
            text.replace("\n", "\r"),
            "# note\n" + text[38:],
        ]
    ):
        path = tmp_path / f"{number}.txt"
        path.write_text(changed, newline="")
        assert torch.equal(read_agents(path, SIZE).poses(), read_agents(GOLDEN, SIZE).poses())


@pytest.mark.parametrize("stride", [1, 4])
def test_missing_size_and_rate_are_said(stride, tmp_path, caplog):
    path = tmp_path / "indices.txt"
    path.write_text("".join(f"{stride * frame} {ROW}\n" for frame in range(3)))
    world = read_agents(path)
    assert world.frame_rate == 24.0
    assert torch.equal(world.members[0].rig.intrinsics[0, :2, 2], torch.tensor([360.0, 240.0]).double())
    assert "indices.txt names no picture size: 720x480 pixels are taken" in caplog.text
    assert "indices.txt names no frame rate" in caplog.text
    path.write_text(f"0 {ROW}\n0 {ROW}\n")
    assert read_agents(path, ReadOptions(frame_rate=12.0)).frame_rate == 12.0


def test_zoom_is_kept(tmp_path):
    path = tmp_path / "zoom.txt"
    path.write_text(f"0 {ROW}\n500000 1{ROW[3:]}\n")
    (camera,) = read_agents(path, SIZE).members
    np.testing.assert_allclose(camera.intrinsics()[:, 0, 0, 0], [320, 640])


def test_distortion_is_said(tmp_path, caplog):
    path = tmp_path / "k.txt"
    path.write_text(f"0 {ROW}\n".replace("0.5 0 0 1", "0.5 0.1 0 1"))
    read_agents(path, SIZE)
    assert "k.txt: the spare numbers behind the principal point, such as distortion, are ignored" in caplog.text


def test_skew_is_said(tmp_path, caplog):
    lens = pinhole_intrinsics(64, 48, 90.0)
    lens[0, 1] = 3.0
    rig = front_rig(64, 48)
    skewed = Agent("a", torch.eye(4)[None], type(rig)(rig.view_names, rig.view_to_agent, lens[None], 64, 48))
    write_agents(Agents((skewed,), 8.0), tmp_path / "a.txt", "realestate10k")
    assert "agent 'a', view 'front' has a lens with skew" in caplog.text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1000000 0.5", "1000000 nan", r"line 2, fx: expected a finite number, given 'nan'"),
        ("0 1 0 2", "0 x 0 2", r"line 4, r22: expected a finite number, given 'x'"),
        ("1 0 0 -1", "1 0 0", r"line 4: expected 19 numbers \(time fx .* t3\), given 18; the line may be cut off"),
        ("1500000", "900000", r"line 4, time: time does not increase"),
        ("1 0 0 -1", "1 0 0.5 -1", r"world-to-camera matrix, line 4: the rotation is not orthonormal"),
        ("1 0 0 -1", "-1 0 0 -1", r"world-to-camera matrix, line 4: the rotation is left-handed"),
        ("1500000\t0.5", "1500000\t-0.5", r"agent 'broken', frame 1: focal lengths must be positive"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_column(old, new, message, tmp_path):
    text = GOLDEN.read_text()
    assert text.count(old) == 1
    path = tmp_path / "broken.txt"
    path.write_text(text.replace(old, new))
    with pytest.raises(ValueError, match=rf"broken\.txt: {message}"):
        read_agents(path, SIZE, "realestate10k")
