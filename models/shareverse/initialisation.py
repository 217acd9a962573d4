"""Weights of a ShareVerse that is trained from scratch, without a pretrained base."""

import torch
from torch import Tensor, nn

from ..cogvideox.blocks import AdaptiveNorm
from .transformer import CrossAgentBlock, ShareVerseTransformer

EMBEDDING_DEVIATION = 0.02

ZERO_WEIGHTS = (
    "norm1.linear.weight",
    "norm2.linear.weight",
    "norm_out.linear.weight",
    "projector.weight",
    "proj_out.weight",
)
"""Last parts of the names of matrices that start at zero."""


@torch.no_grad()
def initialise_from_scratch(network: ShareVerseTransformer, generator: torch.Generator) -> None:
    """Fill all parameters in place: at first the network predicts zero, and every block passes its tokens through.

    Raymap encoders and projectors are zero (section 5.1), as in an untrained extension. The gates of the backbone's
    blocks are zero too. Those of the cross-agent blocks are one: behind a zero projector a zero gate would never get a
    gradient.

    Args:
        network: parameters on the CPU, in float32.
        generator: on the CPU; the same state gives the same weights.
    """
    for name, parameter in network.named_parameters():
        if name.endswith("pos_embedding"):
            nn.init.normal_(parameter, std=EMBEDDING_DEVIATION, generator=generator)
        elif parameter.ndim == 1:
            nn.init.constant_(parameter, 0.0 if name.endswith("bias") else 1.0)
        elif name.startswith("time_embedding."):
            nn.init.normal_(parameter, std=EMBEDDING_DEVIATION, generator=generator)
        elif name.endswith(ZERO_WEIGHTS) or name.startswith("raymap_encoders."):
            nn.init.zeros_(parameter)
        else:
            nn.init.xavier_uniform_(parameter.flatten(1), generator=generator)
    for block in network.cross_agent_blocks:
        assert isinstance(block, CrossAgentBlock)
        _open_gate(block.norm1)
        if block.full_block:
            _open_gate(block.norm2)


def _open_gate(norm: AdaptiveNorm) -> None:
    """Set the gates, the last of three parts each for video and text, to one."""
    bias = norm.linear.bias
    assert isinstance(bias, Tensor)
    bias.view(6, -1)[[2, 5]] = 1.0
