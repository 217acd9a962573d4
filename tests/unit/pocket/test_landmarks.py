from dataclasses import replace

import pytest
import torch

from shared_world.pocket.landmarks import AGENT_1, BOTH, ONLY_AGENT_2, find_landmark
from shared_world.pocket.recipe import ClipOptions, draw_recipe, render_recipe
from shared_world.pocket.views import distances
from shared_world.world.agents import Agents

OPTIONS = ClipOptions(frames=17, frame_rate=4.0, height=32, width=48, samples=1, travel=(30.0,), presets=("head_on",))


def scene(seed):
    recipe = draw_recipe(OPTIONS, seed)
    town = recipe.town()
    return recipe, town, recipe.agents(town)


def seen(recipe, town, agents):
    """Clear pixels of a building for every agent and frame, counted one building after the other."""
    pictures = render_recipe(recipe, town, agents)
    clear = recipe.light().transmittance(distances(pictures.depth, agents.intrinsics())) > 0.2
    return {
        building: ((pictures.instances == building) & clear).flatten(2).sum(-1)
        for building in town.building_instances()
    }


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_buildings_are_seen_by_whom_they_should(seed):
    recipe, town, agents = scene(seed)
    counts = seen(recipe, town, agents)
    assert counts[find_landmark(recipe, town, agents)][0, 0] == max(count[0, 0] for count in counts.values())
    both = counts[find_landmark(recipe, town, agents, BOTH)][:, 0].min()
    assert both == max(count[:, 0].min() for count in counts.values())
    partner = counts[find_landmark(recipe, town, agents, ONLY_AGENT_2)]
    assert partner[0, 0] < 3
    assert partner[1, 0] >= 8
    assert partner[0].max() > 100


def test_the_size_of_the_pictures_does_not_matter():
    recipe, town, agents = scene(3)
    large = replace(recipe, height=96, width=96)
    for seen_by in (AGENT_1, ONLY_AGENT_2, BOTH):
        assert find_landmark(large, town, large.agents(town), seen_by) == find_landmark(recipe, town, agents, seen_by)


def test_a_building_that_nobody_sees_is_refused():
    recipe, town, agents = scene(0)
    with pytest.raises(ValueError, match=r"No building .* is seen by agent 1 .* fog of 0\.5 m"):
        find_landmark(replace(recipe, fog_distance=0.5), town, agents)
    with pytest.raises(ValueError, match="seen by only agent 2 needs two agents, given 1"):
        find_landmark(recipe, town, Agents(agents.members[:1], agents.frame_rate), ONLY_AGENT_2)
    with pytest.raises(ValueError, match="given 'agent 3'"):
        find_landmark(recipe, town, agents, "agent 3")


def test_fog_decides():
    recipe, town, agents = scene(1)
    clear = replace(recipe, fog_distance=float("inf"))
    assert not torch.equal(*(torch.stack(list(seen(each, town, agents).values()))[:, :, 0] for each in (recipe, clear)))
    assert find_landmark(clear, town, agents, BOTH) in town.building_instances()
