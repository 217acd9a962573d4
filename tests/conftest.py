import os

import pytest

from shared_world.development.comfyui_server import ComfyServer
from shared_world.development.example_inputs import copy_example_inputs
from shared_world.development.example_models import example_models
from shared_world.development.locations import NEWEST, OLDEST, comfyui_folder

# Tiny networks gain nothing from threads, and threads that spin for a core that another process has cost minutes.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# A server that frees memory gives it back to the system at once, so that its resident memory says what it holds.
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(2**16))


def pytest_generate_tests(metafunc):
    """Run tests that use the server on the newest ComfyUI, those marked `oldest` on the oldest supported one too."""
    if "server" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("oldest") is not None
        versions = [NEWEST, OLDEST] if both else [NEWEST]
        metafunc.parametrize("server", versions, indirect=True, scope="session")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Where tests run in several processes, those of one folder and one server stay together and share what is slow."""
    from xdist.scheduler import LoadScopeScheduling

    class FolderScheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file, _, test = nodeid.partition("::")
            versions = [version for version in (NEWEST, OLDEST) if f"[{version}" in test]
            return " ".join([file.rpartition("/")[0], *versions])

    return FolderScheduling(config, log)


@pytest.fixture(scope="session")
def server(request, tmp_path_factory):
    """A running ComfyUI with the pack, example models and example inputs; its output folder is empty at first."""
    folder = tmp_path_factory.mktemp(f"comfyui-{request.param}")
    copy_example_inputs(folder / "input")
    tree = comfyui_folder(request.param)
    models, environment = [example_models()], {"HF_HUB_OFFLINE": "1"}
    with ComfyServer(folder, tree, models=models, preview_method="latent2rgb", environment=environment) as running:
        yield running
