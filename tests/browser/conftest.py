import os
import shutil
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, sync_playwright

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# What ComfyUI's own page says on a fresh user folder without any pack.
USUAL_ERRORS = ("/user.css", "/api/userdata", "graph accessed before initialization")


@dataclass
class ComfyPage:
    """ComfyUI's page, with what it asked of other machines and the errors it reported since it was opened."""

    page: Page
    foreign_requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self):
        self.page.on("request", lambda request: self._note_request(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._note_message)

    def _note_request(self, address):
        if urlsplit(address).scheme in ("http", "https", "ws", "wss") and urlsplit(address).hostname != "127.0.0.1":
            self.foreign_requests.append(address)

    def _note_message(self, message):
        text = f"{message.text} ({message.location['url']})"
        if message.type == "error" and not any(usual in text for usual in USUAL_ERRORS):
            self.errors.append(text)

    def load(self, graph):
        """Put a graph in the page's own format on the canvas."""
        self.page.evaluate("async graph => { await app.loadGraphData(graph) }", graph)

    def missing_node_types(self):
        return self.page.evaluate(
            "() => app.graph.nodes.map(node => node.type).filter(type => !(type in LiteGraph.registered_node_types))"
        )


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Headless Chromium. For one module only: while it runs, its event loop blocks asyncio.run in other tests."""
    executable = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if executable is None:
        report = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        report("browser tests are left out: there is no Chromium on PATH (apt-get install chromium)")
    with sync_playwright() as playwright:
        home = {**os.environ, "HOME": str(tmp_path_factory.mktemp("home"))}  # the user's own profile stays untouched
        yield playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS, env=home)


@pytest.fixture
def page(browser, server):
    """ComfyUI's page, ready for use, in a browser session of its own."""
    context = browser.new_context(viewport={"width": 1600, "height": 900})
    comfy_page = ComfyPage(context.new_page())
    comfy_page.watch()
    comfy_page.page.goto(server.url)
    comfy_page.page.wait_for_function("() => window.app?.vueAppReady", timeout=60_000)
    yield comfy_page
    context.close()
