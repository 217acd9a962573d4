"""The DINOv2 with registers that turns pictures into VGGT's patch tokens."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..layers import Layers
from .blocks import Block, free_parameter, in_float32
from .config import AggregatorConfig

EPS = 1e-6


class PatchProjection(nn.Module):
    """A token for every square of pixels."""

    def __init__(self, config: AggregatorConfig, layers: Layers) -> None:
        super().__init__()
        self.dtype = layers.dtype or torch.float32
        self.proj = layers.conv2d(3, config.dim, config.patch_size)

    def forward(self, pictures: Tensor) -> Tensor:
        """Tokens (pictures, dim, rows, columns)."""
        return self.proj(pictures.to(self.dtype))


class DINOv2(nn.Module):
    """Patch tokens that know their whole picture. Positions are learned; attention has no rotary ones.

    Args:
        config: sizes.
        layers: how parameters are made and which kernels run.
    """

    def __init__(self, config: AggregatorConfig, layers: Layers) -> None:
        super().__init__()
        self.config = config
        self.cls_token = free_parameter(layers, 1, 1, config.dim)
        self.pos_embed = free_parameter(layers, 1, 1 + config.learned_side**2, config.dim)
        self.register_tokens = free_parameter(layers, 1, config.patch_registers, config.dim)
        self.patch_embed = PatchProjection(config, layers)
        self.blocks = nn.ModuleList(
            [
                Block(config.dim, config.head_dim, config.hidden, EPS, rotary=False, layers=layers)
                for _ in range(config.patch_layers)
            ]
        )
        self.norm = in_float32(layers).layer_norm(config.dim, EPS)

    def patch_positions(self, rows: int, columns: int, device: torch.device) -> Tensor:
        """(1, rows * columns, dim) float32 positions of patches: the learned square, resized to the picture's grid."""
        side = self.config.learned_side
        learned = self.pos_embed[:, 1:].to(device, torch.float32)
        if (rows, columns) == (side, side):
            return learned
        square = learned.unflatten(1, (side, side)).movedim(-1, 1)
        resized = functional.interpolate(square, size=(rows, columns), mode="bicubic", antialias=True)
        return resized.flatten(2).transpose(1, 2)

    def forward(self, pictures: Tensor) -> Tensor:
        """Patch tokens (pictures, rows * columns, dim) float32, in rows, without class token and registers.

        Args:
            pictures: (pictures, 3, height, width) normalised for ImageNet, sides multiples of the patch.
        """
        patches = self.patch_embed(pictures)
        rows, columns = patches.shape[-2:]
        tokens = patches.flatten(2).transpose(1, 2).float() + self.patch_positions(rows, columns, pictures.device)
        first = self.cls_token.to(tokens) + self.pos_embed[:, :1].to(tokens)
        special = torch.cat([first, self.register_tokens.to(tokens)], dim=1)
        tokens = torch.cat([special.expand(len(tokens), -1, -1), tokens], dim=1)
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens[:, special.shape[1] :])
