"""Compiling a network for training."""

from torch import nn

from ..models.shareverse.transformer import ShareVerseTransformer


def compile_blocks(network: ShareVerseTransformer, backend: str = "inductor") -> None:
    """Let torch.compile fuse what happens inside every block and cross-agent block.

    Blocks are compiled one by one: those of a kind share their code, and names of parameters stay.

    Args:
        network: its blocks are changed in place.
        backend: of torch.compile; the default needs a C++ compiler on a CPU.
    """
    blocks: list[nn.Module] = [*network.transformer_blocks, *network.cross_agent_blocks]
    for block in blocks:
        block.compile(backend=backend, dynamic=False)
