import logging
import math

import pytest
import torch

from shared_world.nodes.condition_videos import AgentBody, RenderConditionVideos, marker_colours
from shared_world.nodes.sockets import PosedDepth
from shared_world.world.agents import Agent, Agents, Body
from shared_world.world.poses import rigid, yaw_rotation
from shared_world.world.rigs import front_rig, pinhole_intrinsics
from shared_world.world.scene import AgentGaussian, PointCloud, Scene, render_for_agent

WIDTH, HEIGHT = 48, 32
FRAMES = 3
PERSON = Body((0.6, 1.7, 0.5), (0.0, -0.85, 0.0))
DRAWING = {
    "width": WIDTH,
    "height": HEIGHT,
    "show_agents": True,
    "marker_colours": "blue",
    "opacity_threshold": 0.003,
    "point_size": 0.05,
    "grey_first_frame": False,
}
SIZE = {"width": 0.6, "height": 1.7, "length": 0.5, "bottom_up": 0.0, "names": ""}


def agent(name, x, body=PERSON, frames=FRAMES):
    """Walks along z and looks at the origin's line from its side; the camera is 1 m above the ground."""
    turn = yaw_rotation(-math.copysign(90.0, x))
    poses = torch.stack([rigid(turn, torch.tensor([x, 0.0, 0.2 * frame]).double()) for frame in range(frames)])
    return Agent(name, poses, front_rig(WIDTH, HEIGHT, 90.0, mount=(0.0, -1.0, 0.0)), body)


def pair(**changes):
    """Two who face each other, 4 m apart."""
    return Agents((agent("left", -2.0, **changes), agent("right", 2.0, **changes)), 8.0)


def wall(x=20.0):
    """A red wall behind each of the two."""
    side = torch.linspace(-30.0, 30.0, 121)
    y, z = torch.meshgrid(side, side, indexing="ij")
    points = torch.cat([torch.stack([torch.full_like(y, at), y, z], -1).reshape(-1, 3) for at in (-x, x)])
    return PointCloud(points, torch.tensor([1.0, 0.0, 0.0]).expand(len(points), 3))


def rendered(scene, agents, **changes):
    return RenderConditionVideos.execute(scene, agents, **(DRAWING | changes)).args


def is_blue(video):
    return (video[..., 2] > 0.5).flatten(1).any(1).tolist()


def test_every_agent_sees_the_scene_and_the_other_agent():
    videos, rgb, depth, labels = rendered(Scene(wall()), pair())
    assert videos.rgb.shape == videos.depth.shape == (2, FRAMES, HEIGHT, WIDTH, 3)
    assert videos.names == tuple(labels) == ("left", "right")
    for number in range(2):
        assert torch.equal(rgb[number], videos.rgb[number])
        assert torch.equal(depth[number], videos.depth[number])
        assert is_blue(rgb[number]) == [True] * FRAMES
        assert depth[number][:, 16, 24, 0].min() > depth[number][:, 2, 2, 0].max() + 0.5
        assert rgb[number][0, 2, 2].tolist() == [1.0, 0.0, 0.0]


def test_videos_are_those_of_the_renderer():
    scene = Scene(wall())
    videos, *_ = rendered(scene, pair(), show_agents=False, point_size=0.005)
    expected = render_for_agent(scene, pair(), "right", HEIGHT, WIDTH)
    assert torch.equal(videos.rgb[1], expected.rgb)
    assert torch.equal(videos.depth[1, ..., 2], expected.depth_video())


def test_free_roam_shows_no_bodies_and_needs_none():
    _, rgb, _, _ = rendered(Scene(wall()), pair(body=None), show_agents=False)
    assert not any(is_blue(rgb[0]) + is_blue(rgb[1]))


def test_one_agent_alone_needs_no_body():
    _, rgb, _, _ = rendered(Scene(wall()), Agents((agent("left", -2.0, body=None),), 8.0))
    assert len(rgb) == 1


