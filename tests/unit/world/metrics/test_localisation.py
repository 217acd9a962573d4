import math

import pytest
import torch

from shared_world.world.metrics.localisation import car_hits, colour_error, find_cars, localise, other_agents

RED = torch.tensor([0.8, 0.1, 0.1])
CARS = (1000, 1001)
SIZE = (2, 2, 1, 24, 32)
"""Agents, frames, views, height, width."""


def background() -> torch.Tensor:
    """Grey pictures with some noise."""
    return 0.45 + 0.1 * torch.rand(*SIZE, 3, generator=torch.Generator().manual_seed(0))


def box(top: int, left: int, height: int = 4, width: int = 6) -> torch.Tensor:
    mask = torch.zeros(SIZE[3:], dtype=torch.bool)
    mask[top : top + height, left : left + width] = True
    return mask


def painted(pictures: torch.Tensor, mask: torch.Tensor, index=(0, 0, 0), colour: torch.Tensor = RED) -> torch.Tensor:
    pictures = pictures.clone()
    pictures[index][mask] = colour
    return pictures


@pytest.fixture
def scene():
    """Agent 0 sees the car of agent 1 in its first frame: truth, view without it, instances."""
    instances = torch.zeros(SIZE, dtype=torch.int16)
    instances[0, 0, 0][box(8, 10)] = CARS[1]
    return painted(background(), box(8, 10)), background(), instances


def sightings(scene):
    truth, without, instances = scene
    return find_cars(truth, without, other_agents(instances, CARS))


def test_the_own_car_is_not_another_agent():
    instances = torch.tensor([1000, 1001, 1002, 7]).expand(3, 1, 1, 1, 4)
    covered = other_agents(instances, (1000, 1001, 1002))
    assert covered[:, 0, 0, 0].tolist() == [[-1, 1, 2, -1], [0, -1, 2, -1], [0, 1, -1, -1]]


def test_every_agent_needs_a_car_number():
    with pytest.raises(ValueError, match="2 agents need as many instance numbers of cars, given 1"):
        other_agents(torch.zeros(SIZE, dtype=torch.int16), (1000,))


def test_truth_is_all_hits_and_a_view_without_the_car_none(scene):
    truth, without, instances = scene
    mask = other_agents(instances, CARS) >= 0
    assert car_hits(truth, truth, without, mask).rate == 1.0
    assert car_hits(without, truth, without, mask).rate == 0.0


def test_hits_count_pixels_nearer_to_the_truth(scene):
    truth, without, instances = scene
    mask = other_agents(instances, CARS) >= 0
    left_half = painted(without, box(8, 10, width=3))
    assert car_hits(left_half, truth, without, mask).rate == 0.5
    for share, rate in ((0.49, 0.0), (0.51, 1.0)):
        assert car_hits(torch.lerp(without, truth, share), truth, without, mask).rate == rate


def test_car_pixels_that_fog_hides_are_not_counted(scene):
    truth, without, instances = scene
    mask = other_agents(instances, CARS) >= 0
    hidden = painted(truth, box(8, 10, width=3), colour=torch.tensor(0.0))
    foggy = torch.where((mask & (hidden.sum(-1) == 0))[..., None], without + 0.01, truth)
    hits = car_hits(foggy, foggy, without, mask)
    assert (hits.pixels, hits.rate) == (12, 1.0)
    nothing = car_hits(truth, without, without, mask)
    assert nothing.pixels == 0
    assert math.isnan(nothing.rate)


def test_truth_is_found_where_it_is(scene):
    cars = sightings(scene)
    assert cars.index.tolist() == [0]
    assert cars.centroids.tolist() == [[12.5, 9.5]]
    result = localise(scene[0], cars)
    assert (result.views, result.found, result.error, result.overlap) == (1, 1, 0.0, 1.0)


@pytest.mark.parametrize(("down", "right"), [(0, 1), (0, -5), (3, 4), (-8, 6)])
def test_a_shifted_car_is_off_by_the_shift(scene, down, right):
    result = localise(painted(background(), box(8 + down, 10 + right)), sightings(scene))
    assert result.error == pytest.approx(math.hypot(down, right))
    shared = max(0, 4 - abs(down)) * max(0, 6 - abs(right))
    assert result.overlap == pytest.approx(shared / (48 - shared))


def test_a_missing_car_has_no_error_but_lowers_the_rate_and_the_overlap(scene):
    result = localise(background(), sightings(scene))
    assert (result.rate, result.overlap) == (0.0, 0.0)
    assert math.isnan(result.error)


def test_a_speck_on_the_car_is_not_the_car(scene):
    result = localise(painted(background(), box(9, 12, 1, 3)), sightings(scene))
    assert (result.found, result.overlap) == (0, 0.0)


