from dataclasses import fields

import pytest
import torch

from shared_world.tests.unit.world.metrics.painted_room import known_clip
from shared_world.world.metrics.evaluation import evaluate_clip
from shared_world.world.metrics.view_lists import ViewNames, fit_to_length, names_of_list, shortened, stack_views

NAMES = ViewNames(("red", "blue"), ("front", "rear"))


def videos(count=4, frames=3, height=6, width=8, channels=3):
    return [torch.full((frames, height, width, channels), number / 10) for number in range(count)]


def test_every_video_lands_at_its_agent_and_view():
    stacked = stack_views(videos(channels=4), NAMES, "Videos")
    assert stacked.shape == (2, 3, 2, 6, 8, 3)
    assert stacked.mean((1, 3, 4, 5)).flatten().tolist() == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert stack_views([video.half() for video in videos()], NAMES, "Videos").dtype == torch.float32


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            videos(3),
            "Videos: 2 agents with 2 views each need 4 videos, given 3, that of agent 'blue', view 'rear' is mi",
        ),
        (videos(5), "need 4 videos, given 5; connect the whole list"),
        ([], "given 0, that of agent 'red', view 'front' is missing"),
        (
            [*videos(3), *videos(1, frames=2)],
            "agent 'blue', view 'rear' has 2 frames of 8x6, agent 'red', view 'front' 3 frames of 8x6; give all",
        ),
        ([*videos(1), *videos(3, width=4)], "agent 'red', view 'rear' has 3 frames of 4x6, agent 'red', view 'front'"),
    ],
)
def test_videos_that_do_not_go_together_are_named(given, message):
    with pytest.raises(ValueError, match=message):
        stack_views(given, NAMES, "Videos")


def test_agents_are_counted_where_nothing_is_known_of_them():
    assert names_of_list(8, ("front", "rear")).at(5) == "agent 'agent 3', view 'rear'"
    for count in (0, 3):
        with pytest.raises(ValueError, match=f"{count} videos are given, with 2 views"):
            names_of_list(count, ("front", "rear"))


def test_fewer_frames_are_held_against_the_first_ones():
    clip = known_clip(4)
    names = ViewNames(("a", "b"), ("front", "rear", "left", "right"))
    assert fit_to_length(clip.truth, clip, names, "the truth") is clip
    part = fit_to_length(clip.truth[:, :3], clip, names, "the truth")
    for field in fields(part):
        value, whole = getattr(part, field.name), getattr(clip, field.name)
        if isinstance(whole, torch.Tensor):
            assert torch.equal(value, whole[:, :3]), field.name
        else:
            assert value == whole, field.name
    assert evaluate_clip(clip.truth[:, :3], part)["psnr"] == 100.0
    bare = shortened(type(clip)(clip.truth), 2)
    assert bare.depth is None


def test_other_sizes_and_more_frames_are_refused():
    clip = known_clip(3)
    names = ViewNames(("a", "b"), ("front", "rear", "left", "right"))
    with pytest.raises(ValueError, match=r"video of agent 'a', view 'front' is 18x24 pixels, the truth 36x24; choose"):
        fit_to_length(clip.truth[:, :, :, :, ::2], clip, names, "the truth")
    with pytest.raises(ValueError, match=r"video of agent 'a', view 'front' has 6 frames, the truth 3; make both"):
        fit_to_length(torch.cat([clip.truth, clip.truth], 1), clip, names, "the truth")
