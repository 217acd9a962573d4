"""The pictures that a page shows while a run goes on."""

import io

import numpy
import pytest
from PIL import Image

from shared_world.tests.comfyui.graphs import crossing_agents, stock_sampled


def previews(server, graph):
    """Every preview of a run, float (height, width, 3) in 0..1."""
    files = []
    server.run(graph, on_preview=files.append)
    return [numpy.asarray(Image.open(io.BytesIO(file)).convert("RGB")) / 255.0 for file in files]


def is_near(shown, expected):
    """Whether two pictures are the same but for JPEG and the filter that enlarges them."""
    picture = Image.fromarray((expected * 255).astype("uint8")).resize(shown.shape[1::-1])
    return numpy.abs(shown - numpy.asarray(picture) / 255.0).mean() < 0.05


@pytest.mark.oldest
def test_every_step_shows_all_agents_side_by_side(server):
    seen = previews(server, crossing_agents([0, 1], topology="none", seed=40, steps=4))
    assert len(seen) == 4
    height, width, _ = seen[-1].shape
    assert width / height == pytest.approx(2 * 96 / 64, rel=0.02)
    assert not numpy.array_equal(seen[0], seen[-1])

    alone = [previews(server, crossing_agents([agent], topology="none", seed=40 + agent, steps=4)) for agent in (0, 1)]
    for agent, half in enumerate((seen[-1][:, : width // 2], seen[-1][:, width // 2 :])):
        assert is_near(half, alone[agent][-1])
        assert not is_near(half, alone[1 - agent][-1])


def test_three_agents_are_shown_three_wide(server):
    height, width, _ = previews(server, crossing_agents([0, 1, 2], seed=41))[-1].shape
    assert width / height == pytest.approx(3 * 96 / 64, rel=0.02)


def test_stock_sampler_shows_all_agents_too(server):
    graph = crossing_agents([0, 1])
    del graph["sampler"], graph["latent"]
    seen = previews(server, stock_sampled(graph, seed=42, steps=3))
    assert len(seen) == 3
    height, width, _ = seen[-1].shape
    assert width / height == pytest.approx(2 * 96 / 64, rel=0.02)
