"""diffusers' CogVideoX with the sizes and weights of ours."""

import torch
from diffusers import CogVideoXTransformer3DModel
from diffusers.models.embeddings import get_3d_rotary_pos_embed
from torch import Tensor

from shared_world.models.cogvideox.config import CogVideoXConfig


def diffusers_transformer(
    config: CogVideoXConfig, weights: dict[str, Tensor] | None = None
) -> CogVideoXTransformer3DModel:
    """The transformer, with rotary positions, and learned ones where the config has them."""
    frames, rows, columns = config.learned_grid or (1, 1, 1)
    transformer = CogVideoXTransformer3DModel(
        num_attention_heads=config.dim // config.head_dim,
        attention_head_dim=config.head_dim,
        in_channels=config.in_channels,
        out_channels=config.out_channels,
        time_embed_dim=config.time_dim,
        text_embed_dim=config.text_dim,
        num_layers=config.layers,
        sample_width=columns * config.patch_size,
        sample_height=rows * config.patch_size,
        sample_frames=4 * frames - 3,
        patch_size=config.patch_size,
        max_text_seq_length=config.text_tokens,
        use_rotary_positional_embeddings=True,
        use_learned_positional_embeddings=config.learned_grid is not None,
    )
    if weights is not None:
        transformer.load_state_dict(weights)
    return transformer.eval()


def diffusers_velocity(
    transformer: CogVideoXTransformer3DModel, latents: Tensor, timesteps: Tensor, text: Tensor
) -> Tensor:
    """Velocity (batch, channels, frames, height, width) of latents in the same layout, as diffusers' pipeline asks."""
    patch = transformer.config.patch_size
    grid = (latents.shape[3] // patch, latents.shape[4] // patch)
    rotary = get_3d_rotary_pos_embed(
        transformer.config.attention_head_dim, ((0, 0), grid), grid, latents.shape[2], device=latents.device
    )
    with torch.no_grad():
        velocity = transformer(latents.transpose(1, 2), text, timesteps, image_rotary_emb=rotary, return_dict=False)[0]
    return velocity.transpose(1, 2)
