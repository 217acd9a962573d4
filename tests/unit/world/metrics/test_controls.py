from dataclasses import replace

import pytest
import torch

from shared_world.world.metrics.controls import fit_building_colour, frozen_first_frame, own_frame_oracle
from shared_world.world.metrics.evaluation import evaluate_clip
from shared_world.world.metrics.known_clip import KnownClip

HAZE, SLOPE = torch.tensor([0.7, 0.75, 0.8]), torch.tensor([-0.4, 0.1, -0.2])


@pytest.fixture
def foggy_street():
    """House 2 is seen by agent 0, house 3 by agent 1, house 4 by nobody; all have the mean colour of buildings."""
    generator = torch.Generator().manual_seed(0)
    instances = torch.ones(2, 3, 1, 32, 48, dtype=torch.int16)
    instances[0, 0, 0, :8], instances[1, 0, 0, :8] = 2, 3
    instances[:, 1:, 0, :8], instances[:, 1:, 0, 8:16], instances[:, 1:, 0, 16:24] = 2, 3, 4
    transmittance = 0.3 + 0.7 * torch.rand(instances.shape, generator=generator)
    truth = HAZE + transmittance[..., None] * SLOPE
    without = truth.clone()
    truth[0, 1, 0, 26:30, 10:16] = torch.tensor([0.8, 0.1, 0.1])
    instances[0, 1, 0, 26:30, 10:16] = 1001
    return KnownClip(
        truth, instances=instances, buildings=(2, 3, 4), cars=(1000, 1001), transmittance=transmittance,
        without_others=without,
    )  # fmt: skip


def test_frozen_frames_repeat_the_first(foggy_street):
    frozen = frozen_first_frame(foggy_street.truth)
    assert frozen.shape == foggy_street.truth.shape
    assert all(torch.equal(frozen[:, frame], foggy_street.truth[:, 0]) for frame in range(3))


def test_the_mean_colour_of_buildings_is_a_line_in_transmittance(foggy_street):
    colour = fit_building_colour([foggy_street, foggy_street])
    torch.testing.assert_close(colour.haze.float(), HAZE, atol=1e-5, rtol=0)
    torch.testing.assert_close(colour.slope.float(), SLOPE, atol=1e-5, rtol=0)
    assert colour.at(torch.tensor([0.0, 1.0])).shape == (2, 3)


def test_the_oracle_knows_its_own_buildings_and_no_other_cars(foggy_street):
    odd = replace(foggy_street, truth=foggy_street.truth.clone(), without_others=foggy_street.without_others.clone())
    for pictures in (odd.truth, odd.without_others):
        pictures[odd.instances == 2] = torch.tensor([0.1, 0.2, 0.3])
        pictures[odd.instances == 3] = torch.tensor([0.9, 0.2, 0.3])
    oracle = own_frame_oracle(odd, fit_building_colour([foggy_street]))
    own, other = odd.instances[0] == 2, odd.instances[0] == 3
    assert torch.equal(oracle[0][own], odd.truth[0][own])
    expected = HAZE + odd.transmittance[0][other][:, None] * SLOPE
    torch.testing.assert_close(oracle[0][other], expected, atol=1e-5, rtol=0)
    numbers = evaluate_clip(oracle, odd)
    assert numbers["psnr_seen"] == 100.0
    assert numbers["psnr_partner_saw"] < 15.0
    assert numbers["car_hit_rate"] == 0.0


def test_without_fog_the_oracle_paints_one_colour(foggy_street):
    clear = replace(foggy_street, transmittance=None)
    unseen = own_frame_oracle(clear)[0][clear.instances[0] == 4]
    assert unseen.std(0).max() < 1e-6


def test_a_clip_without_buildings_stays_as_it_is(foggy_street):
    bare = replace(foggy_street, buildings=())
    assert torch.equal(own_frame_oracle(bare), bare.without_others)
    with pytest.raises(ValueError, match="No clip shows a building"):
        fit_building_colour([bare])


@pytest.mark.parametrize("missing", ["instances", "without_others"])
def test_the_oracle_says_what_it_needs(foggy_street, missing):
    with pytest.raises(ValueError, match="oracle needs"):
        own_frame_oracle(replace(foggy_street, **{missing: None}))
