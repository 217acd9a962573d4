import pytest
import torch

from shared_world.pocket.car_shape import CAR_COLOURS
from shared_world.pocket.portrait import car_portrait
from shared_world.pocket.weather import WEATHERS


@pytest.mark.parametrize("colour", [name for name in CAR_COLOURS if name != "black"])
def test_paint_can_be_told_from_the_portrait(colour):
    portrait, black = (car_portrait(name, 48, 32, WEATHERS["overcast"], seen_from=90.0) for name in (colour, "black"))
    assert portrait.shape == (32, 48, 4)
    assert portrait[..., 3].unique().tolist() == [0.0, 1.0]
    # Windows, wheels and lamps are those of all cars.
    added = (portrait - black)[..., :3][portrait[..., 3] > 0.5].mean(0)
    paint = torch.tensor(CAR_COLOURS[colour]) - torch.tensor(CAR_COLOURS["black"])
    assert torch.cosine_similarity(added, paint, dim=0) > 0.99
    assert added.norm() > 0.2 * paint.norm()


@pytest.mark.parametrize("seen_from", [0.0, 45.0, 90.0, 135.0, 180.0, 300.0])
def test_car_stands_whole_in_the_picture(seen_from):
    opacity = car_portrait("red", 48, 48, seen_from=seen_from)[..., 3]
    edges = torch.cat([opacity[0], opacity[-1], opacity[:, 0], opacity[:, -1]])
    assert edges.max() == 0.0
    assert 0.05 < opacity.mean() < 0.6


def test_sides_are_wider_than_front_and_back():
    front, side = (car_portrait("white", 64, 64, seen_from=turn)[..., 3].any(0).sum() for turn in (180.0, 90.0))
    assert side > 1.5 * front


def test_unknown_colours_are_named():
    with pytest.raises(ValueError, match="no car colour 'mauve'"):
        car_portrait("mauve", 16, 16)
