import os
import re
from pathlib import Path

import folder_paths
import numpy as np
import pytest
import torch

from shared_world.nodes.actions import ActionScript, LoadActionsFile, PreviewActions
from shared_world.world.actions import find_layout, parse_action_script, read_actions, write_actions
from shared_world.world.actions.it_takes_two import RAW_AXES, RAW_BUTTONS

IT_TAKES_TWO, PANDA = find_layout("it_takes_two"), find_layout("panda")
CAMERA_ROW = "600 600 320 240 1 0 0 0 0 1 0 0 0 0 1 0.5"


@pytest.fixture
def inputs(tmp_path):
    """ComfyUI's input folder, for the time of a test."""
    before = folder_paths.get_input_directory()
    folder = tmp_path / "input"
    folder.mkdir()
    folder_paths.set_input_directory(str(folder))
    yield folder
    folder_paths.set_input_directory(before)


def widgets(node, **changes):
    """Every widget of a node at its default, with changes."""
    schema = node.define_schema()
    defaults = {entry.id: getattr(entry, "default", None) for entry in schema.inputs}
    (defaults["layout"],) = [entry.options[0] for entry in schema.inputs if entry.id == "layout"] or [None]
    return {name: value for name, value in (defaults | changes).items() if value is not None}


def scripted(**changes):
    return ActionScript.execute(**widgets(ActionScript, **changes)).args


def script_answer(**changes):
    given = widgets(ActionScript, **changes)
    del given["frame_rate"]
    return ActionScript.validate_inputs(**given)


def recording(folder, frames, name="game.csv"):
    """A recording in which the left player presses W in the odd frames and the mouse counts the frames."""
    rows = [
        [
            frame % 2 if column == "w" else frame / frames if column == "norm_dx" else 0
            for column in RAW_BUTTONS + RAW_AXES
        ]
        for frame in range(frames)
    ]
    lines = [",".join(map(str, row)) for row in [RAW_BUTTONS + RAW_AXES, *rows]]
    (folder / name).write_text("\n".join(lines) + "\n")
    return name


def arms(folder, frames=12, agents=2, name="arms.npy"):
    joints = np.zeros((agents, frames, 8))
    joints[..., 3] = -1.0
    joints[..., 0] = np.arange(frames) / 10
    np.save(folder / name, joints)
    return name


def loaded(file, **changes):
    return LoadActionsFile.execute(**({"file": file, "start_frame": 0, "frames": 0, "frame_rate": 0.0} | changes)).args


def test_the_example_script_runs_as_it_stands_and_presses_keys_of_both_players():
    assert script_answer() is True
    actions, frame_rate = scripted()
    assert actions.names == ("left", "right")
    assert actions.frame_count == 81
    assert actions.discrete.any(dim=1).any(dim=1).tolist() == [True, True]
    assert frame_rate == actions.frame_rate == 60.0


def test_no_frames_are_as_many_as_the_script_names():
    actions, _ = scripted(script="left: 0-160: W", frames=0)
    assert actions.frame_count == 161


def test_frame_rate_of_the_widget_is_the_one_that_comes_out():
    actions, frame_rate = scripted(frame_rate=24.0)
    assert frame_rate == actions.frame_rate == 24.0


@pytest.mark.parametrize("agents", ["arm a, arm b", "arm a\narm b\n", " arm a ,, arm b,"])
def test_agents_are_named_where_the_layout_leaves_them_open(agents):
    actions, frame_rate = scripted(script="arm b: 0: j1 0.5", layout="panda", agents=agents)
    assert actions.names == ("arm a", "arm b")
    assert actions.continuous[1, :, 0].tolist() == [0.5] * 81
    assert frame_rate == PANDA.frame_rate


def test_without_names_the_script_says_how_many_agents_there_are():
    actions, _ = scripted(script="agent 3: 0: j1 0.5", layout="panda", agents="")
    assert actions.names == ("agent 1", "agent 2", "agent 3")


def test_names_and_cameras_may_be_left_out_of_a_graph():
    assert ActionScript.validate_inputs(script="all: 0: j1 0", layout="panda", frames=5) is True
    actions, _ = ActionScript.execute("all: 0: j1 0", "panda", 5, 0.0).args
    assert actions.names == ("robot 1", "robot 2")
    assert actions.extras == {}


