from pathlib import Path

import numpy as np
import torch
from PIL import Image

import shared_world
from shared_world.pocket.example_photograph import example_photograph
from shared_world.pocket.examples import TILE_SIZE, VIEW_SIZE, example_world
from shared_world.pocket.placement import obstruction
from shared_world.pocket.split_screen import FRAME, SIDE, split_screen_world
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


def test_the_photograph_is_the_one_that_is_painted_and_a_small_file():
    path = INPUTS / "photograph.png"
    assert path.stat().st_size < 200_000
    stored = np.asarray(Image.open(path), dtype=np.float32) / 255.0
    assert np.abs(stored - example_photograph().numpy()).mean() < 1.0 / 255.0


def test_the_photograph_is_recognised_from_afar():
    """Shrunk to what a wall takes in a small view, its areas keep their colours."""
    picture = Image.open(INPUTS / "photograph.png").resize((24, 16), Image.Resampling.BOX)
    sky, sun, sail, sea = (picture.getpixel(place) for place in ((2, 6), (8, 8), (16, 8), (2, 15)))
    assert sky[0] > 200 > 150 > sky[2]
    assert min(sun) > 150
    assert min(sail) > 200
    assert sea[2] > sea[0] + 20


def test_each_half_of_the_split_screen_shows_the_other_players_car():
    picture = np.asarray(Image.open(INPUTS / "split_screen.png"), dtype=np.float32)
    assert picture.shape == (SIDE, 2 * SIDE, 3)
    town, agents = split_screen_world()
    assert obstruction(town, agents) == ""
    roof = torch.tensor([0.0, -1.1, 0.0, 1.0], dtype=torch.float64)
    for player, channel in ((0, 2), (1, 0)):  # the left player sees the blue car, the right one the red car
        place = agents.poses()[1 - player, FRAME] @ roof
        seen = torch.linalg.inv(agents.extrinsics()[player, FRAME, 0]) @ place
        u, v, depth = agents.intrinsics()[player, FRAME, 0] @ seen[:3]
        column, row = int(u / depth), int(v / depth)
        around = picture[row - 6 : row + 7, player * SIDE + column - 12 : player * SIDE + column + 13]
        others = np.delete(around, channel, axis=-1).max(-1)
        assert (around[..., channel] - others).max() > 80
