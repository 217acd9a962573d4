import pytest

from shared_world.development.comfyui_server import ComfyServer
from shared_world.development.example_models import example_models
from shared_world.development.locations import NEWEST, OLDEST, comfyui_folder


def pytest_generate_tests(metafunc):
    """Run tests that use the server on the newest ComfyUI, those marked `oldest` on the oldest supported one too."""
    if "server" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("oldest") is not None
        versions = [NEWEST, OLDEST] if both else [NEWEST]
        metafunc.parametrize("server", versions, indirect=True, scope="session")


@pytest.fixture(scope="session")
def server(request, tmp_path_factory):
    """A running ComfyUI with the pack and the example models; its input and output folders are empty at first."""
    folder = tmp_path_factory.mktemp(f"comfyui-{request.param}")
    tree = comfyui_folder(request.param)
    with ComfyServer(folder, tree, models=[example_models()], preview_method="latent2rgb") as running:
        yield running
