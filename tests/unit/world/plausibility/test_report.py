import math

import pytest
import torch

from shared_world.tests.unit.world.formats.samples import DATA, OPTIONS, SAMPLES
from shared_world.tests.unit.world.plausibility.misread import SAYS, WRONG, misread, random_encounter
from shared_world.world.agents import Agent, Agents, combine_agents
from shared_world.world.encounters import ENCOUNTERS, encounter
from shared_world.world.formats.registry import read_agents
from shared_world.world.plausibility import KnownLength, check_agents
from shared_world.world.plausibility.readings import AS_IT_IS, other_readings, read_as
from shared_world.world.poses import pitch_rotation, rigid, yaw_rotation
from shared_world.world.rebasing import rebase_agents
from shared_world.world.rigs import front_rig

SEEDS = range(20)


@pytest.fixture(scope="module")
def encounters():
    return [random_encounter(seed) for seed in SEEDS]


def test_random_encounters_read_rightly_are_never_flagged(encounters):
    flagged = [check_agents(agents).warnings for agents in encounters]
    assert [warnings for warnings in flagged if warnings] == []


def test_encounters_in_the_frame_of_the_first_camera_are_not_flagged_either(encounters):
    moved = [rebase_agents(agents, origin="first frame") for agents in encounters]
    assert [check_agents(agents).warnings for agents in moved if check_agents(agents).warnings] == []


@pytest.mark.parametrize("wrong", WRONG)
def test_random_encounters_read_wrongly_are_always_flagged_and_the_mistake_is_named(encounters, wrong):
    reports = [check_agents(misread(agents, wrong)) for agents in encounters]
    flagged = sum(bool(report.warnings) for report in reports)
    named = sum(SAYS[wrong] in report.text for report in reports)
    assert flagged == len(encounters)
    assert named >= 0.95 * len(encounters)


@pytest.mark.parametrize("preset", ENCOUNTERS)
def test_four_views_of_a_car_are_not_flagged(preset):
    assert check_agents(encounter(preset)).warnings == ()


def test_one_source_of_several_that_is_wrong_is_named():
    right, wrong = random_encounter(1), misread(random_encounter(1), "OpenGL cameras")
    named = [Agent(f"film {number}", agent.poses, agent.rig) for number, agent in enumerate(wrong.members)]
    report = check_agents(combine_agents([right, right, Agents((named[0],), wrong.frame_rate)]))
    assert len(report.warnings) == 1
    assert "'film 0'" in report.warnings[0]
    assert "camera_axes opengl" in report.warnings[0]


def path(name="a", frames=33, place=lambda t: (0.0, -1.6, 10.0 * t), yaw=lambda t: 0.0, pitch=lambda t: 0.0):
    """An agent with one camera; functions of the time 0..1."""
    times = torch.linspace(0.0, 1.0, frames, dtype=torch.float64).tolist()
    turns = torch.stack([yaw_rotation(yaw(time)) @ pitch_rotation(pitch(time)) for time in times])
    return Agent(
        name, rigid(turns, torch.tensor([place(time) for time in times], dtype=torch.float64)), front_rig(64, 48)
    )


USUAL = {
    "walk with a bobbing head": path(
        place=lambda t: (math.sin(3 * t), -1.7 + 0.03 * math.sin(40 * t), 6 * t),
        yaw=lambda t: math.degrees(math.atan2(3 * math.cos(3 * t), 6)),
        pitch=lambda t: 4 * math.sin(25 * t),
    ),
    "drone that looks down": path(place=lambda t: (0.0, -30.0, 30 * t), pitch=lambda t: -60.0),
    "drone straight down": path(place=lambda t: (0.0, -30.0, 30 * t), pitch=lambda t: -90.0),
    "orbit": path(
        place=lambda t: (-5 * math.sin(3 * t), -1.5, -5 * math.cos(3 * t)), yaw=lambda t: math.degrees(3 * t)
    ),
    "standing pan": path(place=lambda t: (3.0, -1.6, 2.0), yaw=lambda t: 180 * t),
    "standing tilt": path(place=lambda t: (3.0, -1.6, 2.0), pitch=lambda t: 40 * t - 20),
    "crane up": path(place=lambda t: (0.0, -1.0 - 4.0 * t, 0.0)),
    "truck to the right": path(place=lambda t: (4 * t, -1.6, 0.0)),
    "way down from the origin": path(place=lambda t: (0.0, 2.0 * t, 8 * t)),
    "stands at the origin": path(place=lambda t: (0.0, 0.0, 0.0)),
}


@pytest.mark.parametrize("name", USUAL)
def test_usual_camera_moves_are_not_flagged(name):
    assert check_agents(Agents((USUAL[name],), 8.0)).warnings == ()


def test_backing_away_is_flagged_and_the_way_backwards_named_as_the_reason():
    # From numbers alone this is a camera that goes forward, read the other way round.
    report = check_agents(Agents((path(place=lambda t: (0.0, 0.0, -10.0 * t)),), 8.0))
    assert "backwards" in report.warnings[0]
    assert "inverted" in report.warnings[0]


