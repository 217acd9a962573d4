import logging
import math
from dataclasses import replace

import pytest
import torch

from shared_world.tests.unit.world.unrolling.flat_video import (
    BOARD,
    FRAME_RATE,
    FRAMES,
    HEIGHT,
    LENS,
    OPTIONS,
    STEP,
    WALL,
    WIDTH,
    flat_video,
)
from shared_world.world.agents import Body
from shared_world.world.poses import heading
from shared_world.world.scene import unproject
from shared_world.world.unrolling import SubjectOptions, UnrollOptions, unroll_video


def unrolled(**changed):
    return unroll_video(**{**flat_video(), **changed})


def test_a_board_is_where_it_is_and_as_large_as_it_is():
    world = unrolled()
    assert world.names == ("subject 1",)
    assert world.agents.names == ("camera", "subject 1")
    assert world.agents.frame_rate == FRAME_RATE
    board = world.agents.members[1]
    metres = BOARD / LENS[0, 0].item()
    places = [(18 + STEP * frame - WIDTH / 2) * metres for frame in range(FRAMES)]
    assert board.poses[:, 0, 3].tolist() == pytest.approx(places, abs=0.02)
    assert board.poses[:, 2, 3].tolist() == pytest.approx([BOARD] * FRAMES, abs=0.05)
    # It stands on its lower edge, ten pixels below the middle of the picture.
    assert board.poses[:, 1, 3].tolist() == pytest.approx([10 * metres] * FRAMES, abs=0.05)
    assert heading(board.poses).tolist() == pytest.approx([90.0] * FRAMES, abs=0.1)
    # It moves to the right, so that its length is seen and its width is not.
    assert board.body.size[1:] == pytest.approx((20 * metres, 16 * metres), rel=0.06)
    assert board.body.size[0] < 0.2
    assert world.seen.all()
    assert world.warnings == ()


