"""The published layout of a MultiWorld checkpoint: what its tensors are called and how they are shaped.

A file holds Wan2.2-TI2V-5B without its text embedding, a second key and value per cross-attention (`*_ctx`), an action
encoder, and the connector between the global state and the network.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Variant = Literal["it_takes_two", "robots"]
Shapes = Mapping[str, tuple[int, ...]]

VARIANT_NAMES: dict[Variant, str] = {"it_takes_two": "ItTakesTwo", "robots": "robots"}
SIGNATURES = ("blocks.0.cross_attn.k_ctx.weight", "blocks.0.cross_attn.v_ctx.weight")
"""Only MultiWorld has these; either is enough, so that a file that lacks one is not taken for a plain Wan."""

CONNECTOR = "pipe.env_encoder.connector"
MIXING = "action_encoder.agent_pooling"
IDENTITY_TABLES = (f"{MIXING}.agent_attn.rope.freqs_cos_n", f"{MIXING}.agent_attn.rope.freqs_sin_n")
"""(agents, dim / 2) cosines and sines of the Agent Identity Embedding, which a file may hold; they are computed."""

PATCH = (1, 2, 2)


@dataclass(frozen=True)
class MultiWorldLayout:
    """Sizes of a network; those of the published files are dim 3072 and 30 layers.

    Attributes:
        variant: what the actions are.
        dim, layers, ffn_dim, time_dim, in_channels, out_channels: the Wan backbone.
        environment_dim, connector_dim: width of a global-state token and of the connector's hidden layer.
        weighting_dim: hidden width of the Adaptive Action Weighting; 0 where agents are summed.
        buttons, axes: of a player (ItTakesTwo).
        joints, camera_dim, camera_hidden: numbers of a robot and of a camera, widths of the camera encoder (robots).
    """

    variant: Variant
    dim: int
    layers: int
    ffn_dim: int
    time_dim: int
    in_channels: int
    out_channels: int
    environment_dim: int
    connector_dim: int
    weighting_dim: int = 0
    buttons: int = 0
    axes: int = 0
    joints: int = 0
    camera_dim: int = 0
    camera_hidden: tuple[int, int] = (0, 0)


def layout_from_shapes(shapes: Shapes) -> MultiWorldLayout:
    """Read a layout from parameter names and shapes. Raises KeyError with the name of a missing parameter."""
    dim, in_channels = shapes["patch_embedding.weight"][:2]
    connector_dim, environment_dim = shapes[f"{CONNECTOR}.0.weight"]
    weighted = any(name.startswith(f"{MIXING}.weight_proj.") for name in shapes)
    blocks = [int(found[1]) for found in map(re.compile(r"blocks\.(\d+)\.").match, shapes) if found]
    backbone: dict[str, Any] = {
        "dim": dim,
        "layers": max(blocks, default=-1) + 1,
        "ffn_dim": shapes["blocks.0.ffn.0.weight"][0],
        "time_dim": shapes["time_embedding.0.weight"][1],
        "in_channels": in_channels,
        "out_channels": shapes["head.head.weight"][0] // 4,
        "environment_dim": environment_dim,
        "connector_dim": connector_dim,
        "weighting_dim": shapes[f"{MIXING}.weight_proj.0.weight"][0] if weighted else 0,
    }
    if any(name.startswith("action_encoder.camera2token.") for name in shapes):
        first, second = (shapes[f"action_encoder.camera2token.encoder.{index}.weight"] for index in (0, 3))
        joints = shapes["action_encoder.action2token.1.weight"][1]
        return MultiWorldLayout(
            "robots", **backbone, joints=joints, camera_dim=first[1], camera_hidden=(first[0], second[0])
        )
    rows = shapes["action_encoder.discrete_embedding.weight"][0]
    axes = shapes["action_encoder.continuous_projection.1.weight"][1]
    return MultiWorldLayout("it_takes_two", **backbone, buttons=rows // 2, axes=axes)


def expected_shapes(layout: MultiWorldLayout) -> dict[str, tuple[int, ...]]:
    """Names and shapes of all parameters: 984 for ItTakesTwo, 988 with weighting, 989 for robots with 30 layers."""
    dim, connector = layout.dim, (layout.connector_dim, layout.environment_dim)
    return {
        "patch_embedding.weight": (dim, layout.in_channels, *PATCH),
        "patch_embedding.bias": (dim,),
        **_linear("time_embedding.0", dim, layout.time_dim),
        **_linear("time_embedding.2", dim, dim),
        **_linear("time_projection.1", 6 * dim, dim),
        "head.modulation": (1, 2, dim),
        **_linear("head.head", 4 * layout.out_channels, dim),
        **{
            f"blocks.{index}.{name}": shape
            for index in range(layout.layers)
            for name, shape in _block(dim, layout.ffn_dim).items()
        },
        **_action_encoder(layout),
        **_linear(f"{CONNECTOR}.0", *connector),
        **_linear(f"{CONNECTOR}.2", dim, layout.connector_dim),
    }


def _linear(name: str, outputs: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _block(dim: int, ffn_dim: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"modulation": (1, 6, dim), "norm3.weight": (dim,), "norm3.bias": (dim,)}
    for attention in ("self_attn", "cross_attn"):
        for name in ("q", "k", "v", "o"):
            shapes |= _linear(f"{attention}.{name}", dim, dim)
        shapes |= {f"{attention}.norm_q.weight": (dim,), f"{attention}.norm_k.weight": (dim,)}
    shapes |= _linear("cross_attn.k_ctx", dim, dim) | _linear("cross_attn.v_ctx", dim, dim)
    shapes["cross_attn.norm_k_ctx.weight"] = (dim,)
    return shapes | _linear("ffn.0", ffn_dim, dim) | _linear("ffn.2", dim, ffn_dim)


def _action_encoder(layout: MultiWorldLayout) -> dict[str, tuple[int, ...]]:
    dim, name = layout.dim, "action_encoder"
    shapes = _linear(f"{MIXING}.agent_attn.qkv", 3 * dim, dim) | _linear(f"{MIXING}.agent_attn.out_proj", dim, dim)
    if layout.weighting_dim:
        shapes |= _linear(f"{MIXING}.weight_proj.0", layout.weighting_dim, dim)
        shapes |= _linear(f"{MIXING}.weight_proj.2", 1, layout.weighting_dim)
    if layout.variant == "it_takes_two":
        shapes[f"{name}.discrete_embedding.weight"] = (2 * layout.buttons, dim)
        shapes |= _linear(f"{name}.continuous_projection.1", dim, layout.axes)
        return shapes | _linear(f"{name}.output_projection.1", dim, dim)
    first, second = layout.camera_hidden
    shapes |= _linear(f"{name}.action2token.1", dim, layout.joints) | _linear(f"{name}.action_projection.1", dim, dim)
    shapes |= _linear(f"{name}.camera2token.encoder.0", first, layout.camera_dim)
    shapes |= _linear(f"{name}.camera2token.encoder.3", second, first)
    return shapes | _linear(f"{name}.camera2token.encoder.5", dim, second)
