import math

import numpy as np
import pytest
import torch

from shared_world.world.metrics.regions import (
    NOBODY_SAW,
    OTHER_CAR,
    PARTNER_SAW,
    REGIONS,
    SEEN,
    SeenRule,
    clear_buildings,
    psnr_by_region,
    region_masks,
)

HOUSE, SHOP, TREE = 5, 9, 40
CARS = (1000, 1001)
SIZE = (2, 3, 1, 32, 48)
"""Agents, frames, views and the picture size that the thresholds are meant for."""


def instances_with(own: int, partner: int, later: int = 10, building: int = HOUSE) -> torch.Tensor:
    """First frames show so many pixels of a building to agents 0 and 1; later frames of agent 0 show it, too."""
    instances = torch.ones(SIZE, dtype=torch.int16)
    instances[0, 0].flatten()[:own] = building
    instances[1, 0].flatten()[:partner] = building
    instances[0, 1:].flatten(1)[:, :later] = building
    return instances


def region_of(masks: dict[str, torch.Tensor]) -> list[str]:
    """Regions that hold the building in the last frame of agent 0."""
    return [name for name, mask in masks.items() if mask[0, 2, 0, 0, :10].all()]


@pytest.mark.parametrize(
    ("own", "partner", "expected"),
    [(3, 0, SEEN), (3, 8, SEEN), (2, 8, PARTNER_SAW), (2, 7, NOBODY_SAW), (0, 0, NOBODY_SAW), (0, 500, PARTNER_SAW)],
)
def test_three_own_or_eight_pixels_of_the_partner_decide(own, partner, expected):
    masks = region_masks(instances_with(own, partner), None, [HOUSE, SHOP], CARS)
    assert region_of(masks) == [expected]
    assert masks[expected][0, 1:].sum() == 20


def test_faint_pixels_do_not_count_however_many():
    instances = instances_with(own=500, partner=500)
    transmittance = torch.ones(SIZE)
    transmittance[0, 0] = 0.2
    transmittance[1, 0] = 0.21
    assert region_of(region_masks(instances, transmittance, [HOUSE], CARS)) == [PARTNER_SAW]
    transmittance[1, 0] = 0.1
    assert region_of(region_masks(instances, transmittance, [HOUSE], CARS)) == [NOBODY_SAW]


def test_pixels_in_fog_belong_to_no_region():
    transmittance = torch.ones(SIZE)
    transmittance[:, 1:] = 0.15
    instances = instances_with(own=3, partner=0)
    instances[0, 2, 0, 20:, 20:] = CARS[1]
    masks = region_masks(instances, transmittance, [HOUSE], CARS)
    assert not any(mask[:, 1:].any() for mask in masks.values())


def test_thresholds_are_parameters():
    rule = SeenRule(pixels=5, partner_pixels=6, transmittance=0.5)
    for own, partner, expected in ((4, 6, PARTNER_SAW), (4, 5, NOBODY_SAW), (5, 0, SEEN)):
        assert region_of(region_masks(instances_with(own, partner), None, [HOUSE], CARS, rule)) == [expected]


def test_an_agent_is_not_its_own_partner():
    rule = SeenRule(pixels=9, partner_pixels=5)
    assert region_of(region_masks(instances_with(own=7, partner=0), None, [HOUSE], CARS, rule)) == [NOBODY_SAW]


def test_thresholds_grow_with_the_picture():
    large = instances_with(own=3, partner=8).repeat_interleave(2, -1).repeat_interleave(2, -2)
    assert region_of(region_masks(large, None, [HOUSE], CARS)) == [SEEN]
    fewer = large.clone()
    fewer[0, 0, 0, 0, 0] = 1
    assert region_of(region_masks(fewer, None, [HOUSE], CARS)) == [PARTNER_SAW]


def test_only_buildings_and_other_cars_have_regions():
    instances = instances_with(own=0, partner=0, building=TREE)
    instances[0, 1, 0, 20:24, 20:24] = CARS[1]
    instances[0, 1, 0, 24:28, 20:24] = CARS[0]
    masks = region_masks(instances, None, [HOUSE, SHOP], CARS)
    assert masks[OTHER_CAR].sum() == 16
    assert masks[OTHER_CAR][0, 1, 0, 20:24, 20:24].all()
    assert not any(masks[name].any() for name in (SEEN, PARTNER_SAW, NOBODY_SAW))


