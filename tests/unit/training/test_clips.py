import json
from dataclasses import replace

import pytest
import torch

from shared_world.pocket.dataset import DataSet, make_data_set
from shared_world.pocket.index import clip_folder
from shared_world.pocket.recipe import ClipOptions, render_clip
from shared_world.tests.unit.training.recorded_clips import write_recorded_clip
from shared_world.training.clips import ClipError, data_set_record, list_clips, read_windows
from shared_world.training.settings import DataSettings
from shared_world.world.tiles import split_images

SETTINGS = DataSettings(train="", cache="", frames=5, stride=5)


def only_clip(data_set):
    (clip,) = list_clips(data_set)
    return clip


def edit_document(data_set, **changes):
    path = data_set / clip_folder(0) / "clip.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_clips_of_the_simulator_are_read_as_they_were_rendered(tmp_path):
    data_set = DataSet(
        tmp_path, "train", ClipOptions("straight", frames=5, height=16, width=24, samples=1, presets=("head_on",))
    )
    make_data_set(data_set, 1)
    rendered = render_clip(data_set.recipe(0))
    (window,) = read_windows(only_clip(tmp_path), SETTINGS)
    assert window.tiles.shape == (2, 5, 32, 48, 3)
    assert torch.equal(window.tiles, rendered.tiles)
    assert window.agents == rendered.agents
    record = data_set_record(tmp_path, list_clips(tmp_path))
    assert record["clips"] == 1
    assert record["town_seeds"] == [1_000_000, 1_000_000]
    assert record["options"]["layout"] == "straight"


def test_long_recordings_are_cut_with_their_cameras(tmp_path):
    tiles = write_recorded_clip(tmp_path, 0, frames=40)
    settings = replace(SETTINGS, interval=2, stride=12)
    windows = read_windows(only_clip(tmp_path), settings)
    assert [window.start for window in windows] == [0, 12, 24]
    whole = read_windows(only_clip(tmp_path), replace(SETTINGS, frames=37, stride=37))[0].agents
    for window in windows:
        frames = [window.start + 3 * index for index in range(5)]
        assert torch.equal(window.tiles, tiles[:, frames])
        assert torch.equal(window.agents.poses(), whole.poses()[:, frames])


def test_recordings_may_bring_their_cameras_as_a_carla_log(tmp_path):
    write_recorded_clip(tmp_path / "own", 0)
    write_recorded_clip(tmp_path / "carla", 0, format_id="carla_log")
    (own,), (carla,) = (read_windows(only_clip(tmp_path / name), SETTINGS) for name in ("own", "carla"))
    torch.testing.assert_close(carla.agents.extrinsics(), own.agents.extrinsics(), atol=1e-4, rtol=0)


def test_front_view_is_cut_out_of_the_tile(tmp_path):
    tiles = write_recorded_clip(tmp_path, 0)
    order = ["left", "front", "rear", "right"]
    edit_document(tmp_path, tile={"rows": 2, "columns": 2, "view_order": order})
    (window,) = read_windows(only_clip(tmp_path), replace(SETTINGS, views="front"))
    assert torch.equal(window.tiles, split_images(tiles)[:, :, 1])


def test_short_clip_gives_nothing(tmp_path):
    write_recorded_clip(tmp_path, 0, frames=4)
    assert read_windows(only_clip(tmp_path), SETTINGS) == []


def shorten_video(folder):
    (folder / "agent_2.mkv").write_bytes((folder / "agent_2.mkv").read_bytes()[:300])


def remove_agents(folder):
    (folder / "agents.json").unlink()


def break_document(folder):
    (folder / "clip.json").write_text(
        '{"format": "shared_world_clip", "version": 1, "videos": 3, "agents": "agents.json"}'
    )


def drop_an_agent(folder):
    document = json.loads((folder / "clip.json").read_text())
    (folder / "clip.json").write_text(json.dumps({**document, "videos": document["videos"][:1]}))


@pytest.mark.parametrize("damage", [shorten_video, remove_agents, break_document, drop_an_agent])
def test_damaged_clip_is_named(tmp_path, damage):
    write_recorded_clip(tmp_path, 0)
    damage(tmp_path / clip_folder(0))
    with pytest.raises(ClipError, match=clip_folder(0)):
        read_windows(only_clip(tmp_path), SETTINGS)


def test_files_outside_the_clip_are_not_read(tmp_path):
    write_recorded_clip(tmp_path, 0)
    outside = tmp_path / "agents_elsewhere.json"
    (tmp_path / clip_folder(0) / "agents.json").rename(outside)
    edit_document(tmp_path, agents=str(outside))
    with pytest.raises(ClipError, match="cannot be read"):
        read_windows(only_clip(tmp_path), SETTINGS)
