"""Controls: frames that need no network and that results are held against."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from .known_clip import KnownClip
from .regions import clear_buildings

SMALLEST_SPREAD = 1e-6
"""Variance of transmittance below which no line can be fitted to it."""


def frozen_first_frame(truth: Tensor) -> Tensor:
    """The given first frame all the time, for (agents, frames, views, height, width, 3)."""
    return truth[:, :1].expand_as(truth)


@dataclass(frozen=True, eq=False)
class BuildingColour:
    """Mean colour of buildings in fog: `haze + transmittance * slope`, each (3,) float64."""

    haze: Tensor
    slope: Tensor

    def at(self, transmittance: Tensor) -> Tensor:
        """Colours (..., 3) in 0..1 for transmittances (...)."""
        return (self.haze + transmittance[..., None].double() * self.slope).clamp(0.0, 1.0)


def fit_building_colour(clips: Iterable[KnownClip]) -> BuildingColour:
    """Least squares fit to all clear building pixels of clips with the same light and fog.

    Raises:
        ValueError: if a clip has no instances, or no clip shows a building.
    """
    count, sums = 0, torch.zeros(4, dtype=torch.float64)
    products = torch.zeros(4, dtype=torch.float64)
    for clip in clips:
        clear, _ = _clear_and_seen(clip)
        share = torch.ones_like(clip.truth[..., 0]) if clip.transmittance is None else clip.transmittance
        samples = torch.cat([share[clear][:, None].cpu().double(), clip.truth[clear].cpu().double()], dim=-1)
        count += len(samples)
        sums += samples.sum(0)
        products += (samples * samples[:, :1]).sum(0)
    if not count:
        raise ValueError("No clip shows a building through the fog, so that buildings have no mean colour.")
    means = sums / count
    covariance = products / count - means * means[0]
    slope = covariance[1:] / covariance[0] if covariance[0] > SMALLEST_SPREAD else torch.zeros(3, dtype=torch.float64)
    return BuildingColour(means[1:] - means[0] * slope, slope)


def own_frame_oracle(known: KnownClip, colour: BuildingColour | None = None) -> Tensor:
    """What perfect geometry could do with the agent's own first frame alone.

    The truth without the other agents, where buildings that the agent did not see in its first frame have the mean
    colour of buildings. A network that beats it in the region "partner_saw" must have learnt something from the other
    agent.

    Args:
        known: the clip, with instances and the view without the other agents.
        colour: mean colour of buildings in this light and fog; by default fitted to this clip, which includes buildings
            that the agent cannot know and so flatters the oracle.

    Returns:
        (agents, frames, views, height, width, 3) in 0..1.

    Raises:
        ValueError: if the clip has no instances or no view without the other agents.
    """
    if known.without_others is None:
        raise ValueError("The own-frame oracle needs the view without the other agents.")
    clear, seen = _clear_and_seen(known)
    oracle = known.without_others.clone()
    if not clear.any():
        return oracle
    colour = colour or fit_building_colour([known])
    unseen = clear & ~seen
    share = torch.ones_like(oracle[..., 0]) if known.transmittance is None else known.transmittance
    oracle[unseen] = colour.at(share[unseen].cpu()).to(oracle)
    return oracle


def _clear_and_seen(known: KnownClip) -> tuple[Tensor, Tensor]:
    if known.instances is None:
        raise ValueError("The own-frame oracle needs instance numbers to tell which buildings were seen.")
    return clear_buildings(known.instances, known.transmittance, known.buildings, known.rule)
