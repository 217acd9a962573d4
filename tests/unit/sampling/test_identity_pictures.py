"""Identity images: the subject and nothing but the subject, in its own proportions, on white."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from shared_world.sampling.identity_pictures import identity_pictures, mean_lightness

RED, GREEN = (0.8, 0.2, 0.2), (0.1, 0.6, 0.1)


def scene(height=40, width=60, box=(10, 30, 20, 30), colour=RED):
    """A green picture with a subject in rows and columns `box`, and the subject's mask."""
    picture = torch.tensor(GREEN).expand(1, height, width, 3).clone()
    mask = torch.zeros(1, height, width)
    top, bottom, left, right = box
    picture[:, top:bottom, left:right] = torch.tensor(colour)
    mask[:, top:bottom, left:right] = 1
    return picture, mask


def of_colour(picture, colour):
    return (picture - torch.tensor(colour)).abs().amax(-1) < 0.01


def lightness_of(picture):
    """CIELAB lightness 0..100 by Pillow's colour management, which rounds to 256 levels."""
    levels = Image.fromarray((picture.numpy() * 255).round().astype(np.uint8))
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    return np.array(ImageCms.applyTransform(levels, to_lab))[..., 0].astype(float) / 255 * 100


def test_the_subject_is_as_large_as_fits_in_the_middle_of_a_white_canvas():
    (made,) = identity_pictures(*scene(), 96, 64)
    assert made.shape == (64, 96, 3)
    # The subject is 20 rows by 10 columns: 64 by 32 on the canvas, with 32 white columns on either side.
    assert of_colour(made[:, 33:63], RED).all()
    assert (made[:, :32] == 1).all()
    assert (made[:, 64:] == 1).all()


def test_a_wide_subject_has_white_above_and_below():
    (made,) = identity_pictures(*scene(box=(10, 15, 10, 40)), 96, 64)
    assert of_colour(made[25:39], RED).all()
    assert (made[:24] == 1).all()
    assert (made[40:] == 1).all()


def test_nothing_of_what_is_behind_the_subject_is_left():
    picture, mask = scene()
    mask[:, 10:20, 20:25] = 0
    picture[:, 10:20, 20:25] = torch.tensor(GREEN)
    (made,) = identity_pictures(picture, mask, 20, 40)
    assert not of_colour(made, GREEN).any()
    assert (made[:14, :4] == 1).all()


def test_without_a_mask_the_whole_picture_is_kept():
    picture, _ = scene()
    (made,) = identity_pictures(picture, None, 60, 40)
    torch.testing.assert_close(made, picture[0])


def test_opacity_serves_as_mask():
    picture, mask = scene()
    transparent = torch.cat([picture, mask[..., None]], dim=-1)
    assert torch.equal(identity_pictures(transparent, None, 96, 64), identity_pictures(picture, mask, 96, 64))


def test_a_batch_is_several_pictures_and_one_mask_may_serve_all():
    (first, mask), (second, other) = scene(), scene(box=(0, 8, 0, 30), colour=(0.1, 0.1, 0.9))
    both = torch.cat([first, second])
    own = identity_pictures(both, torch.cat([mask, other]), 96, 64)
    assert torch.equal(own[1:], identity_pictures(second, other, 96, 64))
    shared = identity_pictures(both, mask, 96, 64)
    assert torch.equal(shared[1:], identity_pictures(second, mask, 96, 64))


def test_lightness_becomes_that_of_the_reference_and_the_hue_stays():
    picture, mask = scene()
    reference = torch.full((3, 8, 8, 3), 0.25)
    (made,) = identity_pictures(picture, mask, 20, 40, reference)
    subject = made[5:35, 6:14]
    assert lightness_of(subject).mean() == pytest.approx(lightness_of(reference[0]).mean(), abs=1)
    red, green, blue = subject.mean((0, 1))
    assert red > 2 * green
    assert red > 2 * blue


def test_white_around_the_subject_stays_white_in_a_dark_scene():
    picture, mask = scene()
    (made,) = identity_pictures(picture, mask, 96, 64, torch.full((1, 8, 8, 3), 0.05))
    assert (made[:, :32] == 1).all()


def test_pixels_where_nothing_was_rendered_do_not_make_the_reference_darker():
    reference = torch.full((1, 8, 8, 3), 0.5)
    holed = reference.clone()
    holed[:, :4] = 0
    assert mean_lightness(holed) == pytest.approx(mean_lightness(reference))
    assert mean_lightness(reference) == pytest.approx(lightness_of(reference[0]).mean(), abs=0.5)


@pytest.mark.parametrize(
    ("mask", "reference", "text"),
    [
        (torch.zeros(1, 40, 60), None, "The mask of picture 1 is empty: there is no subject"),
        (torch.zeros(1, 64, 64), None, "The mask has 64x64 pixels, the picture 60x40"),
        (torch.ones(3, 40, 60), None, "There are 3 masks for 1 pictures"),
        (None, torch.zeros(2, 8, 8, 3), "The brightness reference is black all over"),
    ],
)
def test_what_holds_no_subject_or_light_is_said(mask, reference, text):
    with pytest.raises(ValueError, match=text):
        identity_pictures(scene()[0], mask, 96, 64, reference)


def test_the_empty_mask_of_a_batch_is_named():
    picture, mask = scene()
    with pytest.raises(ValueError, match="The mask of picture 2 is empty"):
        identity_pictures(picture.repeat(2, 1, 1, 1), torch.cat([mask, torch.zeros_like(mask)]), 96, 64)
