"""MultiWorld's network: ComfyUI's Wan with another cross-attention, an action encoder, the global state's connector.

Batch items are views of a world and do not see each other.
"""

from typing import Any

from comfy.ldm.wan.model import WanModel
from torch import Tensor, nn

from ..batch import COUPLING_OPTIONS
from ..grouping import in_groups
from ..layers import Layers
from .action_encoders import action_encoder
from .attention import RECALLED, MultiWorldBlock, Recalled, block_causal_mask
from .layout import MultiWorldLayout
from .options import MultiWorldOptions
from .time_embedding import TimeEmbedding, time_angles

ENVIRONMENT = "environment"
"""Name of the global state among the network's inputs."""


class MultiWorldTransformer(WanModel):
    """Wan2.2-TI2V-5B for MultiWorld; modules have the names of the published files.

    Args:
        layout, options: sizes and choices.
        wan: arguments of ComfyUI's WanModel.
    """

    def __init__(self, layout: MultiWorldLayout, options: MultiWorldOptions, **wan: Any) -> None:
        super().__init__(**wan, wan_attn_block_class=MultiWorldBlock)
        self.layout = layout
        self.options = options
        self.text_embedding = nn.Identity()
        self.time_embedding = TimeEmbedding(layout.time_dim, *self.get_submodule("time_embedding"))
        self.freq_dim = 2
        layers = Layers(wan["operations"], wan.get("device"), wan.get("dtype"))
        self.action_encoder = action_encoder(layout, options.identity_base, layers)
        connector = nn.Sequential(
            layers.linear(layout.environment_dim, layout.connector_dim),
            nn.GELU(),
            layers.linear(layout.connector_dim, layout.dim),
        )
        self.pipe = nn.ModuleDict({"env_encoder": nn.ModuleDict({"connector": connector})})

    def environment_tokens(self, environment: Tensor) -> Tensor:
        """Tokens (worlds, tokens, dim) of the global state encoder's output (worlds, tokens, environment_dim)."""
        return self.pipe.get_submodule("env_encoder.connector")(environment)

    def memory(self, environment: Tensor, **actions: Tensor) -> list[Tensor]:
        """Keys and values of all blocks, see `Recalled`. Nothing in them depends on the timestep.

        Args:
            environment: (worlds, tokens, environment_dim).
            actions: what the action encoder takes.
        """
        tokens, state = self.action_encoder(**actions), self.environment_tokens(environment)
        return [tensor for block in self.blocks for tensor in block.cross_attn.memory(tokens, state)]

    def _forward(
        self,
        x: Tensor,
        timestep: Tensor,
        context: Tensor | None,
        clip_fea: Tensor | None = None,
        time_dim_concat: Tensor | None = None,
        transformer_options: dict[str, Any] | None = None,
        memory: list[Tensor] | None = None,
        **inputs: Any,
    ) -> Tensor:
        """The velocity of every view's latent video.

        Args:
            x: (views, channels, frames, height, width).
            timestep: (views,) or (views, frames) in 0..1000.
            context, clip_fea, time_dim_concat: Wan's; there is no text or image conditioning.
            transformer_options: ComfyUI's; `agents_at_a_time` of `COUPLING_OPTIONS` is how many views are run at once.
            memory: what `memory` returned, with one entry per view; by default it is computed.
            inputs: what `memory` takes, with one entry per view.

        Raises:
            ValueError: if there are neither memory nor inputs, or robots' actions are not one per latent frame.
        """
        options = transformer_options or {}
        if memory is None:
            names = (ENVIRONMENT, *self.action_encoder.inputs)
            if any(name not in inputs for name in names):
                raise ValueError(
                    "MultiWorld needs the actions of all agents and the global state; use the conditioning of the node "
                    "'MultiWorld Conditioning'."
                )
            memory = self.memory(**{name: inputs[name] for name in names})
        mask = None
        if self.layout.variant == "robots":
            frames, height, width = x.shape[2:]
            tokens_per_frame = (height + height % 2) * (width + width % 2) // 4
            mask = block_causal_mask(frames, tokens_per_frame, memory[0].shape[1], x.device)

        def run(x: Tensor, timestep: Tensor, *memory: Tensor) -> Tensor:
            recalling = {**options, RECALLED: Recalled(memory, mask)}
            angles = time_angles(timestep, self.layout.time_dim)
            return super(MultiWorldTransformer, self)._forward(x, angles, None, transformer_options=recalling)

        views_at_a_time = options.get(COUPLING_OPTIONS, {}).get("agents_at_a_time", 0)
        return in_groups(run, views_at_a_time, x, timestep, *memory)
