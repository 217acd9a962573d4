import pytest
import torch

from shared_world.nodes.multiworld import first_pictures


def picture(value, width=8, height=4, channels=3):
    return torch.full((1, height, width, channels), float(value))


def test_views_follow_the_numbers_of_their_inputs_and_batches_count_as_several():
    batch = torch.cat([picture(0.2), picture(0.3)])
    given = first_pictures({"view1": batch, "view0": picture(0.1), "view10": None, "view2": picture(0.4)}, False)
    assert [round(view.mean().item(), 1) for view in given] == [0.1, 0.2, 0.3, 0.4]


def test_split_screens_are_cut_into_left_and_right_in_the_order_of_the_pictures():
    screens = [torch.cat([picture(10 * number), picture(10 * number + 1)], dim=2) for number in range(3)]
    given = first_pictures({"view0": torch.cat(screens[:2]), "view1": screens[2]}, True)
    assert given.shape == (6, 4, 8, 3)
    assert [view.mean().item() for view in given] == [0, 1, 10, 11, 20, 21]


def test_transparency_is_left_out():
    assert first_pictures({"view0": picture(0.5, channels=4)}, False).shape == (1, 4, 8, 3)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "The first frame of view 1 is missing"),
        ({"view0": None}, "The first frame of view 1 is missing"),
        ({"view0": picture(0), "view1": None, "view2": picture(0)}, "view 2 is missing .input 'view1'."),
        ({"view0": picture(0), "view1": picture(0, width=6)}, "'view1' have 6x4 pixels, those at 'view0' 8x4"),
    ],
)
def test_missing_and_uneven_first_frames_are_named(given, text):
    with pytest.raises(ValueError, match=text):
        first_pictures(given, False)


def test_split_screen_of_odd_width_is_refused():
    with pytest.raises(ValueError, match="at 'view0' is 7 pixels wide and cannot be halved; crop it to 6"):
        first_pictures({"view0": picture(0, width=7)}, True)
