"""What the demo says when a graph has run."""

from shared_world.development.demo import OUTPUT, Stopwatch, saved_files, taken, texts

OUTPUTS = {
    "1": {"images": [{"filename": "a.mp4", "subfolder": "shared_world", "type": "output"}]},
    "2": {"images": [{"filename": "map.png", "subfolder": "", "type": "temp"}]},
    "3": {"text": ["a table"]},
    "4": {"text": ["a table"]},
}


def test_only_what_lies_in_the_output_folder_is_listed():
    assert saved_files(OUTPUTS) == [OUTPUT / "shared_world" / "a.mp4"]


def test_a_text_that_two_nodes_show_is_printed_once():
    assert texts(OUTPUTS) == ["a table"]


def test_seconds_of_an_activity_add_up(monkeypatch):
    clock = iter([1.0, 3.0, 6.0, 10.0])
    monkeypatch.setattr("shared_world.development.demo.time.monotonic", lambda: next(clock))
    watch = Stopwatch()
    for activity in ("start", "sampler", "start", ""):
        watch.start(activity)
    assert watch.seconds == {"start": 2.0 + 4.0, "sampler": 3.0}
    assert taken(watch.seconds) == "Took 9.0 s: start 6.0 s, sampler 3.0 s."
