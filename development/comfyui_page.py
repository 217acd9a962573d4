"""ComfyUI's own page in a headless Chromium, for browser tests and for making the example graphs."""

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from .comfyui_server import LOOPBACK, ComfyServer

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
# What ComfyUI's own page says without any pack: on a fresh user folder, about models of the graph that it opens with,
# and when it asks for help in its own language before it takes the page that names none.
USUAL_ERRORS = (
    "/user.css",
    "/api/userdata",
    "graph accessed before initialization",
    "missingModel",
    "/en.md",
    "/zh.md",
)
READY_MILLISECONDS = 60_000


def chromium_path() -> str | None:
    """Return the system's Chromium, or None where there is none."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


@contextmanager
def chromium(executable: str, home: Path) -> Iterator[Browser]:
    """A headless Chromium; `home` stands in for the user's home folder, whose profile stays untouched."""
    with sync_playwright() as playwright:
        environment = {**os.environ, "HOME": str(home)}
        yield playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS, env=environment)


@dataclass
class ComfyPage:
    """ComfyUI's page, with what it asked of other machines and the errors it reported since it was opened."""

    page: Page
    server: ComfyServer
    foreign_requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def open(self) -> None:
        """Go to the server's page and wait until it can be used."""
        self.page.on("request", lambda request: self._note_request(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._note_message)
        self.page.goto(self.server.url)
        self._wait_until_ready()

    def reload(self) -> None:
        """Open the page anew, as a changed language needs."""
        self.page.reload()
        self._wait_until_ready()

    def load(self, graph: dict[str, Any]) -> None:
        """Put a graph in the page's own format on the canvas."""
        self.page.evaluate("async graph => { await app.loadGraphData(graph) }", graph)

    def load_api(self, graph: dict[str, Any]) -> None:
        """Put a graph in API format on the canvas."""
        self.page.evaluate("graph => app.loadApiJson(graph, 'graph.json')", graph)

    def graph(self) -> dict[str, Any]:
        """Return the graph on the canvas in the page's own format."""
        return json.loads(self.page.evaluate("() => JSON.stringify(app.graph.serialize())"))

    def api_graph(self) -> dict[str, Any]:
        """Return the graph on the canvas in API format, as the page would queue it."""
        return json.loads(self.page.evaluate("async () => JSON.stringify((await app.graphToPrompt()).output)"))

    def change_widgets(self, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Set widgets on the canvas: node id to widget name to value."""
        self.page.evaluate(
            """values => {
                for (const [id, widgets] of Object.entries(values))
                    for (const [name, value] of Object.entries(widgets))
                        app.graph.getNodeById(id).widgets.find(widget => widget.name === name).value = value
            }""",
            values,
        )

    def missing_node_types(self) -> list[str]:
        """Return the types of nodes on the canvas that no pack offers."""
        return self.page.evaluate(
            "() => app.graph.nodes.map(node => node.type).filter(type => !(type in LiteGraph.registered_node_types))"
        )

    def missing_models(self) -> list[dict[str, Any]]:
        """Wait until the page reports missing models and return them, as it would offer them for download."""
        stores = "document.querySelector('#vue-app').__vue_app__.config.globalProperties.$pinia.state.value"
        models = f"{stores}.missingModel?.missingModelCandidates"
        found = self.page.wait_for_function(f"() => {models}?.length ? {models} : null")
        return found.json_value()

    def change_setting(self, setting: str, value: object) -> None:
        """Change one of the page's settings, such as Comfy.Locale; some apply to nodes only after `reload`."""
        self.page.evaluate(
            "async ([id, value]) => { await app.extensionManager.setting.set(id, value) }", [setting, value]
        )

    def show_help(self, node_type: str) -> None:
        """Select the first node of a type and open its help, as the button above it does."""
        self.page.evaluate(
            """type => {
                const node = app.graph.nodes.find(node => node.type === type)
                app.canvas.centerOnNode(node)
                app.canvas.selectItems([node])
            }""",
            node_type,
        )
        self.page.get_by_test_id("info-button").click()

    def run(self, timeout: float = 300) -> dict[str, Any]:
        """Queue what is on the canvas, as its button does, and return the server's record of the finished run."""
        known = self.server.get("/history")
        self.page.evaluate("async () => { await app.queuePrompt(0) }")
        deadline = time.monotonic() + timeout
        while not (new := self.server.get("/history").keys() - known.keys()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"The page's graph has not finished within {timeout:.0f} s.")
            self.page.wait_for_timeout(200)  # lets the page work, unlike time.sleep
        return self.server.history(new.pop())

    def _wait_until_ready(self) -> None:
        # vueAppReady comes first; the spinner goes when the page has put the user's last graph on the canvas.
        ready = "() => window.app?.vueAppReady && app.extensionManager?.spinner === false"
        self.page.wait_for_function(ready, timeout=READY_MILLISECONDS)

    def _note_request(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != LOOPBACK:
            self.foreign_requests.append(address)

    def _note_message(self, message: ConsoleMessage) -> None:
        text = f"{message.text} ({message.location['url']})"
        if message.type == "error" and not any(usual in text for usual in USUAL_ERRORS):
            self.errors.append(text)
