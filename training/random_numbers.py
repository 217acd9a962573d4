"""Random numbers and the order of the data, as functions of the seed and of the place in the run."""

import numpy as np
import torch
from torch import Tensor

ORDER, NOISE, WEIGHTS, VALIDATION = range(4)
"""What random numbers are for; each purpose has its own."""


def generator(device: torch.device | str, *key: int) -> torch.Generator:
    """A generator on `device` whose state depends on nothing but the whole numbers of `key`."""
    state = np.random.SeedSequence(key).generate_state(1, np.uint64)[0]
    return torch.Generator(device).manual_seed(int(state >> np.uint64(1)))


class DataOrder:
    """An endless sequence of items in which every epoch is a permutation of all.

    Args:
        count: number of items.
        seed: of the permutations.
    """

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self.seed = seed
        self._epoch = -1
        self._permutation = torch.empty(0, dtype=torch.long)

    def items(self, start: int, stop: int) -> Tensor:
        """(stop - start,) items at the places start..stop-1 of the sequence."""
        parts = []
        while start < stop:
            epoch, place = divmod(start, self.count)
            taken = min(stop - start, self.count - place)
            parts.append(self._permuted(epoch)[place : place + taken])
            start += taken
        return torch.cat(parts)

    def _permuted(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            shuffle = generator("cpu", self.seed, ORDER, epoch)
            self._epoch, self._permutation = epoch, torch.randperm(self.count, generator=shuffle)
        return self._permutation
