import math

import numpy as np
import pytest
import torch

from shared_world.pocket.road_layouts import LAYOUTS
from shared_world.pocket.roads import CORNER_RADIUS, HALF_ROAD, JUNCTION, Roads
from shared_world.pocket.town import make_town


def on_carriageway(roads: Roads, x: float, z: float) -> bool:
    """Point by point: on a strip of road, or in the corner of a junction outside the rounded kerb."""
    for column, node_x in enumerate(roads.xs):
        for row, node_z in enumerate(roads.zs):
            north, east, south, west = roads.node_arms(column, row)
            dx, dz = x - node_x, z - node_z
            next_z = [z for z in roads.zs if z > node_z]
            next_x = [x for x in roads.xs if x > node_x]
            last_z = [z for z in roads.zs if z < node_z]
            last_x = [x for x in roads.xs if x < node_x]
            ends = {
                "north": (next_z[0] - node_z) if next_z else math.inf,
                "east": (next_x[0] - node_x) if next_x else math.inf,
                "south": (node_z - last_z[-1]) if last_z else math.inf,
                "west": (node_x - last_x[-1]) if last_x else math.inf,
            }
            strips = (
                north and abs(dx) < HALF_ROAD and -HALF_ROAD < dz < ends["north"],
                south and abs(dx) < HALF_ROAD and -HALF_ROAD < -dz < ends["south"],
                east and abs(dz) < HALF_ROAD and -HALF_ROAD < dx < ends["east"],
                west and abs(dz) < HALF_ROAD and -HALF_ROAD < -dx < ends["west"],
            )
            if any(strips):
                return True
            arm_x, arm_z = (east if dx > 0 else west), (north if dz > 0 else south)
            in_corner = HALF_ROAD <= abs(dx) < JUNCTION and HALF_ROAD <= abs(dz) < JUNCTION
            if arm_x and arm_z and in_corner and math.hypot(JUNCTION - abs(dx), JUNCTION - abs(dz)) > CORNER_RADIUS:
                return True
    return False


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_kerb_is_where_the_carriageway_ends(layout):
    random = np.random.default_rng(2)
    for seed in range(4):
        roads = make_town(seed, layout).roads
        low, high = roads.xs[0] - 40.0, roads.xs[-1] + 40.0
        x = torch.tensor(random.uniform(low, high, 400), dtype=torch.float64)
        z = torch.tensor(random.uniform(roads.zs[0] - 40.0, roads.zs[-1] + 40.0, 400), dtype=torch.float64)
        kerb = roads.distance_to_kerb(x, z)
        expected = torch.tensor([on_carriageway(roads, *place) for place in zip(x.tolist(), z.tolist(), strict=True)])
        clear = kerb.abs() > 1e-6
        assert torch.equal((kerb < 0.0)[clear], expected[clear])
        assert expected.any()
        assert not expected.all()


def test_the_field_beside_a_straight_road_is_the_distance():
    roads = make_town(0, "straight").roads
    x = torch.tensor([-3.5, -2.0, 0.0, 1.0, 3.5, 4.0, 6.5])
    kerb = roads.distance_to_kerb(x, torch.full_like(x, 30.0))
    torch.testing.assert_close(kerb, x.abs() - HALF_ROAD)


def test_every_town_has_a_crossroads_and_a_t_junction():
    for seed in range(60):
        arms = make_town_roads(seed).arms.sum(-1).flatten().tolist()
        assert 4 in arms
        assert 3 in arms
        assert min(arms) >= 3


def make_town_roads(seed):
    return LAYOUTS["town"](np.random.default_rng((seed, 0)))
