"""MultiWorld inside ComfyUI: its latent format, conditioning, and place in ComfyUI's list of known models.

The model is an ordinary MODEL: stock loader, samplers, schedulers, previews, LoRA and offloading work on it. Views are
items of the latent batch. The first frame of a view is kept clean by a noise mask, as for Wan2.2-TI2V-5B.
"""

from typing import Any

import comfy.latent_formats
import comfy.model_base
import comfy.model_patcher
import comfy.sd
import comfy.supported_models
import comfy.utils
import torch
from torch import Tensor

from ..batch import agents_side_by_side
from ..checkpoints import Checkpoint, CheckpointError, is_quantisation, read_tensors
from ..registration import register_system
from ..wan_metadata import checkpoint_of_tensors, comfyui_metadata, recorded_options, require_heads
from .checkpoint import OWN_CONFIG, plan_from_shapes, plan_multiworld
from .conditioning import ENCODE_EVERY_STEP, network_conditions, network_inputs
from .layout import IDENTITY_TABLES, SIGNATURES, Shapes, expected_shapes
from .schedule import MULTIWORLD_SCHEDULER, SHIFT, multiworld_scheduler
from .transformer import MultiWorldTransformer


class LatentFormat(comfy.latent_formats.Wan22):
    """Wan2.2's latents; the live preview shows the last frame of all views side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.latent_rgb_factors_reshape = agents_side_by_side


class MultiWorldModel(comfy.model_base.WAN22):
    """Conditions the network on joint actions and the global state, both encoded once per run."""

    def __init__(self, model_config: "MultiWorldConfig", device: torch.device | None = None) -> None:
        comfy.model_base.BaseModel.__init__(
            self, model_config, comfy.model_base.ModelType.FLOW, device=device, unet_model=MultiWorldTransformer
        )
        self.image_to_video = True

    def extra_conds(self, **kwargs: Any) -> dict[str, Any]:
        """Keys and values of all blocks; they live in the conditions of one run and end with it.

        While gradients are recorded, or weights change during the run (hooks), the network encodes at every step.
        """
        conditions = super().extra_conds(**kwargs)
        conditions.pop("c_crossattn", None)
        batch, device = kwargs["noise"].shape[0], kwargs["device"]
        inputs = network_inputs(self.diffusion_model, kwargs, batch)
        if not inputs:
            return conditions
        dtype = self.get_dtype_inference()
        placed = {
            name: tensor.to(device, dtype if tensor.is_floating_point() else None) for name, tensor in inputs.items()
        }
        once = not (torch.is_grad_enabled() or kwargs.get("hooks") or kwargs.get(ENCODE_EVERY_STEP))
        return {**conditions, **network_conditions(self.diffusion_model, placed, batch, once)}

    def process_timestep(self, timestep: Tensor, **kwargs: Any) -> Tensor:
        """(batch,) or (batch, frames), rounded to bfloat16 as in training: steps of 4 above 512."""
        return super().process_timestep(timestep, **kwargs).to(torch.bfloat16).to(timestep.dtype)


class MultiWorldConfig(comfy.supported_models.WAN22_T2V):
    """What ComfyUI asks of a model before it is built."""

    sampling_settings = {"shift": SHIFT}
    latent_format = LatentFormat
    supported_inference_dtypes = [torch.bfloat16, torch.float16, torch.float32]

    @classmethod
    def matches(
        cls, unet_config: dict[str, Any], state_dict: dict[str, Tensor] | None = None, unet_key_prefix: str = ""
    ) -> bool:
        signed = state_dict is not None and any(unet_key_prefix + name in state_dict for name in SIGNATURES)
        return signed and super().matches(unet_config)

    def get_model(self, state_dict: dict[str, Tensor], prefix: str = "", device: Any = None) -> MultiWorldModel:
        """Build the network. Raises CheckpointError for an incomplete state dict, which ComfyUI would only log."""
        checkpoint = checkpoint_of_tensors(state_dict, prefix)
        require_heads(checkpoint.path.name, self.unet_config["dim"], self.unet_config["num_heads"])
        tables = {name: state_dict[prefix + name] for name in IDENTITY_TABLES if prefix + name in state_dict}
        plan = plan_from_shapes(checkpoint, self.unet_config.pop(OWN_CONFIG, {}), tables)
        self.unet_config |= {"layout": plan.layout, "options": plan.options}
        return MultiWorldModel(self, device)

    def process_unet_state_dict(self, state_dict: dict[str, Tensor]) -> dict[str, Tensor]:
        """Leave out the identity tables, which are computed."""
        return {name: tensor for name, tensor in state_dict.items() if name not in IDENTITY_TABLES}


def register() -> None:
    """Make MultiWorld and its scheduler known to ComfyUI."""
    register_system(MultiWorldConfig, MULTIWORLD_SCHEDULER, multiworld_scheduler)


def load_multiworld(
    checkpoint: Checkpoint, model_options: dict[str, Any] | None = None, disable_dynamic: bool = False
) -> comfy.model_patcher.ModelPatcher:
    """A MODEL from a MultiWorld file, through ComfyUI's own loader.

    Args:
        checkpoint: see `open_checkpoint`.
        model_options: as ComfyUI's loader takes them.
        disable_dynamic: ask for a patcher without dynamic VRAM, as ComfyUI does when it reloads a model.

    Raises:
        CheckpointError: see `plan_multiworld`.
    """
    plan = plan_multiworld(checkpoint)
    register()
    metadata = comfyui_metadata([checkpoint], OWN_CONFIG, recorded_options(checkpoint, OWN_CONFIG))
    tensors = placed_tensors(expected_shapes(plan.layout), read_tensors(checkpoint, comfy.utils.load_torch_file))
    patcher = comfy.sd.load_diffusion_model_state_dict(
        tensors, model_options or {}, metadata=metadata, disable_dynamic=disable_dynamic
    )
    if patcher is None or not isinstance(patcher.model, MultiWorldModel):
        raise CheckpointError(
            f"{checkpoint.path.name}: ComfyUI does not take this for a Wan2.2 network of 48 channels."
        )
    return patcher


def placed_tensors(expected: Shapes, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that the network has a place for, with their quantisation and the identity tables."""
    kept = {*expected, *IDENTITY_TABLES}
    return {name: tensor for name, tensor in tensors.items() if name in kept or is_quantisation(name)}
