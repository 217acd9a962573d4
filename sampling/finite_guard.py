"""A guard against NaN and infinity that names step, agent and dtype, instead of a black video an hour later."""

import torch
from torch import Tensor


class NotFinite(RuntimeError):
    """A sampling step produced values that are not finite."""


class FiniteGuard:
    """Checks every step's prediction for every agent.

    The verdict on a step is read when the next step ends, or by `finish`: by then the device has long computed it, so
    that the check does not make the host wait in the middle of a run.

    Args:
        agents: consecutive batch items that share a world.
        dtype: what the network computes in, for the message.
    """

    def __init__(self, agents: int, dtype: torch.dtype) -> None:
        self.agents = agents
        self.dtype = dtype
        self._pending: tuple[int, int, Tensor, torch.cuda.Event | None] | None = None

    def watch(self, step: int, prediction: Tensor, total_steps: int) -> None:
        """Queue the check of a prediction (worlds * agents, ...) and judge the step before."""
        self.finish()
        finite = torch.isfinite(prediction).flatten(1).all(dim=1)
        copied = None
        if finite.is_cuda:
            on_host = torch.empty(finite.shape, dtype=finite.dtype, pin_memory=True)
            finite = on_host.copy_(finite, non_blocking=True)
            copied = torch.cuda.Event()
            copied.record()
        self._pending = (step, total_steps, finite, copied)

    def finish(self) -> None:
        """Judge the last step that was watched. Raises NotFinite."""
        if self._pending is None:
            return
        step, total_steps, finite, copied = self._pending
        self._pending = None
        if copied is not None:
            copied.synchronize()
        if finite.all():
            return
        item = int((~finite).nonzero()[0])
        raise NotFinite(
            f"Sampling stopped: agent {item % self.agents + 1} holds values that are not finite after step {step + 1} "
            f"of {total_steps}, computed in {self.dtype}; check its first frame, load the model in bfloat16 or "
            "float32, or lower the guidance."
        )
