import numpy as np
import pytest
import torch
from PIL import Image

from shared_world.models.vggt.preprocessing import fit_views, fitted_size, preprocess_views


@pytest.mark.parametrize(
    ("size", "fitted"),
    [
        ((480, 480), (224, 224)),
        ((320, 256), (224, 182)),
        ((256, 320), (182, 224)),
        ((1280, 720), (224, 126)),
        ((224, 21), (224, 28)),  # 1.5 patches: half of a patch is rounded to an even number
        ((224, 35), (224, 28)),  # 2.5 patches
        ((5, 5), (224, 224)),
    ],
)
def test_size_of_the_picture_in_its_square(size, fitted):
    assert fitted_size(*size) == fitted


def test_picture_is_in_the_middle_of_white():
    squares = fit_views(torch.zeros(2, 256, 320, 3))
    assert squares.shape == (2, 3, 224, 224)
    assert squares.dtype == torch.uint8
    assert not squares[:, :, 21:203].any()
    assert (squares[:, :, :21] == 255).all()
    assert (squares[:, :, 203:] == 255).all()
    tall = fit_views(torch.zeros(1, 320, 256, 3))
    assert not tall[..., 21:203].any()
    assert (tall[..., [20, 203]] == 255).all()


def test_all_levels_of_a_file_come_back():
    """A float picture divided by 255, by numpy or by torch, holds 256 levels that must not move by one."""
    levels = np.arange(256, dtype=np.uint8)
    ramp = np.resize(levels, (224, 224, 3))
    by_numpy = torch.from_numpy(np.array(Image.fromarray(ramp)).astype(np.float32) / 255.0)
    by_torch = torch.from_numpy(ramp) / 255
    for picture in (by_numpy, by_torch):
        assert np.array_equal(fit_views(picture[None])[0].permute(1, 2, 0).numpy(), ramp)


def test_values_outside_of_the_range_are_clipped():
    pictures = fit_views(torch.tensor([-0.5, 1.7]).view(2, 1, 1, 1).expand(-1, 30, 30, 3))
    assert (pictures[0] == 0).all()
    assert (pictures[1] == 255).all()


def test_values_are_those_that_bfloat16_holds():
    """The official program rounds pictures before it normalises them."""
    views = torch.rand(2, 50, 40, 3, generator=torch.Generator().manual_seed(0))
    given = preprocess_views(views)
    exact = fit_views(views).double() / 255
    assert given.dtype == torch.float32
    assert torch.equal(given, given.bfloat16().float())
    assert 2**-12 < (given - exact).abs().max() <= 2**-9


@pytest.mark.parametrize(
    "shape", [(480, 480, 3), (2, 3, 480, 480), (0, 480, 480, 3), (2, 480, 480, 4), (1, 2, 480, 480, 3)]
)
def test_other_tensors_than_pictures_are_refused(shape):
    with pytest.raises(ValueError, match="views of shape \\(views, height, width, 3\\), given \\(") as error:
        fit_views(torch.zeros(shape))
    assert str(shape) in str(error.value)


def test_views_too_narrow_to_be_shown_are_refused():
    assert fit_views(torch.zeros(1, 8, 224, 3)).shape == (1, 3, 224, 224)
    with pytest.raises(ValueError, match="Views of 224x7 pixels are too narrow"):
        fit_views(torch.zeros(1, 7, 224, 3))