def test_each_agent_is_marked_in_its_own_colour():
    _, rgb, _, _ = rendered(Scene(wall()), pair(), marker_colours="#00FF00, blue")
    assert rgb[0][0, 16, 24].tolist() == pytest.approx([0.0, 0.0, 1.0], abs=0.05)
    assert rgb[1][0, 16, 24].tolist() == pytest.approx([0.0, 1.0, 0.0], abs=0.05)


def test_bystanders_of_the_scene_are_seen_and_its_own_gaussians_go_before_bodies():
    spot = torch.tensor([[0.0, -1.0, 0.0]]).double().repeat(FRAMES, 1)
    shape = 0.05 * torch.eye(3).double().repeat(FRAMES, 1, 1)
    bystander = Scene(wall(), (AgentGaussian("dog", spot, shape, (0.0, 1.0, 0.0)),))
    _, rgb, _, _ = rendered(bystander, pair())
    assert rgb[0][0, 16, 24].tolist() == pytest.approx([0.0, 1.0, 0.0], abs=0.05)
    high = spot + torch.tensor([0.0, -50.0, 0.0]).double()
    own = Scene(wall(), (AgentGaussian("right", high, shape),))
    _, rgb, _, _ = rendered(own, pair())
    assert is_blue(rgb[0]) == [False] * FRAMES
    assert is_blue(rgb[1]) == [True] * FRAMES


def test_higher_threshold_makes_bodies_smaller():
    sizes = []
    for threshold in (0.003, 0.5):
        _, rgb, _, _ = rendered(Scene(wall()), pair(), opacity_threshold=threshold)
        sizes.append(int((rgb[0][0, ..., 2] > 0.0).sum()))
    assert sizes[1] < 0.6 * sizes[0]


def test_larger_points_close_gaps():
    large = {"width": 10 * WIDTH, "height": 10 * HEIGHT, "show_agents": False}
    covered = [
        int((rendered(Scene(wall()), pair(), point_size=size, **large)[1][0] > 0.5).sum()) for size in (0.0, 0.05)
    ]
    assert covered[1] > 1.5 * covered[0]


def test_first_frame_is_greyed_behind_bodies_when_asked():
    plain, grey = (rendered(Scene(wall()), pair(), grey_first_frame=chosen)[1][0][..., 0] for chosen in (False, True))
    assert not torch.equal(plain[0], grey[0])
    assert torch.equal(plain[1:], grey[1:])


def test_a_path_through_a_wall_is_warned_about(caplog):
    rendered(Scene(wall()), pair())
    assert caplog.text == ""
    thin = wall(0.0).points[:, [0, 1, 2]]
    dense = torch.cat([thin * 0.1 + torch.tensor([-2.0, -1.0, 0.3])])
    rendered(Scene(PointCloud(dense, torch.ones_like(dense))), pair())
    assert "agent 'left', frame 0" in caplog.text
    assert "seems to lead through a wall" in caplog.text
    assert "agent 'right', frame" not in caplog.text


def test_a_scene_behind_the_camera_is_warned_about(caplog):
    behind = PointCloud(torch.tensor([[-9.0, 0.0, 0.0]]), torch.ones(1, 3))
    rendered(Scene(behind), pair(), show_agents=False)
    assert "agent 'left': no point of the background is in view in any of 3 frames" in caplog.text


def test_stretched_pictures_are_warned_about(caplog):
    with caplog.at_level(logging.WARNING):
        rendered(Scene(wall()), pair(), width=2 * WIDTH)
    assert "agent 'left': its camera takes pictures of 48x32, the videos are 96x32" in caplog.text


@pytest.mark.parametrize(
    ("agents", "changes", "message"),
    [
        (pair(body=None), {}, "agent 'left' has no body that the others could see; give it one with Agent Body"),
        (pair(), {"marker_colours": "blue, red, green"}, "There are 3 marker colours for 2 agents"),
        (pair(), {"marker_colours": ""}, "There are 0 marker colours for 2 agents"),
        (pair(), {"marker_colours": "bluish"}, "'bluish' is no colour"),
    ],
)
def test_agents_that_cannot_be_drawn_are_refused_in_one_sentence(agents, changes, message):
    with pytest.raises(ValueError, match=r"\.$") as refused:
        rendered(Scene(wall()), agents, **changes)
    assert message in str(refused.value)


