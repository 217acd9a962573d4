import logging

import numpy as np
import pytest
import torch
from scipy import ndimage

from shared_world.world.scene.masks import dilate, erode, match_size


def disc(radius: float) -> np.ndarray:
    reach = np.arange(-int(radius), int(radius) + 1)
    return np.hypot(reach[:, None], reach) <= radius


@pytest.mark.parametrize("radius", [1.0, 2.0, 2.5, 10.0])
def test_growing_and_shrinking_equal_morphology_with_a_disc(radius):
    masks = torch.rand(5, 40, 60, generator=torch.Generator().manual_seed(0)) > 0.7
    masks[0] = torch.from_numpy(ndimage.binary_opening(masks[0].numpy()))
    masks[1] = False
    masks[1, 5:30, 20:60] = True
    masks[1, 12, 30] = False
    masks[2:4] = False
    masks[2, 18:25, 20:33] = True
    masks[3, 3:, :4] = True
    results = (values.numpy() for values in (masks, dilate(masks, radius), erode(masks, radius)))
    for plane, grown, shrunk in zip(*results, strict=True):
        assert np.array_equal(grown, ndimage.binary_dilation(plane, disc(radius)))
        assert np.array_equal(shrunk, ndimage.binary_erosion(plane, disc(radius), border_value=1))


def test_empty_and_full_masks_stay_so():
    empty, full = torch.zeros(2, 8, 8, dtype=torch.bool), torch.ones(2, 8, 8, dtype=torch.bool)
    for change in (dilate, erode):
        assert not change(empty, 3.0).any()
        assert change(full, 3.0).all()


def test_no_pixels_change_nothing():
    masks = torch.rand(2, 8, 8) > 0.5
    assert torch.equal(dilate(masks, 0.0), masks)
    assert torch.equal(erode(masks, 0.0), masks)


def test_masks_of_another_size_are_scaled_with_a_warning(caplog):
    masks = torch.zeros(1, 20, 30)
    masks[0, 4:8, 10:20] = 1.0
    with caplog.at_level(logging.WARNING):
        larger = match_size(masks, 40, 60, "agent 'red'")
    assert "agent 'red': the mask of 30x20 is scaled to the depth's 60x40" in caplog.text
    expected = torch.zeros(1, 40, 60, dtype=torch.bool)
    expected[0, 8:16, 20:40] = True
    assert torch.equal(larger, expected)


def test_masks_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="mask is 30x20, the depth 30x30, which is another shape"):
        match_size(torch.zeros(1, 20, 30), 30, 30, "anchor frame")
