"""ShareVerse inside ComfyUI: its latent format, noise schedule, conditioning and loading.

The model is an ordinary MODEL: stock samplers, schedulers, previews, LoRA and offloading work on it. Agents are
consecutive items of the latent batch.
"""

import logging
from typing import Any

import comfy.conds
import comfy.latent_formats
import comfy.model_base
import comfy.model_management
import comfy.model_patcher
import comfy.model_sampling
import comfy.patcher_extension
import comfy.supported_models_base
import comfy.utils
import torch
from comfy.ldm.flux.math import apply_rope1
from torch import Tensor
from torch.nn import functional

from ...world.raymaps import RaymapOptions
from ..batch import AGENTS, COUPLING_OPTIONS, agents_side_by_side
from ..checkpoints import Checkpoint, floating_dtype
from ..cogvideox.config import CogVideoXConfig
from ..cogvideox.noise_schedule import signal_levels
from ..kernels import Kernels
from ..layers import Layers
from ..native_attention import native_attention
from .checkpoint import plan_shareverse
from .options import ShareVerseOptions
from .transformer import Coupling, ShareVerseTransformer

logger = logging.getLogger(__name__)

RAYMAPS = "shared_world_raymaps"
"""Conditioning key: (agents, 24, latent frames, latent height, latent width)."""

# Approximate red, green and blue of CogVideoX's 16 latent channels, as other ComfyUI previews of this VAE use them.
LATENT_RGB_FACTORS = [
    [0.119, 0.099, -0.005],
    [-0.001, 0.055, 0.021],
    [-0.014, -0.009, -0.021],
    [0.031, 0.122, 0.014],
    [0.093, 0.030, 0.051],
    [0.038, 0.049, 0.059],
    [0.018, 0.009, 0.036],
    [0.106, 0.023, 0.057],
    [0.127, -0.011, 0.043],
    [-0.019, 0.082, 0.106],
    [0.008, 0.076, 0.093],
    [0.129, 0.124, 0.045],
    [0.046, 0.041, -0.018],
    [0.000, -0.014, 0.053],
    [0.081, 0.115, -0.021],
    [-0.015, -0.006, 0.072],
]


def _padded(video: Tensor, rows: int, columns: int) -> Tensor:
    """(batch, channels, frames, height, width) with its last row and column repeated."""
    if not rows and not columns:
        return video
    return functional.pad(video, (0, columns, 0, rows, 0, 0), mode="replicate")


def _rotate(tokens: Tensor, rotation: Tensor) -> Tensor:
    return apply_rope1(tokens, rotation[None, None])


class LatentFormat(comfy.latent_formats.LatentFormat):
    """The network's latents; the live preview shows the last frame of all agents side by side.

    Latents of another VAE than CogVideoX's have a preview where the checkpoint records their colours.
    """

    latent_dimensions = 3
    temporal_downscale_ratio = 4

    def __init__(self, options: ShareVerseOptions, channels: int = len(LATENT_RGB_FACTORS)) -> None:
        self.latent_channels = channels
        self.scale_factor = options.latent_scale
        known = [list(row) for row in options.latent_rgb_factors] or LATENT_RGB_FACTORS
        self.latent_rgb_factors = known if len(known) == channels else None
        self.latent_rgb_factors_reshape = agents_side_by_side


TERMINAL_SIGMA = 14000.0
"""Stands for the infinite sigma of zero terminal SNR. The first prediction keeps 1 / sigma of the noise that an exact
zero would remove: ComfyUI's own 4519 moves ten DDIM steps by 1.6e-4, this by 6e-5; float32 still holds such latents."""


class NoiseSchedule(comfy.model_sampling.ModelSamplingDiscrete, comfy.model_sampling.V_PREDICTION):
    """CogVideoX's schedule: scaled-linear betas, a shift of the signal-to-noise ratio, zero terminal SNR, v-prediction.

    With the scheduler `simple`, whose timesteps trail, and the sampler `euler` this is CogVideoX's DDIM.
    """

    def __init__(self, snr_shift_scale: float = 1.0) -> None:
        super().__init__()
        signal = signal_levels(snr_shift_scale)
        sigmas = (1.0 - signal**2).sqrt() / signal
        sigmas[-1] = TERMINAL_SIGMA
        self.zsnr = True
        self.set_sigmas(sigmas)


