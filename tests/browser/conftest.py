import os

import pytest

from shared_world.development.comfyui_page import ComfyPage, chromium, chromium_path


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Headless Chromium. For one module only: while it runs, its event loop blocks asyncio.run in other tests."""
    executable = chromium_path()
    if executable is None:
        report = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        report("browser tests are left out: there is no Chromium on PATH (apt-get install chromium)")
    with chromium(executable, tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def page(browser, server):
    """ComfyUI's page, ready for use, in a browser session of its own."""
    context = browser.new_context(viewport={"width": 1600, "height": 900})
    comfy_page = ComfyPage(context.new_page(), server)
    comfy_page.open()
    yield comfy_page
    context.close()
