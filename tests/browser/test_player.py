"""The Agents Player on ComfyUI's page, in both of its renderers."""

import pytest
import torch

from shared_world.development.comfyui_in_process import use_comfyui

FRAMES, RATE = 9, 4.0
VUE_NODES = "Comfy.VueNodes.Enabled"
STEP = 25
"""Grey levels between the frames of a video, by which a test tells which frame is on the screen."""

FRAMES_SHOWN = """() => [...document.querySelectorAll('.shared-world-player-cell:not([hidden]) video[src]')]
.map(video => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 })
    const context = canvas.getContext('2d')
    context.drawImage(video, 0, 0, 1, 1)
    return Math.round(context.getImageData(0, 0, 1, 1).data[1] / STEP) - 1
})""".replace("STEP", str(STEP))

ALL_READY = """count => {
    const cells = [...document.querySelectorAll('.shared-world-player-cell')]
    return cells.length === count && cells.every(cell => cell.dataset.state !== 'loading')
}"""


def numbered(frames=FRAMES):
    """A video whose frames have grey levels of their own."""
    return (torch.arange(1, frames + 1) * STEP / 255.0)[:, None, None, None].expand(-1, 64, 96, 3)


@pytest.fixture(scope="module")
def results(server):
    """Runs as the node writes them: with a second set, a missing file, views of two lengths, and one that is gone."""
    use_comfyui()
    import folder_paths

    from shared_world.nodes.player_files import PlayerFiles, write_views

    def result(name, rows, videos, others=()):
        files = PlayerFiles(True, f"player/{name}")
        described = write_views(files, rows, videos, others, RATE)
        return files.add_description({"compare_name": "other seed", "map": None, "curves": [], "rows": described})

    before = folder_paths.get_output_directory()
    folder_paths.set_output_directory(str(server.output))
    try:
        rows = [("left", ["front", "rear"]), ("right", ["front", "rear"])]
        lacking = result("lacking", rows, [numbered()] * 4)
        (server.output / "player" / "lacking_00001_02-left-rear.mp4").unlink()
        return {
            "lacking": lacking,
            "good": result("good", rows, [numbered()] * 4, [numbered()] * 4),
            "short": result("short", [("left", ["front", "rear"])], [numbered(), numbered(5)]),
            "gone": {"filename": "gone_00001_player.json", "subfolder": "player", "type": "temp"},
        }
    finally:
        folder_paths.set_output_directory(before)


@pytest.fixture(params=["canvas", "vue"])
def player(page, request):
    """A player without a result, in one of the page's renderers, and its panel."""
    yield from opened(page, request.param)


@pytest.fixture
def canvas_player(page):
    yield from opened(page, "canvas")


@pytest.fixture
def vue_player(page):
    yield from opened(page, "vue")


def opened(page, renderer):
    before = page.page.evaluate("id => app.extensionManager.setting.get(id)", VUE_NODES)
    page.change_setting(VUE_NODES, renderer == "vue")
    inputs = {"frame_rate": 8.0, "compare_name": "", "keep": False, "filename_prefix": "player/agents"}
    page.load_api({"1": {"class_type": "SharedWorldAgentsPlayer", "inputs": inputs}})
    bring_into_sight(page)
    yield page
    page.change_setting(VUE_NODES, before)


def bring_into_sight(page):
    page.page.evaluate(
        """() => {
            const node = app.graph.nodes.find(node => node.type === 'SharedWorldAgentsPlayer')
            app.canvas.ds.scale = 1
            app.canvas.ds.offset = [200 - node.pos[0], 100 - node.pos[1]]
            app.canvas.setDirty(true, true)
        }"""
    )


def show(page, result, views=0):
    """Give the node a result as a saved graph would, and wait for so many views."""
    page.page.evaluate(
        """file => {
            const node = app.graph.nodes.find(node => node.type === 'SharedWorldAgentsPlayer')
            node.properties.shared_world_player = { file }
            node.onConfigure({})
        }""",
        result,
    )
    if views:
        page.page.wait_for_function(ALL_READY, arg=views)
        page.page.locator(".shared-world-player").focus()


