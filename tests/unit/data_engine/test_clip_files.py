"""A clip of an unrolled video on disk, as the trainers and a user's own scripts read it."""

import json
from dataclasses import replace

import pytest
import torch

from shared_world.data_engine.clip_files import file_names, read_unrolled_clip, write_unrolled_clip
from shared_world.pocket.index import append_entry, clip_folder
from shared_world.training.clips import ClipError, list_clips, read_windows
from shared_world.training.settings import DataSettings
from shared_world.world.scene import render_for_agent
from shared_world.world.unrolling import read_unrolled


def test_clip_comes_back_as_it_was(clip, tmp_path):
    write_unrolled_clip(clip, tmp_path / "clip")
    again = read_unrolled_clip(tmp_path / "clip")
    assert again.world == clip.world == read_unrolled(tmp_path / "clip")
    assert torch.equal(again.video, clip.video)
    assert [torch.equal(*pair) for pair in zip(again.identities, clip.identities, strict=True)] == [True]


def test_trainers_read_the_filming_agent_and_its_video(clip, tmp_path):
    document = write_unrolled_clip(clip, tmp_path / clip_folder(0))
    append_entry(tmp_path, {"number": 0, "folder": clip_folder(0)})
    settings = DataSettings(train="", cache="", frames=5, interval=1, stride=2)
    (listed,) = list_clips(tmp_path)
    windows = read_windows(listed, settings)
    assert [window.start for window in windows] == [0, 2]
    for window in windows:
        frames = range(window.start, window.start + 10, 2)
        assert window.agents.names == ("camera",)
        assert window.agents == clip.world.agents.__class__((clip.world.camera,), 6.0).select_frames(frames)
        assert torch.equal(window.tiles, clip.video[None, list(frames)])
    assert document["subjects"] == [{"agent": "board", "identity": "identity_1.png"}]


def test_condition_videos_of_a_window_can_be_rendered_from_what_was_stored(clip, tmp_path):
    """What the network is conditioned on: the background without the subject, and where the subject's Gaussian is."""
    write_unrolled_clip(clip, tmp_path / "clip")
    stored = read_unrolled_clip(tmp_path / "clip")
    rig = stored.world.camera.rig
    scene, agents, video = stored.window(range(1, 11, 2))
    assert torch.equal(video, clip.video[1:11:2])
    seen = render_for_agent(scene, agents, "camera", rig.height, rig.width)
    blue = (seen.rgb[..., 2] > 0.5) & (seen.rgb[..., 0] < 0.3)
    columns = [float(frame.nonzero()[:, 1].double().mean()) for frame in blue]
    steps = torch.tensor(columns).diff()
    assert (steps > 0).all()
    assert steps.mean() == pytest.approx(6.0, abs=1.0)  # the board's pixels in two frames
    assert stored.world.relative_paths().shape == (1, 12, 4, 4)


def test_a_subject_that_the_agents_lack_is_a_broken_clip(clip, tmp_path):
    document = write_unrolled_clip(clip, tmp_path / clip_folder(0))
    append_entry(tmp_path, {"number": 0, "folder": clip_folder(0)})
    text = json.dumps({**document, "subjects": []})
    (tmp_path / clip_folder(0) / "clip.json").write_text(text)
    (listed,) = list_clips(tmp_path)
    with pytest.raises(ClipError, match="there are 2 agents"):
        read_windows(listed, DataSettings(train="", cache="", frames=5, stride=5))


def test_parts_that_do_not_fit_are_refused(clip):
    with pytest.raises(ValueError, match=r"needs a video \(12, height, width, 3\)"):
        replace(clip, video=clip.video[1:])
    with pytest.raises(ValueError, match="1 subjects need as many identity pictures, given 0"):
        replace(clip, identities=())


@pytest.mark.parametrize("name", ["agent_1.mkv", "identity_1.png", "scene.safetensors", "agents.json", "unrolled.json"])
def test_a_clip_that_lacks_or_breaks_a_file_is_named(clip, tmp_path, name):
    write_unrolled_clip(clip, tmp_path / "clip")
    file = tmp_path / "clip" / name
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(ValueError, match="clip"):
        read_unrolled_clip(tmp_path / "clip")
    file.unlink()
    with pytest.raises(ValueError, match="clip"):
        read_unrolled_clip(tmp_path / "clip")


def test_files_elsewhere_are_not_part_of_a_clip(clip):
    document = clip.document()
    with pytest.raises(ValueError, match=r"names the file '\.\./secret'"):
        file_names({**document, "agents": "../secret"})
    with pytest.raises(ValueError, match="not that of an unrolled video"):
        file_names({"agents": "agents.json"})
