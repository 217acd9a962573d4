import os
from contextlib import contextmanager

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


@pytest.fixture(scope="module")
def open_page(browser, server):
    """What opens ComfyUI's page, ready for use, in a browser session of its own."""

    @contextmanager
    def opened():
        context = browser.new_context(viewport={"width": 1600, "height": 1000})
        try:
            page = ComfyPage(context.new_page(), server)
            page.open()
            yield page
        finally:
            context.close()

    return opened


@pytest.fixture(scope="module")
def shared_page(open_page):
    """A page for all tests of a module that leave nothing behind but graphs."""
    with open_page() as page:
        yield page


@pytest.fixture
def page(shared_page):
    """The shared page, without the errors and requests of the test before."""
    shared_page.errors.clear()
    shared_page.foreign_requests.clear()
    return shared_page


@pytest.fixture
def own_page(open_page):
    """A page for a test that reloads it, changes its language or asks what happens while it opens."""
    with open_page() as page:
        yield page
