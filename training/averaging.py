"""The exponential moving average of a network's weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import safetensors.torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


def _local(tensor: Tensor) -> Tensor:
    """This process's part of a sharded parameter, or the parameter."""
    return tensor.to_local() if hasattr(tensor, "to_local") else tensor


class AveragedWeights:
    """A float32 average of the parameters that this process holds.

    The decay rises as (1 + n) / (10 + n) up to the given one, so that the random start is soon forgotten.

    Args:
        network: after accelerate has prepared it.
        decay: weight of the old average per step; 0 keeps no average, and `applied` does nothing.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.parameters = [_local(parameter.data) for parameter in network.parameters()] if decay else []
        self.average = [parameter.float().clone() for parameter in self.parameters]

    def update(self, step: int) -> None:
        """Take in the weights after optimiser step number `step`, counted from zero."""
        if self.average:
            decay = min(self.decay, (1 + step) / (10 + step))
            get_ema_multi_avg_fn(decay)(self.average, [parameter.float() for parameter in self.parameters], None)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The network holds the average while the context lasts."""
        kept = [parameter.clone() for parameter in self.parameters]
        try:
            self._write(self.average)
            yield
        finally:
            self._write(kept)

    def _write(self, values: list[Tensor]) -> None:
        for parameter, value in zip(self.parameters, values, strict=True):
            parameter.copy_(value)

    def save(self, path: Path) -> None:
        safetensors.torch.save_file({f"{index:05d}": value for index, value in enumerate(self.average)}, path)

    def load(self, path: Path) -> None:
        """Go on with a saved average. Raises ValueError if it belongs to another network or number of processes."""
        tensors = safetensors.torch.load_file(path)
        loaded = [tensors[name] for name in sorted(tensors)]
        if [value.shape for value in loaded] != [value.shape for value in self.average]:
            raise ValueError(f"{path}: the averaged weights have other shapes than this run's network.")
        for value, saved in zip(self.average, loaded, strict=True):
            value.copy_(saved)
