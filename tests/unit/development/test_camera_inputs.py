"""The walk that the example of all sources loads."""

import torch

from shared_world.development.example_inputs import EXAMPLE_INPUTS
from shared_world.development.make_camera_inputs import FRAME_RATE, walk, write_walk
from shared_world.pocket.examples import example_world
from shared_world.world.formats import ReadOptions, read_agents


def test_the_file_is_the_walk(tmp_path):
    assert write_walk(tmp_path / "town_walk.txt").read_bytes() == (EXAMPLE_INPUTS / "town_walk.txt").read_bytes()
    read = read_agents(EXAMPLE_INPUTS / "town_walk.txt", ReadOptions(width=720, height=480))
    assert read.frame_rate == FRAME_RATE
    torch.testing.assert_close(read.poses(), walk().poses(), rtol=0, atol=1e-9)


def test_the_cars_of_the_town_do_not_run_the_walker_over():
    _, cars = example_world()
    gaps = (cars.poses()[:, None, :, :3, 3] - walk().poses()[:, :, None, :3, 3][0]).norm(dim=-1)
    assert gaps.min() > 3.0
