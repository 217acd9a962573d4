import json
from fractions import Fraction
from pathlib import Path

import av
import folder_paths
import numpy as np
import pytest
import torch
from comfy_api.latest import InputImpl, Types

from shared_world.nodes.player import AgentsPlayer
from shared_world.nodes.player_files import rows_of_views
from shared_world.world.encounters import encounter
from shared_world.world.metrics.per_frame import Curve, write_curves


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """ComfyUI's folders, empty."""
    for name in ("temp", "output"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(folder_paths, f"{name}_directory", str(tmp_path / name))
    return tmp_path


def clip(frames=5, height=32, width=48, value=0.5):
    """A video whose every frame has its own brightness."""
    video = torch.full((frames, height, width, 3), value)
    return video * torch.linspace(0.2, 1.0, frames)[:, None, None, None]


def play(videos, **given):
    inputs = {"frame_rate": 8.0, "compare_name": "ground truth", "keep": False, "filename_prefix": "player/agents"}
    single = {"agents", "curves", *inputs}
    inputs |= given
    lists = {name: [value] if name in single else value for name, value in inputs.items()}
    return AgentsPlayer.execute(videos=videos, **lists)


def described(folders, output):
    (entry,) = output.ui["shared_world_player"]
    path = folders / entry["type"] / entry["subfolder"] / entry["filename"]
    return json.loads(path.read_text(encoding="utf-8"))


def read(folders, video):
    entry = video["file"]
    with av.open(str(folders / entry["type"] / entry["subfolder"] / entry["filename"])) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        return stream, frames, np.stack([frame.to_ndarray(format="rgb24") for frame in frames])


def test_every_view_becomes_a_file_of_its_frames(folders):
    videos = [clip(value=value) for value in (0.3, 0.5, 0.7, 0.9)]
    description = described(folders, play(videos, labels=["left front", "left rear", "right front", "right rear"]))
    assert [(row["name"], [view["name"] for view in row["views"]]) for row in description["rows"]] == [
        ("left", ["front", "rear"]),
        ("right", ["front", "rear"]),
    ]
    assert description["map"] is None
    assert description["curves"] == []
    views = [view for row in description["rows"] for view in row["views"]]
    for view, video in zip(views, videos, strict=True):
        assert (view["frames"], view["frame_rate"], view["width"], view["height"]) == (5, 8.0, 48, 32)
        assert "compare" not in view
        stream, frames, pixels = read(folders, view)
        assert stream.codec_context.name == "h264"
        assert stream.average_rate == 8
        assert [frame.pts * frame.time_base for frame in frames] == [Fraction(number, 8) for number in range(5)]
        expected = 255.0 * video.mean((1, 2, 3)).numpy()
        assert pixels.mean((1, 2, 3)) == pytest.approx(expected, abs=3.0)


def test_agents_give_names_rate_and_map(folders):
    agents = encounter("crossing", frames=5, frame_rate=12.5)
    description = described(folders, play([clip()] * 8, agents=agents, labels=["other"] * 8))
    assert [row["name"] for row in description["rows"]] == list(agents.names)
    assert [view["name"] for view in description["rows"][1]["views"]] == ["front", "rear", "left", "right"]
    assert description["rows"][0]["views"][0]["frame_rate"] == 12.5
    assert [len(agent["track"]) for agent in description["map"]["agents"]] == [5, 5]


def test_a_video_keeps_its_own_rate_and_length(folders):
    components = Types.VideoComponents(images=clip(frames=7), frame_rate=Fraction(30000, 1001))
    video = InputImpl.VideoFromComponents(components)
    first, second = described(folders, play([video, clip()]))["rows"]
    assert first["views"][0]["frames"] == 7
    assert first["views"][0]["frame_rate"] == pytest.approx(29.97, abs=0.001)
    assert second["views"][0]["frame_rate"] == 8.0
    assert (first["name"], second["name"]) == ("video 1", "video 2")


def test_a_second_set_and_curves_are_described(folders):
    curves = write_curves([Curve("PSNR", "dB", (20.0, 21.0), 0)])
    output = play([clip(), clip()], compare=[clip(frames=3), clip()], curves=curves, compare_name="seed 2")
    description = described(folders, output)
    assert description["compare_name"] == "seed 2"
    assert description["curves"][0]["values"] == [20.0, 21.0]
    assert [row["views"][0]["compare"]["frames"] for row in description["rows"]] == [3, 5]
    assert len(read(folders, description["rows"][0]["views"][0]["compare"])[1]) == 3


def test_colours_and_odd_sizes_survive(folders):
    video = torch.zeros(3, 33, 601, 3)
    video[..., :300, :] = torch.tensor([0.8, 0.1, 0.1])
    video[..., 300:, :] = torch.tensor([0.1, 0.2, 0.9])
    view = described(folders, play([video]))["rows"][0]["views"][0]
    stream, _, pixels = read(folders, view)
    assert (stream.width, stream.height) == (602, 34)
    assert (view["width"], view["height"]) == (601, 33)
    assert pixels[:, 5:28, 10:290].mean((0, 1, 2)) == pytest.approx([204, 25.5, 25.5], abs=4)
    assert pixels[:, 5:28, 310:590].mean((0, 1, 2)) == pytest.approx([25.5, 51, 229.5], abs=4)


def test_any_frame_is_near_a_key_frame(folders):
    _, frames, _ = read(folders, described(folders, play([clip(frames=40)]))["rows"][0]["views"][0])
    keys = [number for number, frame in enumerate(frames) if frame.key_frame]
    assert max(np.diff([*keys, 40])) <= 8


def test_files_are_kept_only_if_wanted_and_never_replaced(folders):
    first = play([clip()], keep=True, filename_prefix="shown/of me")
    second = play([clip()], keep=True, filename_prefix="shown/of me")
    play([clip()])
    (entry,), (other,) = first.ui["shared_world_player"], second.ui["shared_world_player"]
    assert entry["type"] == "output"
    assert entry["subfolder"] == "shown"
    assert entry["filename"] != other["filename"]
    assert len(list((folders / "output" / "shown").iterdir())) == 4
    assert len(list((folders / "temp" / "player").iterdir())) == 2
    assert not [path for path in folders.rglob("*") if path.name.startswith(".")]


def test_temporary_files_are_not_named_as_those_before_comfyui_emptied_its_folder(folders):
    (before,) = play([clip()]).ui["shared_world_player"]
    for path in (folders / "temp" / "player").iterdir():
        path.unlink()
    (after,) = play([clip()]).ui["shared_world_player"]
    assert before["filename"] != after["filename"]


def test_a_run_that_fails_leaves_no_half_file(folders, monkeypatch):
    def fail(*_):
        raise RuntimeError("disk is full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(RuntimeError, match="disk is full"):
        play([clip()])
    assert [path.name for path in (folders / "temp" / "player").iterdir()] == []


@pytest.mark.parametrize(
    ("labels", "rows"),
    [
        ([], [("video 1", [""]), ("video 2", [""])]),
        (["left", "right"], [("left", [""]), ("right", [""])]),
        (["agent 1", "agent 2"], [("agent 1", [""]), ("agent 2", [""])]),
        (["my car front", "my car rear"], [("my car", ["front", "rear"])]),
    ],
)
def test_labels_say_which_views_belong_to_one_agent(labels, rows):
    assert rows_of_views(2, labels, None) == rows


def test_agents_without_fitting_views_have_numbered_ones():
    agents = encounter("crossing", frames=5)
    assert rows_of_views(2, [], agents) == [(name, [""]) for name in agents.names]
    assert rows_of_views(4, [], agents) == [(name, ["view 1", "view 2"]) for name in agents.names]


@pytest.mark.parametrize(
    ("videos", "given", "message"),
    [
        (3, {"labels": ["a", "b"]}, "3 videos and 2 labels are given"),
        (3, {"agents": encounter("crossing", frames=5)}, r"3 videos are given for 2 agents \(agent 1, agent 2\)"),
        (2, {"compare": [clip()]}, "There are 2 videos and 1 to compare them with"),
        (1, {"curves": "| PSNR |"}, "These are no curves; connect curves of Evaluate Shared World"),
        (1, {"filename_prefix": "../outside"}, "'../outside' lies outside ComfyUI's temp folder"),
        (1, {"filename_prefix": "/etc/agents", "keep": True}, "lies outside ComfyUI's output folder"),
    ],
)
def test_what_does_not_fit_is_named(folders, videos, given, message):
    with pytest.raises(ValueError, match=message):
        play([clip()] * videos, **given)
    assert not list(folders.rglob("*.mp4"))


def test_a_video_without_frames_is_named(folders):
    with pytest.raises(ValueError, match="The video '02 right' has no frames"):
        play([clip(), clip()[:0]], labels=["left", "right"])