def test_files_of_every_format_are_not_flagged_if_they_are_read_rightly():
    # One camera of these pans another way than it goes.
    flagged = {file: check_agents(read_agents(DATA / file, OPTIONS)).warnings for file in SAMPLES}
    assert [file for file, warnings in flagged.items() if warnings and file != "gltf/crane.gltf"] == []


@pytest.mark.parametrize("wrong", ["OpenGL cameras", "OpenGL cameras, world-to-camera", "y up"])
def test_files_of_every_format_are_flagged_if_their_cameras_stand_on_their_heads(wrong):
    flagged = {file: check_agents(misread(read_agents(DATA / file, OPTIONS), wrong)).warnings for file in SAMPLES}
    assert [file for file, warnings in flagged.items() if not warnings] == []


def test_every_reading_undoes_what_it_names():
    poses = random_encounter(3).poses()
    for reading, changed in zip(other_readings(), read_as(other_readings(), poses), strict=True):
        assert reading != AS_IT_IS
        assert torch.linalg.det(changed[..., :3, :3]).allclose(torch.ones((), dtype=torch.float64))
        assert reading.phrase() != "as they are"
    assert torch.equal(read_as([AS_IT_IS], poses)[0], poses)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (KnownLength("height of a camera", 1.6), None),
        (KnownLength("height of a camera", 0.16), "metres_per_unit 0.1 would fit"),
        (KnownLength("path of an agent", 20.0, "a"), "metres_per_unit 2 would fit"),
        (KnownLength("distance between agents", 4.0), None),
        (KnownLength("distance between agents", 8.0, "b", "a"), "metres_per_unit 2 would fit"),
    ],
)
def test_known_length_says_by_what_to_scale(known, said):
    agents = Agents((path("a"), path("b", place=lambda t: (4.0, -1.6, 10 * t))), 8.0)
    report = check_agents(agents, known)
    assert known.kind in report.lines[-1]
    assert [said in warning for warning in report.warnings] == ([] if said is None else [True])


def test_known_height_of_a_camera_under_the_ground_says_that_up_and_down_may_be_swapped():
    agents = Agents((path(place=lambda t: (0.0, 1.6, 10 * t)),), 8.0)
    assert "up and down may be swapped" in check_agents(agents, KnownLength("height of a camera", 1.6)).warnings[-1]


@pytest.mark.parametrize("kind", ["height of a camera", "path of an agent", "distance between agents"])
def test_known_length_of_what_is_no_length_at_all_has_no_unit(kind):
    still = Agents(tuple(path(name, place=lambda t: (0.0, 0.0, 0.0)) for name in "ab"), 8.0)
    (warning,) = check_agents(still, KnownLength(kind, 1.6)).warnings
    assert warning == f"The {kind} is 0 m, not 1.6 m: no unit can make up for that."


def test_lengths_that_no_unit_makes_usual_are_only_made_more_usual():
    (warning,) = check_agents(Agents((path(place=lambda t: (0.0, 0.0, 1e8 * t)),), 8.0)).warnings
    assert warning.endswith("metres_per_unit 0.001, as for millimetres, would make them more usual.")


def test_positions_near_the_largest_number_are_survived():
    places = {"a": 0.0, "b": 1e150, "c": 1e300}
    far = Agents(tuple(path(name, place=lambda t, x=x: (x, 0.0, x * t)) for name, x in places.items()), 8.0)
    assert "3 agents" in check_agents(far).text


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (("height of a camera", 1.0, "c"), "There is no agent 'c'; the agents are a."),
        (("distance between agents", 1.0), "There is only one agent"),
        (("distance between agents", 1.0, "a", "a"), "from 'a' to itself"),
        (("height of a camera", 0.0), "must be positive metres, given 0.0"),
    ],
)
def test_lengths_that_cannot_be_measured_are_told(known, message):
    with pytest.raises(ValueError, match=message):
        check_agents(Agents((path(),), 8.0), KnownLength(*known))


def test_report_tells_heights_speeds_and_who_sees_whom():
    facing = path("b", place=lambda t: (0.0, -1.6, 30.0), yaw=lambda t: 180.0)
    report = check_agents(Agents((path("a"), facing), 8.0))
    text = report.text
    assert text.startswith("Nothing looks wrong.")
    assert "2 agents, 33 frames at 8 per second" in text
    assert "'a': 1 view, cameras 1.60 to 1.60 m up, their up 0 degrees off the world's, way 10.00 m, 2.50 m/s" in text
    assert "'b': 1 view, cameras 1.60 to 1.60 m up, their up 0 degrees off the world's, stands still" in text
    assert "'a' and 'b': 20.00 to 30.00 m apart" in text
    assert "'a' has 'b' in view 100% of the time, 'b' has 'a' 100%" in text
