"""Make README's animated picture on ComfyUI's own page: python -m shared_world.development.make_animation.

In `draw_and_play` the end of a car's way is moved aside in the World Editor, the graph runs with the pocket
checkpoint, and the player goes through the new videos frame by frame.
"""

import io
import json
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageOps
from playwright.sync_api import Locator

from .comfyui_page import ComfyPage, chromium, chromium_path
from .comfyui_server import ComfyServer
from .example_inputs import copy_example_inputs
from .example_models import example_models
from .locations import ROOT
from .make_workflows import SETTLING_MILLISECONDS, WORKFLOWS

ANIMATION = ROOT / "docs" / "images" / "draw_and_play.webp"
EDITOR, PLAYER = ".shared-world-editor", ".shared-world-player"
SIZE = (720, 470)
MOVES, FRAMES = 10, 17
"""Steps by which the waypoint is moved, and frames of the videos."""
DRAWING_MILLISECONDS, PLAYING_MILLISECONDS, RESTING_MILLISECONDS = 150, 250, 1200
QUALITY = 60


def main() -> None:
    """Write the animation."""
    executable = chromium_path()
    if executable is None:
        sys.exit("There is no Chromium on PATH (apt-get install chromium).")
    with (
        tempfile.TemporaryDirectory() as folder,
        ComfyServer(Path(folder) / "server", models=[example_models()]) as server,
        chromium(executable, Path(folder)) as browser,
    ):
        copy_example_inputs(server.input)
        page = ComfyPage(browser.new_page(viewport={"width": 1500, "height": 1050}), server)
        page.open()
        page.change_setting("Comfy.Minimap.Visible", False)
        page.load(json.loads((WORKFLOWS / "draw_and_play.json").read_text(encoding="utf-8")))
        page.run()
        drawn = drag(page)
        page.run()
        played = play(page)
    durations = [DRAWING_MILLISECONDS] * len(drawn) + [PLAYING_MILLISECONDS] * len(played)
    for resting in (0, len(drawn) - 1, len(drawn) + len(played) - 1):
        durations[resting] = RESTING_MILLISECONDS
    first, *rest = (ImageOps.pad(picture, SIZE, Image.Resampling.LANCZOS, "black") for picture in (*drawn, *played))
    first.save(ANIMATION, save_all=True, append_images=rest, duration=durations, loop=0, quality=QUALITY, method=6)
    print(f"{ANIMATION.relative_to(ROOT)}: {1 + len(rest)} pictures, {ANIMATION.stat().st_size / 1000:.0f} kB")


def show(page: ComfyPage, node_type: str, part: str) -> Locator:
    """Bring the first node of a type into sight at its own size; returns that part of it."""
    page.page.evaluate(
        """type => {
            const node = app.graph.nodes.find(node => node.type === type)
            app.canvas.ds.scale = 1
            app.canvas.ds.offset = [90 - node.pos[0], 60 - node.pos[1]]
            app.canvas.setDirty(true, true)
        }""",
        node_type,
    )
    page.page.wait_for_timeout(SETTLING_MILLISECONDS)
    return page.page.locator(part).first


def drag(page: ComfyPage) -> list[Image.Image]:
    """Pictures of the editor while the end of the last agent's way is moved aside."""
    editor = show(page, "SharedWorldDrawAgents", EDITOR)
    page.page.get_by_label("Map of the agents").focus()
    for key in ("f", "Escape", "Shift+n"):
        page.page.keyboard.press(key)
    pictures = [picture_of(editor)]
    for _ in range(MOVES):
        page.page.keyboard.press("ArrowLeft")
        page.page.wait_for_timeout(100)
        pictures.append(picture_of(editor))
    return pictures


def play(page: ComfyPage) -> list[Image.Image]:
    """Pictures of the player, frame by frame."""
    player = show(page, "SharedWorldAgentsPlayer", PLAYER)
    player.focus()
    page.page.keyboard.press("Home")
    pictures = []
    for _ in range(FRAMES):
        page.page.wait_for_timeout(300)
        pictures.append(picture_of(player))
        page.page.keyboard.press("ArrowRight")
    return pictures


def picture_of(part: Locator) -> Image.Image:
    """What a part of the page shows."""
    return Image.open(io.BytesIO(part.screenshot())).convert("RGB")


if __name__ == "__main__":
    main()
