import itertools

import pytest

from shared_world.development.comfyui_in_process import use_comfyui
from shared_world.tests.comfyui.graphs import latents, two_agents

use_comfyui()

NEW_SEEDS = itertools.count(10_000)


@pytest.fixture(scope="module")
def next_run_works(server):
    """After all failures of a module the server samples as before; a new seed is not answered from the cache."""
    yield
    assert latents(server, two_agents(steps=1, seed=next(NEW_SEEDS))).isfinite().all()
