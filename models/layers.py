"""How the layers of a network are made: by torch, or by ComfyUI's operations, which cast and offload weights."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from .kernels import Kernels


@dataclass(frozen=True)
class Layers:
    """How the layers of a network are made.

    Attributes:
        operations: namespace with Linear, Conv2d and LayerNorm: `torch.nn`, or ComfyUI's operations.
        device, dtype: where and in what precision parameters are created.
        kernels: attention and rotation.
    """

    operations: Any = nn
    device: torch.device | None = None
    dtype: torch.dtype | None = None
    kernels: Kernels = field(default_factory=Kernels)

    def linear(self, in_features: int, out_features: int) -> nn.Module:
        return self.operations.Linear(in_features, out_features, device=self.device, dtype=self.dtype)

    def layer_norm(self, features: int, eps: float) -> nn.Module:
        return self.operations.LayerNorm(features, eps=eps, device=self.device, dtype=self.dtype)

    def rms_norm(self, features: int, eps: float) -> nn.Module:
        return self.operations.RMSNorm(features, eps=eps, elementwise_affine=True, device=self.device, dtype=self.dtype)

    def embedding(self, rows: int, features: int) -> nn.Module:
        return self.operations.Embedding(rows, features, device=self.device, dtype=self.dtype)

    def conv2d(self, in_channels: int, out_channels: int, patch: int) -> nn.Module:
        return self.operations.Conv2d(
            in_channels, out_channels, kernel_size=patch, stride=patch, device=self.device, dtype=self.dtype
        )
