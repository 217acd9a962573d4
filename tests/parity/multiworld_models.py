"""The small MultiWorld models of the reference inside ComfyUI, and what the released classes computed with them.

The reference was made with the released program at small sizes and random weights.
"""

from functools import cache
from pathlib import Path
from typing import Any

import comfy.sample
import safetensors.torch
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from shared_world.models.checkpoints import open_checkpoint, write_checkpoint
from shared_world.models.multiworld.comfyui import load_multiworld
from shared_world.models.multiworld.conditioning import (
    CAMERA,
    CONTINUOUS_ACTIONS,
    DISCRETE_ACTIONS,
    GLOBAL_STATE,
    ROBOT_ACTIONS,
    ROBOT_COUNTS,
)

REFERENCE = Path(__file__).parent / "multiworld_reference"
VARIANTS = ("itt_toy", "itt_full", "robots")
NETWORK = {"num_heads": 2}
PROBE_TIMESTEP = 937.5


@cache
def reference(variant: str) -> dict[str, Tensor]:
    """Tensors of a run of the released program; the full variant's global state is the toy's."""
    tensors = safetensors.torch.load_file(REFERENCE / f"reference_{variant}.safetensors")
    if variant == "itt_full":
        tensors |= {name: tensor for name, tensor in reference("itt_toy").items() if name.startswith("env.")}
    return tensors


def weights(variant: str) -> dict[str, Tensor]:
    """The published layout; the full variant has no adaptive weighting."""
    name = "robots" if variant == "robots" else "itt_toy"
    tensors = safetensors.torch.load_file(REFERENCE / f"tiny_{name}.safetensors")
    if variant == "itt_full":
        return {name: tensor for name, tensor in tensors.items() if ".weight_proj." not in name}
    return tensors


def write_model(folder: Path, variant: str, prefix: str = "", **changes: Any) -> Path:
    """A file with the number of heads, which shapes of this size do not tell; changed tensors or None to leave out."""
    tensors = {name: tensor for name, tensor in (weights(variant) | changes).items() if tensor is not None}
    path = folder / f"{variant}.safetensors"
    named = {name if name.startswith("pipe.") else prefix + name: tensor for name, tensor in tensors.items()}
    write_checkpoint(path, named, {"network": NETWORK})
    return path


def native_model(folder: Path, variant: str, dtype: torch.dtype = torch.float32) -> ModelPatcher:
    return load_multiworld(open_checkpoint(write_model(folder, variant)), {"dtype": dtype})


def inputs(variant: str) -> dict[str, Tensor]:
    """What the network takes."""
    tensors = reference(variant)
    state = {"environment": tensors["env.pooled_tokens"][None]}
    if variant == "robots":
        camera = tensors["in.camera"]
        return state | {"actions": tensors["in.action"], "robots": tensors["in.num_agents"], "camera": camera}
    return state | {"discrete": tensors["in.discrete_action"], "continuous": tensors["in.continuous_action"]}


def conditioning(variant: str, **changes: Any) -> list[list[Any]]:
    """The same as a CONDITIONING, with changed entries."""
    keys = {
        "environment": GLOBAL_STATE,
        "actions": ROBOT_ACTIONS,
        "robots": ROBOT_COUNTS,
        "camera": CAMERA,
        "discrete": DISCRETE_ACTIONS,
        "continuous": CONTINUOUS_ACTIONS,
    }
    return [[None, {keys[name]: tensor for name, tensor in inputs(variant).items()} | changes]]


def probe_timestep(latents: Tensor) -> Tensor:
    """The probe's timestep for every latent frame, 0 for the clean first one."""
    timestep = torch.full((len(latents), latents.shape[2]), PROBE_TIMESTEP)
    timestep[:, 0] = 0
    return timestep


def first_frame_latent(model: ModelPatcher, variant: str, views: int = 1) -> dict[str, Any]:
    """A LATENT as a conditioning node makes it: clean first frames, the same noise for all views."""
    tensors = reference(variant)
    video = torch.zeros_like(tensors["in.latents"])
    video[:, :, :1] = tensors["in.first_frame_latent"]
    samples = model.model.latent_format.process_out(video)
    samples[:, :, 1:] = 0
    mask = torch.ones(1, 1, *video.shape[2:])
    mask[:, :, 0] = 0
    return {
        "samples": samples.repeat(views, 1, 1, 1, 1),
        "noise_mask": mask.repeat(views, 1, 1, 1, 1),
        "batch_index": [0] * views,
    }


def sample(
    model: ModelPatcher,
    positive: list[list[Any]],
    latent: dict[str, Any],
    negative: list[list[Any]] | None = None,
    cfg: float = 1.0,
    steps: int = 2,
    callback: Any = None,
    sampler: str = "euler",
) -> Tensor:
    """Latents in the network's scale from the path that the KSampler node takes with the scheduler simple."""
    noise = comfy.sample.prepare_noise(latent["samples"], 0, latent["batch_index"])
    with torch.inference_mode():
        samples = comfy.sample.sample(
            model,
            noise,
            steps,
            cfg,
            sampler,
            "simple",
            positive,
            negative or positive,
            latent["samples"],
            noise_mask=latent["noise_mask"],
            seed=0,
            disable_pbar=True,
            callback=callback,
        )
    return model.model.latent_format.process_in(samples.clone())
