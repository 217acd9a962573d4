"""The Global State Encoder inside ComfyUI: loading, precision, memory, and the encoding of a set of views.

The network is an encoder like ComfyUI's CLIP vision models: it is moved to the GPU when views are encoded and leaves it
when another model needs the room.
"""

import comfy.model_management
import comfy.model_patcher
import comfy.ops
import comfy.utils
import torch
from torch import Tensor

from ..kernels import Kernels
from ..layers import Layers
from ..native_attention import native_attention
from .checkpoint import read_global_state
from .config import AggregatorConfig
from .global_state import GlobalStateNetwork
from .preprocessing import PATCH, SIDE, preprocess_views

BYTES_PER_FEATURE = 64
"""Memory per token and feature of its width at the worst place, measured in float32 with an attention that stores no
scores."""


def default_dtype(device: torch.device) -> torch.dtype:
    """What matrix products are computed in: bfloat16, as MultiWorld was trained, on devices that are good at it.

    Elsewhere it is float32, which costs little for the one pass that a clip needs.
    """
    return torch.bfloat16 if comfy.model_management.should_use_bf16(device) else torch.float32


class GlobalStateEncoder:
    """VGGT's aggregator, managed by ComfyUI.

    Args:
        config: sizes.
        tensors: the complete state dict with published names, in any floating-point type.
        device: where it computes; ComfyUI's choice by default.
        dtype: of linear layers, convolutions and attention, see `default_dtype`. All else is float32.
        disable_dynamic: take a patcher without dynamic VRAM, as ComfyUI asks for when it reloads a model.

    Attributes:
        network: the network.
        patcher: through which ComfyUI moves it.
        dtype: as given or chosen.
    """

    def __init__(
        self,
        config: AggregatorConfig,
        tensors: dict[str, Tensor],
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
        disable_dynamic: bool = False,
    ) -> None:
        management = comfy.model_management
        device = device or management.get_torch_device()
        offload_device = management.text_encoder_offload_device()
        self.dtype = dtype or default_dtype(device)
        layers = Layers(comfy.ops.manual_cast, offload_device, self.dtype, Kernels(native_attention))
        self.network = GlobalStateNetwork(config, layers).eval().requires_grad_(False)
        # Dynamic VRAM keeps weights as the file stores them and loads them in the types that are noted here.
        management.archive_model_dtypes(self.network)
        patcher_class = comfy.model_patcher.ModelPatcher if disable_dynamic else comfy.model_patcher.CoreModelPatcher
        self.patcher = patcher_class(self.network, load_device=device, offload_device=offload_device)
        self.network.load_state_dict(tensors, strict=True, assign=self.patcher.is_dynamic())

    def memory_required(self, views: int) -> int:
        """Bytes for the features of a set of views, beyond the weights."""
        config = self.network.config
        tokens = views * (config.special_tokens + (SIDE // PATCH) ** 2)
        return tokens * config.dim * BYTES_PER_FEATURE

    def encode(self, views: Tensor) -> Tensor:
        """Tokens of the world that the views show: (261, 2 * dim) float32 on the CPU, for MultiWorld's connector.

        Args:
            views: (views, height, width, 3) in 0..1, any number of them; the first is VGGT's reference view.

        Raises:
            ValueError: see `fit_views`.
        """
        pictures = preprocess_views(views)
        comfy.model_management.load_models_gpu([self.patcher], memory_required=self.memory_required(len(pictures)))
        return self.network(pictures[None].to(self.patcher.load_device))[0].cpu()


def load_global_state_encoder(
    path: str, device: torch.device | None = None, dtype: torch.dtype | None = None, disable_dynamic: bool = False
) -> GlobalStateEncoder:
    """The encoder from a VGGT file, whose heads are ignored.

    Args:
        path: a safetensors file.
        device, dtype, disable_dynamic: see `GlobalStateEncoder`.

    Raises:
        CheckpointError: see `read_global_state`.
    """
    config, tensors = read_global_state(path, comfy.utils.load_torch_file)
    encoder = GlobalStateEncoder(config, tensors, device, dtype, disable_dynamic)
    # ComfyUI reads the file again to run the encoder on another device.
    encoder.patcher.cached_patcher_init = (_reloaded_patcher, (path, device, dtype))
    return encoder


def _reloaded_patcher(
    path: str, device: torch.device | None, dtype: torch.dtype | None, disable_dynamic: bool = False
) -> comfy.model_patcher.ModelPatcher:
    return load_global_state_encoder(path, device, dtype, disable_dynamic).patcher
