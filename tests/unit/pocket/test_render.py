import pytest
import torch
from scipy.ndimage import map_coordinates

from shared_world.pocket.render import render_agents
from shared_world.pocket.sky import haze
from shared_world.pocket.town import FIRST_CAR, make_town
from shared_world.pocket.views import distances
from shared_world.pocket.weather import SKY_DISTANCE, WEATHERS, find_weather
from shared_world.world.poses import inverse
from shared_world.world.scene import unproject

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
        points = unproject(pictures.depth[0, frame, own].double(), pose, agents.intrinsics()[0, frame, own])
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
    points = unproject(pictures.depth.double(), agents.extrinsics()[:, [0, 4]], agents.intrinsics()[:, [0, 4]])
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
def test_fog_mixes_a_surface_with_the_sky_behind_it_by_distance(name):
    agents = meeting(32, 48).select_frames([0, 3])
    thin, thick = (find_weather(name).with_fog(metres) for metres in (60.0, 18.0))
    seen = [render_agents(crossroads(), agents, weather=weather, samples=1) for weather in (thin, thick)]
    rays = unproject(torch.ones(32, 48, dtype=torch.float64), agents.extrinsics(), agents.intrinsics())
    rays = torch.nn.functional.normalize(rays - agents.extrinsics()[..., None, None, :3, 3], dim=-1)
    sky = [haze(-rays[..., 1], rays @ rays.new_tensor(weather.sun), weather) for weather in (thin, thick)]
    metres = distances(seen[0].depth, agents.intrinsics())[..., None].double()
    metres[torch.isinf(metres)] = SKY_DISTANCE
    kept = [torch.exp(-((metres / fog) ** 2)) for fog in (60.0, 18.0)]
    surface = (seen[0].rgb - sky[0] * (1.0 - kept[0])) / kept[0]
    expected = surface * kept[1] + sky[1] * (1.0 - kept[1])
    torch.testing.assert_close(seen[1].rgb.double(), expected.clamp(0.0, 1.0), atol=2e-4, rtol=0.0)
    assert (seen[1].rgb - seen[0].rgb).abs().mean() > 0.02
    assert torch.equal(seen[0].depth, seen[1].depth)


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
