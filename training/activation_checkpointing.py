"""Activations computed again in the backward pass, to save memory."""

from collections.abc import Iterable
from functools import partial

from torch import nn
from torch.utils.checkpoint import checkpoint


def checkpoint_blocks(blocks: Iterable[nn.Module]) -> None:
    """Keep only the inputs of every block until the backward pass; nothing in them may be random.

    The forward methods of these module objects are replaced, their parameters and names stay.
    """
    for block in blocks:
        block.forward = partial(checkpoint, block.forward, use_reentrant=False, preserve_rng_state=False)
