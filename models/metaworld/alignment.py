"""World-State Alignment (section 3.3): tokens of a frame attend to the same frame's tokens of other agents.

For target agent a, source agent b and latent frame t (equation 5):

    Q = Wq LN(h_a[t]),  K = Wk LN(h_b[t]),  V = Wv LN(h_b[t])
    h_a[t] = h_a[t] + Wo softmax(Q K^T / sqrt(head_dim)) V
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from comfy.ldm.flux.math import apply_rope1
from comfy.ldm.modules.attention import optimized_attention
from comfy.ldm.wan.model import WanSelfAttention
from einops import rearrange
from torch import Tensor

from ..layers import Layers

Topology = Literal["ring", "all", "none"]


@dataclass(frozen=True)
class Coupling:
    """How the agents of a batch see each other.

    Attributes:
        agents: consecutive batch items that share a world.
        topology: "ring" aligns agent i with agent i - 1, the first with the last (equation 6); "all" with every other
            agent; "none" samples agents independently.
        agents_at_a_time: agents per call in the parts that work on agents alone; 0 for all at once.
    """

    agents: int = 1
    topology: Topology = "ring"
    agents_at_a_time: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError for an unknown topology."""
        if self.topology not in get_args(Topology):
            choices = " or ".join(map(repr, get_args(Topology)))
            raise ValueError(f"MetaWorld's topology must be {choices}, given {self.topology!r}.")

    def sources(self) -> list[list[int]]:
        """For every agent the agents that it attends to; empty where nobody attends to anybody.

        A single agent has no other, so it attends to nobody.
        """
        if self.topology == "none" or self.agents == 1:
            return []
        reach = 1 if self.topology == "ring" else self.agents - 1
        return [[(agent - step) % self.agents for step in range(1, reach + 1)] for agent in range(self.agents)]

    def frames_at_a_time(self, frames: int) -> int:
        """Frames of all agents that hold as much as all frames of `agents_at_a_time` agents, rounded up.

        Frames do not see each other here, so running them in groups saves the same memory whatever the topology, and
        no key or value is computed twice.
        """
        if not 0 < self.agents_at_a_time < self.agents:
            return frames
        return -(-frames * self.agents_at_a_time // self.agents)


class WorldStateAlignment(WanSelfAttention):
    """Attention between agents with the names and shapes of Wan's self-attention; `o` is zero before training.

    The norm has no parameters, as the norm before Wan's self-attention. Queries and keys are rotated by Wan's own table
    with one frame index for both, which leaves the relative position within the picture.
    """

    def __init__(self, dim: int, heads: int, qk_norm: bool, eps: float, operation_settings: dict[str, Any]) -> None:
        super().__init__(dim, heads, qk_norm=qk_norm, eps=eps, operation_settings=operation_settings)
        layers = Layers(**operation_settings)
        self.norm = layers.operations.LayerNorm(
            dim, eps, elementwise_affine=False, device=layers.device, dtype=layers.dtype
        )

    def forward(
        self, features: Tensor, rotation: Tensor, sources: Tensor, transformer_options: dict[str, Any]
    ) -> Tensor:
        """What the other agents add to the features, none of which is updated before all have been read.

        Args:
            features: (worlds, agents, frames, tokens, dim).
            rotation: ComfyUI's table of one frame, (1, tokens, 1, head_dim / 2, 2, 2).
            sources: (agents, sources) integers, the agents that every agent attends to.
            transformer_options: ComfyUI's, for the attention.

        Returns:
            Update (worlds, agents, frames, tokens, dim).
        """
        worlds, agents = features.shape[:2]
        normed = self.norm(features)

        def rotated(projected: Tensor) -> Tensor:
            heads = projected.flatten(0, 2).unflatten(2, (self.num_heads, self.head_dim))
            return apply_rope1(heads, rotation).reshape(features.shape)

        def of_sources(tokens: Tensor) -> Tensor:
            pattern = "worlds agents sources frames tokens dim -> (worlds agents frames) (sources tokens) dim"
            return rearrange(tokens[:, sources], pattern)

        query = rotated(self.norm_q(self.q(normed))).flatten(0, 2)
        key = of_sources(rotated(self.norm_k(self.k(normed))))
        value = of_sources(self.v(normed))
        del normed
        attended = optimized_attention(query, key, value, self.num_heads, transformer_options=transformer_options)
        return self.o(attended).unflatten(0, (worlds, agents, -1))