def test_a_car_that_is_mostly_hidden_by_fog_keeps_its_colour(scene):
    truth, without, instances = scene
    foggy = torch.where(box(8, 10, width=4)[:, :, None], without, truth)
    cars = find_cars(foggy, without, other_agents(instances, CARS))
    torch.testing.assert_close(cars.colours, RED[None])
    assert cars.centroids.tolist() == [[14.5, 9.5]]


def test_a_view_where_something_else_looks_more_like_the_car_is_left_out(scene):
    truth, without, instances = scene
    reflected = painted(truth, box(18, 2, 5, 12))
    assert find_cars(reflected, without, other_agents(instances, CARS)).index.numel() == 0


def test_the_largest_car_like_region_counts(scene):
    truth, _, _ = scene
    specks = painted(painted(truth, box(0, 0, 2, 2)), box(20, 28, 1, 2))
    assert localise(specks, sightings(scene)).error == 0.0
    ghost = painted(truth, box(14, 20, 6, 8))
    assert localise(ghost, sightings(scene)).error == pytest.approx(math.hypot(23.5 - 12.5, 16.5 - 9.5))


def test_blurred_grey_is_no_car(scene):
    truth, without, _ = scene
    assert localise(torch.lerp(without, truth, 0.4), sightings(scene)).found == 0


def test_every_view_is_searched_on_its_own():
    instances = torch.zeros(SIZE, dtype=torch.int16)
    truth = background()
    shifts = {}
    for agent in range(2):
        for frame in range(2):
            mask = box(3 + 5 * agent, 4 + 9 * frame)
            instances[agent, frame, 0][mask] = CARS[1 - agent]
            truth = painted(truth, mask, (agent, frame, 0))
            shifts[agent, frame] = agent + 2 * frame
    cars = find_cars(truth, background(), other_agents(instances, CARS))
    generated = background()
    for (agent, frame), shift in shifts.items():
        generated = painted(generated, box(3 + 5 * agent + shift, 4 + 9 * frame), (agent, frame, 0))
    result = localise(generated, cars)
    assert (result.views, result.found) == (4, 4)
    assert result.error == pytest.approx((0 + 1 + 2 + 3) / 4)


def test_swapped_agents_are_badly_placed():
    instances = torch.zeros(SIZE, dtype=torch.int16)
    instances[0, :, 0, 4:8, 2:8] = CARS[1]
    instances[1, :, 0, 14:18, 20:26] = CARS[0]
    covered = other_agents(instances, CARS)
    truth = torch.where((covered >= 0)[..., None], RED, background())
    result = localise(truth.flip(0), find_cars(truth, background(), covered))
    assert result.error == pytest.approx(math.hypot(18, 10))
    assert result.overlap == 0.0


def test_views_with_two_other_cars_are_left_out():
    size = (3, 1, 1, 24, 32)
    instances = torch.zeros(size, dtype=torch.int16)
    instances[0, 0, 0][box(2, 2)] = 1001
    instances[0, 0, 0][box(12, 20)] = 1002
    instances[1, 0, 0][box(2, 2)] = 1002
    covered = other_agents(instances, (1000, 1001, 1002))
    without = torch.full((*size, 3), 0.5)
    truth = torch.where((covered >= 0)[..., None], RED, without)
    assert find_cars(truth, without, covered).index.tolist() == [1]


def test_cars_too_small_or_too_faint_are_not_looked_for(scene):
    _, without, _ = scene
    for mask, colour in ((box(8, 10, 1, 3), RED), (box(8, 10), torch.tensor([0.52, 0.5, 0.5]))):
        instances = torch.zeros(SIZE, dtype=torch.int16)
        instances[0, 0, 0][mask] = CARS[1]
        cars = find_cars(painted(without, mask, colour=colour), without, other_agents(instances, CARS))
        result = localise(without, cars)
        assert result.views == 0
        assert math.isnan(result.rate)
        assert math.isnan(result.error)
        assert math.isnan(result.overlap)


def test_the_colour_of_the_other_car_is_compared_where_it_is(scene):
    truth, *_ = scene
    cars = sightings(scene)
    assert colour_error(truth, cars) == pytest.approx(0.0, abs=1e-6)
    other = torch.tensor([0.1, 0.2, 0.9])
    repainted = painted(truth, box(8, 10), colour=other)
    assert colour_error(repainted, cars) == pytest.approx((other - RED).norm().item(), abs=1e-5)
    # Elsewhere anything may be.
    assert colour_error(painted(truth, ~box(8, 10), colour=other), cars) == pytest.approx(0.0, abs=1e-6)


def test_without_sightings_there_is_no_colour(scene):
    _, without, instances = scene
    nobody = find_cars(without, without, other_agents(torch.zeros_like(instances), CARS))
    assert math.isnan(colour_error(without, nobody))
