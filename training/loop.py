"""The training loop, the same for all networks."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate import Accelerator, PartialState
from accelerate.utils import parse_flag_from_env
from torch import Tensor, nn

from .averaging import AveragedWeights
from .optimizers import learning_rate, make_optimizers, require_whole_matrices
from .run_log import RunLog
from .run_state import Progress, RunState
from .settings import LoopSettings

logger = logging.getLogger(__name__)


class Task(Protocol):
    """What is trained."""

    def loss(self, network: nn.Module, micro_batch: int) -> Tensor:
        """The loss of a micro-batch, which is numbered over all steps and processes."""

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Numbers for the log, computed with the averaged weights."""

    def export(
        self, network: nn.Module, tensors: dict[str, Tensor], numbers: Mapping[str, float], progress: Progress
    ) -> None:
        """Write the result; called on the main process with the averaged weights."""


def process_state() -> PartialState:
    """Which of how many processes this is, also where they train on CPUs."""
    on_cpu = parse_flag_from_env("ACCELERATE_USE_CPU") or not getattr(torch, "accelerator", torch.cuda).is_available()
    return PartialState(cpu=on_cpu)


def make_accelerator(settings: LoopSettings) -> Accelerator:
    """An accelerator that accumulates gradients up to the batch size.

    Raises:
        ValueError: if micro-batches of all processes do not add up to the batch.
    """
    state = process_state()
    processes = state.num_processes
    together = settings.micro_batch_size * processes
    if settings.batch_size % together:
        raise ValueError(
            f"A batch of {settings.batch_size} cannot be made of micro-batches of {settings.micro_batch_size} on "
            f"{processes} processes; choose a micro_batch_size that divides {settings.batch_size} by the processes."
        )
    accelerator = Accelerator(
        cpu=state.device.type == "cpu",
        mixed_precision=settings.mixed_precision,
        gradient_accumulation_steps=settings.batch_size // together,
    )
    plugin = accelerator.state.deepspeed_plugin
    if plugin is not None:
        # DeepSpeed would read it from a data loader, of which there is none.
        plugin.deepspeed_config["train_micro_batch_size_per_gpu"] = settings.micro_batch_size
        if settings.ema_decay and plugin.zero_stage == 3:
            raise ValueError(
                "DeepSpeed's stage 3 cannot average weights: set loop.ema_decay to 0, or use stage 2 or FSDP."
            )
    return accelerator


class Loop:
    """Trains a network until its steps are done, the time is up or it is asked to stop.

    Args:
        task: loss, validation and export.
        network: on the CPU; accelerate moves and wraps it.
        settings: of the optimisation.
        kept_settings: plain values that must be the same when the run goes on, see `settings_files.differences`.
        folder: of the run.
        accelerator: from `make_accelerator`.
        asked_to_stop: looked at after every step.
    """

    def __init__(
        self,
        task: Task,
        network: nn.Module,
        settings: LoopSettings,
        kept_settings: Mapping[str, Any],
        folder: Path,
        accelerator: Accelerator,
        asked_to_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.task = task
        self.settings = settings
        self.accelerator = accelerator
        self.asked_to_stop = asked_to_stop
        require_whole_matrices(settings, accelerator)
        self.network, *self.optimizers = accelerator.prepare(network, *make_optimizers(network, settings))
        self.average = AveragedWeights(self.network, settings.ema_decay)
        self.state = RunState(folder, kept_settings, accelerator, self.average)
        self.progress = self.state.restore()
        self.log = RunLog(folder, accelerator.is_main_process, self.progress.step)
        self.exported = -1
        self._losses: list[Tensor] = []
        self._gradient_norm = torch.zeros(())

    def run(self, max_hours: float = math.inf) -> Progress:
        """Train, and write a checkpoint and the result at the end.

        Args:
            max_hours: of this start and the earlier ones together.

        Raises:
            FloatingPointError: if the loss is no number any more; the last checkpoint stays.
        """
        before = time.monotonic()
        while self.progress.step < self.settings.steps and not self._must_stop(max_hours):
            self._step()
            now = time.monotonic()
            self.progress.seconds += now - before
            before = now
            saves = self._due(self.settings.checkpoint_every)
            if saves or self._due(self.settings.log_every):
                self._report()
            if saves:
                self._save()
            elif self._due(self.settings.validate_every):
                self.log.write(self.progress.step, self._validated())
        self._report()
        if self.exported != self.progress.step:
            self._save()
        self.log.close()
        return self.progress

    def _step(self) -> None:
        """One optimiser step; loss and gradient norm stay on the accelerator until they are reported."""
        accelerator, step = self.accelerator, self.progress.step
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, self.settings)
        total = torch.zeros((), device=accelerator.device)
        parts = accelerator.gradient_accumulation_steps
        for part in range(parts):
            with accelerator.accumulate(self.network):
                micro_batch = (step * parts + part) * accelerator.num_processes + accelerator.process_index
                loss = self.task.loss(self.network, micro_batch)
                accelerator.backward(loss)
                total += loss.detach() / parts
                if accelerator.sync_gradients and self.settings.max_gradient_norm:
                    norm = accelerator.clip_grad_norm_(self.network.parameters(), self.settings.max_gradient_norm)
                    if hasattr(norm, "full_tensor"):
                        norm = norm.full_tensor()
                    self._gradient_norm = torch.as_tensor(0.0 if norm is None else norm)  # DeepSpeed may return none
                for optimizer in self.optimizers:
                    optimizer.step()
                    optimizer.zero_grad()
        self.average.update(step)
        self.progress.step += 1
        self._losses.append(total)

    def _due(self, every: int) -> bool:
        return every > 0 and self.progress.step % every == 0

    def _must_stop(self, max_hours: float) -> bool:
        """Whether any process is out of time or asked to stop; all get the same answer."""
        stop = self.progress.hours >= max_hours or self.asked_to_stop()
        if self.accelerator.num_processes == 1:
            return stop
        if stop:
            self.accelerator.set_trigger()
        return self.accelerator.check_trigger()

    def _report(self) -> None:
        """Write the mean loss since the last report."""
        if not self._losses:
            return
        loss = self.accelerator.reduce(torch.stack(self._losses).mean(), reduction="mean").item()
        self._losses.clear()
        if not math.isfinite(loss):
            raise FloatingPointError(
                f"The loss is {loss} at step {self.progress.step}; lower learning_rate or raise warmup_steps and start "
                "in another output folder. The last checkpoint is kept."
            )
        norm, rate = float(self._gradient_norm), learning_rate(self.progress.step - 1, self.settings)
        values = {"loss": loss, "gradient_norm": norm, "learning_rate": rate, "hours": self.progress.hours}
        self.log.write(self.progress.step, values)

    def _validated(self) -> dict[str, float]:
        with self.average.applied():
            return self.task.validate(self.network)

    def _save(self) -> None:
        """Write a checkpoint, validate and export."""
        self.state.save(self.progress, self.settings.keep_checkpoints)
        with self.average.applied():
            numbers = self.task.validate(self.network)
            tensors = self.accelerator.get_state_dict(self.network)
            if numbers:
                self.log.write(self.progress.step, numbers)
            if self.accelerator.is_main_process:
                self.task.export(self.accelerator.unwrap_model(self.network), tensors, numbers, self.progress)
        self.exported = self.progress.step
        self.accelerator.wait_for_everyone()
