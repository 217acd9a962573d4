"""Subjects from ComfyUI's SAM 3 tracker, whose data is made here as its node makes it."""

import pytest
import torch
from comfy.ldm.sam3.tracker import pack_masks

from shared_world.nodes.sockets import PosedDepth
from shared_world.nodes.tracked_subjects import tracked_masks
from shared_world.nodes.unrolling import UnrollVideo
from shared_world.tests.unit.world.unrolling.town_video import FRAME_RATE, HEIGHT, WIDTH, town_video

VIDEO = "following_then_parting"
FRAMES = 33
SETTINGS = {"frame_rate": FRAME_RATE, "smoothing": 0.5, "mask_growth": 2, "voxel": 0.1}
SIDE = 252


def tracked(*objects):
    """What Run SAM3 Video Track gives for masks (frames, height, width): a bit per pixel of a square."""
    masks = torch.stack(objects, dim=1).float()
    square = torch.nn.functional.interpolate(masks, (SIDE, 256), mode="nearest-exact")
    return {"packed_masks": pack_masks(square > 0.5), "orig_size": (HEIGHT, WIDTH), "n_frames": FRAMES, "scores": []}


def posed():
    video = town_video(VIDEO)
    return PosedDepth(video.depth[1], video.filming.extrinsics()[:, 0], video.filming.intrinsics()[:, 0])


def unrolled(**changes):
    return UnrollVideo.execute(images=town_video(VIDEO).rgb[1], posed_depth=posed(), **(SETTINGS | changes)).args


def test_masks_come_back_in_the_size_of_the_pictures():
    cars = town_video(VIDEO).cars[1]
    (masks,) = tracked_masks(tracked(cars), posed().depth)
    assert masks.shape == cars.shape
    union, both = (masks | cars).sum(), (masks & cars).sum()
    assert both / union > 0.9
    assert tracked_masks(tracked(cars), posed().depth, (2 * HEIGHT, 2 * WIDTH)).shape == (1, FRAMES, 192, 288)


def test_objects_without_depth_or_seen_once_are_no_subjects(caplog):
    cars, depth = town_video(VIDEO).cars[1], posed().depth
    sky, once, nothing = ~depth.isfinite() | (depth <= 0), torch.zeros_like(cars), torch.zeros_like(cars)
    once[3] = cars[3]
    depth = torch.where(sky, 0.0, depth)
    masks = tracked_masks(tracked(sky, once, cars, nothing), depth)
    assert len(masks) == 1
    assert (masks[0] & cars).sum() > 0.9 * cars.sum()
    assert "Of 4 tracked objects 1 are seen with depth in 2 frames or more" in caplog.text


def test_tracked_objects_become_subjects_after_those_with_masks():
    cars = town_video(VIDEO).cars[1]
    post = torch.zeros_like(cars)
    post[:, 50:58, 10:22] = True
    _, agents, identities, masks, whole = unrolled(
        subjects={"subject0": post.float()}, tracks=tracked(cars), names="post, car"
    )
    assert agents.names == ("camera", "post", "car")
    assert len(identities) == len(masks) == 2
    assert whole.world.agents == agents
    assert whole.images.shape == (FRAMES, HEIGHT, WIDTH, 3)


def test_a_video_in_which_nothing_is_tracked_is_a_camera_and_a_scene():
    nothing = {"packed_masks": None, "n_frames": FRAMES, "orig_size": (HEIGHT, WIDTH), "scores": []}
    scene, agents, identities, _, whole = unrolled(tracks=nothing, names="car")
    assert agents.names == ("camera",)
    assert identities == [] == list(whole.identities)
    assert len(scene.background) > 1000


def test_tracks_of_another_video_are_refused():
    with pytest.raises(ValueError, match="33 frames were tracked, the video has 5"):
        tracked_masks(tracked(town_video(VIDEO).cars[1]), posed().depth[:5])


def test_what_is_farther_than_wanted_is_not_in_the_scene():
    scene, *_ = unrolled(subjects={"subject0": town_video(VIDEO).cars[1].float()}, farthest=15.0)
    camera = posed().extrinsics[:, :3, 3].float()
    distance = torch.cdist(scene.background.points[::20], camera).amin(1)
    assert distance.max() < 15.0 / torch.cos(torch.tensor(0.8))
