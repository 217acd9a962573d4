from pathlib import Path

import pytest
import torch

from shared_world.pocket.index import clip_folder
from shared_world.tests.unit.training.recorded_clips import write_recorded_clip
from shared_world.training import cache as cache_module
from shared_world.training.cache import Cache, cache_folder, make_shards, require_readable
from shared_world.training.clips import list_clips, read_windows
from shared_world.training.settings import DataSettings

SETTINGS = DataSettings(train="", cache="", frames=5, stride=5)


@pytest.fixture
def data_set(tmp_path, monkeypatch):
    """Seven clips, two per shard."""
    monkeypatch.setattr(cache_module, "CLIPS_PER_SHARD", 2)
    for number in range(7):
        write_recorded_clip(tmp_path / "data", number, frames=10 if number == 3 else 5, seed=number)
    return tmp_path / "data"


class Encoder:
    """Mean colours; counts the windows and can break down."""

    def __init__(self, breaks_after=None):
        self.windows = 0
        self.breaks_after = breaks_after

    def __call__(self, windows):
        self.windows += len(windows)
        if self.breaks_after is not None and self.windows > self.breaks_after:
            raise RuntimeError("out of memory")
        return {"mean": torch.stack([window.tiles.float().mean((1, 2, 3)) for window in windows])}


def make(data_set, encode, max_unreadable=0.0, **processes):
    folder = cache_folder(data_set.parent, "means", {"frames": 5})
    clips = list_clips(data_set)
    return make_shards(folder, clips, lambda clip: read_windows(clip, SETTINGS), encode, max_unreadable, **processes)


def expected_means(data_set):
    windows = [window for clip in list_clips(data_set) for window in read_windows(clip, SETTINGS)]
    return torch.stack([window.tiles.float().mean((1, 2, 3)) for window in windows])


def damage(data_set, number):
    (data_set / clip_folder(number) / "agent_1.mkv").write_bytes(b"")


@pytest.mark.parametrize("device", [None, torch.device("cpu")])
def test_windows_come_in_the_order_of_the_clips(data_set, device):
    cache = Cache(make(data_set, Encoder()), device)
    assert len(cache) == 8
    assert [start for _, start in cache.windows] == [0, 0, 0, 0, 5, 0, 0, 0]
    rows = torch.tensor([6, 0, 4, 4])
    assert torch.equal(cache.gather(rows, "cpu")["mean"], expected_means(data_set)[rows])
    assert cache.shape("mean") == (2, 3)


def test_interrupted_caching_goes_on(data_set):
    with pytest.raises(RuntimeError, match="out of memory"):
        make(data_set, Encoder(breaks_after=5))
    again = Encoder()
    cache = Cache(make(data_set, again))
    assert again.windows == 3
    assert torch.equal(cache.gather(torch.arange(8), "cpu")["mean"], expected_means(data_set))


def test_data_set_that_grew_or_changed_needs_only_some_shards(data_set):
    make(data_set, Encoder())
    write_recorded_clip(data_set, 7, seed=7)
    grown = Encoder()
    assert len(Cache(make(data_set, grown))) == 9
    assert grown.windows == 2
    (data_set / clip_folder(0) / "agent_1.mkv").write_bytes((data_set / clip_folder(6) / "agent_1.mkv").read_bytes())
    changed = Encoder()
    cache = Cache(make(data_set, changed))
    assert changed.windows == 2
    assert torch.equal(cache.gather(torch.arange(9), "cpu")["mean"], expected_means(data_set))


def test_unreadable_clips_are_skipped_and_counted(data_set, caplog):
    damage(data_set, 2)
    cache = Cache(make(data_set, Encoder(), max_unreadable=0.2))
    assert len(cache) == 7
    assert list(cache.unreadable) == [Path(clip_folder(2)).name]
    assert "Skipping a clip" in caplog.text
    require_readable(cache.unreadable, 7, 0.2)
    with pytest.raises(ValueError, match=r"1 of 7 clips cannot be read, at most 10% may be skipped"):
        require_readable(cache.unreadable, 7, 0.1)


def test_too_many_unreadable_clips_end_the_run(data_set):
    for number in (0, 1, 4):
        damage(data_set, number)
    with pytest.raises(ValueError, match=r"2 of 7 clips cannot be read.*The first is 00000000"):
        make(data_set, Encoder(), max_unreadable=0.2)


def test_shard_without_any_readable_clip(data_set):
    for number in (0, 1):
        damage(data_set, number)
    cache = Cache(make(data_set, Encoder(), max_unreadable=0.5))
    assert torch.equal(cache.gather(torch.tensor([0]), "cpu")["mean"], expected_means_of(data_set, 2))


def expected_means_of(data_set, number):
    (window,) = read_windows(list_clips(data_set)[number], SETTINGS)
    return window.tiles.float().mean((1, 2, 3))[None]


def test_processes_share_the_work(data_set):
    encoders = [Encoder(), Encoder()]
    for process, encode in enumerate(encoders):
        paths = make(data_set, encode, process=process, processes=2)
    assert [encode.windows for encode in encoders] == [4, 4]
    assert torch.equal(Cache(paths).gather(torch.arange(8), "cpu")["mean"], expected_means(data_set))


@pytest.mark.parametrize("number", [1, 2])
def test_clips_of_different_sizes_are_refused(tmp_path, monkeypatch, number):
    """In one shard, and in two."""
    monkeypatch.setattr(cache_module, "CLIPS_PER_SHARD", 2)
    for other in range(3):
        write_recorded_clip(tmp_path / "data", other, seed=other, view=16 if other == number else 8)

    def pixels(windows):
        return {"pixels": torch.stack([window.tiles for window in windows])}

    with pytest.raises(ValueError, match=f"The clips 00000000 and {number:08d} have different sizes"):
        Cache(make(tmp_path / "data", pixels))
