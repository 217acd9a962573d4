"""The download node on a server whose hub is one on loopback."""

import random

import pytest

from shared_world.development.comfyui_server import ComfyServer, GraphInterrupted
from shared_world.development.locations import NEWEST, comfyui_folder
from shared_world.models.downloading import PARTIAL
from shared_world.models.published_files import PUBLISHED_FILES
from shared_world.tests.comfyui.failures import failure
from shared_world.tests.comfyui.graphs import Graph
from shared_world.tests.local_hub import LocalHub

BLOCK = 10 * 2**20
"""Bytes in which huggingface_hub hands on what it received."""
CONTENT = random.Random(1).randbytes(BLOCK + 2**19)
TOY = "MultiWorld, It Takes Two, toy data"
NAME = PUBLISHED_FILES[TOY].name


@pytest.fixture(scope="module")
def hub():
    with LocalHub(CONTENT) as running:
        yield running


@pytest.fixture(scope="module")
def downloading_server(hub, tmp_path_factory):
    """A ComfyUI that asks the hub on loopback; the other tests' server asks none."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HF_ENDPOINT", hub.url)
        environment.setenv("NO_PROXY", "127.0.0.1,localhost")
        environment.delenv("HF_HUB_OFFLINE", raising=False)
        with ComfyServer(tmp_path_factory.mktemp("downloads"), comfyui_folder(NEWEST)) as running:
            yield running


@pytest.fixture(autouse=True)
def fresh(hub, downloading_server):
    """A hub in order and a folder without the file."""
    hub.stalls_at = None
    hub.requests.clear()
    for path in downloading_server.diffusion_models.iterdir():
        path.unlink()


def downloads(accept_licence=True):
    return Graph().add("download", "SharedWorldDownloadFile", file=TOY, accept_licence=accept_licence)


def offered(server):
    return server.get("/models/diffusion_models")


def test_file_is_downloaded_when_the_node_runs_and_loaders_offer_it(downloading_server, hub):
    assert hub.requests == []
    assert NAME not in offered(downloading_server)
    progress = []
    (text,) = downloading_server.run(downloads(), progress.append)["download"]["text"]
    saved = downloading_server.diffusion_models / NAME
    assert saved.read_bytes() == CONTENT
    assert f"Downloaded to {saved}" in text
    assert f"SHA-256 verified: {hub.etag}" in text
    assert NAME in offered(downloading_server)
    assert (progress[-1].value, progress[-1].maximum) == (len(CONTENT), len(CONTENT))

    (text,) = downloading_server.run(downloads())["download"]["text"]
    assert f"Already there: {saved}" in text
    saved.unlink()
    (text,) = downloading_server.run(downloads())["download"]["text"]
    assert f"Downloaded to {saved}" in text
    assert hub.ranges() == [None, None]


def test_licence_must_be_accepted(downloading_server, hub):
    message = failure(downloading_server, downloads(accept_licence=False), "download")
    assert "accept_licence" in message
    assert "CC BY-NC 4.0" in message
    assert hub.requests == []


def test_interrupted_download_goes_on_where_it_was(downloading_server, hub):
    hub.go_on.clear()
    hub.stalls_at = BLOCK

    def stop(progress):
        if progress.value >= BLOCK:
            downloading_server.interrupt()

    with pytest.raises(GraphInterrupted):
        downloading_server.run(downloads(), stop)
    assert not hub.go_on.is_set()
    (left,) = downloading_server.diffusion_models.glob(f"*{PARTIAL}")
    assert not any(name.startswith(NAME) for name in offered(downloading_server))

    hub.stalls_at = None
    hub.go_on.set()
    downloading_server.run(downloads())
    assert hub.ranges() == [None, f"bytes={BLOCK}-"]
    assert (downloading_server.diffusion_models / NAME).read_bytes() == CONTENT
    assert not left.exists()
