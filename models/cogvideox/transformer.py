"""The CogVideoX-I2V transformer.

Unlike ComfyUI's own, it has the learned position table *and* rotary positions at once, as CogVideoX-5B-I2V does, and
room for a subclass to act before each block.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..layers import Layers
from .blocks import Block
from .config import CogVideoXConfig
from .rotary import rotary_table, unrotated


def timestep_features(timesteps: Tensor, dim: int) -> Tensor:
    """Sinusoidal features (batch, dim) of timesteps (batch,) in 0..1000: all cosines, then all sines, in float32."""
    exponent = torch.arange(dim // 2, dtype=torch.float32, device=timesteps.device) / (dim // 2)
    angles = timesteps.float()[:, None] * torch.exp(-math.log(10000.0) * exponent)
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def patch_tokens(projection: nn.Module, video: Tensor) -> Tensor:
    """Tokens (batch, frames * rows * columns, dim) of a 2D patch convolution over (batch, channels, frames, h, w)."""
    frames = video.shape[2]
    patches = projection(video.transpose(1, 2).flatten(0, 1))
    return patches.unflatten(0, (-1, frames)).flatten(3).transpose(2, 3).flatten(1, 2)


class TimeEmbedding(nn.Module):
    """Two linear layers with a SiLU between."""

    def __init__(self, dim: int, time_dim: int, layers: Layers) -> None:
        super().__init__()
        self.linear_1 = layers.linear(dim, time_dim)
        self.linear_2 = layers.linear(time_dim, time_dim)

    def forward(self, features: Tensor) -> Tensor:
        return self.linear_2(functional.silu(self.linear_1(features)))


class PatchEmbedding(nn.Module):
    """Latent patches and text features to tokens; the learned position table is added to the video's."""

    def __init__(self, config: CogVideoXConfig, layers: Layers) -> None:
        super().__init__()
        self.config = config
        self.proj = layers.conv2d(config.in_channels, config.dim, config.patch_size)
        self.text_proj = layers.linear(config.text_dim, config.dim)
        if config.learned_grid is not None:
            rows = config.text_tokens + math.prod(config.learned_grid)
            # Eight bits suffice for weights that ComfyUI casts up, but not for a table that is added to the tokens.
            dtype = torch.bfloat16 if layers.dtype is not None and layers.dtype.itemsize == 1 else layers.dtype
            self.pos_embedding = nn.Parameter(torch.zeros(1, rows, config.dim, device=layers.device, dtype=dtype))

    def video_positions(self, grid: tuple[int, int, int]) -> Tensor:
        """(1, tokens, dim) rows of the learned table for a (frames, rows, columns) grid of tokens.

        Raises:
            ValueError: if the picture has another size than the table, or more frames.
        """
        frames, rows, columns = self.config.learned_grid or grid
        if grid[1:] != (rows, columns) or grid[0] > frames:
            side = 8 * self.config.patch_size
            raise ValueError(
                f"This model knows positions for {columns * side}x{rows * side} pixels and at most {4 * frames - 3} "
                f"frames, given {grid[2] * side}x{grid[1] * side} and {4 * grid[0] - 3} frames; choose that size."
            )
        start = self.config.text_tokens
        return self.pos_embedding[:, start : start + math.prod(grid)]

    def embed_text(self, text: Tensor) -> Tensor:
        """Text tokens (batch, tokens, dim) of the text encoder's output (batch, tokens, text_dim).

        Raises:
            ValueError: if the text is longer than the learned table.
        """
        tokens = self.text_proj(text)
        if self.config.learned_grid is None:
            return tokens
        if text.shape[1] > self.config.text_tokens:
            raise ValueError(
                f"The prompt has {text.shape[1]} tokens, this model reads {self.config.text_tokens}; shorten it."
            )
        return tokens + self.pos_embedding[:, : text.shape[1]].to(tokens)

    def embed_video(self, latents: Tensor) -> Tensor:
        """Video tokens (batch, frames * rows * columns, dim) of latents (batch, channels, frames, height, width)."""
        tokens = patch_tokens(self.proj, latents)
        if self.config.learned_grid is None:
            return tokens
        frames, height, width = latents.shape[2:]
        grid = (frames, height // self.config.patch_size, width // self.config.patch_size)
        return tokens + self.video_positions(grid).to(tokens)


class OutputNorm(nn.Module):
    """The last LayerNorm, shifted and scaled by the time embedding."""

    def __init__(self, config: CogVideoXConfig, layers: Layers) -> None:
        super().__init__()
        self.linear = layers.linear(config.time_dim, 2 * config.dim)
        self.norm = layers.layer_norm(config.dim, eps=1e-5)

    def forward(self, tokens: Tensor, time_embedding: Tensor) -> Tensor:
        shift, scale = self.linear(functional.silu(time_embedding))[:, None].chunk(2, dim=-1)
        return self.norm(tokens) * (1 + scale) + shift


class CogVideoXTransformer(nn.Module):
    """Predicts the velocity of a noisy latent video from its first frame and a text.

    Args:
        config: sizes.
        layers: how parameters are made and which kernels run.
    """

    def __init__(self, config: CogVideoXConfig, layers: Layers | None = None) -> None:
        super().__init__()
        layers = layers or Layers()
        self.config = config
        self.dtype = layers.dtype
        self.patch_embed = PatchEmbedding(config, layers)
        self.time_embedding = TimeEmbedding(config.dim, config.time_dim, layers)
        self.transformer_blocks = nn.ModuleList(
            [Block(config.dim, config.head_dim, config.time_dim, layers) for _ in range(config.layers)]
        )
        self.norm_final = layers.layer_norm(config.dim, eps=1e-5)
        self.norm_out = OutputNorm(config, layers)
        self.proj_out = layers.linear(config.dim, config.patch_size**2 * config.out_channels)

    def run_blocks(
        self, text: Tensor, video: Tensor, time_embedding: Tensor, rotation: Tensor, transformer_options: dict[str, Any]
    ) -> Tensor:
        """Video tokens after all blocks; arguments as in `Block.forward`."""
        for block in self.transformer_blocks:
            text, video = block(text, video, time_embedding, rotation, transformer_options)
        return video

    def embed_time(self, timesteps: Tensor, dtype: torch.dtype) -> Tensor:
        return self.time_embedding(timestep_features(timesteps, self.config.dim).to(dtype))

    def token_grid(self, latents: Tensor) -> tuple[int, int, int]:
        """(frames, rows, columns) of the tokens of latents whose sides are multiples of the patch."""
        return latents.shape[2], latents.shape[3] // self.config.patch_size, latents.shape[4] // self.config.patch_size

    def rotations(self, text_tokens: int, grid: tuple[int, int, int], device: torch.device) -> Tensor:
        """Rotations of a text without positions followed by a grid of video tokens."""
        table = rotary_table(*grid, self.config.head_dim, device)
        return torch.cat([unrotated(text_tokens, table), table])

    def to_latents(self, video: Tensor, time_embedding: Tensor, grid: tuple[int, int, int]) -> Tensor:
        """Velocity (batch, channels, frames, height, width) from the last block's video tokens."""
        frames, rows, columns = grid
        patch = self.config.patch_size
        tokens = self.proj_out(self.norm_out(self.norm_final(video), time_embedding))
        pixels = tokens.unflatten(1, grid).unflatten(-1, (self.config.out_channels, patch, patch))
        return pixels.permute(0, 4, 1, 2, 5, 3, 6).reshape(len(video), -1, frames, rows * patch, columns * patch)

    def forward(
        self, latents: Tensor, timesteps: Tensor, text: Tensor, transformer_options: dict[str, Any] | None = None
    ) -> Tensor:
        """The velocity that the network predicts.

        Args:
            latents: (batch, in_channels, frames, height, width), height and width multiples of the patch; the noisy
                latent first, then the first-frame latent with zeros for the later frames.
            timesteps: (batch,) in 0..1000.
            text: (batch, text tokens, text_dim).

        Returns:
            Velocity (batch, out_channels, frames, height, width).
        """
        grid = self.token_grid(latents)
        time_embedding = self.embed_time(timesteps, latents.dtype)
        video = self.patch_embed.embed_video(latents)
        text = self.patch_embed.embed_text(text)
        rotation = self.rotations(text.shape[1], grid, latents.device)
        video = self.run_blocks(text, video, time_embedding, rotation, transformer_options or {})
        return self.to_latents(video, time_embedding, grid)
