import re

import pytest
import torch

from shared_world.pocket.placement import (
    CROSSROADS,
    STRAIGHT,
    T_JUNCTION,
    fitting_presets,
    obstruction,
    place_encounter,
    places,
)
from shared_world.pocket.town import make_town
from shared_world.world.encounters import CAR, ENCOUNTERS


def body_points(poses):
    """(points, 2) x and z of points of a car, every 20 cm or less, in all frames."""
    x, z = torch.meshgrid(torch.linspace(-1.0, 1.0, 11), torch.linspace(-2.1, 2.1, 23), indexing="ij")
    local = torch.stack([x, torch.zeros_like(x), z, torch.ones_like(x)], -1).flatten(0, 1).double()
    assert (2 * x.max(), 2 * z.max()) == (CAR.size[0], pytest.approx(CAR.size[2]))
    return (local @ poses.mT)[..., (0, 2)]


def something_inside(town, points):
    for low, high in zip(town.box_low.tolist(), town.box_high.tolist(), strict=True):
        x, z = points[..., 0], points[..., 1]
        if high[1] > -CAR.size[1] and ((low[0] < x) & (x < high[0]) & (low[2] < z) & (z < high[2])).any():
            return True
    return False


@pytest.mark.parametrize("preset", ENCOUNTERS)
def test_cars_hit_nothing_and_stay_on_the_road(preset):
    for seed in range(6):
        town = make_town(seed)
        agents = place_encounter(town, preset, seed).select_frames(range(0, 49, 4))
        assert obstruction(town, agents) == ""
        first, second = (body_points(agent.poses) for agent in agents.members)
        points = torch.cat([first, second])
        assert not something_inside(town, points)
        assert torch.cdist(first, second).min() > 0.1
        assert town.roads.distance_to_kerb(points[..., 0], points[..., 1]).max() < 0.35


def test_presets_lie_on_the_roads_that_they_need():
    town = make_town(2)
    assert {place.kind for place in places(town, "head_on")} == {STRAIGHT}
    assert {place.kind for place in places(town, "crossing")} == {CROSSROADS}
    assert places(town, "t_junction_merge")[0].kind == T_JUNCTION
    assert fitting_presets(town) == list(ENCOUNTERS)
    assert fitting_presets(make_town(0, "straight")) == ["head_on"]
    assert "crossing" not in fitting_presets(make_town(0, "t_junction"))


def test_another_seed_of_an_encounter_may_be_elsewhere():
    town = make_town(4)
    starts = {tuple(place_encounter(town, "head_on", seed).poses()[0, 0, :3, 3].round().tolist()) for seed in range(8)}
    assert len(starts) > 3


def test_an_impossible_preset_is_refused_in_one_sentence():
    sentence = (
        "The encounter 'crossing' needs crossroads, and the town of seed 3 with layout 'straight' has none; choose "
        "another seed, layout or encounter."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        place_encounter(make_town(3, "straight"), "crossing")
    with pytest.raises(ValueError, match="Unknown encounter 'overtaking'; choose one of head_on"):
        place_encounter(make_town(3), "overtaking")


def test_an_encounter_that_leaves_the_road_is_refused():
    with pytest.raises(ValueError, match=r"fits nowhere in the town of seed 0: agent 'agent [12]' leaves the road"):
        place_encounter(make_town(0, "t_junction"), "t_junction_merge", jitter=12.0, seed=3)