def wait_for_frames(page, expected):
    """Until these frames are on the screen, and the playhead stands at the first of them."""
    shown = f"expected => JSON.stringify(({FRAMES_SHOWN})()) === JSON.stringify(expected)"
    page.page.wait_for_function(shown, arg=expected)
    # The clock is written with the next picture of the page, the videos change when they have found their frame.
    clock = "frame => document.querySelector('.shared-world-player-clock').textContent.startsWith(`frame ${frame} /`)"
    page.page.wait_for_function(clock, arg=expected[0])


def press(page, *keys):
    for key in keys:
        page.page.keyboard.press(key)


def test_all_views_step_and_play_as_one(player, results):
    show(player, results["good"], 4)
    wait_for_frames(player, [0, 0, 0, 0])
    for keys, frame in ((["ArrowRight"], 1), (["ArrowRight"] * 3, 4), (["ArrowLeft"], 3), (["End"], 8), (["Home"], 0)):
        press(player, *keys)
        wait_for_frames(player, [frame] * 4)
    seen = set()
    press(player, " ")
    for _ in range(100):
        frames = player.page.evaluate(FRAMES_SHOWN)
        assert max(frames) - min(frames) in (0, 1, FRAMES - 1)
        seen.update(frames)
        if len(seen) >= 6:
            break
        player.page.wait_for_timeout(100)
    assert len(seen) >= 6
    press(player, " ")
    player.page.wait_for_function(
        "() => document.querySelector('.shared-world-player-panel').dataset.playing === 'false'"
    )
    press(player, "Shift+ArrowRight")
    wait_for_frames(player, [8] * 4)
    assert player.errors == []
    assert player.foreign_requests == []


def test_a_view_is_enlarged_and_held_against_its_counterpart(vue_player, results):
    player = vue_player
    show(player, results["good"], 4)
    cells = player.page.locator(".shared-world-player-cell:visible")
    small = cells.nth(1).bounding_box()
    cells.nth(1).click()
    assert cells.count() == 1
    assert cells.first.get_attribute("data-view") == "left rear"
    assert cells.first.bounding_box()["width"] > 1.5 * small["width"]
    press(player, "c", "ArrowRight")
    wait_for_frames(player, [1, 1])
    grid = player.page.locator(".shared-world-player-grid")
    box = cells.first.bounding_box()
    player.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    player.page.mouse.down()
    player.page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.5 * box["height"], steps=4)
    player.page.mouse.up()
    divide = grid.evaluate("grid => parseFloat(getComputedStyle(grid).getPropertyValue('--divide'))")
    assert divide == pytest.approx(25.0, abs=1.0)
    assert cells.count() == 1  # a drag is no click
    press(player, "c")
    shown = "grid => grid.classList.contains('shared-world-player-other-shown')"
    player.page.wait_for_function(f"() => ({shown})(document.querySelector('.shared-world-player-grid'))")
    player.page.wait_for_function(f"() => !({shown})(document.querySelector('.shared-world-player-grid'))")
    press(player, "c", "c", "Escape")
    wait_for_frames(player, [1] * 4)
    assert grid.get_attribute("data-comparison") == "off"
    assert player.errors == []


def test_another_graph_with_the_same_node_has_a_panel_of_its_own(vue_player, results):
    player = vue_player
    show(player, results["good"], 4)
    player.load(player.graph())
    bring_into_sight(player)
    player.page.wait_for_function(ALL_READY, arg=4)
    player.page.locator(".shared-world-player").focus()
    press(player, "End")
    wait_for_frames(player, [8] * 4)
    assert player.errors == []


