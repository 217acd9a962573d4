from pathlib import Path

import torch
from PIL import Image

import shared_world
from shared_world.pocket.examples import TILE_SIZE, VIEW_SIZE, example_world
from shared_world.pocket.placement import obstruction
from shared_world.world.formats import read_agents

INPUTS = Path(shared_world.__path__[0]) / "workflows" / "inputs"


def test_the_pictures_of_the_example_graphs_belong_to_their_paths():
    town, agents = example_world()
    log = read_agents(INPUTS / "town_carla_log.json")
    torch.testing.assert_close(log.poses(), agents.poses(), rtol=0.0, atol=1e-6)
    torch.testing.assert_close(log.extrinsics(), agents.extrinsics(), rtol=0.0, atol=1e-6)
    assert obstruction(town, agents) == ""
    for number in (1, 2):
        assert Image.open(INPUTS / f"town_agent{number}.png").size == TILE_SIZE[::-1]
        for name in agents.members[0].rig.view_names:
            assert Image.open(INPUTS / f"town_agent{number}_{name}.png").size == VIEW_SIZE[::-1]
