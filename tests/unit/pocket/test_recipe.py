from dataclasses import replace

import pytest
import torch

from shared_world.pocket.clip_files import read_clip, write_clip
from shared_world.pocket.recipe import ClipOptions, draw_recipe, draw_wanted_recipe, render_clip
from shared_world.world.encounters import ENCOUNTERS
from shared_world.world.tiles import split_images


def test_a_wanted_clip_is_one_of_the_data_set():
    options = ClipOptions(frames=17, frame_rate=4.0)
    for number in range(3):
        assert draw_wanted_recipe(options, 5, number) == draw_recipe(options, 5, number)


@pytest.mark.parametrize("layout", ["straight", "t_junction"])
def test_an_encounter_without_a_place_names_those_that_have_one(layout):
    options = ClipOptions(layout=layout, presets=("crossing",), travel=(30.0,))
    with pytest.raises(ValueError, match="no place for crossing over 30 m in the town of seed 5") as error:
        draw_wanted_recipe(options, 5)
    named = str(error.value).removesuffix(".").split("these fit: ")[1].split(", ")
    fitting = []
    for preset in ENCOUNTERS:
        try:
            draw_recipe(ClipOptions(layout=layout, presets=(preset,), travel=(30.0,)), 5)
        except ValueError:
            continue
        fitting.append(preset)
    assert named == fitting
    assert fitting


def test_where_nothing_fits_the_message_says_so():
    options = ClipOptions(layout="straight", travel=(24.0, 36.0), jitter=80.0)
    with pytest.raises(
        ValueError, match=r"no place for any encounter over 24 to 36 m .*; nothing fits, choose a shorter"
    ):
        draw_wanted_recipe(options, 0)


def test_drawn_colours_differ_and_leave_everything_else_alone():
    options = ClipOptions(frames=5, frame_rate=1.0, colours=("red", "blue", "green"))
    drawn = replace(options, draw_colours=True)
    seen = set()
    for number in range(12):
        plain, coloured = draw_recipe(options, 5, number), draw_recipe(drawn, 5, number)
        assert replace(coloured, colours=plain.colours) == plain
        assert len(set(coloured.colours)) == 2
        seen |= set(coloured.colours)
    assert seen == {"red", "blue", "green"}


def test_the_front_view_alone_is_the_front_of_four():
    options = ClipOptions(frames=1, frame_rate=1.0, height=16, width=32, samples=1)
    four = render_clip(draw_recipe(options, 5))
    front = render_clip(draw_recipe(replace(options, front_only=True), 5))
    assert torch.equal(front.tiles, split_images(four.tiles)[:, :, 0])
    assert torch.equal(front.depth, four.depth[:, :, :1])
    assert front.agents.members[0].rig.view_names == ("front",)


def test_clips_of_the_front_view_are_read_as_written(tmp_path):
    clip = render_clip(
        draw_recipe(ClipOptions(frames=2, frame_rate=1.0, height=16, width=32, samples=1, front_only=True), 5)
    )
    write_clip(clip, tmp_path / "clip")
    again = read_clip(tmp_path / "clip")
    assert torch.equal(again.tiles, clip.tiles)
    assert again.recipe == clip.recipe
    assert again.agents == clip.agents
