"""Runs over several videos: going on, failures, servers that go away. The workers stand for servers; see also
tests/comfyui/test_unroll_command.py.
"""

import json
import threading
import time

import pytest

from shared_world.data_engine.cli import status
from shared_world.data_engine.clip_files import read_unrolled_clip
from shared_world.data_engine.data_set import UnrolledDataSet
from shared_world.data_engine.graph import DEFAULT_GRAPH, read_template
from shared_world.data_engine.job import Outcome
from shared_world.data_engine.run import FAILED_FILE, Run, Summary
from shared_world.data_engine.server import Stopped
from shared_world.data_engine.videos import Video
from shared_world.pocket.index import read_index

POSED = DEFAULT_GRAPH.with_name("unroll_posed_video.json")
LOST = Outcome({}, "the server does not answer", "server")


@pytest.fixture
def videos(tmp_path):
    names = ["a.mp4", "b.mp4", "c.mp4"]
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
    return [Video(name, tmp_path / name) for name in names]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "set"


@pytest.fixture
def works(clip_contents):
    """A worker, and the contents of the videos that it was given, in their order."""
    given = []

    def worker(job):
        (content,) = job.uploads.values()
        given.append(content.decode())
        return Outcome(clip_contents)

    worker.given = given
    return worker


def run(folder, template, *workers, **options):
    return Run(template, UnrolledDataSet(folder, template), workers, threading.Event(), **options)


def listed(folder):
    return {entry.values["video"]: folder / entry.folder for entry in read_index(folder)}


def left_overs(folder):
    return [path.name for path in folder.rglob("*") if path.name.startswith(".") or path.name.endswith(".incomplete")]


def test_every_video_becomes_a_listed_clip_that_says_where_it_is_from(folder, template, videos, works, clip):
    told = []
    summary = run(folder, template, works).unroll(videos, lambda *words: told.append(words))
    assert summary.made == ["a.mp4", "b.mp4", "c.mp4"]
    assert status(summary, None) == 0
    for name, path in listed(folder).items():
        assert read_unrolled_clip(path).world == clip.world
        assert json.loads((path / "clip.json").read_text())["source"] == {"video": name}
    assert [entry.values["subjects"] for entry in read_index(folder)] == [1, 1, 1]
    assert told[0] == ("a.mp4", f"frames 12, subjects 1, warnings {len(clip.world.warnings)}")
    assert left_overs(folder) == []


def test_a_second_run_makes_what_is_missing_alone(folder, template, videos, works):
    run(folder, template, works).unroll(videos[:2])
    summary = run(folder, template, works).unroll(videos)
    assert works.given == ["a.mp4", "b.mp4", "c.mp4"]
    assert (summary.there, summary.made) == (["a.mp4", "b.mp4"], ["c.mp4"])
    assert run(folder, template, works).unroll(videos).text() == "3 there already."


def test_a_broken_video_is_reported_and_tried_again_next_time(folder, template, videos, works):
    def fails_on_b(job):
        return Outcome({}, "node 3: no frames", "video") if b"b.mp4" in job.uploads.values() else works(job)

    summary = run(folder, template, fails_on_b).unroll(videos)
    assert summary.made == ["a.mp4", "c.mp4"]
    assert summary.text() == "2 new, 1 failed.\n  b.mp4: node 3: no frames"
    assert json.loads((folder / FAILED_FILE).read_text()) == {"b.mp4": "node 3: no frames"}
    assert status(summary, None) == 0
    assert status(summary, 0) == 1
    assert run(folder, template, works).unroll(videos).made == ["b.mp4"]
    assert json.loads((folder / FAILED_FILE).read_text()) == {}


def test_all_videos_failing_is_a_failure_and_too_many_end_the_run(folder, template, videos):
    def fails(job):
        return Outcome({}, "no", "video")

    assert status(run(folder, template, fails).unroll(videos), None) == 1
    summary = run(folder, template, fails, max_failed=1).unroll(videos)
    assert (len(summary.failed), summary.left) == (2, ["c.mp4"])
    assert status(summary, 1) == 1


def test_a_run_that_ends_early_tells_what_was_not_tried_though_others_are_still_at_work(folder, template, videos):
    first_failed = threading.Event()

    def fails(job):
        if b"b.mp4" in job.uploads.values():
            first_failed.wait(30)
        return Outcome({}, "no", "video")

    summary = run(folder, template, fails, fails, max_failed=0).unroll(videos, lambda *_: first_failed.set())
    assert sorted(summary.failed) == ["a.mp4", "b.mp4"]
    assert summary.left == ["c.mp4"]


def test_a_server_that_goes_away_costs_no_video(folder, template, videos, works):
    def goes_away(job):
        return LOST

    summary = run(folder, template, goes_away, works).unroll(videos)
    assert sorted(summary.made) == ["a.mp4", "b.mp4", "c.mp4"]
    assert summary.lost == ["the server does not answer"]
    assert summary.failed == {}


