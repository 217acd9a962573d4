"""The ShareVerse network (sections 4.2 and 4.3).

Before every second block, agent i's video features F_i take in its raymap and, together with all agents', what the
others see:

    F_i = F_i + E_c(Ray_i)
    F   = RoPE(concat(F_1, ..., F_N))
    F_i = F_i + split(projector(attn_cross_agent(F)), i)
    F_i = F_i + DiT(F_i)

Agents are consecutive items of the batch: (worlds * agents, ...). Raymap encoders and projectors start at zero, so an
untrained extension reproduces CogVideoX exactly.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from ...world.raymaps import RAYMAP_CHANNELS
from ..cogvideox.blocks import AdaptiveNorm, Attention, FeedForward, Modulation
from ..cogvideox.config import CogVideoXConfig
from ..cogvideox.rotary import rotary_table, unrotated
from ..cogvideox.transformer import CogVideoXTransformer, patch_tokens
from ..grouping import in_groups
from ..layers import Layers
from .options import ShareVerseOptions

STRIDE = 2
"""Blocks per raymap encoder and cross-agent block ("every two blocks", section 4.2)."""

Topology = Literal["all", "none"]


@dataclass(frozen=True)
class Coupling:
    """How the agents of a batch see each other.

    Attributes:
        agents: consecutive batch items that share a world.
        topology: "all" couples every agent with every agent, "none" samples them independently.
        agents_at_a_time: agents per call in the parts that work on agents alone; 0 for all at once.
    """

    agents: int = 1
    topology: Topology = "all"
    agents_at_a_time: int = 0

    def __post_init__(self) -> None:
        """Raises ValueError for a topology that there is no such coupling for."""
        if self.topology not in get_args(Topology):
            raise ValueError(
                f"ShareVerse's agents attend to all agents at once or to none, given topology '{self.topology}'; "
                "choose 'all' or 'none'."
            )

    def agent_groups(self) -> list[slice]:
        size = self.agents_at_a_time or self.agents
        return [slice(start, min(start + size, self.agents)) for start in range(0, self.agents, size)]


class CrossAgentBlock(nn.Module):
    """Attention over the tokens of all agents, with the weights' shapes and names of a CogVideoX block.

    Args:
        config: sizes of the backbone.
        options: `cross_agent` and `text_in_cross_agent` matter here.
        layers: how parameters are made.
    """

    def __init__(self, config: CogVideoXConfig, options: ShareVerseOptions, layers: Layers) -> None:
        super().__init__()
        self.norm1 = AdaptiveNorm(config.time_dim, config.dim, layers)
        self.attn1 = Attention(config.dim, config.head_dim, layers)
        self.projector = layers.linear(config.dim, config.dim)
        self.with_text = options.text_in_cross_agent
        self.full_block = options.cross_agent == "full_block"
        if self.full_block:
            self.norm2 = AdaptiveNorm(config.time_dim, config.dim, layers)
            self.ff = FeedForward(config.dim, layers)

    def _update(
        self, attended: Tensor, video: Tensor, modulation: Modulation, feed_forward: Modulation | None
    ) -> Tensor:
        """Projected residual of some agents, from their attention output; all (worlds, agents, tokens, dim)."""
        update = modulation.gate * attended
        if feed_forward is not None:
            update = update + feed_forward.gate * self.ff(feed_forward.apply(self.norm2.norm(video + update)))
        return self.projector(update)

    def forward(
        self,
        video: Tensor,
        text: Tensor,
        time_embedding: Tensor,
        rotations: Tensor,
        groups: list[slice],
        transformer_options: dict[str, Any],
    ) -> Tensor:
        """The video features with what the other agents contribute.

        Args:
            video: (worlds, agents, tokens, dim).
            text: (worlds, agents, text tokens, dim), read only with `text_in_cross_agent`.
            time_embedding: (worlds, agents, time_dim).
            rotations: (agents, tokens, head_dim / 2, 2, 2).
            groups: agents that are worked on in one call.
            transformer_options: ComfyUI's, for the attention.
        """
        modulation, for_text = self.norm1.modulations(time_embedding)
        feed_forward = self.norm2.modulations(time_embedding)[0] if self.full_block else None

        def tokens_of(agents: slice) -> tuple[Tensor, Tensor]:
            """Modulated tokens (worlds, agents * tokens, dim) and their rotations."""
            tokens = modulation.of(agents).apply(self.norm1.norm(video[:, agents]))
            return tokens.flatten(1, 2), rotations[agents].flatten(0, 1)

        # The first group's tokens are kept for its queries, later groups' are made again: with one group nothing is
        # computed twice, with many no more than one group's tokens are held.
        first = tokens_of(groups[0])
        memory = [self.attn1.key_value(*first), *(self.attn1.key_value(*tokens_of(group)) for group in groups[1:])]
        if self.with_text:
            tokens = for_text.apply(self.norm1.norm(text)).flatten(1, 2)
            memory.append(self.attn1.key_value(tokens, unrotated(tokens.shape[1], rotations[0])))
        keys, values = (list(parts) for parts in zip(*memory, strict=True))
        del memory
        key, value = _joined(keys), _joined(values)

        updated = video.clone()
        for group in groups:
            query = self.attn1.query(*(first if group is groups[0] else tokens_of(group)))
            attended = self.attn1.attend(query, key, value, transformer_options)
            attended = attended.unflatten(1, (-1, video.shape[2]))
            own_feed_forward = feed_forward.of(group) if feed_forward is not None else None
            updated[:, group] += self._update(attended, video[:, group], modulation.of(group), own_feed_forward)
        return updated


def _joined(parts: list[Tensor]) -> Tensor:
    """Parts (batch, heads, tokens, head_dim) as one; the list is emptied, so that they are not held twice."""
    joined = torch.cat(parts, dim=2) if len(parts) > 1 else parts[0]
    parts.clear()
    return joined


class ShareVerseTransformer(CogVideoXTransformer):
    """CogVideoX-I2V for N agents in one world.

    Args:
        config: sizes of the backbone.
        options: what the checkpoint records.
        layers: how parameters are made and which kernels run.
    """

    def __init__(
        self, config: CogVideoXConfig, options: ShareVerseOptions | None = None, layers: Layers | None = None
    ) -> None:
        layers = layers or Layers()
        super().__init__(config, layers)
        self.options = options or ShareVerseOptions()
        stages = (config.layers + STRIDE - 1) // STRIDE
        self.raymap_encoders = nn.ModuleList(
            [layers.conv2d(RAYMAP_CHANNELS, config.dim, config.patch_size) for _ in range(stages)]
        )
        coupled = stages if self.options.cross_agent != "none" else 0
        self.cross_agent_blocks = nn.ModuleList([CrossAgentBlock(config, self.options, layers) for _ in range(coupled)])

    def all_blocks(self) -> list[nn.Module]:
        """The blocks of the backbone and those between agents."""
        return [*self.transformer_blocks, *self.cross_agent_blocks]

    def agent_rotations(self, agents: int, grid: tuple[int, int, int], device: torch.device) -> Tensor:
        """Rotations of all agents' tokens, (agents, tokens, head_dim / 2, 2, 2)."""
        frames, rows, columns = grid
        if self.options.agent_positions == "shared":
            return rotary_table(*grid, self.config.head_dim, device).expand(agents, -1, -1, -1, -1)
        table = rotary_table(agents * frames, rows, columns, self.config.head_dim, device)
        return table.unflatten(0, (agents, -1))

    def forward(
        self,
        latents: Tensor,
        timesteps: Tensor,
        text: Tensor,
        transformer_options: dict[str, Any] | None = None,
        raymaps: Tensor | None = None,
        coupling: Coupling | None = None,
    ) -> Tensor:
        """The velocity of every agent's latent video.

        Args:
            latents: (worlds * agents, in_channels, frames, height, width), as in `CogVideoXTransformer.forward`.
            timesteps: (worlds * agents,) in 0..1000.
            text: (worlds * agents, text tokens, text_dim).
            raymaps: (worlds * agents, 24, frames, height, width); None leaves the camera open.
            coupling: who shares a world; by default every batch item is a world of its own.

        Returns:
            Velocity (worlds * agents, out_channels, frames, height, width).

        Raises:
            ValueError: if the batch is not a multiple of the agents, or raymaps and latents differ in number or size.
        """
        coupling = coupling or Coupling()
        options = transformer_options or {}
        self._check(latents, raymaps, coupling)
        grid = self.token_grid(latents)
        group = coupling.agents_at_a_time
        time_embedding = self.embed_time(timesteps, latents.dtype)
        video = in_groups(self.patch_embed.embed_video, group, latents)
        text = self.patch_embed.embed_text(text)
        own_rotation = self.rotations(text.shape[1], grid, latents.device)
        joint_rotations = self.agent_rotations(coupling.agents, grid, latents.device)

        for index, block in enumerate(self.transformer_blocks):
            options = {**options, "block_index": index, "total_blocks": len(self.transformer_blocks)}
            if index % STRIDE == 0:
                stage = index // STRIDE
                video = self._with_raymaps(stage, video, raymaps, coupling)
                video = self._with_others(stage, video, text, time_embedding, joint_rotations, coupling, options)
            run = partial(block, rotation=own_rotation, transformer_options=options)
            text, video = in_groups(run, group, text, video, time_embedding)
        return in_groups(partial(self.to_latents, grid=grid), group, video, time_embedding)

    def _with_raymaps(self, stage: int, video: Tensor, raymaps: Tensor | None, coupling: Coupling) -> Tensor:
        """F_i + E_c(Ray_i), by the raymap encoder before block `STRIDE * stage`."""
        if raymaps is None:
            return video
        encoder = self.raymap_encoders[stage]
        return in_groups(
            lambda features, rays: features + patch_tokens(encoder, rays), coupling.agents_at_a_time, video, raymaps
        )

    def _with_others(
        self,
        stage: int,
        video: Tensor,
        text: Tensor,
        time_embedding: Tensor,
        rotations: Tensor,
        coupling: Coupling,
        transformer_options: dict[str, Any],
    ) -> Tensor:
        """The video features after the cross-agent block before block `STRIDE * stage`."""
        if coupling.topology == "none" or not len(self.cross_agent_blocks):
            return video
        by_world = (tensor.unflatten(0, (-1, coupling.agents)) for tensor in (video, text, time_embedding))
        groups = coupling.agent_groups()
        return self.cross_agent_blocks[stage](*by_world, rotations, groups, transformer_options).flatten(0, 1)

    def _check(self, latents: Tensor, raymaps: Tensor | None, coupling: Coupling) -> None:
        if latents.shape[0] % coupling.agents:
            raise ValueError(
                f"The latent batch has {latents.shape[0]} items, which {coupling.agents} agents cannot share; a node "
                "between conditioning and sampler has changed the batch."
            )
        if raymaps is None:
            return
        if len(raymaps) != len(latents):
            raise ValueError(f"There are {len(raymaps)} raymaps for {len(latents)} latents; give every agent its own.")
        if raymaps.shape[2:] != latents.shape[2:]:
            given, expected = tuple(raymaps.shape[2:]), tuple(latents.shape[2:])
            raise ValueError(
                f"Raymaps have {given} (frames, height, width) latent positions, the latents {expected}; "
                "build the raymaps for the size and frame count of the latents."
            )
