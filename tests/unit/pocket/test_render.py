import pytest
import torch
from scipy.ndimage import map_coordinates

from shared_world.pocket.fog import change_fog, distances
from shared_world.pocket.render import render_agents
from shared_world.pocket.town import FIRST_CAR, make_town
from shared_world.pocket.views import world_points
from shared_world.pocket.weather import WEATHERS, find_weather
from shared_world.world.poses import inverse

from .scenes import crossroads, meeting

CLEAR = find_weather("overcast").with_fog(1e6)
FARTHEST = 8.0


def lookup(plane, rows, columns, order):
    return torch.from_numpy(
        map_coordinates(plane.numpy(), [rows.numpy(), columns.numpy()], order=order, mode="nearest")
    )


def seen_by_partner(pictures, agents, frame, shift=0.0):
    """Differences of colour (points, 3) at points that agent 1 sees and agent 2 sees too.

    `shift` metres are added to where agent 1 says its points are.
    """
    height, width = pictures.depth.shape[-2:]
    intrinsics = agents.intrinsics()[1, frame, 0]
    differences = []
    for own in range(4):
        pose = agents.extrinsics()[0, frame, own]
        points = world_points(pictures.depth[0, frame, own].double(), pose, agents.intrinsics()[0, frame, own])
        # What mirrors the sky looks different from elsewhere, and far ground is blurred along the line of sight.
        ground = (pictures.instances[0, frame, own] == 1) & (pictures.depth[0, frame, own] < FARTHEST)
        points, colours = points[ground] + torch.tensor([shift, 0.0, 0.0]), pictures.rgb[0, frame, own][ground]
        for other in range(4):
            to_camera = inverse(agents.extrinsics()[1, frame, other])
            local = points @ to_camera[:3, :3].T + to_camera[:3, 3]
            pixel = local @ intrinsics.T
            u, v = pixel[:, 0] / pixel[:, 2], pixel[:, 1] / pixel[:, 2]
            inside = (local[:, 2] > 0.5) & (u > 1) & (v > 1) & (u < width - 1) & (v < height - 1)
            u, v, depth, mine = u[inside] - 0.5, v[inside] - 0.5, local[inside, 2], colours[inside]
            same = pictures.instances[1, frame, other][v.round().long(), u.round().long()] == 1
            # Inverse depth is linear over a plane, so that it may be interpolated.
            there = 1.0 / lookup(1.0 / pictures.depth[1, frame, other].double(), v, u, 1)
            same &= ((there - depth).abs() < 0.02 * depth) & (depth < FARTHEST)
            theirs = torch.stack([lookup(pictures.rgb[1, frame, other, :, :, c], v, u, 1) for c in range(3)], -1)
            differences.append((theirs - mine)[same])
    return torch.cat(differences)


def test_both_agents_see_one_world():
    agents = meeting(96, 144, frames=3)
    pictures = render_agents(crossroads(), agents, weather=CLEAR, samples=5)
    right, wrong = [], []
    for frame in range(3):
        right.append(seen_by_partner(pictures, agents, frame).abs().mean(-1))
        wrong.append(seen_by_partner(pictures, agents, frame, shift=1.0).abs().mean(-1))
    right, wrong = torch.cat(right), torch.cat(wrong)
    assert len(right) > 3000
    assert right.median() < 0.002
    assert right.quantile(0.9) < 0.03
    assert right.mean() < 0.3 * wrong.mean()


def test_points_of_all_views_lie_on_one_ground_and_in_their_buildings():
    town, agents = crossroads(), meeting()
    pictures = render_agents(town, agents, [0, 4], samples=1)
    points = world_points(pictures.depth.double(), agents.extrinsics()[:, [0, 4]], agents.intrinsics()[:, [0, 4]])
    assert points[pictures.instances == 1][:, 1].abs().max() < 1e-3
    buildings = 0
    for instance in town.building_instances():
        inside = points[pictures.instances == instance]
        boxes = town.box_instance == instance
        low, high = town.box_low[boxes].amin(0), town.box_high[boxes].amax(0)
        assert (inside >= low - 1e-2).all()
        assert (inside <= high + 1e-2).all()
        buildings += len(inside) > 0
    assert buildings > 5


