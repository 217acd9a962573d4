import math

import pytest
import torch

from shared_world.sampling.finite_guard import FiniteGuard, NotFinite


def prediction(worlds=1, agents=2):
    return torch.zeros(worlds * agents, 16, 2, 4, 6)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("item", range(6))
def test_a_single_value_that_is_not_finite_names_agent_step_and_dtype(value, item):
    guard = FiniteGuard(agents=3, dtype=torch.float16)
    guard.watch(0, prediction(2, 3), 10)
    broken = prediction(2, 3)
    broken[item, -1, -1, -1, -1] = value
    guard.watch(1, broken, 10)
    with pytest.raises(NotFinite, match=rf"agent {item % 3 + 1} .*after step 2 of 10, computed in torch.float16"):
        guard.watch(2, prediction(2, 3), 10)


def test_last_step_is_judged_at_the_end():
    guard = FiniteGuard(agents=2, dtype=torch.float32)
    guard.watch(9, prediction() * math.nan, 10)
    with pytest.raises(NotFinite, match=r"agent 1 .*after step 10 of 10"):
        guard.finish()
    guard.finish()  # what was said is not said again


def test_largest_finite_values_pass():
    guard = FiniteGuard(agents=2, dtype=torch.float32)
    for step in range(3):
        guard.watch(step, torch.full((2, 16, 2, 4, 6), torch.finfo(torch.float32).max), 3)
    guard.finish()
    guard.finish()


def test_prediction_may_be_overwritten_after_it_was_watched():
    guard = FiniteGuard(agents=2, dtype=torch.float32)
    shared = prediction()
    guard.watch(0, shared, 2)
    shared.fill_(math.nan)
    guard.finish()
