"""Weights of a MetaWorld that is trained from scratch, without a pretrained base."""

import torch
from torch import nn

from .layout import ZERO_AT_START
from .transformer import MetaWorldTransformer

EMBEDDING_DEVIATION = 0.02

ZERO_BACKBONE = ("time_projection.1.weight", "head.head.weight", "modulation")
"""Last parts of the names of the backbone's parameters that start at zero."""

NORMAL = ("time_embedding.", "text_embedding.")


@torch.no_grad()
def initialise_from_scratch(network: MetaWorldTransformer, generator: torch.Generator) -> None:
    """Fill all parameters in place: at first the network predicts zero, and every block passes its tokens through.

    What starts at zero in an untrained extension starts at zero here; the gates of the backbone's blocks and its head
    do too. Other matrices are Xavier-uniform, as Wan's own.

    Args:
        network: parameters on the CPU, in float32.
        generator: on the CPU; the same state gives the same weights.
    """
    for name, parameter in network.named_parameters():
        if name.endswith(ZERO_BACKBONE) or any(part in name for part in ZERO_AT_START):
            nn.init.zeros_(parameter)
        elif parameter.ndim == 1:
            nn.init.constant_(parameter, 0.0 if name.endswith("bias") else 1.0)
        elif name.startswith(NORMAL):
            nn.init.normal_(parameter, std=EMBEDDING_DEVIATION, generator=generator)
        else:
            nn.init.xavier_uniform_(parameter.flatten(1), generator=generator)
