"""Activations computed again in the backward pass, to save memory."""

from functools import partial

from torch import nn
from torch.utils.checkpoint import checkpoint

from ..models.shareverse.transformer import ShareVerseTransformer


def checkpoint_blocks(network: ShareVerseTransformer) -> None:
    """Keep only the inputs of every block and cross-agent block until the backward pass.

    The forward methods of these module objects are replaced, their parameters and names stay.
    """
    blocks: list[nn.Module] = [*network.transformer_blocks, *network.cross_agent_blocks]
    for block in blocks:
        # Nothing is random in a block.
        block.forward = partial(checkpoint, block.forward, use_reentrant=False, preserve_rng_state=False)
