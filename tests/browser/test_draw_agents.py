"""The World Editor in both of the page's renderers: drawn, changed, played, run, and found again."""

import json

import pytest

from shared_world.development.locations import ROOT
from shared_world.world.drawing import drawing_from_agents, drawing_text, read_drawing
from shared_world.world.encounters import encounter

CROSSING = drawing_text(drawing_from_agents(encounter("crossing", frames=17, frame_rate=8.0)))
SETTLED = """() => new Promise(done => {
    let [before, same] = ['', 0]
    const look = () => {
        const place = JSON.stringify(document.querySelector('.shared-world-editor-map').getBoundingClientRect())
        same = place === before ? same + 1 : 0
        before = place
        if (same < 4) requestAnimationFrame(look)
        else done()
    }
    look()
})"""
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
FOREIGN = '{"points": [[1, 2], [3, 4]], "kept": "as it is"}'


@pytest.fixture(scope="module", params=["classic", "vue nodes"])
def opened(open_page, request):
    """The page in one of its renderers, for all tests; the other one is the usual again afterwards."""
    with open_page() as page:
        if request.param == "vue nodes":
            page.change_setting("Comfy.VueNodes.Enabled", True)
            page.reload()
        yield page
        page.change_setting("Comfy.VueNodes.Enabled", False)


@pytest.fixture
def editor(opened):
    """The editor, without the errors of the test before."""
    opened.errors.clear()
    return Editor(opened)


def in_renderer(name):
    """For a test that either renderer can answer."""
    return pytest.mark.parametrize("opened", [name], indirect=True, scope="module")


class Editor:
    """The editor of the first Draw Agents node on the canvas."""

    def __init__(self, page):
        self.comfy, self.page = page, page.page

    def draw_on(self, graph):
        """Load a graph in API format and bring the editor into sight."""
        self.comfy.load_api(graph)
        self.show()

    def show(self):
        self.page.evaluate(
            """() => {
                const node = app.graph.nodes.find(node => node.type === 'SharedWorldDrawAgents')
                node.pos = [40, 60]
                app.canvas.ds.scale = 1
                app.canvas.ds.offset = [60, 0]
                app.canvas.setDirty(true, true)
            }"""
        )
        self.page.locator(".shared-world-editor-map").first.wait_for()
        self.page.evaluate(SETTLED)

    def remove(self, at_last="() => {}"):
        """Remove the node, at once after something else."""
        node = "app.graph.nodes.find(node => node.type === 'SharedWorldDrawAgents')"
        self.page.evaluate(f"() => {{ ({at_last})(); app.graph.remove({node}) }}")

    def value(self):
        return self.page.evaluate(
            "() => app.graph.nodes.find(node => node.type === 'SharedWorldDrawAgents')"
            ".widgets.find(widget => widget.name === 'drawing').value"
        )

    def drawing(self):
        return read_drawing(self.value())

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        self.page.evaluate(DRAWN)

    def focus(self):
        self.page.get_by_label("Map of the agents").focus()

    def pixel(self, x, z):
        """Where a place of the ground is on the screen while the map shows everything, as it does after F."""
        self.press("f")
        box = self.page.locator(".shared-world-editor-map").bounding_box()
        zoom = self.page.evaluate("() => app.canvas.ds.scale")
        points = [point.position for agent in self.drawing().agents for point in agent.waypoints]
        low = [min(point[axis] for point in points) for axis in (0, 2)]
        high = [max(point[axis] for point in points) for axis in (0, 2)]
        sizes = [box["width"] / zoom, box["height"] / zoom]
        scale = min(*(size / (end - start + 10) for size, start, end in zip(sizes, low, high, strict=True)), 40) * zoom
        return (
            box["x"] + box["width"] / 2 + (x - (low[0] + high[0]) / 2) * scale,
            box["y"] + box["height"] / 2 - (z - (low[1] + high[1]) / 2) * scale,
        )

    def drag(self, start, end):
        here, there = self.pixel(*start), self.pixel(*end)
        self.page.mouse.move(*here)
        self.page.mouse.down()
        self.page.mouse.move(*there, steps=4)
        self.page.mouse.up()
        self.page.evaluate(DRAWN)


def draw_and_preview(drawing="", **links):
    inputs = {"frames": 17, "frame_rate": 8.0, "drawing": drawing, **links}
    return {
        "1": {"class_type": "SharedWorldDrawAgents", "inputs": inputs},
        "2": {"class_type": "SharedWorldPreviewAgents", "inputs": {"agents": ["1", 0], "frame": -1, "size": 128}},
    }


def places(drawing):
    return [[(point.position[0], point.position[2]) for point in agent.waypoints] for agent in drawing.agents]


