import pytest
import torch

from shared_world.world.unrolling import Identity, choose_identity

FRAMES, HEIGHT, WIDTH = 5, 40, 60


def video(boxes, contrast):
    """Stripes of a contrast in each frame, and masks that are boxes (left, top, right, bottom) or None."""
    stripes = (torch.arange(WIDTH) % 4 < 2).float().expand(HEIGHT, WIDTH)
    images = torch.stack([0.5 + value * (stripes - 0.5) for value in contrast])[..., None].repeat(1, 1, 1, 3)
    masks = torch.zeros(len(boxes), HEIGHT, WIDTH, dtype=torch.bool)
    for frame, box in enumerate(boxes):
        if box is not None:
            left, top, right, bottom = box
            masks[frame, top:bottom, left:right] = True
    return images, masks


def test_the_largest_frame_is_taken_among_equally_sharp_ones():
    boxes = [(10, 10, 20, 20), (10, 10, 40, 30), None, (10, 10, 30, 20), (5, 5, 10, 10)]
    identity = choose_identity(*video(boxes, [0.8] * FRAMES), "car", margin=0.0)
    assert identity == Identity(1, boxes[1])


def test_a_blurred_frame_is_not_taken():
    boxes = [(10, 10, 40, 30), (10, 10, 38, 28), (10, 10, 20, 20), None, None]
    assert choose_identity(*video(boxes, [0.1, 0.8, 0.8, 0.8, 0.8]), "car").frame == 1


def test_a_frame_that_is_cut_off_is_taken_only_if_all_are():
    boxes = [(0, 10, 40, 30), (10, 10, 20, 20), (30, 20, 60, 40), None, None]
    assert choose_identity(*video(boxes, [0.8] * FRAMES), "car").frame == 1
    boxes[1] = None
    assert choose_identity(*video(boxes, [0.8] * FRAMES), "car").frame == 0


def test_the_box_has_a_margin_within_the_picture():
    boxes = [(2, 10, 32, 30), *[None] * 4]
    identity = choose_identity(*video(boxes, [0.8] * FRAMES), "car", margin=0.1)
    assert identity.box == (0, 7, 35, 33)
    images, masks = video(boxes, [0.8] * FRAMES)
    assert identity.crop(images).shape == (26, 35, 3)
    assert identity.crop(masks).sum() == masks.sum()


def test_a_picture_of_one_colour_has_an_identity_too():
    assert choose_identity(*video([(10, 10, 12, 12), (10, 10, 20, 20)], [0.0, 0.0]), "car").frame == 1


def test_a_subject_that_is_never_there_is_named():
    with pytest.raises(ValueError, match="agent 'car' is seen in none of 5 frames"):
        choose_identity(*video([None] * FRAMES, [0.8] * FRAMES), "car")


def test_masks_of_another_size_are_refused():
    images, masks = video([(10, 10, 20, 20)], [0.8])
    with pytest.raises(ValueError, match="same frames and size"):
        choose_identity(images, masks[:, 1:], "car")


@pytest.mark.parametrize(("frame", "box"), [(-1, (0, 0, 1, 1)), (0, (3, 0, 3, 1)), (0, (-1, 0, 3, 1)), (0, (0, 1, 2))])
def test_impossible_identities_are_refused(frame, box):
    with pytest.raises(ValueError, match="identity"):
        Identity(frame, box)
