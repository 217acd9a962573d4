import numpy as np
import pytest
import torch

from shared_world.world.dialects.point_clouds import points_of_depth_anything

POINTS = torch.tensor([[1.0, 2.0, -3.0], [0.0, 0.0, 0.0], [4.0, 5.0, -6.0]])


def test_pixels_without_depth_are_left_out():
    colours, confidence = torch.rand(3, 3), torch.tensor([1.0, 9.0, 3.0])
    read = points_of_depth_anything({"points": POINTS, "colors": colours, "confidence": confidence})
    assert read.points.tolist() == [[1.0, 2.0, -3.0], [4.0, 5.0, -6.0]]
    assert torch.equal(read.colours, colours[[0, 2]])
    assert read.confidence.tolist() == [0.0, 0.25]
    assert read.axes == "y up"


def test_colours_and_confidence_may_be_missing():
    for given in ({"points": POINTS}, {"points": POINTS, "colors": None, "confidence": None}):
        read = points_of_depth_anything(given)
        assert read.colours is None
        assert read.confidence is None


def test_other_kinds_of_numbers_are_taken():
    read = points_of_depth_anything({"points": POINTS.half(), "colors": np.zeros((3, 3))})
    assert read.points.dtype == torch.float64
    assert read.colours.dtype == torch.float32


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "holds no points"),
        ({"points": torch.empty(0, 3)}, "holds no points"),
        ({"points": torch.zeros(5, 3)}, "All points of Depth Anything 3 are at the origin"),
        ({"points": torch.zeros(5, 4)}, r"has points of shape \(5, 4\), expected \(points, 3\)"),
        ({"points": POINTS, "colors": torch.zeros(2, 3)}, r"has colors of shape \(2, 3\), expected \(3, 3\)"),
        ({"points": POINTS, "confidence": torch.zeros(3, 1)}, r"has confidence of shape \(3, 1\), expected \(3\)"),
    ],
)
def test_what_is_no_point_cloud_is_told(given, message):
    with pytest.raises(ValueError, match=message):
        points_of_depth_anything(given)