def test_cameras_go_with_the_actions_one_per_line():
    actions, _ = scripted(script="", layout="panda", cameras=f"# wrist\n{CAMERA_ROW}\n\n{CAMERA_ROW}")
    assert actions.extras["camera"].tolist() == [[float(number) for number in CAMERA_ROW.split()]] * 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"script": "left: 0: W\nright: 3: hop"},
            "line 2, column 11: 'hop' is no key or axis of layout 'it_takes_two'",
        ),
        ({"script": "left: 0-100: W"}, "line 1, column 7: frame 100 does not exist; the actions have frames 0 to 80"),
        ({"script": "left: 0-end: W", "frames": 0}, "line 1, column 7: 'end' needs a number of frames"),
        ({"script": "middle: 0: W"}, "line 1, column 1: there is no agent 'middle'"),
        ({"script": "left: 0: W", "layout": "panda"}, "line 1, column 1: there is no agent 'left'"),
        ({"script": "", "layout": "panda", "agents": "a, a"}, "Agents must have different names, given a, a."),
        (
            {"script": "", "layout": "panda", "cameras": "\n1 2 3"},
            "cameras, line 2: expected the 16 numbers fx fy cx cy",
        ),
        ({"cameras": CAMERA_ROW}, "Layout 'it_takes_two' takes no cameras; leave them empty"),
        ({"layout": "chess"}, "There is no action layout 'chess'; known layouts are it_takes_two, panda."),
    ],
)
def test_what_is_wrong_is_said_before_the_run_and_again_in_it(changes, message):
    assert message in script_answer(**changes)
    with pytest.raises(ValueError, match=re.escape(message)):
        scripted(**changes)


@pytest.mark.parametrize("frames", [-1, 100_001])
def test_numbers_of_frames_that_no_widget_would_take_are_refused(frames):
    assert script_answer(frames=frames).endswith(f"given {frames}.")


@pytest.mark.parametrize("linked", ["script", "layout", "frames", "agents", "cameras"])
def test_nothing_is_refused_before_the_run_that_is_only_known_in_it(linked):
    given = {"script": "left: 0: hop", "layout": "it_takes_two", "frames": 81, "agents": "", "cameras": ""}
    assert ActionScript.validate_inputs(**given | {linked: None}) is True


def test_a_recording_is_read_from_its_first_frame_to_its_last(inputs):
    actions, frame_rate = loaded(recording(inputs, 10))
    assert actions == read_actions(inputs / "game.csv")
    assert frame_rate == 60.0


def test_frames_are_cut_from_the_start_frame_on(inputs):
    actions, _ = loaded(recording(inputs, 200), start_frame=101, frames=81)
    assert actions.frame_count == 81
    assert actions.continuous[0, :, 0].tolist() == [frame / 200 for frame in range(101, 182)]
    assert actions.discrete[0, :4, 0].tolist() == [True, False, True, False]


