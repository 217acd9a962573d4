"""Nodes that load models."""

from pathlib import Path
from typing import Any, get_args

import folder_paths
import torch
from comfy_api.latest import io, ui

from ..models.loading import extend_base_model, load_multi_agent_model
from ..models.metaworld.options import AlignmentPlace, ConditionForm, Depth, MetaWorldOptions
from ..models.shareverse.options import ShareVerseOptions
from ..models.vae_loading import load_vae
from .model_folders import folder_for

CATEGORY = "Shared World/loaders"
FOLDER = "diffusion_models"
VAE_FOLDER = "vae"
NO_BASE = "none"
NO_ALIGNMENT = "none"
SHAREVERSE, METAWORLD = "shareverse", "metaworld"
PRECISIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "fp8_e4m3fn": {"dtype": torch.float8_e4m3fn},
    "fp8_e4m3fn_fast": {"dtype": torch.float8_e4m3fn, "fp8_optimizations": True},
    "fp8_e5m2": {"dtype": torch.float8_e5m2},
}


def weight_dtype_input() -> io.Combo.Input:
    return io.Combo.Input(
        "weight_dtype",
        options=list(PRECISIONS),
        default="default",
        advanced=True,
        tooltip="How weights are held. fp8 halves their memory and costs some accuracy; 'fast' also multiplies in fp8.",
    )


def file_input(name: str, tooltip: str) -> io.Combo.Input:
    return io.Combo.Input(name, options=folder_paths.get_filename_list(FOLDER), tooltip=tooltip)


def metaworld_choices() -> list[io.WidgetInput]:
    """Optional, so that graphs from before MetaWorld still run."""
    return [
        io.Combo.Input(
            "system",
            options=[SHAREVERSE, METAWORLD],
            default=SHAREVERSE,
            optional=True,
            tooltip="Whose modules are added. The choices above are ShareVerse's, those below MetaWorld's.",
        ),
        io.Combo.Input(
            "condition",
            options=list(get_args(ConditionForm)),
            default="tokens",
            optional=True,
            advanced=True,
            tooltip="MetaWorld. tokens: condition videos are added to the video tokens, as released. latents: to the noisy "
            "latents, as in the paper.",
        ),
        io.Combo.Input(
            "depth",
            options=list(get_args(Depth)),
            default="with",
            optional=True,
            advanced=True,
            tooltip="MetaWorld. Whether it takes depth videos beside the colour ones; either has weights for both cases and "
            "needs tokens.",
        ),
        io.Combo.Input(
            "alignment",
            options=[*get_args(AlignmentPlace), NO_ALIGNMENT],
            default="after_self_attention",
            optional=True,
            advanced=True,
            tooltip="MetaWorld. Where in a block agents are aligned, which neither paper nor release says; none: agents stay "
            "independent, as in the first stage of training.",
        ),
    ]


