import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from shared_world.pocket.clip_files import CLIP_FILE, GROUND_TRUTH_FILE, read_clip
from shared_world.pocket.town import FIRST_CAR
from shared_world.tests.unit.training.pocket_clips import make_pocket_clips
from shared_world.training.clips import ClipError, list_clips
from shared_world.training.posed_clips import read_posed_windows
from shared_world.training.settings import DataSettings
from shared_world.world.tiles import split_images

DATA = DataSettings(train="", cache="", frames=5, stride=5)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    return make_pocket_clips(tmp_path_factory.mktemp("clips") / "train", 2)


@pytest.fixture
def clip(tmp_path):
    return list_clips(make_pocket_clips(tmp_path / "one", 1))[0]


def test_videos_depth_and_agents_are_those_of_the_clip(clips):
    for listed in list_clips(clips):
        clip = read_clip(listed.folder)
        (window,) = read_posed_windows(listed, DATA)
        assert torch.equal(window.frames, clip.tiles)
        assert torch.equal(window.depth, clip.depth[:, :, 0])
        assert torch.equal(window.agents_seen, clip.instances[:, :, 0] >= FIRST_CAR)
        assert window.agents == clip.agents


def test_of_four_views_the_front_one_counts(tmp_path):
    (listed,) = list_clips(make_pocket_clips(tmp_path / "four", 1, front_only=False, height=16, width=16))
    clip = read_clip(listed.folder)
    (window,) = read_posed_windows(listed, DATA)
    front = split_images(clip.tiles)[:, :, 0]
    assert torch.equal(window.frames, front)
    assert torch.equal(window.depth, clip.depth[:, :, 0])


def test_mirrored_windows_are_mirrored_throughout(clips):
    listed = list_clips(clips)[0]
    plain, mirrored = read_posed_windows(listed, replace(DATA, mirror=True))
    assert torch.equal(mirrored.frames, plain.frames.flip(3))
    assert torch.equal(mirrored.depth, plain.depth.flip(-1))
    assert torch.equal(mirrored.agents_seen, plain.agents_seen.flip(-1))


def test_windows_are_cut_with_their_depth(tmp_path):
    (listed,) = list_clips(make_pocket_clips(tmp_path / "long", 1, frames=9))
    windows = read_posed_windows(listed, replace(DATA, stride=4))
    whole = read_clip(listed.folder)
    assert [window.start for window in windows] == [0, 4]
    assert torch.equal(windows[1].depth, whole.depth[:, 4:, 0])


def test_portraits_show_the_cars_of_the_recipe(clips):
    listed = list_clips(clips)[0]
    colours = read_clip(listed.folder).recipe.colours
    (window,) = read_posed_windows(listed, DATA)
    assert len(set(colours)) == len(window.portraits) == 2
    assert not torch.equal(window.portraits[0], window.portraits[1])


def test_clips_without_a_recipe_give_cut_out_portraits(clip):
    document = json.loads((clip.folder / CLIP_FILE).read_text())
    del document["recipe"]
    (clip.folder / CLIP_FILE).write_text(json.dumps(document))
    truth = dict(np.load(clip.folder / GROUND_TRUTH_FILE))
    truth["instances"][truth["instances"] >= FIRST_CAR] = 0
    truth["instances"][0, 2, 0, 4:9, 6:12] = FIRST_CAR + 1
    np.savez_compressed(clip.folder / GROUND_TRUTH_FILE, **truth)
    (window,) = read_posed_windows(clip, DATA)
    assert window.portraits[0] is None
    assert window.portraits[1].shape[2] == 4
    assert window.portraits[1][..., 3].sum() == 30


def test_missing_depth_is_explained(clip):
    (clip.folder / GROUND_TRUTH_FILE).unlink()
    with pytest.raises(ClipError, match="depth and instances cannot be read"):
        read_posed_windows(clip, DATA)


def cut_short(path):
    path.write_bytes(b"")


def damage_the_compression(path):
    content = bytearray(path.read_bytes())
    content[60:68] = bytes(255 - value for value in content[60:68])
    path.write_bytes(content)


def leave_out_frames(path):
    np.savez_compressed(path, **{name: values[:, :3] for name, values in np.load(path).items()})


def leave_out_instances_of_frames(path):
    truth = dict(np.load(path))
    np.savez_compressed(path, depth=truth["depth"], instances=truth["instances"][:, :3])


@pytest.mark.parametrize("damage", [cut_short, damage_the_compression, leave_out_frames, leave_out_instances_of_frames])
def test_damaged_depth_names_the_clip(clip, damage):
    damage(clip.folder / GROUND_TRUTH_FILE)
    with pytest.raises(ClipError, match=clip.name):
        read_posed_windows(clip, DATA)
    with pytest.raises(ValueError, match=clip.name):
        read_clip(clip.folder)


def test_depth_outside_the_clip_is_not_read(clip):
    outside = (clip.folder / GROUND_TRUTH_FILE).rename(clip.folder.parent / "elsewhere.npz")
    document = json.loads((clip.folder / CLIP_FILE).read_text())
    (clip.folder / CLIP_FILE).write_text(json.dumps({**document, "ground_truth": str(outside)}))
    with pytest.raises(ClipError, match="depth and instances cannot be read"):
        read_posed_windows(clip, DATA)


def test_another_view_before_the_front_one_is_refused(tmp_path):
    """Its depth and camera would go with the pictures of the front view."""
    (listed,) = list_clips(make_pocket_clips(tmp_path / "four", 1, front_only=False, height=16, width=16))
    document = json.loads((listed.folder / CLIP_FILE).read_text())
    document["tile"]["view_order"] = ["left", "front", "rear", "right"]
    (listed.folder / CLIP_FILE).write_text(json.dumps(document))
    with pytest.raises(ClipError, match="first of several views must be 'front', given 'left'"):
        read_posed_windows(listed, DATA)


def test_a_data_set_without_depth_is_explained(clip):
    document = json.loads((clip.folder / CLIP_FILE).read_text())
    document["ground_truth"] = None
    (clip.folder / CLIP_FILE).write_text(json.dumps(document))
    with pytest.raises(ClipError, match="make the data set with ground truth"):
        read_posed_windows(clip, DATA)