def test_two_agents_are_drawn_changed_played_run_and_found_again(editor):
    editor.draw_on(draw_and_preview())
    editor.page.locator(".shared-world-editor-map").click()
    middle = editor.page.locator(".shared-world-editor-map").bounding_box()
    for columns in ((0.3, 0.5, 0.7), (0.6, 0.4)):
        editor.press("a")
        for number, column in enumerate(columns):
            editor.page.mouse.click(
                middle["x"] + column * middle["width"], middle["y"] + (0.3 + 0.1 * number) * middle["height"]
            )
        editor.press("Escape")
    drawn = editor.drawing()
    assert [len(agent.waypoints) for agent in drawn.agents] == [3, 2]

    start = places(drawn)[0][1]
    end = (start[0] + 2.0, start[1] - 3.0)
    editor.drag(start, end)
    moved = places(editor.drawing())[0][1]
    assert moved == pytest.approx(end, abs=0.6)
    editor.press("Control+z")
    assert editor.drawing() == drawn
    editor.press("Control+y", "Escape", "n", "ArrowUp", "q", "i")
    changed = editor.drawing()
    assert changed.agents[0].waypoints[0].yaw is not None
    assert len(changed.agents[0].waypoints) == 3, "a waypoint is at 0 s already"

    editor.press("Home", " ")
    editor.page.wait_for_function(
        "() => Number(document.querySelector('.shared-world-editor-clock').textContent.split('/')[0]) >= 3"
    )
    editor.press(" ")
    assert editor.comfy.run()["status"]["status_str"] == "success"

    text = editor.value()
    editor.page.wait_for_timeout(1500)  # the page keeps a changed graph for a reload after a while
    editor.comfy.reload()
    editor.show()
    assert editor.value() == text
    names = editor.page.locator(".shared-world-editor-strip-name").all_inner_texts()
    assert names == ["agent 1", "agent 2"]
    assert editor.comfy.errors == []
    assert editor.comfy.foreign_requests == []


@in_renderer("vue nodes")
def test_connected_agents_are_shown_after_a_run_and_never_replace_what_is_drawn(editor):
    encounter_node = {
        "class_type": "SharedWorldEncounterPreset",
        "inputs": {
            "preset": "crossing", "frames": 17, "frame_rate": 8.0, "speed": 6.0, "distance": 6.0, "lane_offset": 1.75,
            "turn_radius": 8.0, "jitter": 0.0, "seed": 0,
        },
    }  # fmt: skip
    editor.draw_on({**draw_and_preview(agents=["3", 0]), "3": encounter_node})
    assert editor.comfy.run()["status"]["status_str"] == "success"
    editor.page.get_by_text("These are the connected agents").wait_for()
    assert editor.value() == ""
    seed = drawing_from_agents(encounter("crossing", 6.0, jitter=0.0, frames=17, frame_rate=8.0))
    editor.focus()
    editor.press("Control+a", "ArrowRight")
    moved = places(editor.drawing())
    step = moved[0][0][0] - places(seed)[0][0][0]
    assert step > 0
    for agent, kept in zip(moved, places(seed), strict=True):
        assert agent == [pytest.approx((x + step, z), abs=1e-6) for x, z in kept]
    text = editor.value()
    editor.comfy.change_widgets({"3": {"distance": 12.0}})
    editor.comfy.run()
    editor.page.evaluate(DRAWN)
    assert editor.value() == text


@in_renderer("classic")
def test_value_that_is_no_drawing_is_shown_with_its_reason_and_kept(editor):
    editor.draw_on(draw_and_preview(FOREIGN))
    editor.page.get_by_text("This value is not a drawing; it is kept as it is.").wait_for()
    assert editor.page.get_by_text('"format" is missing').is_visible()
    assert editor.value() == FOREIGN
    assert editor.comfy.api_graph()["1"]["inputs"]["drawing"] == FOREIGN
    focused = """() => {
        const keyboard = document.querySelector('.shared-world-editor-keyboard')
        keyboard.focus()
        return document.activeElement === keyboard
    }"""
    assert not editor.page.evaluate(focused), "keys reach the editor below the message and overwrite the text"
    editor.page.get_by_role("button", name="Start a new drawing").click()
    assert editor.value() == ""


@in_renderer("classic")
def test_map_follows_the_theme_and_buttons_the_keyboard(editor):
    editor.draw_on(draw_and_preview(CROSSING))
    corner = """() => {
        const canvas = document.querySelector('.shared-world-editor-map')
        return canvas.getContext('2d').getImageData(3, canvas.height - 3, 1, 1).data[0] > 128 ? 'light' : 'dark'
    }"""
    assert editor.page.evaluate(corner) == "dark"
    editor.comfy.change_setting("Comfy.ColorPalette", "light")
    try:
        editor.page.wait_for_function(f"() => ({corner})() === 'light'", timeout=5000)
    finally:
        editor.comfy.change_setting("Comfy.ColorPalette", "dark")
    editor.page.get_by_role("button", name="Keys and signs (?)").focus()
    editor.press("Enter")
    assert editor.page.get_by_role("heading", name="Signs").is_visible()
    editor.page.locator(".shared-world-editor-help button").focus()
    editor.press(" ")
    assert not editor.page.get_by_role("heading", name="Signs").is_visible()
    assert editor.value() == CROSSING


