"""Which building of a town an agent notices."""

from dataclasses import replace

import torch
from torch import Tensor

from ..world.agents import Agents
from ..world.metrics.regions import SeenRule
from .recipe import Recipe, render_recipe
from .town import Town
from .views import distances

AGENT_1, ONLY_AGENT_2, BOTH = "agent 1", "only agent 2", "both agents"
SEEN_BY = (AGENT_1, ONLY_AGENT_2, BOTH)
"""Who sees the building in the first frame."""


def clear_building_pixels(recipe: Recipe, town: Town, agents: Agents, rule: SeenRule) -> Tensor:
    """How much agents see of buildings through the fog.

    Returns:
        (agents, frames, buildings) int64, pixels in all views of an agent in pictures of the rule's reference size,
        whatever the size of the recipe's.
    """
    height, width = rule.reference_size
    small = Agents(
        tuple(replace(agent, rig=agent.rig.resized(width, height)) for agent in agents.members), agents.frame_rate
    )
    pictures = render_recipe(replace(recipe, samples=1, height=height, width=width), town, small)
    share = recipe.light().transmittance(distances(pictures.depth, small.intrinsics()))
    buildings = town.building_instances()
    number = pictures.instances.long() - buildings.start
    number[(share <= rule.transmittance) | (number < 0) | (number >= len(buildings))] = len(buildings)
    number = number.flatten(2)
    counts = torch.zeros(*number.shape[:2], len(buildings) + 1, dtype=torch.long)
    return counts.scatter_add_(2, number, torch.ones_like(number))[..., :-1]


def find_landmark(recipe: Recipe, town: Town, agents: Agents, seen_by: str = AGENT_1) -> int:
    """The building that suits best to show something on it.

    Args:
        recipe, town, agents: the clip.
        seen_by: one of `SEEN_BY`. `AGENT_1`: the building that agent 1 sees largest in its first frame. `ONLY_AGENT_2`:
            one that agent 2 sees in its first frame and agent 1 does not, and that agent 1 sees as large as possible
            later. `BOTH`: the one that the agent who sees less of it in its first frame sees largest.

    Returns:
        Its instance number.

    Raises:
        ValueError: if no building is seen so, or there is no second agent.
    """
    if seen_by not in SEEN_BY:
        raise ValueError(f"A building can be seen by {', '.join(SEEN_BY)}, given '{seen_by}'.")
    if len(agents) < 2 and seen_by != AGENT_1:
        raise ValueError(f"A building seen by {seen_by} needs two agents, given {len(agents)}.")
    rule = SeenRule()
    seen = agents if seen_by == ONLY_AGENT_2 else agents.select_frames([0])
    counts = clear_building_pixels(recipe, town, seen, rule)
    first = counts[:, 0]
    if seen_by == AGENT_1:
        suits, ranks = first[0] >= rule.pixels, [first[0]]
    elif seen_by == BOTH:
        least = first[:2].amin(0)
        suits, ranks = least >= rule.pixels, [least]
    else:
        suits = (first[0] < rule.pixels) & (first[1] >= rule.partner_pixels)
        ranks = [torch.minimum(first[1], counts[0].amax(0)), first[1]]
    if not suits.any():
        raise ValueError(
            f"No building of the town of seed {town.seed} is seen by {seen_by} in the first frame through fog of "
            f"{recipe.fog_distance:g} m; choose another seed, thinner fog, or a building that another agent sees."
        )
    best = max(suits.nonzero().squeeze(-1).tolist(), key=lambda building: [int(rank[building]) for rank in ranks])
    return town.building_instances()[best]
