from dataclasses import replace

import numpy as np
import pytest
import torch
from accelerate.utils import DistributedType

from shared_world.training.optimizers import learning_rate, make_optimizers, require_whole_matrices
from shared_world.training.settings import LoopSettings

SETTINGS = LoopSettings(steps=6, batch_size=4, micro_batch_size=2, learning_rate=0.1)


class Accelerator:
    def __init__(self, distributed_type):
        self.distributed_type = distributed_type


def test_learning_rate_rises_then_falls():
    settings = replace(SETTINGS, steps=100, warmup_steps=10, decay="linear", decay_start=0.5)
    rates = [learning_rate(step, settings) for step in range(100)]
    assert rates[0] == pytest.approx(0.01)
    assert rates[9] == rates[49] == pytest.approx(0.1)
    assert rates[75] == pytest.approx(0.05)
    assert rates[99] == pytest.approx(0.002)
    cosine = replace(settings, decay="cosine", decay_start=0.0, warmup_steps=0)
    assert learning_rate(50, cosine) == pytest.approx(0.05)
    assert learning_rate(80, replace(settings, decay="none")) == 0.1


def test_only_matrices_are_decayed():
    network = torch.nn.Module()
    network.linear = torch.nn.Linear(2, 2)
    network.pos_embedding = torch.nn.Parameter(torch.zeros(1, 3, 2))
    network.frozen = torch.nn.Parameter(torch.zeros(2, 2), requires_grad=False)
    (optimizer,) = make_optimizers(network, replace(SETTINGS, weight_decay=0.1))
    decayed, plain = optimizer.param_groups
    assert [id(value) for value in decayed["params"]] == [id(network.linear.weight)]
    assert {id(value) for value in plain["params"]} == {id(network.linear.bias), id(network.pos_embedding)}
    assert (decayed["weight_decay"], plain["weight_decay"]) == (0.1, 0.0)


def test_muon_takes_the_hidden_matrices_and_adamw_the_rest():
    network = torch.nn.Module()
    network.proj_out = torch.nn.Linear(4, 4)
    network.conv = torch.nn.Conv2d(2, 2, 3)
    network.hidden = torch.nn.Linear(4, 4)
    adamw, muon = make_optimizers(network, replace(SETTINGS, optimizer="muon"))
    assert [id(value) for value in muon.param_groups[0]["params"]] == [id(network.hidden.weight)]
    others = {id(value) for group in adamw.param_groups for value in group["params"]}
    assert others == {id(value) for value in network.parameters()} - {id(network.hidden.weight)}


def test_muons_first_step_is_the_nearest_orthogonal_matrix():
    """From a gradient with singular values of one size, the step has the gradient's singular vectors."""
    network = torch.nn.Module()
    network.hidden = torch.nn.Linear(6, 4, bias=False)
    optimizer = make_optimizers(network, replace(SETTINGS, optimizer="muon"))[-1]
    before = network.hidden.weight.detach().clone()
    random = np.random.default_rng(0)
    left, _, right = np.linalg.svd(random.normal(size=(4, 6)), full_matrices=False)
    network.hidden.weight.grad = torch.tensor(left @ np.diag([4.0, 3.0, 2.0, 1.5]) @ right, dtype=torch.float32)
    optimizer.step()
    step = ((before - network.hidden.weight.detach()) / SETTINGS.learning_rate).double().numpy()
    expected = left @ right * 0.2 * np.sqrt(6)
    cosine = (step * expected).sum() / np.linalg.norm(step) / np.linalg.norm(expected)
    assert cosine > 0.97
    # Newton and Schulz's iteration leaves singular values between about 0.7 and 1.2.
    assert 0.65 < np.linalg.norm(step) / np.linalg.norm(expected) < 1.25


def test_muon_is_refused_where_matrices_are_shared():
    settings = replace(SETTINGS, optimizer="muon")
    require_whole_matrices(settings, Accelerator(DistributedType.MULTI_GPU))
    with pytest.raises(ValueError, match="Muon needs whole matrices, which FSDP does not keep"):
        require_whole_matrices(settings, Accelerator(DistributedType.FSDP))
