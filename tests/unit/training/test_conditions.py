from dataclasses import replace

import pytest
import torch

from shared_world.development.comfyui_in_process import use_comfyui

use_comfyui()

from shared_world.tests.unit.training.metaworld_settings import CONDITIONS  # noqa: E402
from shared_world.tests.unit.training.pocket_clips import make_pocket_clips  # noqa: E402
from shared_world.training.clips import list_clips  # noqa: E402
from shared_world.training.conditions import condition_videos, identities_shown  # noqa: E402
from shared_world.training.posed_clips import read_posed_windows  # noqa: E402
from shared_world.training.settings import DataSettings  # noqa: E402

DATA = DataSettings(train="", cache="", frames=5, stride=5)


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    (listed,) = list_clips(make_pocket_clips(tmp_path_factory.mktemp("c") / "train", 1, height=32, width=48))
    return read_posed_windows(listed, DATA)[0]


def is_marker(video):
    red, green, blue = video.float().unbind(-1)
    return (blue > 200) & (red < 60) & (green < 60)


def test_first_frames_see_their_own_background_again(window):
    rgb, depth = condition_videos(window, "anchor", replace(CONDITIONS, point_radius=0.0, voxel=0.01))
    assert rgb.shape == depth.shape == window.frames.shape
    first = rgb[:, 0].float()
    seen = (first.sum(-1) > 0) & ~is_marker(first) & ~window.agents_seen[:, 0]
    assert seen.float().mean() > 0.4
    difference = (first - window.frames[:, 0].float()).abs().mean(-1)[seen]
    assert difference.median() < 1


def test_all_frames_know_more_than_the_first_ones(window):
    clouds = {name: len(window.scene(name, CONDITIONS).background) for name in ("anchor", "holistic")}
    assert clouds["holistic"] > 1.5 * clouds["anchor"]
    filled = {
        name: (condition_videos(window, name, CONDITIONS)[0][:, -1].sum(-1) > 0).float().mean() for name in clouds
    }
    assert filled["holistic"] > filled["anchor"]


def test_other_cars_leave_no_trace_but_their_markers(window):
    """What a car looks like must come from its identity, never from the background."""
    cars = window.agents_seen
    coloured = window.frames.clone()
    coloured[cars] = torch.tensor([255, 0, 255], dtype=torch.uint8)
    painted = replace(window, frames=coloured)
    for background in ("anchor", "holistic"):
        rgb, _ = condition_videos(painted, background, CONDITIONS)
        red, green, blue = rgb.float().unbind(-1)
        assert not ((red > 200) & (blue > 200) & (green < 60)).any()
        plain, _ = condition_videos(window, background, CONDITIONS)
        assert torch.equal(plain, rgb)


def test_near_is_bright_in_depth(window):
    _, depth = condition_videos(window, "holistic", CONDITIONS)
    upper, lower = depth[:, :, 8:14].float().mean(), depth[:, :, -6:].float().mean()
    assert lower > 1.5 * upper


def test_identities_are_the_other_cars_on_white(window):
    frames, known = identities_shown(window, 2)
    assert frames.shape == (2, 2, 1, *window.frames.shape[2:])
    assert known.tolist() == [[True, False], [True, False]]
    first = frames[:, 0, 0]
    assert (first[:, 0] > 250).all() or (first[:, :, 0] > 250).all()
    assert ((first < 200).any(-1).flatten(1).float().mean(1) > 0.1).all()
    assert (frames[:, 1] == 255).all()
    swapped = replace(window, portraits=window.portraits[::-1])
    assert torch.equal(identities_shown(swapped, 1)[0], frames[:, :1].flip(0))


def test_nobody_s_portrait_is_white(window):
    frames, known = identities_shown(replace(window, portraits=(None, window.portraits[1])), 1)
    assert known.tolist() == [[True], [False]]
    assert not (frames[0] == 255).all()
    assert (frames[1] == 255).all()


def test_too_many_identities_are_cut_with_a_warning(window, caplog):
    three = replace(window, portraits=(*window.portraits, window.portraits[0]))
    assert identities_shown(three, 1)[0].shape[:2] == (3, 1)
    assert "Of 2 identities of a clip the first 1 are shown" in caplog.text