@in_renderer("vue nodes")
def test_editor_that_is_removed_lets_go_of_the_graphics_card_and_of_the_frames(editor):
    editor.page.evaluate(
        """() => {
            window.contexts = []
            const made = HTMLCanvasElement.prototype.getContext
            HTMLCanvasElement.prototype.getContext = function (kind, ...choices) {
                const context = made.call(this, kind, ...choices)
                if (kind === 'webgl2' && new Error().stack.includes('space_view'))
                    window.contexts.push(context)
                return context
            }
        }"""
    )
    lost = "() => window.contexts.length && window.contexts.every(context => context.isContextLost())"
    editor.draw_on(draw_and_preview(CROSSING))
    editor.page.get_by_role("button", name="3D view").click()
    editor.page.locator(".shared-world-editor-space canvas").wait_for()
    editor.press(" ")
    editor.page.evaluate("() => { window.clock = document.querySelector('.shared-world-editor-clock') }")
    editor.remove()
    editor.page.wait_for_function(lost)
    stopped = editor.page.evaluate("() => window.clock.textContent")
    editor.draw_on(draw_and_preview(CROSSING))
    editor.remove("() => document.querySelector('[aria-label=\"3D view\"]').click()")  # before it is loaded
    editor.page.wait_for_timeout(300)
    assert editor.page.evaluate(lost)
    assert editor.page.evaluate("() => window.clock.textContent") == stopped
    assert editor.comfy.errors == []


@in_renderer("classic")
def test_copy_of_a_node_is_an_editor_of_its_own_and_leaves_nothing_behind(editor):
    editor.draw_on(draw_and_preview(CROSSING))
    editor.page.evaluate(
        """() => {
            const [node] = app.graph.nodes
            window.passing = new WeakRef(node.clone().widgets.find(widget => widget.name === 'drawing').element)
            app.canvas.selectItems([node])
            app.canvas.copyToClipboard()
            app.canvas.pasteFromClipboard()
        }"""
    )
    values = """() => app.graph.nodes.filter(node => node.type === 'SharedWorldDrawAgents')
        .map(node => node.widgets.find(widget => widget.name === 'drawing').value)"""
    assert editor.page.evaluate(values) == [CROSSING, CROSSING]
    editor.page.locator(".shared-world-editor-keyboard").last.focus()
    editor.press("1", "ArrowRight")
    assert sorted(value == CROSSING for value in editor.page.evaluate(values)) == [False, True]
    session = editor.page.context.new_cdp_session(editor.page)
    for _ in range(20):
        session.send("HeapProfiler.collectGarbage")
        if editor.page.evaluate("() => window.passing.deref() === undefined"):
            break
        editor.page.wait_for_timeout(250)
    assert editor.page.evaluate("() => window.passing.deref() === undefined")


@in_renderer("vue nodes")
def test_encounter_is_a_starting_point_that_copy_and_paste_carry_on(editor):
    editor.draw_on(draw_and_preview())
    editor.page.get_by_label("Start from an encounter").select_option("t_junction_merge")
    assert [agent.name for agent in editor.drawing().agents] == ["agent 1", "agent 2"]
    text = drawing_text(drawing_from_agents(encounter("head_on", jitter=0.0)))
    editor.focus()
    editor.page.evaluate(
        """text => {
            const data = new DataTransfer()
            data.setData('text/plain', text)
            const event = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
            document.activeElement.dispatchEvent(event)
        }""",
        text,
    )
    assert [agent.name for agent in editor.drawing().agents] == ["agent 1", "agent 2", "agent 3", "agent 4"]
    nodes = editor.page.evaluate("() => app.graph.nodes.length")
    assert nodes == 2, "the page itself must not take what was pasted into the editor"


@in_renderer("classic")
def test_cars_drawn_in_the_town_are_generated_and_played(editor):
    """The example graph from the page: a run, another way for a car, and a run of what was drawn."""
    page = editor.comfy
    page.load(json.loads((ROOT / "workflows" / "draw_and_play.json").read_text(encoding="utf-8")))
    assert page.run()["status"]["status_str"] == "success"
    page.page.get_by_text("These are the connected agents").wait_for()
    editor.focus()
    editor.press("n", "Shift+N", "ArrowRight", "ArrowRight")
    assert len(editor.drawing().agents) == 2
    assert page.run()["status"]["status_str"] == "success"
    page.page.wait_for_function("() => document.querySelectorAll('.shared-world-player-grid video').length >= 8")
    assert page.errors == []
    assert page.foreign_requests == []
