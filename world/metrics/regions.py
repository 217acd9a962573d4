"""What an agent could know when it started: regions of its later frames, and PSNR within them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .localisation import other_agents
from .pictures import decibels

SEEN, PARTNER_SAW, NOBODY_SAW, OTHER_CAR = "seen", "partner_saw", "nobody_saw", "other_car"
REGIONS = (SEEN, PARTNER_SAW, NOBODY_SAW, OTHER_CAR)


@dataclass(frozen=True)
class SeenRule:
    """When a building counts as seen in the first frame.

    It is decided per building, not per point: a point high on a wall may lie outside all views while the colour of its
    building is known. Faint buildings in fog do not count; summing transmittance would let them.

    Numbers of pixels hold for pictures of `reference_size` and grow with the area of larger ones.

    Attributes:
        pixels: clear pixels of the first frame, over all views of an agent, from which on it has seen a building.
        partner_pixels: clear pixels of another agent from which on that agent can tell about a building.
        transmittance: share of light above which a pixel is clear, in 0..1.
        reference_size: height and width in pixels of the views that the numbers are meant for.
    """

    pixels: int = 3
    partner_pixels: int = 8
    transmittance: float = 0.2
    reference_size: tuple[int, int] = (32, 48)

    def pixels_needed(self, pixels: int, height: int, width: int) -> int:
        """`pixels` at the reference size for pictures of another size; at least 1."""
        return max(1, math.ceil(pixels * height * width / (self.reference_size[0] * self.reference_size[1])))


def clear_buildings(
    instances: Tensor, transmittance: Tensor | None, buildings: Sequence[int], rule: SeenRule | None = None
) -> tuple[Tensor, Tensor]:
    """Clear pixels of buildings, and those whose building the agent saw in its first frame.

    Arguments as `region_masks`; returns two (agents, frames, views, height, width) bool masks.
    """
    rule = rule or SeenRule()
    clear, counts, position = _count_seen(instances, transmittance, buildings, rule)
    seen = counts >= rule.pixels_needed(rule.pixels, *instances.shape[-2:])
    return clear, clear & _spread(seen, position)


def region_masks(
    instances: Tensor,
    transmittance: Tensor | None,
    buildings: Sequence[int],
    cars: Sequence[int],
    rule: SeenRule | None = None,
) -> dict[str, Tensor]:
    """Regions by what the agents saw in their first frames.

    "seen": buildings that the agent saw itself. "partner_saw": buildings that it did not see, but another agent did.
    "nobody_saw": the other buildings. "other_car": other agents. Only clear pixels belong to a region; the ground, the
    sky, trees and lamps belong to none.

    Args:
        instances: (agents, frames, views, height, width) integer instance numbers.
        transmittance: share of light that comes through the fog, same shape, in 0..1; None for clear air.
        buildings: instance numbers of the buildings.
        cars: instance number of each agent's car.
        rule: thresholds; `SeenRule()` by default.

    Returns:
        One (agents, frames, views, height, width) bool mask per name, the first frame included.
    """
    rule = rule or SeenRule()
    clear_building, counts, position = _count_seen(instances, transmittance, buildings, rule)
    size = instances.shape[-2:]
    seen = counts >= rule.pixels_needed(rule.pixels, *size)
    partner = _most_of_others(counts) >= rule.pixels_needed(rule.partner_pixels, *size)
    decisions = {SEEN: seen, PARTNER_SAW: ~seen & partner, NOBODY_SAW: ~seen & ~partner}
    masks = {name: _spread(decision, position) & clear_building for name, decision in decisions.items()}
    masks[OTHER_CAR] = _clear(instances, transmittance, rule) & (other_agents(instances, cars) >= 0)
    return masks


def _clear(instances: Tensor, transmittance: Tensor | None, rule: SeenRule) -> Tensor:
    if transmittance is None:
        return torch.ones_like(instances, dtype=torch.bool)
    return transmittance > rule.transmittance


def _count_seen(
    instances: Tensor, transmittance: Tensor | None, buildings: Sequence[int], rule: SeenRule
) -> tuple[Tensor, Tensor, Tensor]:
    """Clear pixels of buildings, (agents, buildings) how many the first frame has, and every pixel's building.

    Buildings are numbered in sorted order; pixels that show none have number 0.
    """
    numbers = sorted(buildings)
    position, is_building = _positions(instances, numbers)
    clear = _clear(instances, transmittance, rule) & is_building
    counts = torch.zeros(len(instances), max(1, len(numbers)), dtype=torch.long, device=instances.device)
    counts.scatter_add_(1, position[:, 0].flatten(1).long(), clear[:, 0].flatten(1).long())
    return clear, counts, position


def _positions(instances: Tensor, buildings: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Position of every pixel's instance among the sorted buildings (0 if it is none), and whether it is one."""
    if not buildings:
        return torch.zeros_like(instances, dtype=torch.int32), torch.zeros_like(instances, dtype=torch.bool)
    numbers = torch.tensor(buildings, device=instances.device, dtype=instances.dtype)
    position = torch.searchsorted(numbers, instances.contiguous(), out_int32=True).clamp_(max=len(buildings) - 1)
    is_building = numbers[position] == instances
    return position.masked_fill_(~is_building, 0), is_building


def _most_of_others(counts: Tensor) -> Tensor:
    """For each agent, the largest count (agents, buildings) among the other agents; 0 if it is alone."""
    own = torch.eye(len(counts), dtype=torch.bool, device=counts.device)
    return counts[None].masked_fill(own[:, :, None], 0).amax(1)


def _spread(decision: Tensor, position: Tensor) -> Tensor:
    """Decisions (agents, buildings) at pixels (agents, ...) that hold numbers of buildings."""
    return torch.stack([values[where] for values, where in zip(decision, position, strict=True)])


@dataclass(frozen=True)
class RegionError:
    """PSNR within a mask.

    Attributes:
        pixels: how many there are.
        psnr: dB, from the squared error pooled over them; NaN without pixels.
    """

    pixels: int
    psnr: float


def psnr_by_region(generated: Tensor, truth: Tensor, masks: Mapping[str, Tensor]) -> dict[str, RegionError]:
    """PSNR within each mask, pooled over its pixels in all frames but the given first one.

    Args:
        generated, truth: (agents, frames, views, height, width, 3) in 0..1.
        masks: name -> (agents, frames, views, height, width) bool.

    Raises:
        ValueError: naming the mask, if its shape or type differs.
    """
    squared = (generated[:, 1:] - truth[:, 1:]).square().mean(-1)
    errors = {}
    for name, mask in masks.items():
        if mask.shape != truth.shape[:-1] or mask.dtype != torch.bool:
            raise ValueError(
                f"mask '{name}': expected bool of shape {tuple(truth.shape[:-1])}, given {mask.dtype} of "
                f"{tuple(mask.shape)}."
            )
        inside = squared[mask[:, 1:]]
        errors[name] = RegionError(inside.numel(), decibels(inside.mean()).item())
    return errors
