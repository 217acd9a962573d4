"""MetaWorld inside ComfyUI: its latent format, conditioning, and place in ComfyUI's list of known models.

The model is an ordinary MODEL: stock loader, samplers, schedulers, previews, LoRA and offloading work on it. Agents are
consecutive items of the latent batch.
"""

from typing import Any

import comfy.conds
import comfy.latent_formats
import comfy.model_base
import comfy.model_patcher
import comfy.sd
import comfy.supported_models
import comfy.utils
import torch
from torch import Tensor

from ..batch import agents_side_by_side
from ..checkpoints import Checkpoint, CheckpointError
from ..grouping import in_groups
from ..registration import register_system
from ..wan_metadata import checkpoint_of_tensors, comfyui_metadata, require_heads
from .checkpoint import OWN_CONFIG, plan_from_shapes, plan_metaworld
from .conditioning import (
    ENCODE_EVERY_STEP,
    IDENTITIES,
    NULL_IDENTITIES,
    check_identities,
    condition_latents,
    require_batch,
    without_null_identities,
)
from .layout import is_extra
from .options import MetaWorldOptions
from .schedule import METAWORLD_SCHEDULER, SHIFT, metaworld_scheduler
from .transformer import MetaWorldTransformer


class LatentFormat(comfy.latent_formats.Wan21):
    """Wan 2.1's latents; the live preview shows the last frame of all agents side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.latent_rgb_factors_reshape = agents_side_by_side


class OtherLatentFormat(comfy.latent_formats.LatentFormat):
    """Latents of another VAE; they have a preview where the checkpoint records their colours."""

    latent_dimensions = 3
    temporal_downscale_ratio = 4

    def __init__(self, options: MetaWorldOptions, channels: int) -> None:
        self.latent_channels = channels
        self.scale_factor = options.latent_scale
        known = [list(row) for row in options.latent_rgb_factors]
        self.latent_rgb_factors = known if len(known) == channels else None
        self.latent_rgb_factors_reshape = agents_side_by_side


class MetaWorldModel(comfy.model_base.WAN21):
    """Conditions the network on rendered videos, encoded once per run, and on identity frames."""

    def __init__(self, model_config: "MetaWorldConfig", device: torch.device | None = None) -> None:
        comfy.model_base.BaseModel.__init__(
            self, model_config, comfy.model_base.ModelType.FLOW, device=device, unet_model=MetaWorldTransformer
        )
        self.image_to_video = False

    def extra_conds(self, **kwargs: Any) -> dict[str, Any]:
        """What the condition adds to the tokens; it lives in the conditions of one run and ends with it.

        While gradients are recorded, or weights change during the run (hooks), the network encodes at every step.
        """
        noise, network = kwargs["noise"], self.diffusion_model
        agents = require_batch(kwargs, noise)
        if kwargs.get(IDENTITIES) is not None:
            check_identities(kwargs[IDENTITIES], noise, agents)
        conditions = super().extra_conds(**kwargs)
        if kwargs.get(IDENTITIES) is not None and kwargs.get(NULL_IDENTITIES) is not None:
            seen = without_null_identities(conditions[IDENTITIES].cond, kwargs[NULL_IDENTITIES])
            conditions[IDENTITIES] = comfy.conds.CONDRegular(seen)
        conditions["agents"] = comfy.conds.CONDConstant(agents)
        condition = condition_latents(network, kwargs, noise, agents, self.process_latent_in)
        if condition is None:
            return conditions
        condition = condition.to(kwargs["device"], self.get_dtype_inference())
        if torch.is_grad_enabled() or kwargs.get("hooks") or kwargs.get(ENCODE_EVERY_STEP):
            return {**conditions, "condition": comfy.conds.CONDRegular(condition)}
        encoded = in_groups(network.encode_condition, 1, condition)
        return {**conditions, "encoded_condition": comfy.conds.CONDRegular(encoded)}


class MetaWorldConfig(comfy.supported_models.WAN21_T2V):
    """What ComfyUI asks of a model before it is built."""

    sampling_settings = {"shift": SHIFT}
    latent_format = LatentFormat
    supported_inference_dtypes = [torch.bfloat16, torch.float16, torch.float32]

    @classmethod
    def matches(
        cls, unet_config: dict[str, Any], state_dict: dict[str, Tensor] | None = None, unet_key_prefix: str = ""
    ) -> bool:
        own = (name.removeprefix(unet_key_prefix) for name in state_dict or () if name.startswith(unet_key_prefix))
        return any(map(is_extra, own)) and super().matches(unet_config)

    def get_model(self, state_dict: dict[str, Tensor], prefix: str = "", device: Any = None) -> MetaWorldModel:
        """Build the network. Raises CheckpointError for an incomplete state dict, which ComfyUI would only log."""
        checkpoint = checkpoint_of_tensors(state_dict, prefix)
        require_heads(checkpoint.path.name, self.unet_config["dim"], self.unet_config["num_heads"])
        plan = plan_from_shapes(checkpoint, checkpoint.shapes, self.unet_config.pop(OWN_CONFIG, {}))
        layout, options = plan.layout, plan.options
        self.unet_config |= {"freq_dim": layout.time_dim, "text_dim": layout.text_dim}
        self.unet_config |= {"layout": layout, "options": options}
        if options.latent_scale is not None:
            self.latent_format = OtherLatentFormat(options, layout.channels)
        return MetaWorldModel(self, device)


def register() -> None:
    """Make MetaWorld and its scheduler known to ComfyUI."""
    register_system(MetaWorldConfig, METAWORLD_SCHEDULER, metaworld_scheduler)


def load_metaworld(
    checkpoint: Checkpoint,
    base: Checkpoint | None = None,
    model_options: dict[str, Any] | None = None,
    disable_dynamic: bool = False,
) -> comfy.model_patcher.ModelPatcher:
    """A MODEL from a MetaWorld file and, where that is an extension, its base, through ComfyUI's own loader.

    Args:
        checkpoint, base: see `open_checkpoint`.
        model_options: as ComfyUI's loader takes them.
        disable_dynamic: ask for a patcher without dynamic VRAM, as ComfyUI does when it reloads a model.

    Raises:
        CheckpointError: see `plan_metaworld`.
    """
    plan = plan_metaworld(checkpoint, base)
    register()
    patcher = comfy.sd.load_diffusion_model_state_dict(
        plan.read(comfy.utils.load_torch_file),
        model_options or {},
        metadata=comfyui_metadata(plan.sources, OWN_CONFIG, plan.options.to_dict()),
        disable_dynamic=disable_dynamic,
    )
    if patcher is None or not isinstance(patcher.model, MetaWorldModel):
        raise CheckpointError(f"{checkpoint.path.name}: ComfyUI does not take this for a Wan 2.1 network.")
    return patcher
