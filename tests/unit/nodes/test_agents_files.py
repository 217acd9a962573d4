"""Options of the nodes that read and write files of agents."""

import shutil

import folder_paths
import pytest
import torch

from shared_world.development.example_inputs import EXAMPLE_INPUTS
from shared_world.nodes.agents_files import LoadAgentsFile, SaveAgentsFile
from shared_world.world.poses import inverse
from shared_world.world.rebasing import rebase_agents

WALK, LOG = "town_walk.txt", "town_carla_log.json"


@pytest.fixture
def folders(tmp_path):
    """ComfyUI's input and output folder, for the time of a test; both files of the examples are in it."""
    before = folder_paths.get_input_directory(), folder_paths.get_output_directory()
    for name in ("input", "output"):
        (tmp_path / name).mkdir()
    for name in (WALK, LOG):
        shutil.copy(EXAMPLE_INPUTS / name, tmp_path / "input" / name)
    folder_paths.set_input_directory(str(tmp_path / "input"))
    folder_paths.set_output_directory(str(tmp_path / "output"))
    yield tmp_path
    folder_paths.set_input_directory(before[0])
    folder_paths.set_output_directory(before[1])


def loaded(file, frames=0, frame_rate=0.0, **options):
    return LoadAgentsFile.execute(file, "recognise", frames, frame_rate, **options).args[0]


def saved(folders, agents, file_format, **options):
    names = SaveAgentsFile.execute(agents, "made", file_format, **options).ui.as_dict()["text"][0].split("\n")
    return [shutil.copy(folders / "output" / name, folders / "input" / name).name for name in names]


@pytest.mark.usefixtures("folders")
def test_options_at_rest_change_nothing_and_others_re_base():
    walk = loaded(WALK, width=720, height=480)
    assert walk.names == ("town_walk",)
    torch.testing.assert_close(loaded(WALK, inverted=True).poses(), inverse(walk.poses()))
    changes = {"camera_axes": "opengl", "world_axes": "z up", "metres_per_unit": 0.3048, "origin": "first frame"}
    torch.testing.assert_close(loaded(WALK, **changes).poses(), rebase_agents(walk, **changes).poses())
    moved = loaded(WALK, right=2.0, up=1.0, forward=-3.0).poses() - walk.poses()
    assert moved[0, 0, :3, 3].tolist() == pytest.approx([2.0, -1.0, -3.0])


@pytest.mark.usefixtures("folders")
def test_cameras_of_a_log_may_be_agents_of_their_own():
    assert len(loaded(LOG)) == 2
    agents = loaded(LOG, cameras="agents")
    assert len(agents) == 8
    assert {agent.rig.view_count for agent in agents.members} == {1}


def test_several_files_are_several_agents(folders):
    shutil.copy(folders / "input" / WALK, folders / "input" / "second.txt")
    agents = loaded(WALK, more_files="second.txt")
    assert agents.names == ("town_walk", "second")
    both = LoadAgentsFile.fingerprint_inputs(file=WALK, more_files="second.txt")
    assert len(both) == 2
    assert both != LoadAgentsFile.fingerprint_inputs(file=WALK)
    assert LoadAgentsFile.validate_inputs(WALK, "second.txt") is True
    assert "'third.txt' is not in ComfyUI's input folder" in LoadAgentsFile.validate_inputs(WALK, "third.txt")


@pytest.mark.usefixtures("folders")
def test_names_from_another_node_are_not_refused_before_they_are_known_and_never_answered_from_the_cache():
    assert LoadAgentsFile.validate_inputs(WALK, more_files=None) is True
    first, second = (LoadAgentsFile.fingerprint_inputs(WALK, more_files=None) for _ in range(2))
    assert first != second


def test_a_file_in_centimetres_is_read_back_in_metres(folders):
    log = loaded(LOG)
    (name,) = saved(folders, log, "carla_log", metres_per_unit=0.01)
    torch.testing.assert_close(loaded(name).poses()[..., :3, 3], 100.0 * log.poses()[..., :3, 3])
    back = loaded(name, metres_per_unit=0.01)
    torch.testing.assert_close(back.extrinsics(), log.extrinsics(), rtol=0, atol=1e-5)


def test_a_file_may_begin_at_the_first_frame_of_the_first_agent(folders):
    log = loaded(LOG)
    (name,) = saved(folders, log, "shared_world_json", origin="first frame")
    first, second = loaded(name).members
    torch.testing.assert_close(first.poses[0], torch.eye(4, dtype=torch.float64))
    relative = inverse(log.members[0].poses) @ log.members[1].poses
    torch.testing.assert_close(inverse(first.poses) @ second.poses, relative)


def test_every_camera_gets_a_file_where_the_format_holds_one(folders):
    names = saved(folders, loaded(LOG), "tum")
    assert len(names) == 8
    assert all(name.startswith("made_00001_") and name.endswith(".txt") for name in names)
    assert len(loaded(names[0], more_files=", ".join(names[1:]), frame_rate=8.0)) == 8