def test_all_frames_that_follow_are_taken(inputs):
    actions, _ = loaded(recording(inputs, 200), start_frame=150)
    assert actions.continuous[0, [0, -1], 0].tolist() == [150 / 200, 199 / 200]


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        (
            {"frames": 81},
            "game.csv: 81 frames from frame 0 on are asked for, the file has 60 there: 21 frames are missing;",
        ),
        ({"start_frame": 20, "frames": 41}, "the file has 40 there: 1 frame is missing; ask for at most 40"),
        ({"start_frame": 60}, "game.csv: start_frame 60 does not exist; the file has frames 0 to 59."),
    ],
)
def test_missing_frames_are_counted_and_never_repeated(inputs, cut, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        loaded(recording(inputs, 60), **cut)


def test_frame_rate_of_the_widget_counts_for_every_kind_of_file_and_moves_no_frame(inputs):
    actions = parse_action_script("left: 0-8: W", IT_TAKES_TWO, frame_rate=30.0)
    write_actions(actions, inputs / "typed.json")
    assert loaded("typed.json") == (actions, 30.0)
    for file in ("typed.json", recording(inputs, 10)):
        kept, _ = loaded(file)
        changed, frame_rate = loaded(file, frame_rate=12.0)
        assert frame_rate == changed.frame_rate == 12.0
        assert torch.equal(changed.discrete, kept.discrete)


@pytest.mark.parametrize("separator", [", ", "\n", ","])
def test_camera_files_give_one_view_each_in_their_order(inputs, separator):
    (inputs / "below").mkdir()
    for number, name in enumerate(("b.npy", "below/a.npy")):
        np.save(inputs / name, np.full((1, 1, 16), number + 1.0))
    actions, frame_rate = loaded(arms(inputs), camera_files=separator.join(["b.npy", "below/a.npy"]))
    assert actions.extras["camera"].tolist() == [[1.0] * 16, [2.0] * 16]
    assert frame_rate == PANDA.frame_rate


def test_cameras_beside_another_kind_of_file_are_refused(inputs):
    np.save(inputs / "camera.npy", np.ones(16))
    with pytest.raises(ValueError, match=r"cameras go with joint positions in an \.npy file only"):
        loaded(recording(inputs, 10), camera_files="camera.npy")


@pytest.mark.parametrize("name", ["../secret.npy", "/etc/hostname", "below/../../secret.npy"])
def test_files_outside_the_input_folder_are_not_read(inputs, name):
    file = arms(inputs)
    arms(inputs.parent, name="secret.npy")
    message = f"'{name}' lies outside ComfyUI's input folder"
    for given in ({"file": name}, {"file": file, "camera_files": f"{file}, {name}"}):
        assert message in LoadActionsFile.validate_inputs(**given)
        with pytest.raises(ValueError, match="lies outside ComfyUI's input folder"):
            loaded(**given)


def test_a_file_that_is_missing_is_named_before_the_run(inputs):
    file = arms(inputs)
    assert LoadActionsFile.validate_inputs(file=file) is True
    assert "'gone.npy' is not in ComfyUI's input folder" in LoadActionsFile.validate_inputs(file="gone.npy")
    assert "'gone.npy' is not" in LoadActionsFile.validate_inputs(file=file, camera_files="gone.npy")
    assert "'gone.npy' is not" in LoadActionsFile.validate_inputs(file=None, camera_files="gone.npy")
    assert LoadActionsFile.validate_inputs(file=file, camera_files=None) is True


def test_a_change_of_the_file_or_of_a_camera_is_noticed(inputs):
    given = {"file": arms(inputs), "camera_files": arms(inputs, name="camera.npy"), "frames": 81}
    before = LoadActionsFile.fingerprint_inputs(**given)
    assert LoadActionsFile.fingerprint_inputs(**given) == before
    seen = {before}
    for name in ("arms.npy", "camera.npy"):
        os.utime(inputs / name, ns=(0, len(seen)))
        seen.add(LoadActionsFile.fingerprint_inputs(**given))
    assert len(seen) == 3


def test_only_files_of_actions_are_offered(inputs):
    recording(inputs, 2)
    (inputs / "below").mkdir()
    (inputs / arms(inputs)).rename(inputs / "below" / "ARMS.NPY")
    (inputs / "photo.png").write_bytes(b"")
    file = next(entry for entry in LoadActionsFile.define_schema().inputs if entry.id == "file")
    assert file.options == [str(Path("below", "ARMS.NPY")), "game.csv"]


@pytest.mark.parametrize("width", [256, 960])
def test_the_picture_is_an_image_of_the_chosen_width(width):
    actions, _ = scripted()
    plain, marked = (PreviewActions.execute(actions, mark, width).args[0] for mark in (-1, 40))
    assert plain.shape[0] == 1
    assert plain.shape[2:] == (width, 3)
    changed = (plain != marked).any(-1).any(1)[0].nonzero().flatten()
    assert len(changed) in (1, 2)


def test_a_mark_behind_the_last_frame_is_refused():
    actions, _ = scripted()
    with pytest.raises(ValueError, match="Frame 81 does not exist; the actions have frames 0 to 80"):
        PreviewActions.execute(actions, 81, 960)