class NativeTransformer(ShareVerseTransformer):
    """The network with ComfyUI's operations, attention, hooks and calling convention."""

    def __init__(
        self,
        config: CogVideoXConfig,
        options: ShareVerseOptions,
        operations: Any,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(config, options, Layers(operations, device, dtype, Kernels(native_attention, _rotate)))

    def forward(  # type: ignore[override]  # ComfyUI calls it so
        self,
        x: Tensor,
        timesteps: Tensor,
        context: Tensor | None = None,
        transformer_options: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> Tensor:
        options = transformer_options or {}
        return comfy.patcher_extension.WrapperExecutor.new_class_executor(
            self._forward,
            self,
            comfy.patcher_extension.get_all_wrappers(comfy.patcher_extension.WrappersMP.DIFFUSION_MODEL, options),
        ).execute(x, timesteps, context, options, **kwargs)

    def _forward(
        self,
        x: Tensor,
        timesteps: Tensor,
        context: Tensor | None,
        transformer_options: dict[str, Any],
        raymaps: Tensor | None = None,
        agents: int = 1,
        **_: Any,
    ) -> Tensor:
        height, width = x.shape[-2:]
        if context is None:
            context = x.new_zeros(len(x), self.config.text_tokens, self.config.text_dim)
        coupling = Coupling(agents, **transformer_options.get(COUPLING_OPTIONS, {}))
        rows, columns = -height % self.config.patch_size, -width % self.config.patch_size
        if raymaps is not None:
            raymaps = _padded(raymaps, rows, columns)
        x = _padded(x, rows, columns)
        velocity = super().forward(x, timesteps, context, transformer_options, raymaps, coupling)
        return velocity[..., :height, :width]


class ShareVerseModel(comfy.model_base.BaseModel):
    """Conditions the network on first frames and raymaps, both prepared once per run."""

    def __init__(self, model_config: "ShareVerseConfig", device: torch.device | None = None) -> None:
        super().__init__(
            model_config, comfy.model_base.ModelType.V_PREDICTION, device=device, unet_model=NativeTransformer
        )
        self.model_sampling = NoiseSchedule(model_config.unet_config["options"].snr_shift_scale)

    def concat_cond(self, **kwargs: Any) -> Tensor:
        """First-frame latents of all agents in latent frame 0, zeros in the later frames and where none are given."""
        noise = kwargs["noise"]
        padded = torch.zeros_like(noise)
        first_frames = kwargs.get("concat_latent_image")
        if first_frames is not None:
            if first_frames.shape[-2:] != noise.shape[-2:]:
                raise ValueError(
                    f"The first frames have {tuple(first_frames.shape[-2:])} (height, width) latent pixels, the "
                    f"latents {tuple(noise.shape[-2:])}; use the LATENT of the conditioning node."
                )
            _require_whole_worlds("first frames", first_frames, kwargs.get(AGENTS, 1), noise)
            scaled = self.process_latent_in(first_frames.to(noise))
            padded[:, :, : scaled.shape[2]] = comfy.utils.repeat_to_batch_size(scaled, noise.shape[0])
        return padded

    def extra_conds(self, **kwargs: Any) -> dict[str, Any]:
        conditions = super().extra_conds(**kwargs)
        if kwargs.get("cross_attn") is None:
            logger.info("ShareVerse: no text encoding given, using zeros for the empty prompt.")
        else:
            # Core would repeat the shorter of two prompts to run both in one batch, which joint attention notices.
            conditions["c_crossattn"] = comfy.conds.CONDRegular(kwargs["cross_attn"])
        agents = kwargs.get(AGENTS, 1)
        conditions["agents"] = comfy.conds.CONDConstant(agents)
        if kwargs.get(RAYMAPS) is not None:
            _require_whole_worlds("raymaps", kwargs[RAYMAPS], agents, kwargs["noise"])
            conditions["raymaps"] = comfy.conds.CONDRegular(kwargs[RAYMAPS].to(kwargs["device"]))
        return conditions


def _require_whole_worlds(what: str, given: Tensor, agents: int, latents: Tensor) -> None:
    """Refuse per-agent tensors that ComfyUI would silently repeat or cut to fit the latent batch."""
    if len(given) % agents or len(latents) % len(given):
        raise ValueError(
            f"The conditioning holds {what} of {len(given)} agents for {agents} agents and a latent batch of "
            f"{len(latents)}; connect conditioning and LATENT of the same node without changing the batch."
        )


class ShareVerseConfig(comfy.supported_models_base.BASE):
    """What ComfyUI asks of a model before it is built."""

    unet_extra_config: dict[str, Any] = {}
    supported_inference_dtypes = [torch.bfloat16, torch.float16, torch.float32]

    def __init__(self, config: CogVideoXConfig, options: ShareVerseOptions) -> None:
        self.latent_format = lambda: LatentFormat(options, config.out_channels)
        super().__init__({"config": config, "options": options})
        # A block holds about 12 dim-wide features per token (queries, keys, values, the feed-forward's four twice),
        # and a token stands for patch_size^2 latent pixels; ComfyUI counts 0.01 MiB per byte, latent pixel and factor.
        self.memory_usage_factor = 12 * config.dim / config.patch_size**2 / (0.01 * 2**20)

    def model_type(self, state_dict: dict[str, Tensor], prefix: str = "") -> comfy.model_base.ModelType:
        return comfy.model_base.ModelType.V_PREDICTION

    def get_model(self, state_dict: dict[str, Tensor], prefix: str = "", device: Any = None) -> ShareVerseModel:
        return ShareVerseModel(self, device)


def raymap_options(model: comfy.model_patcher.ModelPatcher) -> RaymapOptions:
    """How the raymaps of a MODEL are laid out. Raises ValueError for a model that takes none."""
    if not isinstance(model.model, ShareVerseModel):
        raise ValueError("This model takes no raymaps; connect one from 'Load Multi-Agent Model', or none.")
    return model.model.diffusion_model.options.raymap


def load_shareverse(
    checkpoint: Checkpoint,
    base: Checkpoint | None = None,
    model_options: dict[str, Any] | None = None,
    disable_dynamic: bool = False,
) -> comfy.model_patcher.ModelPatcher:
    """A MODEL from a ShareVerse file and, where that holds the extra modules only, its base.

    Args:
        checkpoint, base: see `open_checkpoint`.
        model_options: ComfyUI's: `dtype`, `fp8_optimizations`, `custom_operations`, `load_device`, `offload_device`.
        disable_dynamic: ask for a patcher without dynamic VRAM, as ComfyUI does when it reloads a model.

    Raises:
        CheckpointError: see `plan_shareverse`.
    """
    plan = plan_shareverse(checkpoint, base)
    tensors = plan.read(comfy.utils.load_torch_file)
    return build_shareverse(plan.config, plan.options, tensors, model_options or {}, disable_dynamic)


def build_shareverse(
    config: CogVideoXConfig,
    options: ShareVerseOptions,
    tensors: dict[str, Tensor],
    model_options: dict[str, Any],
    disable_dynamic: bool = False,
) -> comfy.model_patcher.ModelPatcher:
    """A MODEL from a complete state dict with published names; `tensors` is emptied."""
    management = comfy.model_management
    model_config = ShareVerseConfig(config, options)
    load_device = model_options.get("load_device", management.get_torch_device())
    offload_device = model_options.get("offload_device", management.unet_offload_device())
    supported = model_config.supported_inference_dtypes
    dtype = model_options.get("dtype") or management.unet_dtype(
        model_params=comfy.utils.calculate_parameters(tensors),
        supported_dtypes=supported,
        weight_dtype=floating_dtype(tensors),
    )
    model_config.set_inference_dtype(dtype, management.unet_manual_cast(dtype, load_device, supported))
    model_config.custom_operations = model_options.get("custom_operations")
    model_config.optimizations["fp8"] = model_options.get("fp8_optimizations", False)

    model = model_config.get_model(tensors)
    patcher_class = comfy.model_patcher.ModelPatcher if disable_dynamic else comfy.model_patcher.CoreModelPatcher
    patcher = patcher_class(model, load_device=load_device, offload_device=offload_device)
    if not management.is_device_cpu(offload_device):
        model.to(offload_device)
    model.load_model_weights(tensors, "", assign=patcher.is_dynamic())
    return patcher
