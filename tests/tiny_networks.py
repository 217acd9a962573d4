"""Networks of a few hundred thousand parameters with random weights, and inputs for them."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from shared_world.development.tiny_checkpoints import CONFIG, random_weights
from shared_world.models.cogvideox.config import CogVideoXConfig
from shared_world.models.shareverse.options import ShareVerseOptions
from shared_world.models.shareverse.transformer import Coupling, ShareVerseTransformer

TINY = replace(CONFIG, learned_grid=None)
"""The tiny checkpoints' sizes without a learned position table, so that any size of latents is allowed."""

TINIEST = CogVideoXConfig(layers=4, dim=32, head_dim=16, time_dim=8, text_dim=8, text_tokens=4, learned_grid=(2, 2, 3))
"""Sizes for tests of files, with a learned position table."""

TINIEST_RECORD = {"text_tokens": TINIEST.text_tokens, "learned_grid": TINIEST.learned_grid}


def coupled_network(
    options: ShareVerseOptions | None = None, config: CogVideoXConfig = TINY, seed: int = 0
) -> ShareVerseTransformer:
    """A ShareVerse whose extra modules are as random as its base, in evaluation mode."""
    network = ShareVerseTransformer(config, options)
    network.load_state_dict(random_weights(network, seed))
    return network.eval()


@dataclass(frozen=True)
class Inputs:
    """Inputs of a ShareVerse network, one batch item per agent."""

    latents: Tensor
    timesteps: Tensor
    text: Tensor
    raymaps: Tensor

    def run(self, network: ShareVerseTransformer, coupling: Coupling) -> Tensor:
        with torch.no_grad():
            return network(
                self.latents.clone(), self.timesteps, self.text, raymaps=self.raymaps.clone(), coupling=coupling
            )

    def of(self, items: list[int]) -> "Inputs":
        """Some batch items, in the order given."""
        return Inputs(self.latents[items], self.timesteps[items], self.text[items], self.raymaps[items])


def random_inputs(batch: int, grid: tuple[int, int, int] = (2, 2, 3), config: CogVideoXConfig = TINY) -> Inputs:
    """Different latents, timestep, text and raymap for every item; `grid` counts tokens (frames, rows, columns)."""
    generator = torch.Generator().manual_seed(1)
    frames, rows, columns = grid
    size = (frames, rows * config.patch_size, columns * config.patch_size)
    return Inputs(
        torch.randn(batch, config.in_channels, *size, generator=generator),
        torch.linspace(999, 50, batch),
        torch.randn(batch, config.text_tokens, config.text_dim, generator=generator),
        torch.randn(batch, 24, *size, generator=generator),
    )
