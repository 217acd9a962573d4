import logging
import math

import pytest
import torch

from shared_world.tests.unit.world.scene.cameras import HEIGHT, LENS, WIDTH, turned
from shared_world.world.rigs import pinhole_intrinsics
from shared_world.world.scene import anchor_cloud, dilate, holistic_cloud, unproject
from shared_world.world.scene import background as background_module

CAMERAS = torch.stack([turned(yaw, -5, (0.1 * yaw, -1, 2)) for yaw in (0.0, 4.0, 8.0)])


def pictures(frames=3):
    random = torch.Generator().manual_seed(0)
    depth = 4.0 + torch.rand(frames, HEIGHT, WIDTH, generator=random)
    return torch.rand(frames, HEIGHT, WIDTH, 3, generator=random), depth


def test_an_anchor_frame_gives_every_unmasked_pixel_with_depth():
    images, depth = (values[0] for values in pictures())
    depth[0, :4] = torch.tensor([0.0, math.inf, math.nan, -1.0])
    mask = torch.zeros(HEIGHT, WIDTH)
    mask[10:14, 12:15] = 1.0
    cloud = anchor_cloud(images, depth, CAMERAS[0], LENS, mask, dilation=3)
    kept = ~dilate(mask > 0.5, 3)
    kept[0, :4] = False
    torch.testing.assert_close(cloud.points, unproject(depth, CAMERAS[0], LENS)[kept])
    assert torch.equal(cloud.colours, images[kept])


def test_masks_grow_by_ten_pixels_by_default_and_several_subjects_go():
    images, depth = (values[0] for values in pictures())
    masks = torch.zeros(2, HEIGHT, WIDTH, dtype=torch.bool)
    masks[0, 0, 0], masks[1, 19, 29] = True, True
    cloud = anchor_cloud(images, depth, CAMERAS[0], LENS, masks)
    assert len(cloud) == (~dilate(masks.any(0), 10.0)).sum()


def test_what_is_farther_than_the_limit_is_left_out():
    images, depth = (values[0] for values in pictures())
    assert len(anchor_cloud(images, depth, CAMERAS[0], LENS, farthest=4.5)) == (depth <= 4.5).sum()


def test_holistic_cloud_fuses_the_unmasked_pixels_of_all_frames(monkeypatch):
    images, depth = pictures()
    masks = torch.zeros(3, HEIGHT, WIDTH, dtype=torch.bool)
    masks[1, 5:9, 5:9] = True
    fine = holistic_cloud(images, depth, CAMERAS, LENS, masks, dilation=2, voxel=1e-4, neighbours=0)
    kept = ~dilate(masks, 2)
    expected = unproject(depth, CAMERAS, LENS.expand(3, 3, 3))[kept]
    assert len(fine) == len(expected)
    torch.testing.assert_close(fine.points.sort(dim=0).values, expected.sort(dim=0).values)

    coarse = holistic_cloud(images, depth, CAMERAS, LENS, voxel=0.3, neighbours=0)
    assert len(coarse) < 0.5 * len(fine)
    monkeypatch.setattr(background_module, "PIXELS_AT_A_TIME", 1)
    parts = holistic_cloud(images, depth, CAMERAS, LENS, voxel=0.3, neighbours=0)
    torch.testing.assert_close(parts.points, coarse.points)
    assert len(holistic_cloud(images, depth, CAMERAS, LENS, voxel=0.3)) < len(coarse)


def test_a_scene_that_is_empty_after_masking_is_refused():
    images, depth = pictures()
    everything = torch.ones(3, HEIGHT, WIDTH)
    for cloud in (
        lambda: anchor_cloud(images[0], depth[0], CAMERAS[0], LENS, everything[0]),
        lambda: holistic_cloud(images, depth, CAMERAS, LENS, everything),
    ):
        with pytest.raises(ValueError, match=r"masks, grown by 10 pixels, cover all \d+ pixels .* invert the masks"):
            cloud()
    with pytest.raises(ValueError, match="No pixel of 3 frames has a usable depth"):
        holistic_cloud(images, torch.full_like(depth, math.inf), CAMERAS, LENS)


def test_shapes_that_do_not_fit_are_refused():
    images, depth = pictures()
    with pytest.raises(ValueError, match="resize the images to the depth"):
        anchor_cloud(images[0, ::2], depth[0], CAMERAS[0], LENS)
    with pytest.raises(ValueError, match="at least one"):
        holistic_cloud(images[:0], depth[:0], CAMERAS[:0], LENS)
    with pytest.raises(ValueError, match="3 images need extrinsics"):
        holistic_cloud(images, depth, CAMERAS[:2], LENS)
    with pytest.raises(ValueError, match="3 images need as many masks"):
        holistic_cloud(images, depth, CAMERAS, LENS, torch.zeros(2, HEIGHT, WIDTH))
    with pytest.raises(ValueError, match="one image"):
        anchor_cloud(images, depth, CAMERAS, LENS)


def test_pictures_with_broken_colours_are_refused_by_frame():
    images, depth = pictures()
    images[1, 3, 4, 0] = math.nan
    with pytest.raises(ValueError, match="frame 1: a colour of the picture is not a finite number"):
        holistic_cloud(images, depth, CAMERAS, LENS)


def test_far_away_walls_are_not_taken_for_strays():
    # One at 2 m with pixels 3 cm apart, beside it one at 100 m with pixels 1.7 m apart.
    depth = torch.full((1, 60, 180), 2.0)
    depth[..., -12:] = 100.0
    images, lens = torch.rand(1, 60, 180, 3), pinhole_intrinsics(180, 60, 113.0)
    whole, cleaned = (
        holistic_cloud(images, depth, torch.eye(4)[None], lens, neighbours=neighbours) for neighbours in (0, 20)
    )
    far = [(cloud.points[:, 2] > 99.0).sum().item() for cloud in (whole, cleaned)]
    # Rims go, as of any wall.
    assert far[1] > 0.75 * far[0] > 0.75 * 500


@pytest.mark.parametrize(("factor", "words"), [(0.1, "relative depth"), (1000.0, "not look like metres")])
def test_depth_that_can_hardly_be_metres_is_warned_about(factor, words, caplog):
    images, depth = pictures()
    with caplog.at_level(logging.WARNING):
        anchor_cloud(images[0], depth[0], CAMERAS[0], LENS)
        assert not caplog.text
        anchor_cloud(images[0], depth[0] * factor, CAMERAS[0], LENS)
    assert words in caplog.text
    assert "known camera height or distance" in caplog.text


def test_masks_of_another_size_are_scaled_and_of_another_shape_refused(caplog):
    images, depth = (values[0] for values in pictures())
    small = torch.zeros(HEIGHT // 2, WIDTH // 2)
    small[3:5, 4:8] = 1.0
    with caplog.at_level(logging.WARNING):
        cloud = anchor_cloud(images, depth, CAMERAS[0], LENS, small, dilation=0)
    assert len(cloud) == HEIGHT * WIDTH - 4 * 8
    assert "anchor frame: the mask of 15x10 is scaled" in caplog.text
    with pytest.raises(ValueError, match="another shape"):
        anchor_cloud(images, depth, CAMERAS[0], LENS, small[:, :4])