def test_a_seed_gives_the_same_pictures_again_and_another_seed_others():
    agents = meeting()
    first, again, other = (render_agents(make_town(seed, "crossroads"), agents, [2]) for seed in (3, 3, 4))
    for name in ("rgb", "depth", "instances"):
        assert torch.equal(getattr(first, name), getattr(again, name))
        assert not torch.equal(getattr(first, name), getattr(other, name))


def test_an_agent_sees_the_other_car_and_not_its_own():
    agents = meeting(32, 48)
    pictures = render_agents(crossroads(), agents, samples=1)
    cars = [(pictures.instances == FIRST_CAR + number).flatten(1).any(1).tolist() for number in range(2)]
    assert cars == [[False, True], [True, False]]
    shown = render_agents(crossroads(), agents, [0], samples=1, hide_own_car=False)
    assert (shown.instances[0] == FIRST_CAR).any()


def test_cars_have_the_colours_asked_for():
    agents = meeting(48, 72)
    pictures = render_agents(crossroads(), agents, [4], samples=1, weather=CLEAR, colours=("blue", "yellow"))
    blue = pictures.rgb[1][pictures.instances[1] == FIRST_CAR].mean(0)
    yellow = pictures.rgb[0][pictures.instances[0] == FIRST_CAR + 1].mean(0)
    assert blue[2] > blue[0]
    assert yellow[0] > 1.2 * yellow[2]
    with pytest.raises(ValueError, match="no car colour 'pink'"):
        render_agents(crossroads(), agents, [0], colours=("pink",))


@pytest.mark.parametrize("name", WEATHERS)
def test_fog_from_stored_depth_equals_rendered_fog(name):
    agents = meeting(32, 48).select_frames([0, 3])
    weather = find_weather(name).with_fog(60.0)
    thin = render_agents(crossroads(), agents, weather=weather, samples=1)
    thick = render_agents(crossroads(), agents, weather=weather.with_fog(18.0), samples=1)
    made = change_fog(thin.rgb, thin.depth, agents.extrinsics(), agents.intrinsics(), weather, 18.0)
    torch.testing.assert_close(made, thick.rgb, atol=2e-4, rtol=0.0)
    assert (thick.rgb - thin.rgb).abs().mean() > 0.02
    assert torch.equal(thin.depth, thick.depth)


def test_fog_hides_what_is_far_and_nothing_else():
    agents = meeting(32, 48).select_frames([0])
    towns = crossroads(7), crossroads(8)
    clear = [render_agents(town, agents, weather=CLEAR, samples=1) for town in towns]
    foggy = [render_agents(town, agents, weather=CLEAR.with_fog(18.0), samples=1) for town in towns]
    distance = torch.minimum(*(distances(pictures.depth, agents.intrinsics()) for pictures in clear))
    near, far = distances(clear[0].depth, agents.intrinsics()) < 5.0, distance > 45.0
    assert near.any()
    assert far.any()
    differences = [(first.rgb - second.rgb)[far].abs() for first, second in (clear, foggy)]
    assert differences[0].mean() > 0.03
    assert differences[1].max() < 0.01
    assert (clear[0].rgb[near] - foggy[0].rgb[near]).abs().mean() < 0.08


def test_thinner_fog_warns(caplog):
    agents = meeting().select_frames([0])
    pictures = render_agents(crossroads(), agents, weather=CLEAR.with_fog(18.0), samples=1)
    change_fog(pictures.rgb, pictures.depth, agents.extrinsics(), agents.intrinsics(), CLEAR.with_fog(18.0), 40.0)
    assert "thinner" in caplog.text


def test_weathers_differ_and_unknown_ones_are_refused():
    agents = meeting().select_frames([0])
    means = [
        render_agents(crossroads(), agents, weather=weather, samples=1).rgb.mean() for weather in WEATHERS.values()
    ]
    assert len({round(float(mean), 2) for mean in means}) == len(WEATHERS)
    with pytest.raises(ValueError, match="no weather 'snow'; choose one of sunny"):
        find_weather("snow")
    with pytest.raises(ValueError, match="positive metres"):
        CLEAR.with_fog(0.0)


def test_a_town_is_refused_that_cannot_be():
    with pytest.raises(ValueError, match="no road layout 'ring'"):
        make_town(0, "ring")
    with pytest.raises(ValueError, match="must not be negative, given -1"):
        make_town(-1)
