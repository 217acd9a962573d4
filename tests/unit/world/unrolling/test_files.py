import json
from dataclasses import replace

import pytest
import torch

from shared_world.tests.unit.world.unrolling.flat_video import FRAMES, LENS, flat_video
from shared_world.world.unrolling import Identity, UnrolledWorld, read_unrolled, unroll_video, write_unrolled


@pytest.fixture(scope="module")
def world() -> UnrolledWorld:
    video = flat_video()
    video["masks"][0, 4:6] = False
    lens = LENS.repeat(FRAMES, 1, 1)
    lens[:, 0, 0] *= torch.linspace(1.0, 1.1, FRAMES).double()
    return unroll_video(**{**video, "intrinsics": lens, "names": ["chien é"]})


def test_a_world_comes_back_as_it_was(world, tmp_path):
    assert world.warnings
    write_unrolled(world, tmp_path / "set" / "clip")
    assert read_unrolled(tmp_path / "set" / "clip") == world
    assert [file.name for file in (tmp_path / "set").iterdir()] == ["clip"]


def test_a_world_without_subjects_comes_back(tmp_path):
    video = flat_video(3)
    alone = unroll_video(**{**video, "masks": video["masks"][:0]})
    write_unrolled(alone, tmp_path / "clip")
    assert read_unrolled(tmp_path / "clip") == alone


def test_a_folder_that_is_there_stays_as_it_is(world, tmp_path):
    (tmp_path / "clip").mkdir()
    (tmp_path / "clip" / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="choose another name"):
        write_unrolled(world, tmp_path / "clip")
    assert [file.name for file in tmp_path.rglob("*")] == ["clip", "notes.txt"]


def test_missing_and_damaged_files_are_named(world, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_unrolled(tmp_path / "nowhere")
    folder = tmp_path / "clip"
    write_unrolled(world, folder)
    path = folder / "unrolled.json"
    document = json.loads(path.read_text("utf-8"))
    for key, value in [("version", 2), ("seen", [[1]]), ("identities", []), ("identities", 3), ("format", "other")]:
        path.write_text(json.dumps({**document, key: value}), "utf-8")
        with pytest.raises(ValueError, match="clip: the unrolled world cannot be read"):
            read_unrolled(folder)
    for text in ("{", json.dumps(document).replace('"frame": ', '"frame": 1e999, "was": ')):
        path.write_text(text, "utf-8")
        with pytest.raises(ValueError, match="cannot be read"):
            read_unrolled(folder)


def test_parts_that_do_not_belong_together_are_refused(world):
    with pytest.raises(ValueError, match="the scene has none"):
        replace(world, scene=world.scene.with_agents([]))
    with pytest.raises(ValueError, match="1 subjects need as many identities"):
        replace(world, seen=world.seen[:, 1:])
    with pytest.raises(ValueError, match="its identity is in frame 99"):
        replace(world, identities=(Identity(99, (0, 0, 1, 1)),))
    with pytest.raises(ValueError, match="The scene's agents have 12 frames, the paths 3"):
        replace(world, agents=world.agents.select_frames([0, 1, 2]))


def test_a_world_does_not_change_with_its_inputs(world):
    seen = world.seen.clone()
    other = replace(world, seen=seen)
    seen[:] = False
    assert other == world
    assert replace(world, seen=seen) != world
