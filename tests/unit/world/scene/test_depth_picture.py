import math

import numpy as np
import pytest
import torch

from shared_world.world.scene import depth_picture, depth_range


def test_disparity_falls_linearly_from_white_to_black():
    depth = torch.tensor([[[1.0, 2.0, 4.0, 8.0, 0.5, 16.0]]])
    picture = depth_picture(depth, (1.0, 8.0))
    expected = [(1 / d - 1 / 8) / (1 - 1 / 8) for d in (1.0, 2.0, 4.0, 8.0)]
    assert picture.flatten().tolist() == pytest.approx([*expected, 1.0, 0.0])


def test_pixels_without_depth_are_black():
    picture = depth_picture(torch.tensor([[[1.0, 2.0, math.inf, 0.0, math.nan]]]), (1.0, 4.0))
    assert picture[0, 0, 2:].tolist() == [0.0, 0.0, 0.0]
    assert depth_picture(torch.full((2, 3, 3), math.inf)).abs().max() == 0.0


def test_one_range_holds_for_the_whole_clip_and_ignores_pixels_without_depth():
    depth = torch.rand(3, 50, 70, generator=torch.Generator().manual_seed(0)).exp()
    depth[0] *= 3.0
    holed = depth.clone()
    holed[1, :10] = math.inf
    near, far = depth_range(holed)
    expected = np.quantile(holed[torch.isfinite(holed)].numpy(), [0.001, 0.99])
    assert [near, far] == pytest.approx(expected, rel=1e-3)
    assert torch.equal(depth_picture(holed), depth_picture(holed, (near, far)))


def test_a_clip_of_one_depth_is_white():
    depth = torch.full((2, 3, 3), 5.0)
    depth[0, 0, 0] = math.inf
    picture = depth_picture(depth)
    assert picture.sum() == 17


def test_long_clips_are_sampled():
    depth = torch.linspace(1.0, 2.0, (1 << 24) + 12).view(1, 4, -1)
    near, far = depth_range(depth)
    assert (near, far) == pytest.approx((1.001, 1.99), abs=1e-4)
