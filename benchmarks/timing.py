"""The clock of the benchmarks, and what it is held against: a sampler's steps, memory that is forgotten.

ComfyUI must be importable, see `use_comfyui`.
"""

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import comfy.model_management
import torch

RESIDENT_PEAK = Path("/proc/self/clear_refs")
"""Where Linux is told to forget a process's peak memory."""

clock: Callable[[], float] = time.perf_counter
"""What tells the time, in seconds."""


def device() -> torch.device:
    """Where ComfyUI computes."""
    return comfy.model_management.get_torch_device()


def dtype() -> torch.dtype:
    """What the network is stored and computed in."""
    return torch.bfloat16 if device().type == "cuda" else torch.float32


def now() -> float:
    """Seconds, with everything done that was asked of the device."""
    if device().type == "cuda":
        torch.cuda.synchronize()
    return clock()


def forget_peak() -> None:
    """Let peak memory count from what is held now."""
    if device().type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    elif RESIDENT_PEAK.exists():
        give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if give_back:
            give_back(0)
        RESIDENT_PEAK.write_text("5")


def seconds(work: Callable[[], Any]) -> float:
    """Seconds that some work takes."""
    start = now()
    work()
    return now() - start


@dataclass
class StepWatch:
    """Times a sampler's steps from inside, at ComfyUI's wrapper around a step's prediction.

    Attributes:
        before: work that belongs to every step.
        between: work after every step's prediction that does not count.
        starts: when each step began.
        outside: seconds of each step that `between` took.
    """

    before: Callable[[], Any] | None = None
    between: Callable[[int], Any] | None = None
    starts: list[float] = field(default_factory=list)
    outside: list[float] = field(default_factory=list)

    def __call__(self, executor: Any, *args: Any, **kwargs: Any) -> Any:
        self.starts.append(now())
        if self.before:
            self.before()
        predicted = executor(*args, **kwargs)
        paused = now()
        if self.between:
            self.between(len(self.outside))
        self.outside.append(now() - paused)
        return predicted

    def steps(self) -> list[float]:
        """Seconds of all steps but the last, from the beginning of one to that of the next."""
        pairs = zip(self.starts, self.starts[1:], self.outside, strict=False)
        return [end - start - outside for start, end, outside in pairs]
