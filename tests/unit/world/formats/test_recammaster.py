import json

import numpy as np
import pytest
from hypothesis import given, settings

from shared_world.tests.unit.world.formats.random_worlds import worlds
from shared_world.tests.unit.world.formats.samples import DATA, OPTIONS
from shared_world.world.formats import ReadOptions, read_agents, write_agents
from shared_world.world.mounts import one_agent_per_view
from shared_world.world.poses import heading

GOLDEN = DATA / "camera_extrinsics.json"


def changed(folder, frame="frame1", camera="cam02", text=None):
    document = json.loads(GOLDEN.read_text())
    if text is None:
        del document[frame][camera]
    else:
        document[frame][camera] = text
    path = folder / "broken.json"
    path.write_text(json.dumps(document))
    return path


def test_golden_file():
    world = read_agents(GOLDEN, OPTIONS)
    assert world.names == ("cam01", "cam02")
    first, second = world.members
    # Unreal's x forward, y right, z up in centimetres are our z, x, -y in metres.
    np.testing.assert_allclose(first.poses[:, :3, 3], [[0, 0, 0], [0, 0, 0.5]])
    np.testing.assert_allclose(second.poses[:, :3, 3], [[1, -2, 3], [1.5, -2, 3]])
    np.testing.assert_allclose(heading(first.poses), [0, 0])
    np.testing.assert_allclose(heading(second.poses), [90, 90])
    # Level cameras: down stays down.
    np.testing.assert_allclose(second.poses[:, :3, 1], [[0, 1, 0], [0, 1, 0]])


def test_relative_poses_are_those_that_recammaster_computes():
    """Its own recipe: transpose, columns y, z, x, z negated, centimetres by 100; then relative to the first frame."""
    document = json.loads(GOLDEN.read_text())
    texts = [document[frame]["cam02"] for frame in ("frame0", "frame1")] + [document["frame0"]["cam01"]]
    theirs = []
    for text in texts:
        matrix = np.array([row.split() for row in text.strip().strip("[]").split("] [")], dtype=float).T
        matrix = matrix[:, [1, 2, 0, 3]]
        matrix[:3, 1] *= -1
        matrix[:3, 3] /= 100
        theirs.append(matrix)
    first, second = read_agents(GOLDEN, OPTIONS).members
    ours = [second.poses[0].numpy(), second.poses[1].numpy(), first.poses[0].numpy()]
    for number in (1, 2):
        wanted = np.linalg.inv(theirs[0]) @ theirs[number]
        np.testing.assert_allclose(np.linalg.inv(ours[0]) @ ours[number], wanted, atol=1e-12)


def test_cameras_can_become_one_rig(tmp_path):
    still = json.loads(GOLDEN.read_text())
    still["frame1"] = still["frame0"]
    path = tmp_path / "still.json"
    path.write_text(json.dumps(still))
    (rig,) = read_agents(path, ReadOptions(8.0, 640, 480, horizontal_fov=90.0, cameras="rig")).members
    assert (rig.name, rig.rig.view_names) == ("still", ("cam01", "cam02"))
    np.testing.assert_allclose(rig.rig.view_to_agent[1, :3, 3], [1, -2, 3])
    moving = ReadOptions(8.0, 640, 480, horizontal_fov=90.0, cameras="rig")
    with pytest.raises(ValueError, match=r"frame 1: view 'cam02' has moved 0\.707 m and 0 degrees against its agent"):
        read_agents(GOLDEN, moving)


def test_every_camera_comes_back(tmp_path_factory):
    path = tmp_path_factory.mktemp("recammaster") / "camera_extrinsics.json"

    @settings(deadline=None, max_examples=25)
    @given(world=worlds())
    def check(world):
        assert write_agents(world, path, "recammaster") == (path,)
        again = read_agents(path, OPTIONS)
        cameras = one_agent_per_view(world).members
        assert again.names == tuple(f"cam{number:02d}" for number in range(1, len(cameras) + 1))
        for agent, wanted in zip(again.members, cameras, strict=True):
            np.testing.assert_allclose(agent.poses, wanted.extrinsics()[:, 0], atol=1e-9)

    check()


def test_the_lens_is_that_of_the_folder(tmp_path, caplog):
    folder = tmp_path / "f35_aperture2.4" / "scene1" / "cameras"
    folder.mkdir(parents=True)
    path = folder / "camera_extrinsics.json"
    path.write_bytes(GOLDEN.read_bytes())
    world = read_agents(path)
    assert world.frame_rate == 15.0
    rig = world.members[0].rig
    assert (rig.width, rig.height) == (1280, 1280)
    assert rig.intrinsics[0, 0, 0] == pytest.approx(35 / 23.76 * 1280)
    assert "holds no lens: a horizontal field of view of 37.4974 degrees is assumed" in caplog.text


def test_frames_are_in_the_order_of_their_numbers(tmp_path, caplog):
    document = json.loads(GOLDEN.read_text())
    document = {"frame10": document["frame1"], "frame2": document["frame0"]}
    path = tmp_path / "gap.json"
    path.write_text(json.dumps(document))
    np.testing.assert_allclose(read_agents(path, OPTIONS).members[0].poses[:, 2, 3], [0, 0.5])
    assert "gap.json: frames between 2 and 10 are missing" in caplog.text


def test_rows_of_three_numbers_are_read_too(tmp_path):
    path = changed(tmp_path, text="[0 1 0] [-1 0 0] [0 0 1] [300, 150, 200]")
    assert read_agents(path, OPTIONS) == read_agents(GOLDEN, OPTIONS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"frame1: 'cam02' is missing"),
        ("[1 0 0 0] [0 1 0 0] [0 0 1 0]", r"frame1, cam02: expected a text with four rows of numbers in brackets"),
        ("[1 0 0 0] [0 1 0 0] [0 0 1 0] [0 0 0 1] 5", r"frame1, cam02: expected a text with four rows"),
        ("[1 0 0 0] [0 1 0 0] [0 0] [0 0 0 1]", r"frame1, cam02, row 2: expected 3 or 4 numbers, given 2"),
        ("[1 0 0 0] [0 1 0 0] [0 0 1 0] [0 0 nan 1]", r"frame1, cam02, row 3: expected a finite number, given 'nan'"),
        ("[1 0 0 9] [0 1 0 8] [0 0 1 7] [0 0 0 1]", r"cam02, frame 1: the last row of a pose must be 0 0 0 1"),
        ("[2 0 0 0] [0 1 0 0] [0 0 1 0] [0 0 0 1]", r"cam02, frame 1: the rotation is not orthonormal"),
        (7, r"frame1, cam02: expected a text, given 7"),
    ],
)
def test_a_mistake_is_named_with_frame_and_camera(text, message, tmp_path):
    with pytest.raises(ValueError, match=rf"broken\.json: {message}"):
        read_agents(changed(tmp_path, text=text), OPTIONS, "recammaster")


def test_keys_that_are_no_frames_are_refused(tmp_path):
    path = tmp_path / "keys.json"
    path.write_text(GOLDEN.read_text().replace('"frame1"', '"take"'))
    with pytest.raises(ValueError, match="expected only keys frame0, frame1 and so on, given 'take'"):
        read_agents(path, OPTIONS)
    path.write_text(GOLDEN.read_text().replace('"frame1": {', '"frame1": {"cam03": "", '))
    with pytest.raises(ValueError, match="frame1: there is a camera 'cam03', which frame0 does not have"):
        read_agents(path, OPTIONS)
    path.write_text("{}")
    with pytest.raises(ValueError, match="the file holds no frames"):
        read_agents(path, OPTIONS, "recammaster")
