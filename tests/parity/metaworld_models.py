"""Small MetaWorld models inside ComfyUI, their base as ComfyUI loads it, and inputs for both."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import comfy.sample
import comfy.sd
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from shared_world.models.batch import AGENTS, COUPLING_OPTIONS
from shared_world.models.checkpoints import open_checkpoint, write_checkpoint
from shared_world.models.metaworld.checkpoint import untrained_extension
from shared_world.models.metaworld.comfyui import load_metaworld
from shared_world.models.metaworld.conditioning import CONDITION_DEPTH, CONDITION_RGB, IDENTITIES
from shared_world.models.metaworld.layout import (
    WanLayout,
    alignment_shapes,
    condition_shapes,
    expected_shapes,
    wan_shapes,
)
from shared_world.models.metaworld.options import MetaWorldOptions

LAYOUT = WanLayout(dim=48, layers=2, ffn_dim=64, time_dim=32, text_dim=24, channels=16)
HEADS = 2
HEAD_DIM = LAYOUT.dim // HEADS
NETWORK = {"num_heads": HEADS}
COMFYUI_METADATA = {
    "config": json.dumps(
        {"transformer": {"num_heads": HEADS, "freq_dim": LAYOUT.time_dim, "text_dim": LAYOUT.text_dim}}
    )
}
"""What ComfyUI must be told of a base of this size."""

FRAMES, HEIGHT, WIDTH = 3, 4, 6
"""Of the latents; odd numbers of tokens would hide nothing, so that rows and columns differ."""

OPTIONS = MetaWorldOptions()
ORDER = 2e-5
"""Other groupings of a batch add numbers in another order."""


def random_tensors(
    shapes: dict[str, tuple[int, ...]], seed: int, dtype: torch.dtype = torch.float32
) -> dict[str, Tensor]:
    """Values that keep activations near one, and differ in norms and biases too."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in shapes.items():
        fan_in = torch.Size(shape[1:]).numel() if len(shape) > 1 else 25
        tensors[name] = torch.randn(shape, generator=generator) / fan_in**0.5
        if "norm" in name and name.endswith("weight"):
            tensors[name] += 1
    return {name: tensor.to(dtype) for name, tensor in tensors.items()}


def base_weights() -> dict[str, Tensor]:
    return random_tensors(wan_shapes(LAYOUT), seed=0)


def extra_weights(options: MetaWorldOptions = OPTIONS, trained: bool = True) -> dict[str, Tensor]:
    """What MetaWorld adds, random or as it is before training."""
    if not trained:
        return untrained_extension(base_weights(), LAYOUT, options)
    return random_tensors(condition_shapes(LAYOUT, options) | alignment_shapes(LAYOUT, options), seed=1)


def whole_weights(options: MetaWorldOptions = OPTIONS, trained: bool = True) -> dict[str, Tensor]:
    weights = base_weights() | extra_weights(options, trained)
    assert {name: tuple(tensor.shape) for name, tensor in weights.items()} == expected_shapes(LAYOUT, options)
    return weights


def write_model(path: Path, tensors: dict[str, Tensor], options: MetaWorldOptions | None = OPTIONS) -> Path:
    """A file with the number of heads, which shapes of this size do not tell."""
    record: dict[str, Any] = {"network": NETWORK}
    if options is not None:
        record |= {"system": "metaworld", "options": options.to_dict()}
    write_checkpoint(path, tensors, record)
    return path


def native_model(folder: Path, options: MetaWorldOptions = OPTIONS, trained: bool = True) -> ModelPatcher:
    path = write_model(folder / "model.safetensors", whole_weights(options, trained), options)
    return load_metaworld(open_checkpoint(path), None, {"dtype": torch.float32})


def plain_wan(folder: Path) -> ModelPatcher:
    """The base alone, by ComfyUI's own loader."""
    path = folder / "wan.safetensors"
    write_checkpoint(path, base_weights(), {}, COMFYUI_METADATA)
    return comfy.sd.load_diffusion_model(str(path), {"dtype": torch.float32})


