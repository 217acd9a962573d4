"""Running a batch a few items at a time, so that temporary memory does not grow with the number of agents."""

from collections.abc import Callable
from typing import TypeVar

from torch import Tensor

Output = TypeVar("Output", Tensor, tuple[Tensor, ...])


def in_groups(function: Callable[..., Output], group_size: int, *tensors: Tensor) -> Output:
    """`function(*tensors)`, computed for `group_size` batch items at a time.

    Args:
        function: works on every batch item alone; returns one tensor or a tuple of tensors with the batch first.
        group_size: items per call; 0, or a number not below the batch, means one call.
        tensors: (batch, ...) each.
    """
    batch = tensors[0].shape[0]
    if group_size <= 0 or group_size >= batch:
        return function(*tensors)
    collected: list[Tensor] = []
    for start in range(0, batch, group_size):
        group = slice(start, start + group_size)
        part = function(*(tensor[group] for tensor in tensors))
        outputs = part if isinstance(part, tuple) else (part,)
        if not collected:
            collected = [output.new_empty(batch, *output.shape[1:]) for output in outputs]
        for whole, output in zip(collected, outputs, strict=True):
            whole[group] = output
    return tuple(collected) if isinstance(part, tuple) else collected[0]
