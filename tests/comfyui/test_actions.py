"""Actions on the server: typed, read from files, shown, and refused before anything runs."""

import numpy
import pytest
from PIL import Image

from shared_world.tests.comfyui.failures import failure, refusal
from shared_world.tests.comfyui.graphs import Graph
from shared_world.world.actions import draw_actions, find_layout, parse_action_script, write_actions

SCRIPT = "left: 0-40: W; 41-end: W+D, look 0.3 0\nright: 10-12: jump"
ARMS = "arm a: 0: j1 0.1; 40: j1 0.5\narm b: 9: gripper -1"
CAMERA = "600 600 320 240 1 0 0 0 0 1 0 0 0 0 1 0.5"


def typed(**changes):
    """Nodes `actions` and `picture`, which shows them."""
    inputs = {"script": SCRIPT, "layout": "it_takes_two", "frames": 81, "frame_rate": 0.0}
    return shown(Graph().add("actions", "SharedWorldActionScript", **(inputs | changes)))


def read(file, **changes):
    inputs = {"file": file, "start_frame": 0, "frames": 0, "frame_rate": 0.0}
    return shown(Graph().add("actions", "SharedWorldLoadActionsFile", **(inputs | changes)))


def shown(graph):
    graph.add("picture", "SharedWorldPreviewActions", actions=["actions", 0], mark_frame=-1, width=640)
    return graph.add("rate", "PreviewAny", source=["actions", 1])


def picture(server, entry):
    with Image.open(server.folder / entry["type"] / entry["subfolder"] / entry["filename"]) as image:
        return numpy.asarray(image.convert("RGB"))


def drawn(actions, mark=None):
    return (draw_actions(actions, 640, mark).numpy() * 255).round().astype("uint8")


def result(server, graph):
    """The picture of the actions, and their frame rate."""
    outputs = server.run(graph)
    (entry,) = outputs["picture"]["images"]
    (rate,) = outputs["rate"]["text"]
    return picture(server, entry), float(rate)


@pytest.mark.oldest
def test_typed_actions_are_shown_as_they_are(server):
    expected = parse_action_script(SCRIPT, find_layout("it_takes_two"), frame_count=81)
    image, rate = result(server, typed())
    assert numpy.array_equal(image, drawn(expected))
    assert rate == 60.0
    marked, rate = result(server, typed(frame_rate=24.0).change("picture", mark_frame=40))
    assert not numpy.array_equal(marked, image)
    assert rate == 24.0


def test_the_node_as_it_comes_from_the_library_runs(server):
    description = server.object_info()["SharedWorldActionScript"]
    widgets = {
        name: options.get("default", options.get("options", [""])[0])
        for kind in ("required", "optional")
        for name, (_, options) in description["input"].get(kind, {}).items()
    }
    image, rate = result(server, typed(**widgets))
    assert image.shape[1] == 640
    assert rate == 60.0


def test_arms_have_the_names_and_number_of_the_widget(server):
    graph = typed(script=ARMS, layout="panda", agents="arm a, arm b", cameras=f"{CAMERA}\n{CAMERA}")
    expected = parse_action_script(ARMS, find_layout("panda"), ("arm a", "arm b"), 81)
    image, rate = result(server, graph)
    assert numpy.array_equal(image, drawn(expected))
    assert rate == expected.frame_rate


@pytest.mark.oldest
def test_script_from_another_node_is_read_in_the_run(server):
    graph = typed(script=["text", 0]).add("text", "PrimitiveStringMultiline", value=SCRIPT)
    assert numpy.array_equal(result(server, graph)[0], result(server, typed())[0])
    graph.change("text", value="left: 0: W\nright: 3: hop")
    assert failure_words(server, graph) == "line 2, column 11: 'hop' is no key or axis of layout 'it_takes_two'"


def failure_words(server, graph):
    """The beginning of what Action Script fails with."""
    return failure(server, graph.change("actions", frames=4), "actions").split(";")[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"script": "left: 0: W\n\nright: 3: hop"}, "line 3, column 11: 'hop' is no key or axis"),
        ({"script": "left: 0-100: W"}, "line 1, column 7: frame 100 does not exist"),
        ({"layout": "panda"}, "line 1, column 1: there is no agent 'left'"),
        ({"script": "", "layout": "panda", "cameras": f"{CAMERA}\n1 2 3"}, "cameras, line 2: expected the 16 numbers"),
        ({"layout": "chess"}, "known layouts are it_takes_two, panda"),
        ({"frames": -1}, "or 0 for those that the script names, given -1."),
        ({"frames": 100_001}, "given 100001."),
        ({"frames": "many"}, "Failed to convert an input value to a INT value"),
        ({"frame_rate": -1.0}, "smaller than min"),
    ],
)
def test_what_is_wrong_with_a_script_is_said_before_the_run(server, changes, message):
    assert message in refusal(server, typed(**changes), "actions")


def test_inputs_that_are_left_out_are_asked_for(server):
    for name in ("script", "layout", "frames"):
        message = refusal(server, typed().change("actions", **{name: None}), "actions")
        assert "Required input is missing" in message
        assert name in message


@pytest.mark.oldest
def test_what_is_written_to_the_input_folder_is_offered_and_read(server):
    actions = parse_action_script(SCRIPT, find_layout("it_takes_two"), frame_count=161, frame_rate=30.0)
    write_actions(actions, server.input / "played.json")
    offered = server.object_info()["SharedWorldLoadActionsFile"]["input"]["required"]["file"][1]["options"]
    assert "played.json" in offered
    image, rate = result(server, read("played.json"))
    assert numpy.array_equal(image, drawn(actions))
    assert rate == 30.0
    image, rate = result(server, read("played.json", start_frame=80, frames=81, frame_rate=12.0))
    assert numpy.array_equal(image[:-26], drawn(actions.select_frames(range(80, 161)))[:-26])  # but for the seconds
    assert rate == 12.0


def test_missing_frames_are_counted(server):
    write_actions(parse_action_script("left: 0-59: W", find_layout("it_takes_two")), server.input / "short.json")
    message = failure(server, read("short.json", frames=81), "actions")
    assert "21 frames are missing" in message


def test_file_or_camera_that_changed_is_read_again(server):
    def write(name, first_joint):
        joints = numpy.zeros((2, 5, 8))
        joints[..., 0], joints[..., 3] = first_joint, -1.0
        numpy.save(server.input / name, joints)

    graph = read("arms.npy", camera_files="camera.npy")
    numpy.save(server.input / "camera.npy", numpy.ones(16))
    write("arms.npy", 0.5)
    first = result(server, graph)[0]
    write("arms.npy", -0.5)
    assert not numpy.array_equal(result(server, graph)[0], first)
    numpy.save(server.input / "camera.npy", numpy.ones(15))
    assert "expected 16 numbers per view" in failure(server, graph, "actions")


@pytest.mark.parametrize("name", ["../secret.npy", "/etc/hostname", "sub/../../secret.npy"])
def test_files_outside_the_input_folder_are_refused(server, name):
    numpy.save(server.folder / "secret.npy", numpy.zeros((1, 2, 8)))
    numpy.save(server.input / "arms.npy", numpy.zeros((1, 2, 8)))
    message = f"'{name}' lies outside ComfyUI's input folder"
    assert message in refusal(server, read(name), "actions")
    assert message in refusal(server, read("arms.npy", camera_files=name), "actions")


def test_pickled_arrays_are_refused(server):
    numpy.save(server.input / "pickled.npy", numpy.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert "pickled Python objects" in failure(server, read("pickled.npy"), "actions")
