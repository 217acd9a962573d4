"""What the tensors of a MetaWorld checkpoint are called and how they are shaped.

A file holds Wan 2.1 T2V (or Phantom-Wan, which has the same layout), the condition branch with the names of the
release, and World-State Alignment as `blocks.{n}.wsa`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .options import COMPRESSION, MetaWorldOptions, Shapes

PATCH = (1, 2, 2)

CONDITION_PREFIXES = ("cond_depth_embedding.", "cond_depth_mlp.", "cond_video_mlp.", f"{COMPRESSION}.")

ZERO_AT_START = ("cond_depth_mlp.4.", "cond_video_mlp.4.", f"{COMPRESSION}.", ".wsa.o.")
"""Parts of the names of tensors that are zero before training, so that the network equals its base."""


def is_extra(name: str) -> bool:
    """Whether a tensor belongs to what MetaWorld adds to Wan."""
    return ".wsa." in name or name.startswith(CONDITION_PREFIXES)


@dataclass(frozen=True)
class WanLayout:
    """Sizes of a Wan 2.1 T2V: dim 5120 and 40 layers (14B), 1536 and 30 (1.3B), 16 channels both.

    Attributes:
        dim, ffn_dim: width of a token and of the feed-forward's hidden layer.
        layers: number of blocks.
        time_dim, text_dim: cosines and sines of a timestep together, width of a text token.
        channels: of the latents.
    """

    dim: int
    layers: int
    ffn_dim: int
    time_dim: int
    text_dim: int
    channels: int


def layout_from_shapes(shapes: Shapes) -> WanLayout:
    """Read a layout from parameter names and shapes.

    Raises:
        KeyError: with the name of a missing parameter.
        ValueError: if the network is another kind of Wan.
    """
    dim, channels = shapes["patch_embedding.weight"][:2]
    outputs = shapes["head.head.weight"][0] // 4
    if channels != outputs or any(name.startswith("img_emb.") for name in shapes):
        raise ValueError(
            f"it is a Wan with {channels} input and {outputs} output channels; MetaWorld needs Wan 2.1 T2V or "
            "Phantom-Wan, whose inputs are the latents alone"
        )
    return WanLayout(
        dim=dim,
        layers=_layers(shapes),
        ffn_dim=shapes["blocks.0.ffn.0.weight"][0],
        time_dim=shapes["time_embedding.0.weight"][1],
        text_dim=shapes["text_embedding.0.weight"][1],
        channels=channels,
    )


def _layers(names: Iterable[str]) -> int:
    # Not those of alignment alone: an extension may be for a deeper base.
    blocks = [int(found[1]) for found in map(re.compile(r"blocks\.(\d+)\.(?!wsa\.)").match, names) if found]
    return max(blocks, default=-1) + 1


def expected_shapes(layout: WanLayout, options: MetaWorldOptions) -> dict[str, tuple[int, ...]]:
    """Names and shapes of all parameters of a network."""
    return wan_shapes(layout) | condition_shapes(layout, options) | alignment_shapes(layout, options)


def wan_shapes(layout: WanLayout) -> dict[str, tuple[int, ...]]:
    """The backbone's."""
    dim = layout.dim
    block: dict[str, tuple[int, ...]] = {"modulation": (1, 6, dim), "norm3.weight": (dim,), "norm3.bias": (dim,)}
    for attention in ("self_attn", "cross_attn"):
        block |= _attention(attention, dim, qk_norm=True)
    block |= _linear("ffn.0", layout.ffn_dim, dim) | _linear("ffn.2", dim, layout.ffn_dim)
    return {
        "patch_embedding.weight": (dim, layout.channels, *PATCH),
        "patch_embedding.bias": (dim,),
        **_linear("text_embedding.0", dim, layout.text_dim),
        **_linear("text_embedding.2", dim, dim),
        **_linear("time_embedding.0", dim, layout.time_dim),
        **_linear("time_embedding.2", dim, dim),
        **_linear("time_projection.1", 6 * dim, dim),
        **{f"blocks.{index}.{name}": shape for index in range(layout.layers) for name, shape in block.items()},
        "head.modulation": (1, 2, dim),
        **_linear("head.head", 4 * layout.channels, dim),
    }


def condition_shapes(layout: WanLayout, options: MetaWorldOptions) -> dict[str, tuple[int, ...]]:
    """The condition branch's."""
    dim, channels = layout.dim, layout.channels
    if options.condition == "latents":
        inputs = channels if options.depth == "without" else 2 * channels
        return {f"{COMPRESSION}.weight": (channels, inputs, 1, 1, 1), f"{COMPRESSION}.bias": (channels,)}
    shapes: dict[str, tuple[int, ...]] = {}
    if options.depth != "without":
        shapes |= {
            "cond_depth_embedding.weight": (dim, 2 * channels, *PATCH),
            "cond_depth_embedding.bias": (dim,),
        }
        shapes |= _mlp("cond_depth_mlp", dim)
    return shapes if options.depth == "with" else shapes | _mlp("cond_video_mlp", dim)


def alignment_shapes(layout: WanLayout, options: MetaWorldOptions) -> dict[str, tuple[int, ...]]:
    """World-State Alignment's; none where a network has no alignment."""
    block = _attention("wsa", layout.dim, options.alignment_qk_norm) if options.alignment else {}
    return {f"blocks.{index}.{name}": shape for index in range(layout.layers) for name, shape in block.items()}


def _linear(name: str, outputs: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _mlp(name: str, dim: int) -> dict[str, tuple[int, ...]]:
    return _linear(f"{name}.0", dim, dim) | _linear(f"{name}.2", dim, dim) | _linear(f"{name}.4", dim, dim)


def _attention(name: str, dim: int, qk_norm: bool) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for projection in ("q", "k", "v", "o"):
        shapes |= _linear(f"{name}.{projection}", dim, dim)
    if qk_norm:
        shapes |= {f"{name}.norm_q.weight": (dim,), f"{name}.norm_k.weight": (dim,)}
    return shapes
