"""MetaWorld's network: ComfyUI's Wan 2.1 with a condition branch and World-State Alignment in every block.

Batch items are agents: (worlds * agents, ...). Identity images are latent frames after the video (ComfyUI's
`time_dim_concat`), which Wan attends to and cuts off. Before training the network equals its base exactly.
"""

from functools import partial
from typing import Any

import torch
from comfy.ldm.common_dit import pad_to_patch_size
from comfy.ldm.wan.model import WanModel
from torch import Tensor, nn

from ..batch import COUPLING_OPTIONS
from ..layers import Layers
from .alignment import Coupling
from .block import EVALUATION, Evaluation, MetaWorldBlock
from .layout import PATCH, WanLayout, alignment_shapes
from .options import COMPRESSION, MetaWorldOptions


class MetaWorldTransformer(WanModel):
    """Wan 2.1 T2V for MetaWorld; the condition branch has the names of the release.

    Args:
        layout, options: sizes and choices.
        wan: arguments of ComfyUI's WanModel.
    """

    def __init__(self, layout: WanLayout, options: MetaWorldOptions, **wan: Any) -> None:
        super().__init__(**wan, wan_attn_block_class=partial(MetaWorldBlock, options=options))
        self.layout = layout
        self.options = options
        layers = Layers(wan["operations"], wan.get("device"), wan.get("dtype"))
        # As Wan's own patch embedding.
        convolution = partial(layers.operations.Conv3d, device=layers.device, dtype=torch.float32)
        dim, channels = layout.dim, layout.channels
        if options.condition == "latents":
            inputs = channels if options.depth == "without" else 2 * channels
            self.add_module(COMPRESSION, convolution(inputs, channels, kernel_size=1))
            return
        if options.depth != "without":
            self.cond_depth_embedding = convolution(2 * channels, dim, kernel_size=PATCH, stride=PATCH)
            self.cond_depth_mlp = _condition_mlp(dim, layers)
        if options.depth != "with":
            self.cond_video_mlp = _condition_mlp(dim, layers)

    def check_condition(self, condition: Tensor) -> None:
        """Refuse condition latents (batch, channels, ...) of channels that the network cannot take.

        Raises:
            ValueError: naming what is given and what is needed.
        """
        channels, depth = self.layout.channels, self.options.depth
        takes = {"with": (2 * channels,), "without": (channels,), "either": (channels, 2 * channels)}[depth]
        if condition.shape[1] in takes:
            return
        needs = {
            "with": "an RGB and a depth condition video",
            "without": "an RGB condition video alone",
            "either": "an RGB condition video, with or without a depth one",
        }[depth]
        raise ValueError(
            f"This MetaWorld checkpoint needs {needs} ({' or '.join(map(str, takes))} latent channels), given "
            f"{condition.shape[1]} channels; connect what it needs, or load another checkpoint."
        )

    def encode_condition(self, condition: Tensor) -> Tensor:
        """What the condition adds; it does not depend on the timestep.

        Args:
            condition: (batch, channels, frames, height, width), RGB latents or RGB and depth latents.

        Returns:
            (batch, tokens, dim) for the video tokens, or with the condition form "latents" (batch, channels, frames,
            height, width) for the noisy latents.
        """
        if self.options.condition == "latents":
            return self.get_submodule(COMPRESSION)(condition.float()).to(condition.dtype)
        condition = pad_to_patch_size(condition, self.patch_size)
        with_depth = condition.shape[1] > self.layout.channels
        embedding = self.cond_depth_embedding if with_depth else self.patch_embedding
        tokens = embedding(condition.float()).to(condition.dtype).flatten(2).transpose(1, 2)
        return (self.cond_depth_mlp if with_depth else self.cond_video_mlp)(tokens)

    def _forward(
        self,
        x: Tensor,
        timestep: Tensor,
        context: Tensor | None,
        clip_fea: Tensor | None = None,
        time_dim_concat: Tensor | None = None,
        transformer_options: dict[str, Any] | None = None,
        condition: Tensor | None = None,
        encoded_condition: Tensor | None = None,
        agents: int = 1,
        **kwargs: Any,
    ) -> Tensor:
        """The velocity of every agent's latent video.

        Args:
            x: (worlds * agents, channels, frames, height, width).
            timestep: (worlds * agents,) in 0..1000.
            context: text (worlds * agents, tokens, text_dim); zeros by default.
            time_dim_concat: identity latents (worlds * agents, channels, identities, height, width).
            transformer_options: ComfyUI's; `COUPLING_OPTIONS` holds topology and `agents_at_a_time`.
            condition: (worlds * agents, channels of the condition, frames, height, width).
            encoded_condition: what `encode_condition` returned; by default it is computed.
            agents: how many share a world.
            clip_fea, kwargs: Wan's.

        Raises:
            ValueError: if the batch holds no whole worlds, the condition does not fit, or agents are to be aligned by
                a network without the weights for it.
        """
        options = transformer_options or {}
        coupling = Coupling(agents, **options.get(COUPLING_OPTIONS, {}))
        self._check(x, condition, coupling)
        if encoded_condition is None and condition is not None:
            encoded_condition = self.encode_condition(condition)
        if encoded_condition is not None and self.options.condition == "latents":
            x, encoded_condition = x + encoded_condition, None
        if context is None:
            # Any number of equal tokens is attended to like one.
            context = x.new_zeros(len(x), 1, self.text_dim)
        sources = torch.tensor(coupling.sources(), device=x.device) if coupling.sources() else None
        evaluation = Evaluation(coupling, sources, x.shape[2], encoded_condition)
        return super()._forward(
            x, timestep, context, clip_fea, time_dim_concat, {**options, EVALUATION: evaluation}, **kwargs
        )

    def _check(self, x: Tensor, condition: Tensor | None, coupling: Coupling) -> None:
        if len(x) % coupling.agents:
            raise ValueError(
                f"The latent batch has {len(x)} items, which {coupling.agents} agents cannot share; a node between "
                "conditioning and sampler has changed the batch."
            )
        if coupling.sources() and not self.options.alignment:
            raise ValueError(
                f"Topology '{coupling.topology}' aligns {coupling.agents} agents, but the checkpoint has no "
                f"World-State Alignment: it lacks {_missing_alignment(self.layout)}; choose topology 'none' to sample "
                "the agents independently, or load a checkpoint with alignment."
            )
        if condition is None:
            return
        self.check_condition(condition)
        if condition.shape[2:] != x.shape[2:]:
            raise ValueError(
                f"The condition has {tuple(condition.shape[2:])} (frames, height, width) latent positions, the latents "
                f"{tuple(x.shape[2:])}; connect conditioning and LATENT of the same node."
            )


def _missing_alignment(layout: WanLayout) -> str:
    names = list(alignment_shapes(layout, MetaWorldOptions()))
    return f"{', '.join(names[:3])} and {len(names) - 3} more"


def _condition_mlp(dim: int, layers: Layers) -> nn.Sequential:
    return nn.Sequential(
        layers.linear(dim, dim), nn.GELU(), layers.linear(dim, dim), nn.GELU(), layers.linear(dim, dim)
    )
