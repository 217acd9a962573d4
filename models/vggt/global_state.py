"""What MultiWorld takes from VGGT: one state of the world, however many views show it (MultiWorld, section 3.3)."""

import functools

import torch
from torch import Tensor, nn

from ..layers import Layers
from .aggregator import Aggregator
from .config import AggregatorConfig


class GlobalStateNetwork(nn.Module):
    """VGGT's aggregator and the pooling of its layers; the linear layers that follow belong to MultiWorld's file.

    Args:
        config: sizes.
        layers: how parameters are made and which kernels run. Its `dtype` is that of matrix products, see `blocks`.
    """

    def __init__(self, config: AggregatorConfig, layers: Layers | None = None) -> None:
        super().__init__()
        self.config = config
        self.aggregator = Aggregator(config, layers or Layers())

    def forward(self, pictures: Tensor) -> Tensor:
        """Tokens (worlds, 1 + registers + patches, 2 * dim) float32: the mean over views, then over layers.

        Camera tokens, registers and patches that show only padding are kept, as MultiWorld was trained with them.

        Args:
            pictures: (worlds, views, 3, height, width) float32 in 0..1, sides multiples of the patch; the first view of
                every world is VGGT's reference view.
        """
        outputs = self.aggregator.layer_outputs(pictures)
        means = (torch.cat([seen.mean(1), shared.mean(1)], dim=-1) for seen, shared in outputs)
        return functools.reduce(torch.add, means) / self.config.layers