def test_a_town_without_buildings_has_empty_regions():
    masks = region_masks(instances_with(3, 8), None, [], CARS)
    assert tuple(masks) == REGIONS
    assert not any(mask.any() for mask in masks.values())


def test_a_lonely_agent_has_no_partner():
    instances = instances_with(own=0, partner=0)[:1]
    assert region_of(region_masks(instances, None, [HOUSE], CARS[:1])) == [NOBODY_SAW]


def test_any_other_agent_can_be_the_partner():
    instances = torch.cat([instances_with(0, 0), instances_with(20, 0)[:1]])
    masks = region_masks(instances, None, [HOUSE], (*CARS, 1002))
    assert region_of(masks) == [PARTNER_SAW]


def test_decisions_agree_with_a_loop_over_pixels():
    generator = torch.Generator().manual_seed(0)
    size = (3, 2, 2, 6, 9)
    buildings = [3, 4, 11, 12, 20, 31]
    instances = torch.tensor([0, 1, *buildings, 1000, 1001, 1002])[torch.randint(0, 11, size, generator=generator)]
    instances[:, 0] = torch.where(torch.rand(size[0], *size[2:], generator=generator) < 0.8, 1, instances[:, 0])
    transmittance = torch.rand(size, generator=generator)
    rule = SeenRule(3, 4, 0.3, reference_size=(6, 9))
    masks = region_masks(instances, transmittance, buildings[::-1], (1000, 1001, 1002), rule)
    clear, seen = clear_buildings(instances, transmittance, buildings, rule)

    counts = {(agent, house): 0 for agent in range(3) for house in buildings}
    for agent, *rest in np.ndindex(3, *size[2:]):
        index = (agent, 0, *rest)
        if transmittance[index] > 0.3 and instances[index].item() in buildings:
            counts[agent, instances[index].item()] += 1
    for index in np.ndindex(size):
        agent, label, expected = index[0], instances[index].item(), None
        if transmittance[index] > 0.3 and label in buildings:
            others = max(counts[other, label] for other in range(3) if other != agent)
            expected = SEEN if counts[agent, label] >= 3 else PARTNER_SAW if others >= 4 else NOBODY_SAW
        elif transmittance[index] > 0.3 and label >= 1000 and label != 1000 + agent:
            expected = OTHER_CAR
        assert [name for name, mask in masks.items() if mask[index]] == ([expected] if expected else [])
        assert clear[index].item() == (expected in (SEEN, PARTNER_SAW, NOBODY_SAW))
        assert seen[index].item() == (expected == SEEN)
    assert all(mask.any() for mask in masks.values())


def test_region_psnr_pools_squared_error_over_later_frames():
    truth = torch.full((1, 3, 1, 2, 2, 3), 0.5)
    generated = truth.clone()
    generated[:, 0] = 0.0
    generated[0, 1, 0, 0, 0] += 0.1
    generated[0, 2, 0, 0, 1] += torch.tensor([0.3, 0.0, 0.0])
    mask = torch.zeros(truth.shape[:-1], dtype=torch.bool)
    mask[..., 0, :] = True
    result = psnr_by_region(generated, truth, {"top": mask})["top"]
    assert result.pixels == 4
    assert result.psnr == pytest.approx(-10 * math.log10((3 * 0.1**2 + 0.3**2) / 12), abs=1e-4)


def test_a_region_without_pixels_is_missing():
    truth = torch.rand(1, 2, 1, 4, 4, 3)
    first_frame_only = torch.zeros(truth.shape[:-1], dtype=torch.bool)
    first_frame_only[:, 0] = True
    result = psnr_by_region(truth, truth, {"nowhere": first_frame_only})["nowhere"]
    assert result.pixels == 0
    assert math.isnan(result.psnr)


@pytest.mark.parametrize("mask", [torch.ones(1, 1, 1, 4, 4, dtype=torch.bool), torch.ones(1, 2, 1, 4, 4)])
def test_masks_of_another_shape_or_type_are_refused(mask):
    truth = torch.rand(1, 2, 1, 4, 4, 3)
    with pytest.raises(ValueError, match="mask 'sky': expected bool of shape"):
        psnr_by_region(truth, truth, {"sky": mask})
