"""Long lives of a server: many runs, interrupted ones among them, cost no memory."""

import time

import pytest

from shared_world.development.comfyui_server import GraphInterrupted
from shared_world.tests.comfyui.graphs import latents, split, two_agents

ALLOWED_GROWTH = 5 * 2**20
"""Bytes of resident memory. Ten decoded runs make 20 MB of pictures, forty sampled ones 8 MB of latents, raymaps and
conditioning: what leaks in most of the runs is noticed. Without a leak growth stays below 3 MB."""


def held_memory(server):
    """Resident bytes when ComfyUI has emptied its history and caches, which it does in the background."""
    server.post("/history", {"clear": True})
    server.post("/free", {"unload_models": True, "free_memory": True})
    measured = []
    for _ in range(10):
        time.sleep(0.1)
        measured.append(server.resident_memory())
    return min(measured)


def growth(server, run, warm_up, runs):
    """Bytes that `runs` leave behind after `warm_up` others; `run` gets a new number each time."""
    for number in range(warm_up):
        run(number)
    before = held_memory(server)
    for number in range(warm_up, warm_up + runs):
        run(number)
    return held_memory(server) - before


def decoded(seed):
    graph = split(two_agents(seed=seed)).change("agents", seed=seed, frames=5)
    return graph.add("preview", "PreviewImage", images=["grid", 0])


def interrupt_at(server, graph, step):
    """Run a graph and interrupt it at a step of its sampler, which must be what ends it."""
    asked = []

    def watch(progress):
        if progress.node == "sampler" and progress.value >= step and not asked:
            asked.append(progress.value)
            server.interrupt()

    with pytest.raises(GraphInterrupted, match=r"node sampler \(SharedWorldJointSampler\)"):
        server.run(graph, watch)
    assert asked


@pytest.mark.oldest
def test_interrupt_ends_the_run_and_the_next_one_works(server):
    interrupt_at(server, two_agents(seed=20_000, steps=1000), step=3)
    queue = server.get("/queue")
    assert queue == {"queue_running": [], "queue_pending": []}
    assert latents(server, two_agents(seed=20_001)).isfinite().all()


def test_interrupt_does_not_stop_the_run_after_it(server):
    first = server.queue(two_agents(seed=20_010, steps=1000))
    second = server.queue(two_agents(seed=20_011, steps=3))
    while first not in [entry[1] for entry in server.get("/queue")["queue_running"]]:
        time.sleep(0.02)
    server.interrupt()
    assert latents(server, two_agents(seed=20_012)).isfinite().all()
    assert server.history(first)["status"]["status_str"] == "error"
    assert server.history(second)["status"]["status_str"] == "success"


def test_ten_runs_keep_memory_flat(server):
    assert growth(server, lambda number: server.run(decoded(30_000 + number)), warm_up=5, runs=10) < ALLOWED_GROWTH


def test_forty_interrupted_runs_keep_memory_flat(server):
    def interrupted(number):
        interrupt_at(server, two_agents(seed=31_000 + number, steps=1000).change("agents", seed=number), step=2)

    assert growth(server, interrupted, warm_up=20, runs=40) < ALLOWED_GROWTH
