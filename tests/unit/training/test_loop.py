import json
from dataclasses import replace

import pytest
import torch
from accelerate.state import AcceleratorState

from shared_world.training.loop import Loop, make_accelerator
from shared_world.training.run_log import LOG_NAME
from shared_world.training.settings import LoopSettings

SETTINGS = LoopSettings(
    steps=6, batch_size=4, micro_batch_size=4, learning_rate=0.1, max_gradient_norm=0.0, checkpoint_every=0, log_every=0
)


class Regression:
    """A linear network learns a random linear map; items are numbered rows of fixed data."""

    def __init__(self, micro_batch_size, bad_from=None):
        generator = torch.Generator().manual_seed(0)
        self.inputs = torch.randn(64, 3, generator=generator)
        self.targets = self.inputs @ torch.randn(3, 2, generator=generator)
        self.size = micro_batch_size
        self.bad_from = bad_from
        self.exported = []
        self.seen = []

    def loss(self, network, micro_batch):
        self.seen.append(micro_batch)
        rows = slice(micro_batch * self.size, (micro_batch + 1) * self.size)
        loss = (network(self.inputs[rows]) - self.targets[rows]).square().mean()
        return loss * float("nan") if self.bad_from is not None and micro_batch >= self.bad_from else loss

    def validate(self, network):
        with torch.no_grad():
            return {"error": (network(self.inputs) - self.targets).square().mean().item()}

    def export(self, network, tensors, numbers, progress):
        self.exported.append((progress.step, {name: tensor.clone() for name, tensor in tensors.items()}, numbers))


def start(folder, settings=SETTINGS, task=None):
    AcceleratorState._reset_state(reset_partial_state=True)
    torch.manual_seed(0)
    task = task or Regression(settings.micro_batch_size)
    network = torch.nn.Linear(3, 2)
    accelerator = make_accelerator(settings)
    return task, Loop(task, network, settings, {"loop": {}}, folder, accelerator)


def trained(folder, settings=SETTINGS):
    task, loop = start(folder, settings)
    loop.run()
    return task.exported[-1]


def logged(folder):
    return [json.loads(line) for line in (folder / LOG_NAME).read_text().splitlines()]


def test_accumulated_micro_batches_are_one_batch(tmp_path):
    _, whole, _ = trained(tmp_path / "whole")
    _, parts, _ = trained(tmp_path / "parts", replace(SETTINGS, micro_batch_size=1))
    for name, tensor in whole.items():
        torch.testing.assert_close(parts[name], tensor)


def test_batches_that_cannot_be_made_are_refused():
    with pytest.raises(ValueError, match="batch of 4 cannot be made of micro-batches of 3 on 1 processes"):
        make_accelerator(replace(SETTINGS, micro_batch_size=3))


@pytest.mark.parametrize("name", ["batch_size", "micro_batch_size"])
def test_batches_of_nothing_are_refused(name):
    with pytest.raises(ValueError, match=f"'loop.{name}' must be at least 1, given 0"):
        replace(SETTINGS, **{name: 0})


def test_gradients_are_clipped(tmp_path, monkeypatch):
    def descent(network, settings):
        return [torch.optim.SGD(network.parameters(), settings.learning_rate)]

    monkeypatch.setattr("shared_world.training.loop.make_optimizers", descent)
    _, loop = start(tmp_path, replace(SETTINGS, steps=1, max_gradient_norm=1e-3))
    before = [parameter.detach().clone() for parameter in loop.network.parameters()]
    loop.run()
    moved = torch.cat([(now - old).flatten() for now, old in zip(loop.network.parameters(), before, strict=True)])
    assert moved.norm().item() == pytest.approx(0.1 * 1e-3, rel=1e-3)


def test_exported_weights_are_the_average(tmp_path):
    settings = replace(SETTINGS, ema_decay=0.9)
    task, loop = start(tmp_path, settings)
    average = {name: parameter.detach().clone() for name, parameter in loop.network.named_parameters()}
    original = loop.average.update

    def update(step):
        original(step)
        decay = min(0.9, (1 + step) / (10 + step))
        for name, parameter in loop.network.named_parameters():
            average[name] = decay * average[name] + (1 - decay) * parameter.detach()

    loop.average.update = update
    loop.run()
    step, tensors, numbers = task.exported[-1]
    assert step == 6
    for name, tensor in tensors.items():
        torch.testing.assert_close(tensor, average[name])
    inputs, targets = task.inputs, task.targets
    shown = inputs @ average["weight"].T + average["bias"]
    assert numbers["error"] == pytest.approx((shown - targets).square().mean().item(), rel=1e-5)
    assert not torch.equal(dict(loop.network.named_parameters())["weight"], tensors["weight"])


def test_loss_that_is_no_number_ends_the_run_before_it_is_saved(tmp_path):
    settings = replace(SETTINGS, checkpoint_every=2)
    task, loop = start(tmp_path, settings, Regression(4, bad_from=3))
    with pytest.raises(FloatingPointError, match="loss is nan at step 4; lower learning_rate"):
        loop.run()
    assert [step for step, _, _ in task.exported] == [2]
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-00000002"]


def test_result_lost_after_the_last_checkpoint_is_written_again(tmp_path):
    trained(tmp_path)
    (state,) = tmp_path.glob("checkpoints/*/run.json")
    before = state.stat()
    task, loop = start(tmp_path)
    loop.run()
    assert [step for step, _, _ in task.exported] == [6]
    assert task.seen == []
    after = state.stat()  # a run that is killed now must not have lost its only checkpoint
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_half_written_checkpoint_is_ignored(tmp_path):
    settings = replace(SETTINGS, checkpoint_every=3)
    trained(tmp_path, settings)
    (tmp_path / "checkpoints" / "step-00000009").mkdir()
    (tmp_path / "checkpoints" / ".step-00000012.partial").mkdir()
    longer = replace(settings, steps=9)
    _, loop = start(tmp_path, longer)
    assert loop.progress.step == 6
    loop.run()
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["step-00000006", "step-00000009"]


def test_log_goes_on_where_the_checkpoint_does(tmp_path):
    settings = replace(SETTINGS, log_every=1, validate_every=2)
    trained(tmp_path, settings)
    with (tmp_path / LOG_NAME).open("a") as stream:
        stream.write('{"step": 7, "loss": 1.0}\n{"step": 8, "lo')
    start(tmp_path, settings)
    assert [line["step"] for line in logged(tmp_path) if "loss" in line] == [1, 2, 3, 4, 5, 6]
    assert [line["step"] for line in logged(tmp_path) if "error" in line] == [2, 4, 6, 6]
