import pytest
import torch

from shared_world.nodes.sockets import PosedDepth
from shared_world.nodes.unrolling import UnrollVideo, known_bodies, subject_masks
from shared_world.tests.unit.world.unrolling.town_video import FRAME_RATE, town_video
from shared_world.world.encounters import CAR

VIDEO = "following_then_parting"
CAR_SIZE = " ".join(str(value) for value in CAR.size)


def unrolled(scale=1, **changes):
    video = town_video(VIDEO)
    images = video.rgb[1]
    if scale != 1:
        images = torch.nn.functional.interpolate(images.movedim(-1, 1), scale_factor=scale).movedim(1, -1)
    posed = PosedDepth(video.depth[1], video.filming.extrinsics()[:, 0], video.filming.intrinsics()[:, 0])
    given = {
        "images": images,
        "posed_depth": posed,
        "frame_rate": FRAME_RATE,
        "subjects": {"subject0": video.cars[1].float()},
        "smoothing": 0.5,
        "mask_growth": 2,
        "voxel": 0.1,
        "names": "car",
        "sizes": CAR_SIZE,
    }
    return UnrollVideo.execute(**(given | changes)).args


def test_car_is_found_where_it_drove_and_seen_in_its_picture():
    scene, agents, identities, masks, whole = unrolled()
    assert agents.names == ("camera", "car")
    assert agents.frame_rate == FRAME_RATE
    seen = town_video(VIDEO).cars[1].flatten(1).sum(1) > 40
    error = (agents.members[1].poses[:, :3, 3] - town_video(VIDEO).centres()).norm(dim=-1)[seen]
    assert error.mean() < 0.4
    assert [agent.name for agent in scene.agents] == ["car"]
    assert len(scene.background.points) > 1000
    (picture,), (mask,) = identities, masks
    assert picture.shape[:3] == mask.shape
    red, _, blue = picture[0][mask[0] > 0.5].mean(0)
    assert red > 1.5 * blue
    assert (whole.world.scene, whole.world.agents) == (scene, agents)
    assert torch.equal(whole.identities[0], picture[0])
    assert torch.equal(whole.masks[0], mask[0])


def test_pictures_larger_than_the_depth_give_sharper_identities():
    (small,), (large,) = unrolled()[2], unrolled(scale=2)[2]
    assert large.shape[1:3] == (2 * small.shape[1], 2 * small.shape[2])


def test_subjects_without_a_name_are_numbered():
    assert unrolled(names="", sizes="")[1].names == ("camera", "subject 1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2", "sizes, line 1: '1 2' is not a size"),
        ("\n2 1.4 wide", "sizes, line 2: '2 1.4 wide' is not a size"),
        ("2 1.4 -4", "sizes, line 1"),
        ("1 1 1\n1 1 1\n1 1 1", "sizes, line 3: there are 2 subjects"),
    ],
)
def test_sizes_that_are_none_are_named_by_their_line(text, message):
    with pytest.raises(ValueError, match=message):
        known_bodies(text, ["one", "two"])


def test_sizes_belong_to_the_subject_of_their_line():
    bodies = known_bodies("\n2.0, 1.4, 4.2\n", ["one", "two"])
    assert {name: body.size for name, body in bodies.items()} == {"two": (2.0, 1.4, 4.2)}


@pytest.mark.parametrize(
    ("subjects", "message"),
    [
        ({"subject0": None}, "No subject has masks"),
        ({"subject0": torch.ones(2, 4, 6)}, "'subject0' has 2 masks, the video 3 frames"),
        (
            {"subject0": torch.ones(3, 4, 6), "subject1": torch.ones(3, 8, 12)},
            "'subject1' has masks of 12x8, 'subject0' of 6x4",
        ),
    ],
)
def test_masks_that_do_not_fit_are_named(subjects, message):
    with pytest.raises(ValueError, match=message):
        subject_masks(subjects, 3)
