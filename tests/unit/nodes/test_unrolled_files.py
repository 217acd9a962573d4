import folder_paths
import pytest
import torch

from shared_world.data_engine.clip_files import read_unrolled_clip
from shared_world.nodes.sockets import UnrolledVideo
from shared_world.nodes.unrolled_files import SaveUnrolledVideo
from shared_world.tests.unit.world.unrolling.flat_video import flat_video
from shared_world.world.unrolling import unroll_video

pytest.importorskip("av")


@pytest.fixture(scope="module")
def unrolled():
    given = flat_video()
    world = unroll_video(**given)
    (identity,) = world.identities
    picture, mask = identity.crop(given["images"]), identity.crop(given["masks"][0]).float()
    return UnrolledVideo(world, given["images"], (picture,), (mask,))


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    for kind in ("output", "temp"):
        (tmp_path / kind).mkdir()
        monkeypatch.setattr(folder_paths, f"{kind}_directory", str(tmp_path / kind))
    return tmp_path


def saved(unrolled, prefix, folder):
    return SaveUnrolledVideo.execute(unrolled, prefix, folder).ui


def test_folders_are_numbered_and_every_file_is_told(unrolled, folders):
    for number in (1, 2):
        shown = saved(unrolled, "clips/ride", "output")
        place = f"clips/ride_0000{number}"
        assert shown["text"] == (place,)
        folder = folders / "output" / place
        assert {file["filename"] for file in shown["files"]} == {path.name for path in folder.iterdir()}
        assert {(file["subfolder"], file["type"]) for file in shown["files"]} == {(place, "output")}
        clip = read_unrolled_clip(folder)
        assert clip.world == unrolled.world
        assert (clip.video.float() / 255.0 - unrolled.images).abs().max() < 0.51 / 255.0
        assert torch.equal(clip.identities[0][..., 3] > 128, unrolled.masks[0] > 0.5)


def test_in_the_temp_folder_the_next_one_takes_the_place(unrolled, folders):
    first = saved(unrolled, "unroll/here", "temporary")
    (folders / "temp" / "unroll" / "here" / "old.txt").write_text("old")
    assert saved(unrolled, "unroll/here", "temporary") == first
    assert {file["type"] for file in first["files"]} == {"temp"}
    assert "old.txt" not in {path.name for path in (folders / "temp" / "unroll" / "here").iterdir()}


def test_nothing_else_is_replaced_or_written_elsewhere(unrolled, folders):
    (folders / "temp" / "mine").mkdir()
    with pytest.raises(ValueError, match="'mine' in ComfyUI's temp folder is no unrolled video; give another name"):
        saved(unrolled, "mine", "temporary")
    for folder, name in (("temporary", "temp"), ("output", "output")):
        with pytest.raises(ValueError, match=f"lies outside ComfyUI's {name} folder"):
            saved(unrolled, "../elsewhere", folder)
