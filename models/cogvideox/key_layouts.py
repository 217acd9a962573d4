"""Parameter names: files in ComfyUI's layout, or with a prefix, are renamed to the published (diffusers) layout."""

import re
from collections.abc import Iterable

PREFIXES = ("model.diffusion_model.", "diffusion_model.", "transformer.", "module.", "model.", "pipe.dit.", "dit.")

_FROM_COMFYUI = [
    (re.compile(r"^blocks\.(\d+)\."), r"transformer_blocks.\1."),
    (re.compile(r"^(transformer_blocks\.\d+)\.([qkv])\."), r"\1.attn1.to_\2."),
    (re.compile(r"^(transformer_blocks\.\d+)\.attn_out\."), r"\1.attn1.to_out.0."),
    (re.compile(r"^(transformer_blocks\.\d+)\.norm_([qk])\."), r"\1.attn1.norm_\2."),
    (re.compile(r"^(transformer_blocks\.\d+)\.ff_proj\."), r"\1.ff.net.0.proj."),
    (re.compile(r"^(transformer_blocks\.\d+)\.ff_out\."), r"\1.ff.net.2."),
    (re.compile(r"^time_embedding_linear_(\d)\."), r"time_embedding.linear_\1."),
    (re.compile(r"^ofs_embedding_linear_(\d)\."), r"ofs_embedding.linear_\1."),
]


_PARTS = (
    "patch_embed.",
    "transformer_blocks.",
    "blocks.",
    "raymap_encoders.",
    "cross_agent_blocks.",
    "cond_depth_",
    "cond_video_",
    "cond_latent_",
)


def network_prefix(names: Iterable[str]) -> str:
    """The prefix from `PREFIXES` that the network's parameters carry, or an empty string.

    Not every name needs to carry it: ComfyUI saves a few flags beside the network, or a text encoder and a VAE.
    """
    listed = list(names)
    for prefix in PREFIXES:
        if any(name.startswith(tuple(prefix + part for part in _PARTS)) for name in listed):
            return prefix
    return ""


def published_names(names: Iterable[str]) -> dict[str, str]:
    """Given name -> published name, for all parameters of one checkpoint."""
    listed = list(names)
    prefix = network_prefix(listed)
    is_comfyui = any(name.startswith(f"{prefix}blocks.") and ".norm1.linear." in name for name in listed)
    renamed = {}
    for name in listed:
        published = name.removeprefix(prefix)
        if is_comfyui:
            for pattern, replacement in _FROM_COMFYUI:
                published = pattern.sub(replacement, published)
        renamed[name] = published
    return renamed
