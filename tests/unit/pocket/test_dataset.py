import json
import os
import resource
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
import torch

import shared_world
from shared_world.pocket.__main__ import main
from shared_world.pocket.clip_files import read_clip
from shared_world.pocket.dataset import DataSet, make_data_set
from shared_world.pocket.ground_truth import known_clip
from shared_world.pocket.index import read_index
from shared_world.pocket.recipe import ClipOptions, draw_recipe, render_clip
from shared_world.pocket.splits import SPLITS, town_seed
from shared_world.world.metrics.regions import region_masks

TINY = ClipOptions(layout="crossroads", frames=5, frame_rate=2.0, height=8, width=12, samples=1)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of the clips of a data set."""
    files = sorted(path for path in (folder / "clips").rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_clip_is_read_back_as_it_was_rendered(tmp_path):
    data_set = DataSet(tmp_path, "test", TINY)
    assert make_data_set(data_set, 2) == 2
    for number, entry in enumerate(read_index(tmp_path)):
        clip, rendered = read_clip(tmp_path / entry.folder), render_clip(data_set.recipe(number))
        assert torch.equal(clip.tiles, rendered.tiles)
        assert clip.agents == rendered.agents
        assert clip.recipe == rendered.recipe
        assert torch.equal(clip.instances, rendered.instances)
        torch.testing.assert_close(clip.depth, rendered.depth, rtol=1e-3, atol=1e-3)
        assert entry.values["town_seed"] == number == clip.recipe.town_seed
        assert clip.tiles.shape == (2, 5, 16, 24, 3)


def test_splits_share_no_town():
    ranges = sorted(SPLITS.values(), key=lambda seeds: seeds.start)
    assert all(first.stop <= second.start for first, second in pairwise(ranges))
    for split, towns in SPLITS.items():
        assert (town_seed(split, 0), town_seed(split, len(towns) - 1)) == (towns[0], towns[-1])
    with pytest.raises(ValueError, match="no split 'valid'; choose one of test, validation, train"):
        town_seed("valid", 0)
    with pytest.raises(ValueError, match="has the towns 0 to 99999, given 100000"):
        town_seed("test", 100_000)


def test_clips_of_a_data_set_vary():
    recipes = [draw_recipe(ClipOptions(layout="crossroads"), seed) for seed in range(12)]
    assert len({recipe.preset for recipe in recipes}) > 2
    assert len({recipe.weather for recipe in recipes}) == 3
    assert len({recipe.speed for recipe in recipes}) == 12


def test_several_clips_of_one_town_differ(tmp_path):
    data_set = DataSet(tmp_path, "test", TINY, clips_per_town=2)
    first, second, third = (data_set.recipe(number) for number in range(3))
    assert first.town_seed == second.town_seed != third.town_seed
    assert first != second


def test_making_goes_on_where_it_stopped(tmp_path):
    whole, parts = DataSet(tmp_path / "whole", "test", TINY), DataSet(tmp_path / "parts", "test", TINY)
    make_data_set(whole, 3)
    make_data_set(parts, 1)
    seen = []
    assert make_data_set(parts, 3, progress=seen.append) == 2
    assert seen == [1, 2, 3]
    assert contents(whole.folder) == contents(parts.folder)
    assert make_data_set(parts, 3) == 0


def test_a_killed_run_lists_only_complete_clips_and_goes_on(tmp_path):
    command = [sys.executable, "-m", "shared_world.pocket", "make", "--out", str(tmp_path), "--split", "test"]
    command += ["--clips", "200", "--processes", "2", "--layout", "crossroads", "--frames", "5", "--frame-rate", "2"]
    command += ["--height", "8", "--width", "12", "--samples", "1"]
    paths = os.pathsep.join([str(Path(shared_world.__path__[0]).parent), *sys.path])
    run = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": paths}, stderr=subprocess.DEVNULL)
    index = tmp_path / "index" / "00000.jsonl"
    deadline = time.monotonic() + 60
    while not (index.exists() and index.read_text().count("\n") >= 2) and time.monotonic() < deadline:
        time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    run.wait()
    listed = read_index(tmp_path)
    assert 2 <= len(listed) < 200
    for entry in listed:
        read_clip(tmp_path / entry.folder)
    make_data_set(DataSet(tmp_path, "test", TINY), len(listed) + 2)
    assert [entry.number for entry in read_index(tmp_path)][: len(listed) + 2] == list(range(len(listed) + 2))


def test_a_full_disk_leaves_no_half_clip(tmp_path):
    data_set = DataSet(tmp_path, "test", TINY)
    make_data_set(data_set, 1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (900, before[1]))  # files cannot grow beyond 900 bytes
    try:
        with pytest.raises(OSError, match="File too large"):
            make_data_set(data_set, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [entry.number for entry in read_index(tmp_path)] == [0]
    assert [path.name for path in (tmp_path / "clips" / "00000").iterdir()] == ["00000000"]
    assert make_data_set(data_set, 2) == 1


def test_broken_lines_of_the_index_are_skipped_and_made_again(tmp_path, caplog):
    data_set = DataSet(tmp_path, "test", TINY)
    make_data_set(data_set, 2)
    index = tmp_path / "index" / "00000.jsonl"
    good, cut = index.read_text().splitlines()
    outside = json.dumps({"number": 5, "folder": "../../elsewhere"})
    index.write_text(f"{good}\nnot json\n{outside}\n{cut[:30]}")
    assert [entry.number for entry in read_index(tmp_path)] == [0]
    assert "line 2 is broken" in caplog.text
    assert "line 4 is broken" in caplog.text
    assert make_data_set(data_set, 2) == 1
    assert [json.loads(line)["number"] for line in index.read_text().splitlines()] == [0, 1]


def test_other_options_are_refused_with_their_differences(tmp_path):
    make_data_set(DataSet(tmp_path, "test", TINY), 1)
    with pytest.raises(ValueError, match="split 'test' there, 'train' now"):
        make_data_set(DataSet(tmp_path, "train", TINY), 1)


def test_a_broken_clip_is_named(tmp_path):
    make_data_set(DataSet(tmp_path, "test", TINY), 1)
    folder = tmp_path / read_index(tmp_path)[0].folder
    video = folder / "agent_2.mkv"
    data = video.read_bytes()
    video.write_bytes(data[:200])
    with pytest.raises(ValueError, match="00000000: the clip cannot be read"):
        read_clip(folder)
    video.unlink()
    with pytest.raises(ValueError, match=r"agent_2\.mkv"):
        read_clip(folder)
    (folder / "clip.json").write_text("{")
    with pytest.raises(ValueError, match="00000000: the clip cannot be read"):
        read_clip(folder)


def test_an_empty_folder_is_no_data_set(tmp_path):
    with pytest.raises(ValueError, match="no index that lists a clip"):
        read_index(tmp_path)


def test_unusable_options_are_refused():
    for options, message in (
        ({"presets": ("overtaking",)}, "no encounter 'overtaking'"),
        ({"weathers": ()}, "'weathers' needs at least one"),
        ({"fog": (-1.0,)}, "positive metres"),
        ({"travel": (30.0, 20.0)}, "smallest and a largest"),
        ({"frames": 0}, "'frames' must be at least 1, given 0"),
        ({"frame_rate": 0.0}, "'frame_rate' must be positive, given 0"),
        ({"frame_rate": float("nan")}, "'frame_rate' must be positive, given nan"),
    ):
        with pytest.raises(ValueError, match=message):
            ClipOptions(**options)
    with pytest.raises(ValueError, match="needs crossroads, and the town of seed 3 with layout 'straight' has none"):
        draw_recipe(ClipOptions(layout="straight", presets=("crossing",)), 3)


def test_what_the_partner_knows_is_not_in_the_own_first_frame():
    options = ClipOptions(frames=9, frame_rate=1.5, height=32, width=48, samples=1, presets=("crossing",))
    known = known_clip(render_clip(draw_recipe(options, 5)), without_others=True)
    masks = region_masks(known.instances, known.transmittance, known.buildings, known.cars)
    later = {name: int(mask[:, 1:].sum()) for name, mask in masks.items()}
    assert later["seen"] > later["partner_saw"] > 0
    assert later["other_car"] > 0
    for agent in range(2):
        hidden = known.instances[agent, 0][masks["partner_saw"][agent, 0]]
        assert hidden.unique(return_counts=True)[1].max(initial=0) < 3 if len(hidden) else True
    same = ~masks["other_car"]
    difference = (known.without_others - known.truth).abs().amax(-1)
    assert difference[masks["other_car"]].mean() > 5 * difference[same].mean()


def test_the_command_makes_a_data_set_and_names_what_is_wrong(tmp_path, capsys):
    tiny = ["--layout", "straight", "--frames", "1", "--height", "8", "--width", "12", "--samples", "1"]
    command = ["make", "--out", str(tmp_path), "--split", "validation", "--clips", "1", *tiny]
    assert main(command) == 0
    assert len(read_index(tmp_path)) == 1
    assert main([*command, "--presets", "crossing"]) == 1
    assert "other options: presets" in capsys.readouterr().err
