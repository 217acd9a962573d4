"""VGGT's aggregator: attention inside every view and over all views, by turns."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from ..layers import Layers
from .blocks import Block, free_parameter
from .config import AggregatorConfig
from .dinov2 import DINOv2
from .rotary import rotary_table

EPS = 1e-5
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Aggregator(nn.Module):
    """What VGGT knows of a scene from any number of views.

    Camera and register tokens come in two versions: one for the first view, one for all others. Nothing else tells the
    views apart.

    Args:
        config: sizes.
        layers: how parameters are made and which kernels run.
    """

    def __init__(self, config: AggregatorConfig, layers: Layers) -> None:
        super().__init__()
        self.config = config
        self.patch_embed = DINOv2(config, layers)
        self.camera_token = free_parameter(layers, 1, 2, 1, config.dim)
        self.register_token = free_parameter(layers, 1, 2, config.registers, config.dim)
        self.frame_blocks = self._blocks(layers)
        self.global_blocks = self._blocks(layers)

    def _blocks(self, layers: Layers) -> nn.ModuleList:
        sizes = self.config
        return nn.ModuleList(
            [
                Block(sizes.dim, sizes.head_dim, sizes.hidden, EPS, rotary=True, layers=layers)
                for _ in range(sizes.layers)
            ]
        )

    def embed(self, pictures: Tensor) -> Tensor:
        """Tokens (worlds, views, tokens, dim) before the first layer; arguments as in `layer_outputs`."""
        worlds, views = pictures.shape[:2]
        mean, deviation = (pictures.new_tensor(values)[:, None, None] for values in (IMAGENET_MEAN, IMAGENET_STD))
        patches = self.patch_embed(((pictures - mean) / deviation).flatten(0, 1)).unflatten(0, (worlds, views))
        special = torch.cat([self.camera_token, self.register_token], dim=2).to(patches)
        version = (torch.arange(views, device=patches.device) > 0).long()
        return torch.cat([special[:, version].expand(worlds, -1, -1, -1), patches], dim=2)

    def layer_outputs(self, pictures: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """The outputs of every layer's frame block and global block, each (worlds, views, tokens, dim) float32.

        The tokens of a view are its camera token, its registers and its patches in rows. VGGT's own output of a layer
        is the two side by side, 2 * dim features.

        Args:
            pictures: (worlds, views, 3, height, width) float32 in 0..1, sides multiples of the patch.
        """
        worlds, views, _, height, width = pictures.shape
        grid = height // self.config.patch_size, width // self.config.patch_size
        in_view = rotary_table(self.config.special_tokens, *grid, self.config.head_dim, pictures.device)
        in_world = in_view.repeat(views, 1, 1, 1)
        tokens = self.embed(pictures).flatten(0, 1)
        for frame_block, global_block in zip(self.frame_blocks, self.global_blocks, strict=True):
            seen = frame_block(tokens, in_view).unflatten(0, (worlds, views))
            shared = global_block(seen.flatten(1, 2), in_world).unflatten(1, (views, -1))
            tokens = shared.flatten(0, 1)
            yield seen, shared
