"""MetaWorld networks without ComfyUI's loader."""

from collections.abc import Sequence
from pathlib import Path

import comfy.ops
import torch

from ..models.checkpoints import Checkpoint, open_checkpoint
from ..models.metaworld.checkpoint import plan_metaworld
from ..models.metaworld.layout import PATCH, WanLayout
from ..models.metaworld.options import MetaWorldOptions
from ..models.metaworld.transformer import MetaWorldTransformer
from ..models.wan_metadata import HEAD_DIM, attention_heads


def build_network(
    layout: WanLayout, heads: int, options: MetaWorldOptions, device: torch.device
) -> MetaWorldTransformer:
    """A network in float32 whose parameters are not filled."""
    return MetaWorldTransformer(
        layout,
        options,
        model_type="t2v",
        patch_size=PATCH,
        in_dim=layout.channels,
        dim=layout.dim,
        ffn_dim=layout.ffn_dim,
        freq_dim=layout.time_dim,
        text_dim=layout.text_dim,
        out_dim=layout.channels,
        num_heads=heads,
        num_layers=layout.layers,
        operations=comfy.ops.disable_weight_init,
        device=device,
        dtype=torch.float32,
    )


def heads_of(layout: WanLayout, sources: Sequence[Checkpoint]) -> int:
    """Attention heads that the files record, or those of the published sizes."""
    return attention_heads(sources) or layout.dim // HEAD_DIM


def load_trained(path: str | Path) -> MetaWorldTransformer:
    """The network of a whole MetaWorld's file in float32 on the CPU, in evaluation mode.

    Raises:
        CheckpointError: see `plan_metaworld`.
    """
    plan = plan_metaworld(open_checkpoint(path))
    network = build_network(plan.layout, heads_of(plan.layout, plan.sources), plan.options, torch.device("meta"))
    tensors = plan.read()
    network.load_state_dict({name: tensors[name].float() for name in network.state_dict()}, assign=True)
    return network.eval().requires_grad_(False)
