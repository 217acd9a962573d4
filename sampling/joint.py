"""Joint sampling of all agents of a world with ComfyUI's own samplers."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import comfy.conds
import comfy.sample
import comfy.utils
import latent_preview
import torch

from ..models.batch import AGENTS, COUPLING_OPTIONS
from ..models.metaworld.comfyui import MetaWorldModel
from ..models.multiworld.comfyui import MultiWorldModel
from ..models.shareverse.comfyui import ShareVerseModel
from .finite_guard import FiniteGuard
from .noise import agent_noise, agent_seeds

logger = logging.getLogger(__name__)

EMPTY_LATENT = ("downscale_ratio_spacial", "downscale_ratio_temporal")
"""Entries of a LATENT that say, as long as it is empty, which VAE its size is meant for."""

Conditioning = list[tuple[torch.Tensor | None, dict[str, Any]]]
StepCallback = Callable[[int, torch.Tensor, torch.Tensor, int], None]
"""Called after a step with its number from 0, the prediction, the noisy latents, and the number of steps."""


@dataclass(frozen=True)
class SamplerSettings:
    """What a KSampler asks for.

    Attributes:
        steps: number of model evaluations the sampler plans.
        cfg: guidance scale; 1 leaves the negative conditioning out.
        sampler, scheduler: names that ComfyUI knows.
        denoise: part of the schedule that is run, 0..1.
    """

    steps: int
    cfg: float
    sampler: str
    scheduler: str
    denoise: float = 1.0


def agent_count(conditioning: Conditioning) -> int:
    """Agents that share a world, as a conditioning node recorded them; 1 where none did."""
    return max((entry[1].get(AGENTS, 1) for entry in conditioning), default=1)


def with_coupling(model: Any, topology: str, agents_at_a_time: int) -> Any:
    """A clone of a MODEL whose agents are coupled as given."""
    coupled = model.clone()
    options = coupled.model_options["transformer_options"]
    options[COUPLING_OPTIONS] = {"topology": topology, "agents_at_a_time": agents_at_a_time}
    return coupled


def same_conditioning(positive: Conditioning, negative: Conditioning) -> bool:
    """Whether guidance would compare a prediction with itself."""
    return positive is negative or comfy.conds.is_equal(
        [list(entry) for entry in positive], [list(entry) for entry in negative]
    )


def sample_jointly(
    model: Any,
    positive: Conditioning,
    negative: Conditioning,
    latent: dict[str, Any],
    settings: SamplerSettings,
    seed: int,
    own_seeds: Sequence[int] = (),
    show: StepCallback | None = None,
) -> dict[str, Any]:
    """Denoise all agents together.

    Args:
        model: a MODEL; agents are coupled as `with_coupling` says.
        positive, negative: equal ones are evaluated once, which changes nothing but the time.
        latent: LATENT of worlds * agents items; items of equal `batch_index` get equal noise.
        settings: sampler settings.
        seed: agent i's noise comes from seed + i.
        own_seeds: seeds of the first agents instead.
        show: shows the progress; by default ComfyUI's progress bar with the live preview.

    Returns:
        The LATENT with denoised samples.

    Raises:
        ValueError: if the latent batch does not hold whole worlds.
        NotFinite: naming step, agent and dtype.
    """
    samples = comfy.sample.fix_empty_latent_channels(model, latent["samples"], *map(latent.get, EMPTY_LATENT))
    agents = agent_count(positive)
    if samples.shape[0] % agents:
        raise ValueError(
            f"The latent batch has {samples.shape[0]} items, the conditioning {agents} agents; connect the LATENT of "
            "the conditioning node without changing its batch."
        )
    if agents > 1 and not isinstance(model.model, ShareVerseModel | MultiWorldModel | MetaWorldModel):
        logger.warning("This model does not couple agents: %d agents are sampled independently.", agents)
    cfg = 1.0 if same_conditioning(positive, negative) else settings.cfg

    show = show or latent_preview.prepare_callback(model, settings.steps)
    guard = FiniteGuard(agents, model.model.get_dtype_inference())

    def after_step(step: int, prediction: torch.Tensor, noisy: torch.Tensor, total_steps: int) -> None:
        guard.watch(step, prediction, total_steps)
        show(step, prediction, noisy, total_steps)

    denoised = comfy.sample.sample(
        model,
        agent_noise(samples, agent_seeds(seed, samples.shape[0], own_seeds, latent.get("batch_index"))),
        settings.steps,
        cfg,
        settings.sampler,
        settings.scheduler,
        positive,
        negative,
        samples,
        denoise=settings.denoise,
        noise_mask=latent.get("noise_mask"),
        callback=after_step,
        disable_pbar=not comfy.utils.PROGRESS_BAR_ENABLED,
        seed=seed,
    )
    guard.finish()
    return {key: value for key, value in latent.items() if key not in EMPTY_LATENT} | {"samples": denoised}