def test_its_gaussian_has_the_moments_of_its_points():
    video = flat_video()
    world = unrolled(options=replace(OPTIONS, subjects=SubjectOptions(smoothing=0.0, erosion=0.0)))
    points = unproject(video["depth"][4].double(), torch.eye(4).double(), LENS)[video["masks"][0, 4]]
    gaussian = world.scene.agents[0]
    torch.testing.assert_close(gaussian.means[4], points.mean(0), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(gaussian.covariances[4], torch.cov(points.T) + 1e-6 * torch.eye(3), atol=1e-5, rtol=1e-5)


def test_the_background_is_the_wall():
    points = unrolled().scene.background.points
    assert points[:, 2].tolist() == pytest.approx([WALL] * len(points), abs=1e-3)


def test_depth_of_something_else_within_the_mask_does_not_matter():
    video = flat_video()
    plain = unroll_video(**video)
    video["depth"] = video["depth"].clone()
    for frame in range(FRAMES):
        left = 10 + STEP * frame
        # A hole through which the wall is seen: a quarter of the board, off its middle.
        video["depth"][frame, 20:30, left : left + 8] = 4.0 * WALL
    pierced = unroll_video(**video)
    assert pierced.agents.members[1].poses[:, 2, 3].tolist() == pytest.approx([BOARD] * FRAMES, abs=0.05)
    off = (pierced.agents.poses() - plain.agents.poses())[1, :, :3, 3].abs()
    assert off.max() < 0.3


def test_its_camera_is_on_top_of_it_with_the_lens_of_the_video():
    board = unrolled(bodies={"subject 1": Body((0.4, 2.5, 2.0), (0.1, -1.0, 0.0))}).agents.members[1]
    assert board.body == Body((0.4, 2.5, 2.0), (0.1, -1.0, 0.0))
    assert board.rig.view_to_agent[0, :3, 3].tolist() == [0.1, -2.25, 0.0]
    assert (board.rig.width, board.rig.height) == (WIDTH, HEIGHT)
    assert torch.equal(board.rig.intrinsics[0], LENS)


def test_a_lens_that_zooms_is_kept():
    lens = LENS.repeat(FRAMES, 1, 1)
    lens[:, 0, 0] *= torch.linspace(1.0, 1.2, FRAMES).double()
    assert torch.equal(unrolled(intrinsics=lens).camera.intrinsics()[:, 0], lens)


def test_several_subjects_keep_their_names_and_order():
    video = flat_video()
    other = torch.zeros_like(video["masks"])
    other[0, 3:, 45:55, 30:40] = True
    video["depth"] = torch.where(other[0], 4.0, video["depth"])
    world = unroll_video(**{**video, "masks": torch.cat([video["masks"], other])}, names=["dog", "post"])
    assert world.scene.names == world.names == ("dog", "post")
    assert world.seen.sum(1).tolist() == [FRAMES, FRAMES - 3]
    assert world.relative_paths().shape == (2, FRAMES, 4, 4)
    assert any("'post' does not move" in warning for warning in world.warnings)


def test_without_subjects_there_is_the_camera_and_everything_is_background():
    world = unrolled(masks=torch.zeros(0, FRAMES, HEIGHT, WIDTH))
    assert world.agents.names == ("camera",)
    assert world.scene.agents == ()
    assert world.seen.shape == (0, FRAMES)
    assert world.relative_paths().shape == (0, FRAMES, 4, 4)
    assert world.scene.background.points[:, 2].min() < BOARD + 0.1


def test_a_video_of_one_frame_runs_with_a_warning():
    world = unroll_video(**flat_video(1))
    assert any("one frame" in warning for warning in world.warnings)
    assert heading(world.agents.poses()[1]).tolist() == [0.0]


def test_warnings_are_logged_too_and_only_those_of_this_run(caplog):
    logging.getLogger("shared_world.world").warning("of something else")
    video = flat_video()
    video["masks"] = video["masks"].clone()
    video["masks"][0, 5] = False
    with caplog.at_level(logging.WARNING):
        world = unroll_video(**video)
    assert list(world.warnings) == [record.getMessage() for record in caplog.records][-len(world.warnings) :]
    assert len(world.warnings) == 1
    assert "11 of 12 frames" in world.warnings[0]


def test_hardly_seen_is_not_seen():
    video = flat_video()
    video["masks"] = video["masks"].clone()
    video["masks"][0, 5] = False
    video["masks"][0, 5, 30:34, 30:34] = True
    assert not unroll_video(**video).seen[0, 5]
    options = replace(OPTIONS, subjects=SubjectOptions(fewest_pixels=16))
    assert unroll_video(**{**video, "options": options}).seen[0, 5]


def test_masks_of_another_size_are_scaled_and_others_refused():
    video = flat_video()
    doubled = video["masks"].repeat_interleave(2, 2).repeat_interleave(2, 3)
    world = unroll_video(**{**video, "masks": doubled})
    assert torch.equal(world.agents.poses(), unroll_video(**video).agents.poses())
    assert any("scaled" in warning for warning in world.warnings)
    with pytest.raises(ValueError, match="agent 'subject 1': the mask is 80x30"):
        unrolled(masks=video["masks"][:, :, :30])


def test_a_subject_that_is_never_seen_is_named():
    video = flat_video()
    masks = torch.cat([video["masks"], torch.zeros_like(video["masks"])])
    with pytest.raises(ValueError, match="agent 'dog' is seen in none of 12 frames"):
        unrolled(masks=masks, names=["cat", "dog"])


@pytest.mark.parametrize("factor", [0.05, 300.0])
def test_depth_that_is_not_in_metres_is_suspected(factor):
    video = flat_video()
    options = replace(OPTIONS, voxel=0.05 * factor)
    world = unroll_video(**{**video, "depth": video["depth"] * factor, "options": options})
    assert any("metres" in warning and "scale" in warning for warning in world.warnings)


def test_masks_over_everything_are_refused():
    with pytest.raises(ValueError, match="the scene is empty"):
        unrolled(masks=torch.ones(1, FRAMES, HEIGHT, WIDTH))


def test_depth_with_holes_runs():
    depth = flat_video()["depth"].clone()
    depth[:, ::5], depth[:, 1::5], depth[:, 2::5, ::3] = 0.0, math.inf, math.nan
    world = unrolled(depth=depth)
    assert world.seen.all()
    assert world.agents.members[1].poses[:, 2, 3].tolist() == pytest.approx([BOARD] * FRAMES, abs=0.05)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"images": torch.rand(FRAMES, 30, 40, 3)}, "resize the images to the depth"),
        ({"depth": torch.ones(FRAMES - 1, HEIGHT, WIDTH)}, "same frames and size"),
        ({"extrinsics": torch.eye(4).repeat(3, 1, 1)}, "needs extrinsics \\(12, 4, 4\\)"),
        ({"intrinsics": LENS.repeat(3, 1, 1)}, "and intrinsics \\(12, 3, 3\\)"),
        ({"masks": torch.ones(FRAMES, HEIGHT, WIDTH)}, "needs masks \\(subjects, 12, height, width\\)"),
        ({"masks": torch.ones(1, 3, HEIGHT, WIDTH)}, "needs masks \\(subjects, 12, height, width\\)"),
        ({"extrinsics": 2.0 * torch.eye(4).repeat(FRAMES, 1, 1)}, "camera, frame 0"),
        ({"names": ["cat", "dog"]}, "1 subjects have masks, 2 have names: cat, dog"),
        ({"bodies": {"cat": Body((1.0, 1.0, 1.0))}}, "no subject 'cat'"),
        ({"names": ["camera"]}, "different names"),
        ({"frame_rate": 0.0}, "frame rate"),
    ],
)
def test_what_does_not_fit_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        unrolled(**changed)


def test_impossible_options_are_refused():
    with pytest.raises(ValueError, match="fewest_pixels"):
        SubjectOptions(fewest_pixels=1)
    with pytest.raises(ValueError, match="'smoothing' must not be negative"):
        SubjectOptions(smoothing=-1.0)
    with pytest.raises(ValueError, match="Unknown Gaussians 'blue'"):
        UnrollOptions(gaussians="blue")
