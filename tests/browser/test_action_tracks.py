"""The tracks of Action Script on ComfyUI's page."""

import pytest

SCRIPT = "# mine\nleft: 0-40: W\nright: 0-end: jump # among entries\n"
INPUTS = {"script": SCRIPT, "layout": "it_takes_two", "frames": 81, "frame_rate": 0.0, "agents": "", "cameras": ""}
VUE_NODES = "Comfy.VueNodes.Enabled"


@pytest.fixture(params=["canvas", "vue"])
def tracks(page, request):
    """The page with the tracks of a script open, in one of its renderers."""
    yield from opened(page, request.param)


@pytest.fixture
def canvas_tracks(page):
    yield from opened(page, "canvas")


def opened(page, renderer):
    before = page.page.evaluate("id => app.extensionManager.setting.get(id)", VUE_NODES)
    page.change_setting(VUE_NODES, renderer == "vue")
    page.load_api({"1": {"class_type": "SharedWorldActionScript", "inputs": INPUTS}})
    page.page.evaluate(
        """() => {
            const [node] = app.graph.nodes
            node.setSize([600, 420])
            app.canvas.ds.scale = 1
            app.canvas.ds.offset = [200 - node.pos[0], 80 - node.pos[1]]
            app.canvas.setDirty(true, true)
        }"""
    )
    page.page.locator(".shared-world-tracks-switch").click()
    page.page.locator(".shared-world-tracks[data-state=open]").wait_for()
    yield page
    page.change_setting(VUE_NODES, before)


def written(page):
    (node,) = page.api_graph().values()
    return node["inputs"]["script"]


def test_drawn_and_pressed_keys_are_written_into_the_script(tracks):
    canvas = tracks.page.locator(".shared-world-tracks-canvas")
    box = canvas.bounding_box()
    row = box["y"] + 18 + 15 * 3.5  # the fourth key, below the frame numbers
    mouse, keyboard = tracks.page.mouse, tracks.page.keyboard
    mouse.move(box["x"] + 0.7 * box["width"], row)
    mouse.down()
    mouse.move(box["x"] + box["width"] + 40, row, steps=4)
    mouse.up()
    first = int(written(tracks).split("-80: D")[0].split()[-1])
    assert 45 < first < 70
    keyboard.press("Home")
    keyboard.press("Shift+End")
    keyboard.press("q")
    assert written(tracks).splitlines() == [
        "# mine",
        "left:",
        "  0-40: W+Q",
        f"  41-{first - 1}: Q",
        f"  {first}-80: D+Q",
        "right:",
        "  0-80: SPACE",
    ]
    keyboard.press("Shift")
    assert written(tracks).splitlines()[2] == "  0-40: W+SHIFT+Q"
    keyboard.press("Delete")
    assert written(tracks).splitlines() == ["# mine", "left:", "right:", "  0-80: SPACE"]
    assert tracks.errors == []


def test_a_script_that_cannot_be_read_stays_as_it_is(canvas_tracks):
    tracks = canvas_tracks
    tracks.change_widgets({"1": {"script": "left: 0: fly"}})
    tracks.page.locator(".shared-world-tracks").hover()
    tracks.page.locator(".shared-world-tracks[data-state=trouble]").wait_for()
    assert "line 1" in tracks.page.locator(".shared-world-tracks-status").text_content()
    assert written(tracks) == "left: 0: fly"
    tracks.change_widgets({"1": {"script": SCRIPT}})
    tracks.page.locator(".shared-world-tracks[data-state=open]").wait_for()
    assert tracks.errors == []