def latents(agents: int, frames: int = FRAMES, seed: int = 2) -> Tensor:
    return torch.randn(agents, 16, frames, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(seed))


def inputs(
    agents: int, identities: int = 2, depth: bool = True, frames: int = FRAMES, worlds: int = 1
) -> dict[str, Any]:
    """What the network takes in its own scale, different for every agent."""
    items = agents * worlds
    generator = torch.Generator().manual_seed(3)
    given = {
        "x": latents(items, frames),
        "timestep": torch.linspace(900, 300, items),
        "context": torch.randn(items, 5, LAYOUT.text_dim, generator=generator),
        "condition": torch.randn(items, 32 if depth else 16, frames, HEIGHT, WIDTH, generator=generator),
        "agents": agents,
    }
    if identities:
        shape = (items, 16, identities, HEIGHT, WIDTH)
        given["time_dim_concat"] = torch.randn(shape, generator=generator)
    return given


def of_items(given: dict[str, Any], items: list[int], **changes: Any) -> dict[str, Any]:
    """Inputs of some batch items, in the order given."""
    chosen = {name: value[items] if isinstance(value, Tensor) else value for name, value in given.items()}
    return chosen | changes


def run(model: ModelPatcher, given: dict[str, Any], topology: str = "ring", agents_at_a_time: int = 0) -> Tensor:
    """One evaluation of the network."""
    coupling = {"topology": topology, "agents_at_a_time": agents_at_a_time}
    with torch.no_grad():
        return model.model.diffusion_model(**given, transformer_options={COUPLING_OPTIONS: coupling})


def conditioning(agents: int, identities: int = 1, depth: bool = True, **changes: Any) -> list[list[Any]]:
    """What a conditioning node gives: text, condition videos and identities of all agents; None takes one away."""
    given = inputs(agents, identities, depth)
    values = {
        AGENTS: agents,
        CONDITION_RGB: given["condition"][:, :16],
        CONDITION_DEPTH: given["condition"][:, 16:] if depth else None,
        IDENTITIES: given.get("time_dim_concat"),
    } | changes
    return [[given["context"][:1], {name: value for name, value in values.items() if value is not None}]]


def sample(
    model: ModelPatcher,
    positive: list[list[Any]],
    agents: int,
    negative: list[list[Any]] | None = None,
    cfg: float = 1.0,
    steps: int = 2,
    sampler: str = "euler",
    scheduler: str = "simple",
    callback: Any = None,
) -> Tensor:
    """Latents from the path that the KSampler node takes."""
    empty = torch.zeros(agents, 16, FRAMES, HEIGHT, WIDTH)
    noise = comfy.sample.prepare_noise(empty, 0)
    with torch.inference_mode():
        samples = comfy.sample.sample(
            model,
            noise,
            steps,
            cfg,
            sampler,
            scheduler,
            positive,
            negative or positive,
            empty,
            seed=0,
            disable_pbar=True,
            callback=callback,
        )
    return samples.clone()


def with_coupling(model: ModelPatcher, topology: str, agents_at_a_time: int = 0) -> ModelPatcher:
    coupled = model.clone()
    options = coupled.model_options["transformer_options"]
    options[COUPLING_OPTIONS] = {"topology": topology, "agents_at_a_time": agents_at_a_time}
    return coupled


def variants() -> dict[str, MetaWorldOptions]:
    """One of every kind of network."""
    return {
        "released": OPTIONS,
        "without depth": replace(OPTIONS, depth="without"),
        "either": replace(OPTIONS, depth="either"),
        "paper's latents": replace(OPTIONS, condition="latents"),
        "latents without depth": replace(OPTIONS, condition="latents", depth="without"),
        "before self-attention": replace(OPTIONS, alignment_place="before_self_attention"),
        "after block": replace(OPTIONS, alignment_place="after_block"),
        "no norm of queries and keys": replace(OPTIONS, alignment_qk_norm=False),
    }
