import logging

import pytest
import torch

from shared_world.tests.unit.world.scene.cameras import AT_ORIGIN, HEIGHT, LENS, WIDTH, random_cloud
from shared_world.world.agents import Agent, Agents
from shared_world.world.paths import upright_poses
from shared_world.world.rigs import rig_from_yaws
from shared_world.world.scene import (
    AgentGaussian,
    PointCloud,
    RenderOptions,
    Scene,
    Splatter,
    render_for_agent,
    render_scene,
)

RED, GREEN, BLUE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
CENTRE = (10, 14)
"""Row and column of the principal point."""


def wall(distance: float) -> PointCloud:
    """White points at every pixel centre of the camera at the origin."""
    v, u = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    pixels = torch.stack([u, v, torch.ones_like(u)], -1).double()
    points = distance * pixels @ torch.linalg.inv(LENS).T
    return PointCloud(points.flatten(0, 1).float(), torch.ones(HEIGHT * WIDTH, 3))


def ball(name: str, distances: list[float], colour=BLUE, sigma: float = 0.3) -> AgentGaussian:
    means = torch.tensor([[0.0, 0.0, distance] for distance in distances])
    return AgentGaussian(name, means, sigma**2 * torch.eye(3).expand(len(distances), 3, 3), colour)


def render(scene: Scene, frames: int = 1, **options):
    return render_scene(scene, AT_ORIGIN.expand(frames, 4, 4), LENS, HEIGHT, WIDTH, RenderOptions(**options))


def test_free_roaming_is_the_background_alone():
    cloud = random_cloud()
    videos = render_scene(Scene(cloud), AT_ORIGIN.expand(2, 4, 4), LENS, HEIGHT, WIDTH, RenderOptions(point_radius=0.1))
    drawn = Splatter(cloud).draw(AT_ORIGIN.expand(2, 4, 4), LENS.expand(2, 3, 3), HEIGHT, WIDTH, radius=1.0)
    assert torch.equal(videos.rgb, drawn.rgb)
    assert torch.equal(videos.depth, drawn.depth)


def test_a_blob_hides_what_is_behind_it_and_is_hidden_by_what_is_before_it():
    front = render(Scene(wall(5.0), (ball("a", [3.0]),)))
    assert front.rgb[0][CENTRE].tolist() == pytest.approx(BLUE, abs=0.02)
    assert front.depth[0][CENTRE].item() == pytest.approx(3.0 - 2.5 * 0.3, abs=1e-2)
    assert front.depth[0, 0, 0].item() == pytest.approx(5.0, abs=1e-4)
    behind = render(Scene(wall(5.0), (ball("a", [8.0]),)))
    assert (behind.rgb == 1.0).all()
    assert (behind.depth - 5.0).abs().max() < 1e-4


@pytest.mark.parametrize("reverse", [False, True])
def test_the_nearer_blob_is_drawn_over_the_farther_one_in_every_frame(reverse):
    agents = [ball("a", [3.0, 6.0], RED), ball("b", [5.0, 4.0], GREEN)]
    videos = render(Scene(wall(9.0), tuple(agents[::-1] if reverse else agents)), frames=2)
    assert videos.rgb[0][CENTRE].tolist() == pytest.approx(RED, abs=0.02)
    assert videos.rgb[1][CENTRE].tolist() == pytest.approx(GREEN, abs=0.02)
    assert videos.depth[:, CENTRE[0], CENTRE[1]].tolist() == pytest.approx([2.25, 3.25], abs=1e-2)


def test_two_blobs_blend_over_the_background_by_their_opacity():
    scene = Scene(wall(9.0), (ball("near", [3.0], RED), ball("far", [5.0], GREEN)))
    parts = [render(scene.without(name)).rgb[0].double() for name in ("far", "near")]
    # Over white, red leaves 1 - opacity in the green channel, and the other way round.
    red, green = 1.0 - parts[0][..., 1:2], 1.0 - parts[1][..., :1]
    expected = torch.ones(HEIGHT, WIDTH, 3).double()
    for opacity, colour in ((green, GREEN), (red, RED)):
        expected = expected * (1 - opacity) + opacity * torch.tensor(colour)
    torch.testing.assert_close(render(scene).rgb[0].double(), expected, atol=1e-5, rtol=0)


def test_chunks_of_frames_change_nothing(monkeypatch):
    cloud, frames = random_cloud(), 5
    agents = (ball("a", [3.0, 4.0, 5.0, 6.0, 7.0], RED), ball("b", [7.0, 6.0, 5.5, 4.0, 3.0], GREEN))
    whole = render(Scene(cloud, agents), frames)
    monkeypatch.setattr("shared_world.world.scene.rendering.CPU_VALUES", 2 * HEIGHT * WIDTH)
    parts = render(Scene(cloud, agents), frames)
    assert torch.equal(whole.rgb, parts.rgb)
    assert torch.equal(whole.depth, parts.depth)


