import math

import numpy as np
import pytest
import torch
from scipy import stats

from shared_world.training.flow import drawn_times, noisy, sample, shifted


def test_times_are_logit_normal():
    times = drawn_times(20_000, 1.0, torch.Generator().manual_seed(0)).double().numpy()
    logits = np.log(times / (1 - times))
    assert stats.kstest(logits, "norm").pvalue > 0.01


def test_shift_is_that_of_the_sampler():
    time = torch.linspace(0, 1, 11, dtype=torch.float64)
    expected = [3 * t / (1 + 2 * t) for t in time.tolist()]
    assert shifted(time, 3.0).tolist() == pytest.approx(expected)
    assert drawn_times(1000, 3.0, torch.Generator().manual_seed(0)).median() == pytest.approx(0.75, abs=0.03)


def test_noise_and_data_are_mixed_straight():
    clean, noise = torch.randn(3, 2, 4), torch.randn(3, 2, 4)
    mixed = noisy(clean, noise, torch.tensor([0.0, 0.25, 1.0]))
    torch.testing.assert_close(mixed[0], clean[0])
    torch.testing.assert_close(mixed[1], 0.75 * clean[1] + 0.25 * noise[1])
    torch.testing.assert_close(mixed[2], noise[2])


def test_euler_finds_the_data_when_the_velocity_is_true():
    clean, noise = torch.randn(2, 3, 4, dtype=torch.float64), torch.randn(2, 3, 4, dtype=torch.float64)
    sigmas = torch.tensor([1.0, 0.9, 0.4, 0.0])
    seen = []

    def velocity(latents, times):
        seen.append(times.tolist())
        return (latents - clean) / times.view(-1, 1, 1)

    torch.testing.assert_close(sample(velocity, noise, sigmas), clean, atol=1e-6, rtol=0)
    assert [round(times[0], 6) for times in seen] == [1.0, 0.9, 0.4]
    assert all(math.isclose(*times) for times in seen)