def test_a_video_that_takes_two_servers_along_fails_alone(folder, template, videos, works):
    def dies_of_b(job):
        if b"b.mp4" in job.uploads.values():
            return LOST
        time.sleep(0.05)  # leaves some for the others
        return works(job)

    summary = run(folder, template, dies_of_b, dies_of_b, dies_of_b).unroll(videos)
    assert summary.failed == {"b.mp4": "the server does not answer"}
    assert sorted(summary.made) == ["a.mp4", "c.mp4"]


def test_without_a_server_the_videos_are_left(folder, template, videos):
    summary = run(folder, template, lambda job: LOST).unroll(videos)
    assert summary.left == ["a.mp4", "b.mp4", "c.mp4"]
    assert status(summary, None) == 1
    assert "3 not tried" in summary.text()


def test_an_interrupted_run_leaves_whole_clips_and_goes_on(folder, template, videos, works):
    def interrupted(name, words):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(folder, template, works).unroll(videos, interrupted)
    assert list(listed(folder)) == ["a.mp4"]
    assert left_overs(folder) == []
    assert run(folder, template, works).unroll(videos).made == ["b.mp4", "c.mp4"]


def test_an_interrupted_run_tells_what_had_failed(folder, template, videos, works):
    def fails_on_a(job):
        return Outcome({}, "no frames", "video") if b"a.mp4" in job.uploads.values() else works(job)

    def interrupted(name, words):
        if name == "b.mp4":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(folder, template, fails_on_a).unroll(videos, interrupted)
    assert json.loads((folder / FAILED_FILE).read_text()) == {"a.mp4": "no frames"}


def test_workers_are_told_to_stop_when_the_run_is_interrupted(folder, template, videos, works):
    stop, begun = threading.Event(), threading.Event()

    def waits(job):
        begun.set()
        if stop.wait(30):
            raise Stopped
        raise AssertionError("nobody said stop")

    def after_the_other_began(job):
        begun.wait(30)
        return works(job)

    def interrupted(name, words):
        raise KeyboardInterrupt

    data_set = UnrolledDataSet(folder, template)
    with pytest.raises(KeyboardInterrupt):
        Run(template, data_set, [waits, after_the_other_began], stop).unroll(videos, interrupted)
    assert list(listed(folder)) == ["b.mp4"]


def test_a_clip_that_lacks_a_file_is_set_aside_and_made_again(folder, template, videos, works, caplog):
    run(folder, template, works).unroll(videos)
    (listed(folder)["b.mp4"] / "scene.safetensors").unlink()
    summary = run(folder, template, works).unroll(videos)
    assert summary.made == ["b.mp4"]
    assert "scene.safetensors is missing; the folder is set aside" in caplog.text
    assert sorted(listed(folder)) == ["a.mp4", "b.mp4", "c.mp4"]
    assert len(left_overs(folder)) == 1


def test_a_clip_whose_run_was_killed_before_it_was_listed_is_found(folder, template, videos, works):
    run(folder, template, works).unroll(videos[:1])
    (folder / "index" / "00000.jsonl").write_text("")
    assert run(folder, template, works).unroll(videos[:1]).there == ["a.mp4"]
    assert list(listed(folder)) == ["a.mp4"]


def test_another_graph_needs_another_folder(folder, template, videos, works):
    run(folder, template, works).unroll(videos[:1])
    with pytest.raises(ValueError, match="this data set has other options: graph"):
        UnrolledDataSet(folder, read_template(DEFAULT_GRAPH, ["Subjects.text=dog"]))


def test_what_a_server_gives_back_is_checked_before_it_is_kept(folder, template, videos, clip_contents):
    lacking = {name: content for name, content in clip_contents.items() if name != "agents.json"}
    answers = iter([lacking, {**clip_contents, "agent_1.mkv": b"none"}, {**clip_contents, "clip.json": b"{}"}])
    summary = run(folder, template, lambda job: Outcome(next(answers))).unroll(videos)
    assert "lacks agents.json" in summary.failed["a.mp4"]
    assert "the video cannot be read" in summary.failed["b.mp4"]
    assert "not that of an unrolled video" in summary.failed["c.mp4"]
    assert left_overs(folder) == []
    assert not (folder / "index").exists()


def test_a_file_that_is_not_beside_its_video_fails_that_video(folder, videos, works):
    summary = run(folder, read_template(POSED), works).unroll(videos[:1])
    assert "a.agents.json: No such file" in summary.failed["a.mp4"]


def test_nothing_to_do_is_no_failure():
    assert (Summary().text(), status(Summary(), None)) == ("nothing to do.", 0)