def test_grey_first_frame_hides_the_subject_behind_its_blob():
    agents = (ball("a", [3.0, 3.0], RED), ball("b", [4.0, 4.0], GREEN))
    plain, grey = (render(Scene(wall(9.0), agents), 2, grey_first_frame=on) for on in (False, True))
    touched = (plain.rgb[0] != 1.0).any(-1)
    assert torch.equal(grey.rgb[1], plain.rgb[1])
    assert torch.equal(grey.depth, plain.depth)
    assert (grey.rgb[0][~touched] == 1.0).all()
    # Where blobs are nearly transparent, it is grey that comes through.
    faint = touched & (plain.rgb[0] > 0.97).all(-1)
    assert faint.any()
    assert (grey.rgb[0][faint] - 128 / 255).abs().max() < 0.05
    # Grey lies behind all blobs, not between them.
    assert grey.rgb[0][CENTRE].tolist() == pytest.approx(RED, abs=0.02)
    green_rim = (plain.rgb[0] - torch.tensor(GREEN)).abs().sum(-1).argmin()
    shown = grey.rgb[0].flatten(0, 1)[green_rim]
    assert shown[1] >= plain.rgb[0].flatten(0, 1)[green_rim][1] - 0.5


def test_depth_video_is_disparity_with_one_range_for_the_clip():
    cloud = PointCloud(torch.cat([wall(4.0).points, wall(8.0).points]), torch.ones(2 * HEIGHT * WIDTH, 3))
    cameras = AT_ORIGIN.repeat(2, 1, 1)
    cameras[1, 2, 3] = 6.0
    videos = render_scene(Scene(cloud), cameras, LENS, HEIGHT, WIDTH, RenderOptions(far_share=1.0, near_share=0.0))
    video = videos.depth_video()
    assert (video[0] - (1 / 4 - 1 / 4) / (1 / 2 - 1 / 4)).abs().max() < 1e-4
    assert video[1].max().item() == pytest.approx(1.0, abs=1e-4)


def test_a_camera_that_sees_no_point_gives_black_frames_and_a_warning(caplog):
    away = AT_ORIGIN.clone()
    away[2, 3] = 50.0
    with caplog.at_level(logging.WARNING):
        videos = render_scene(Scene(wall(5.0)), away.expand(3, 4, 4), LENS, HEIGHT, WIDTH)
    assert (videos.rgb == 0.0).all()
    assert torch.isinf(videos.depth).all()
    assert (videos.depth_video() == 0.0).all()
    assert "no point of the background is in view in any of 3 frames" in caplog.text


def test_single_blank_frames_are_named(caplog):
    path = AT_ORIGIN.repeat(3, 1, 1)
    path[1, 2, 3] = 50.0
    with caplog.at_level(logging.WARNING):
        render_scene(Scene(wall(5.0)), path, LENS, HEIGHT, WIDTH)
    assert "in 1 of 3 frames, first in frame 1" in caplog.text


def world(frames: int) -> Agents:
    rig = rig_from_yaws({"front": 0.0, "rear": 180.0}, 2 * WIDTH, 2 * HEIGHT)
    places = {"red": ([0.0, 0.0, 0.0], 0.0), "blue": ([0.0, 0.0, 6.0], 180.0)}
    members = [
        Agent(name, upright_poses(torch.tensor(place).expand(frames, 3), torch.full((frames,), yaw)), rig)
        for name, (place, yaw) in places.items()
    ]
    return Agents(tuple(members), 8.0)


def test_an_agent_sees_the_others_and_not_itself():
    gaussians = (ball("red", [0.0, 0.0], RED), ball("blue", [6.0, 6.0], BLUE))
    scene = Scene(wall(60.0), gaussians)
    middle = (HEIGHT // 2, WIDTH // 2)
    red = render_for_agent(scene, world(2), "red", HEIGHT, WIDTH)
    blue = render_for_agent(scene, world(2), "blue", HEIGHT, WIDTH)
    assert red.rgb[0][middle].tolist() == pytest.approx(BLUE, abs=0.05)
    assert blue.rgb[0][middle].tolist() == pytest.approx(RED, abs=0.05)
    assert red.depth[0][middle].item() == pytest.approx(6.0 - 0.75, abs=0.05)
    rear = render_for_agent(scene, world(2), "red", HEIGHT, WIDTH, view=1)
    assert torch.isinf(rear.depth).all()


def test_paths_of_other_lengths_are_refused_by_name():
    scene = Scene(wall(9.0), (ball("blue", [6.0, 6.0, 6.0]),))
    with pytest.raises(ValueError, match="agent 'blue' of the scene has 3 frames, the path of agent 'red' 2"):
        render_for_agent(scene, world(2), "red", HEIGHT, WIDTH)
    with pytest.raises(ValueError, match="'green'; choose from red, blue"):
        render_for_agent(scene, world(3), "green", HEIGHT, WIDTH)
    with pytest.raises(ValueError, match="has 2 views, there is no view 2"):
        render_for_agent(scene, world(3), "red", HEIGHT, WIDTH, view=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"near": 0.0}, "'near' must be positive"),
        ({"point_radius": -1.0}, "'point_radius' must not be negative"),
        ({"opacity_threshold": 1.0}, "opacity threshold"),
        ({"near_share": 0.9, "far_share": 0.1}, "must rise"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        RenderOptions(**options)
