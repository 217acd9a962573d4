"""The attention that ComfyUI has chosen for the device, for networks that take `kernels.Kernels`."""

from typing import Any

from comfy.ldm.modules.attention import optimized_attention
from torch import Tensor


def native_attention(query: Tensor, key: Tensor, value: Tensor, transformer_options: dict[str, Any]) -> Tensor:
    """As `kernels.torch_attention`."""
    return optimized_attention(
        query, key, value, query.shape[1], skip_reshape=True, transformer_options=transformer_options
    )