def test_what_does_not_fit_or_is_gone_is_said(canvas_player, results):
    page = canvas_player
    assert "Run the graph" in page.page.locator(".shared-world-player-message").text_content()
    page.show_help("SharedWorldAgentsPlayer")
    picture = "() => [...document.images].some(image => image.src.includes('agents_player.jpg') && image.naturalWidth)"
    page.page.wait_for_function(picture)
    bring_into_sight(page)
    show(page, results["short"], 2)
    note = page.page.locator(".shared-world-player-note")
    assert note.text_content() == "left rear ends at frame 4 of 8; its last frame stays."
    press(page, "End")
    wait_for_frames(page, [8, 4])
    show(page, results["gone"])
    alarm = page.page.locator(".shared-world-player-alarm")
    alarm.wait_for()
    assert alarm.text_content().startswith("The files of the last run are gone")
    show(page, results["lacking"], 4)
    trouble = page.page.locator(".shared-world-player-cell[data-view='left rear'] .shared-world-player-trouble")
    assert trouble.text_content() == "file is missing"
    press(page, "End")
    page.page.wait_for_function(f"() => ({FRAMES_SHOWN})().filter(frame => frame === 8).length === 3")
    assert all("404" in error for error in page.errors)


def test_a_player_that_is_removed_lets_go_of_its_videos(canvas_player, results):
    page = canvas_player.page
    show(canvas_player, results["good"], 4)
    press(canvas_player, "c", " ")
    page.wait_for_function("() => document.querySelectorAll('.shared-world-player-grid video[src]').length === 8")
    page.evaluate("() => { window.videos = [...document.querySelectorAll('.shared-world-player-grid video')] }")
    remove_player(page)
    released = (
        "() => window.videos.every(video => !video.hasAttribute('src') && video.paused && video.readyState === 0)"
    )
    page.wait_for_function(released)
    assert canvas_player.errors == []


def test_a_player_that_is_removed_while_its_result_is_fetched_loads_nothing(canvas_player, results):
    page = canvas_player.page
    page.evaluate(
        """() => {
            const fetched = window.fetch
            window.fetch = async (...request) => {
                const answer = await fetched(...request)
                if (!String(request[0]).includes('player.json')) return answer
                window.fetch = fetched
                await new Promise(done => { window.letGo = done })
                return answer
            }
            const source = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'src')
            window.loaded = []
            const set = function (address) {
                window.loaded.push(address)
                source.set.call(this, address)
            }
            Object.defineProperty(HTMLMediaElement.prototype, 'src', { ...source, set })
        }"""
    )
    show(canvas_player, results["good"])
    page.wait_for_function("() => window.letGo")
    remove_player(page)
    page.evaluate("() => window.letGo()")
    page.wait_for_timeout(300)
    assert page.evaluate("() => window.loaded") == []


def remove_player(page):
    page.evaluate("() => app.graph.remove(app.graph.nodes.find(node => node.type === 'SharedWorldAgentsPlayer'))")


def test_result_of_a_run_is_shown_and_is_there_again_after_a_reload(own_page):
    page = own_page
    town = {"split": "test", "town": 0, "preset": "crossing", "seed": 0, "weather": "sunny", "fog_distance": 18.0}
    town |= {"frames": 5, "frame_rate": RATE, "travel": 30.0, "view_width": 48, "view_height": 32, "samples": 1}
    town |= {"first_car": "red", "second_car": "blue", "layout": "town"}
    shown = {"videos": ["1", 2], "labels": ["1", 3], "agents": ["1", 0], "frame_rate": 8.0}
    shown |= {"compare_name": "", "keep": False, "filename_prefix": "player/town"}
    page.load_api(
        {
            "1": {"class_type": "SharedWorldPocketTown", "inputs": town},
            "2": {"class_type": "SharedWorldAgentsPlayer", "inputs": shown},
        }
    )
    bring_into_sight(page)
    assert page.run()["status"]["status_str"] == "success"
    page.page.wait_for_function(ALL_READY, arg=8)
    names = page.page.locator(".shared-world-player-cell").evaluate_all("cells => cells.map(cell => cell.dataset.view)")
    assert names == [f"agent {agent} {view}" for agent in (1, 2) for view in ("front", "rear", "left", "right")]
    assert page.page.locator(".shared-world-player-map").is_visible()
    page.page.locator(".shared-world-player").focus()
    press(page, "End", "m")
    page.page.wait_for_timeout(1000)  # the page keeps its graph half a second after a change
    page.reload()
    bring_into_sight(page)
    page.page.wait_for_function(ALL_READY, arg=8)
    assert not page.page.locator(".shared-world-player-map").is_visible()
    assert page.errors == []
    assert page.foreign_requests == []
