import pytest

from shared_world.pocket.recipe import ClipOptions, draw_recipe, draw_wanted_recipe
from shared_world.world.encounters import ENCOUNTERS


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
    options = ClipOptions(travel=(24.0, 36.0), jitter=80.0)
    with pytest.raises(
        ValueError, match=r"no place for any encounter over 24 to 36 m .*; nothing fits, choose a shorter"
    ):
        draw_wanted_recipe(options, 0)
