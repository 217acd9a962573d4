"""Compiling a network for training."""

from collections.abc import Iterable

import torch
from torch import nn

VARIANTS = 64
"""Forms of a block that may be compiled: first and later ones, with and without gradients or agents to attend to."""


def compile_blocks(blocks: Iterable[nn.Module], backend: str = "inductor") -> None:
    """Let torch.compile fuse what happens inside every block.

    Blocks are compiled one by one: those of a kind share their code, and names of parameters stay.

    Args:
        blocks: changed in place.
        backend: of torch.compile; the default needs a C++ compiler on a CPU.
    """
    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, VARIANTS)
    for block in blocks:
        block.compile(backend=backend, dynamic=False)