def test_gaussians_of_another_length_are_refused():
    means, shapes = torch.zeros(7, 3).double(), torch.eye(3).double().repeat(7, 1, 1)
    for name in ("dog", "right"):
        with pytest.raises(ValueError, match="resample the paths to one frame count first"):
            rendered(Scene(wall(), (AgentGaussian(name, means, shapes),)), pair())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("blue", [(0.0, 0.0, 1.0)] * 2),
        ("#FF0000\nlime", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0)]),
        ("#0000ff80", [(0.0, 0.0, 1.0)] * 2),
    ],
)
def test_colours_are_read(text, expected):
    assert marker_colours(text, ("a", "b")) == expected


def with_body(agents, posed=None, mask=None, **changes):
    (given,) = AgentBody.execute(agents, **(SIZE | changes), posed_depth=posed, mask=mask).args
    return given


def test_a_box_stands_on_the_origin_or_above_it():
    for bottom in (0.0, -1.6):
        given = with_body(pair(body=None), bottom_up=bottom)
        for member, before in zip(given.members, pair().members, strict=True):
            assert member.body.size == (0.6, 1.7, 0.5)
            assert member.body.centre == pytest.approx((0.0, -bottom - 0.85, 0.0))
            assert torch.equal(member.poses, before.poses)


def test_only_named_agents_get_a_body():
    given = with_body(pair(), names="right", height=1.0)
    assert [member.body.size[1] for member in given.members] == [1.7, 1.0]


def seen_block(distance=5.0, frames=1):
    """A camera that looks to the right (+x), a flat thing of 1 m x 2 m before it, a wall behind it; and its mask."""
    pose = rigid(yaw_rotation(90.0), torch.tensor([0.0, -1.0, 0.0]).double())
    depth = torch.full((frames, 240, 320), 50.0)
    mask = torch.zeros(frames, 240, 320)
    focal = 160.0
    half_width, half_height = round(0.5 * focal / distance), round(1.0 * focal / distance)
    area = (slice(None), slice(120 - half_height, 120 + half_height), slice(160 - half_width, 160 + half_width))
    depth[area], mask[area] = distance, 1.0
    posed = PosedDepth(depth, pose.repeat(frames, 1, 1), pinhole_intrinsics(320, 240, 90.0).repeat(frames, 1, 1))
    return posed, mask


@pytest.mark.parametrize("frames", [1, 3])
def test_a_body_is_measured_in_the_picture_along_the_camera(frames):
    posed, mask = seen_block(frames=frames)
    given = with_body(pair(), posed, mask)
    width, height, length = given.members[0].body.size
    assert width == pytest.approx(1.0, abs=0.15)
    assert height == pytest.approx(2.0, abs=0.15)
    assert length == pytest.approx(0.02)
    assert given.members[0].body.centre[1] == pytest.approx(-height / 2.0)


def test_frames_without_the_subject_do_not_count():
    posed, mask = seen_block(frames=3)
    mask[1] = 0.0
    width, _, _ = with_body(pair(), posed, mask).members[0].body.size
    assert width == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"names": "left, middle"}, "There is no agent 'middle' to give a body; choose from left, right."),
        ({"posed": seen_block()[0]}, "To measure a body, connect mask too"),
        ({"mask": seen_block()[1]}, "To measure a body, connect posed_depth too"),
        ({"posed": seen_block()[0], "mask": torch.zeros(1, 240, 320)}, "agent 'left' is seen in none of 1 frames"),
        ({"posed": seen_block()[0], "mask": torch.ones(2, 240, 320)}, "agent 'left': depth has 1 frames, masks 2"),
        ({"posed": seen_block()[0], "mask": torch.ones(1, 320, 320)}, "the mask is 320x320, the depth 320x240"),
    ],
)
def test_bodies_that_cannot_be_measured_are_refused_in_one_sentence(changes, message):
    with pytest.raises(ValueError, match=r"\.$") as refused:
        with_body(pair(), **changes)
    assert message in str(refused.value)