class LoadMultiAgentModel(io.ComfyNode):
    """A multi-agent model from models/diffusion_models."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldLoadModel",
            display_name="Load Multi-Agent Model",
            category=CATEGORY,
            description=(
                "Loads a ShareVerse, MultiWorld or MetaWorld checkpoint, recognised by its tensors, as an ordinary MODEL."
            ),
            search_aliases=["shareverse", "multiworld", "metaworld", "unet loader", "checkpoint", "diffusion model"],
            inputs=[
                file_input(
                    "model_name",
                    "Checkpoint in models/diffusion_models: a whole model, or only the modules that extend a base model. "
                    "Of a sharded model choose any shard.",
                ),
                io.Combo.Input(
                    "base_model",
                    options=[NO_BASE, *folder_paths.get_filename_list(FOLDER)],
                    default=NO_BASE,
                    tooltip="Needed only where a checkpoint holds the extra modules alone: CogVideoX-5B-I2V for ShareVerse, "
                    "Phantom-Wan or Wan 2.1 T2V for MetaWorld. MultiWorld files are whole models.",
                ),
                weight_dtype_input(),
            ],
            outputs=[
                io.Model.Output(
                    display_name="model", tooltip="Works with ComfyUI's samplers, LoRA loaders and model patches."
                )
            ],
        )

    @classmethod
    def execute(cls, model_name: str, base_model: str, weight_dtype: str) -> io.NodeOutput:
        path = folder_paths.get_full_path_or_raise(FOLDER, model_name)
        base = None if base_model == NO_BASE else folder_paths.get_full_path_or_raise(FOLDER, base_model)
        return io.NodeOutput(load_multi_agent_model(path, base, PRECISIONS[weight_dtype]))


class ExtendBaseModel(io.ComfyNode):
    """An untrained multi-agent model."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldExtendBaseModel",
            display_name="Extend Base Model",
            category=CATEGORY,
            description=(
                "Adds the untrained modules of ShareVerse to CogVideoX-I2V, or of MetaWorld to Phantom-Wan, and saves them, as "
                "a start for training. What couples agents copies the blocks' attention; its output and what takes cameras "
                "are zero, so that the result still behaves exactly like the base model."
            ),
            search_aliases=["initialise", "new model", "training", "cogvideox", "phantom", "wan"],
            is_output_node=True,
            inputs=[
                file_input(
                    "base_model",
                    "In models/diffusion_models, of a sharded model any shard: CogVideoX-I2V for ShareVerse; Phantom-Wan, Wan "
                    "2.1 T2V or a MetaWorld without alignment for MetaWorld.",
                ),
                io.String.Input(
                    "save_as",
                    default="shareverse_untrained",
                    tooltip="Name of the new file in models/diffusion_models. It holds the extra modules only and is "
                    "loaded together with the base model. An existing file is kept; a number is appended.",
                ),
                io.Combo.Input(
                    "cross_agent",
                    options=["attention", "full_block"],
                    default="attention",
                    tooltip="ShareVerse. attention: norm, attention and projector, 57 M parameters per block at 5B. "
                    "full_block: also the feed-forward, 142 M. The paper's text allows both.",
                ),
                io.Boolean.Input(
                    "text_in_cross_agent",
                    default=False,
                    tooltip="ShareVerse. Let agents attend to all agents' text tokens too. The paper's equations hold video features "
                    "only.",
                ),
                io.Combo.Input(
                    "agent_positions",
                    options=["consecutive", "shared"],
                    default="consecutive",
                    tooltip="ShareVerse. Temporal positions of the agents' tokens: one agent after the other, as in the paper, or "
                    "the same for all, which treats agents alike.",
                ),
                weight_dtype_input(),
                *metaworld_choices(),
            ],
            outputs=[io.Model.Output(display_name="model", tooltip="The extended, untrained model.")],
        )

    @classmethod
    def execute(
        cls,
        base_model: str,
        save_as: str,
        cross_agent: str,
        text_in_cross_agent: bool,
        agent_positions: str,
        weight_dtype: str,
        system: str = SHAREVERSE,
        condition: str = "tokens",
        depth: str = "with",
        alignment: str = "after_self_attention",
    ) -> io.NodeOutput:
        options: ShareVerseOptions | MetaWorldOptions
        if system == METAWORLD:
            place = {} if alignment == NO_ALIGNMENT else {"alignment_place": alignment}
            options = MetaWorldOptions(condition, depth, alignment=bool(place), **place)
        else:
            options = ShareVerseOptions(
                cross_agent=cross_agent, text_in_cross_agent=text_in_cross_agent, agent_positions=agent_positions
            )
        base = folder_paths.get_full_path_or_raise(FOLDER, base_model)
        folder = folder_for(FOLDER)
        saved = extend_base_model(base, new_model_path(folder, save_as), options)
        model = load_multi_agent_model(str(saved), base, PRECISIONS[weight_dtype])
        return io.NodeOutput(model, ui=ui.PreviewText(str(saved.relative_to(folder))))


class LoadMultiAgentVAE(io.ComfyNode):
    """A VAE from models/vae."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="SharedWorldLoadVAE",
            display_name="Load Multi-Agent VAE",
            category=CATEGORY,
            description=(
                "Loads any file in models/vae as an ordinary VAE: Pocket Town's and narrow ones of Wan 2.2, which ComfyUI's "
                "Load VAE does not take, and every kind that it does."
            ),
            search_aliases=["vae loader", "pocket vae", "autoencoder"],
            inputs=[
                io.Combo.Input(
                    "vae_name",
                    options=folder_paths.get_filename_list(VAE_FOLDER),
                    tooltip="File in models/vae, or one that comes with the pack. Take the VAE that the model was trained with.",
                )
            ],
            outputs=[io.Vae.Output(display_name="vae", tooltip="Works with ComfyUI's nodes that encode and decode.")],
        )

    @classmethod
    def execute(cls, vae_name: str) -> io.NodeOutput:
        return io.NodeOutput(load_vae(folder_paths.get_full_path_or_raise(VAE_FOLDER, vae_name)))


def new_model_path(folder: Path, name: str) -> Path:
    """A path below `folder` that does not exist yet. Raises ValueError for a name that leads elsewhere."""
    wanted = (folder / name.removesuffix(".safetensors")).resolve()
    if not wanted.is_relative_to(folder) or wanted == folder:
        raise ValueError(f"'{name}' lies outside ComfyUI's models/{FOLDER} folder; give a plain name.")
    path, number = wanted.with_name(f"{wanted.name}.safetensors"), 2
    while path.exists():
        path, number = wanted.with_name(f"{wanted.name}_{number}.safetensors"), number + 1
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
