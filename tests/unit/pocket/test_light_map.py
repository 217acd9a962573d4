import torch

from shared_world.pocket.car_shape import Cars
from shared_world.pocket.light_map import draw_light_map
from shared_world.pocket.render import render_views
from shared_world.pocket.town import GROUND
from shared_world.pocket.views import Views
from shared_world.pocket.weather import find_weather
from shared_world.world.poses import pitch_rotation, rigid
from shared_world.world.rigs import pinhole_intrinsics

from .scenes import crossroads


def reaches_sun(town, sun, x, z):
    """Whether the way from a point of the ground to the sun is free, by marching along it."""
    steps = torch.arange(0.05, 60.0, 0.05, dtype=torch.float64)
    way = torch.tensor([x, 0.0, z], dtype=torch.float64) + steps[:, None] * torch.tensor(sun, dtype=torch.float64)
    low, high = town.box_low.double(), town.box_high.double()
    in_box = ((way[:, None] > low) & (way[:, None] < high)).all(-1).any()
    in_crown = (((way[:, None] - town.crown_centre) / town.crown_radius).square().sum(-1) < 1.0).any()
    return not bool(in_box | in_crown)


def test_shadows_lie_where_something_stands_before_the_sun():
    town, weather = crossroads(), find_weather("sunny")
    light = draw_light_map(town, weather)
    generator = torch.Generator().manual_seed(3)
    x, z = (torch.rand(2, 250, generator=generator) * 60.0 - 30.0).double()
    sunlight, skylight = light.at(x, z)
    clear = (sunlight < 0.02) | (sunlight > 0.98)  # elsewhere is the soft edge of a shadow
    free = torch.tensor([reaches_sun(town, weather.sun, *place) for place in zip(x.tolist(), z.tolist(), strict=True)])
    assert clear.float().mean() > 0.6
    assert 0.1 < free.float().mean() < 0.9
    assert ((sunlight > 0.5) == free)[clear].float().mean() > 0.98
    assert skylight.min() >= 0.0
    assert skylight.max() <= 1.0


def test_a_car_darkens_the_ground_below_and_beside_it_alone():
    town = crossroads()
    down = rigid(pitch_rotation(-90.0), torch.tensor([0.0, -12.0, 0.0], dtype=torch.float64))
    zero = torch.zeros(1, dtype=torch.long)
    views = Views(down[None], pinhole_intrinsics(60, 60, 80.0)[None], 60, 60, zero, zero - 1)
    car = torch.eye(4, dtype=torch.float64)[None, None]
    pictures = [render_views(town, views, cars, samples=1) for cars in (None, Cars(car, torch.ones(1, 3)))]
    ground = pictures[1].instances[0] == GROUND
    darker = (pictures[0].rgb - pictures[1].rgb)[0].mean(-1)
    rows, columns = torch.meshgrid(torch.arange(60), torch.arange(60), indexing="ij")
    far = torch.hypot(rows - 29.5, columns - 29.5) > 25.0
    assert (darker[ground] > -1e-6).all()
    assert (darker[ground] > 0.1).any()
    assert darker[ground & far].abs().max() < 1e-6
