import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_world.world.agents import Agent, Agents
from shared_world.world.collisions import body_separations
from shared_world.world.encounters import CAR, ENCOUNTERS, encounter
from shared_world.world.poses import heading, inverse
from shared_world.world.rigs import front_rig

PRESETS = list(ENCOUNTERS)
JITTER = 0.4

parameters = st.fixed_dictionaries(
    {
        "distance": st.floats(10.0, 30.0),
        "lane_offset": st.floats(1.75, 3.5),
        "speed": st.floats(3.0, 14.0),
        "turn_radius": st.floats(4.0, 15.0),
        "seed": st.integers(0, 10_000),
    }
)


def whole_encounter(preset: str, values: dict[str, float]) -> Agents:
    """An encounter with enough frames for both cars to pass the meeting point and leave."""
    frames = math.ceil((2.0 * values["distance"] + 20.0) / values["speed"] * 8.0)
    return encounter(preset, **values, jitter=JITTER, frames=frames, frame_rate=8.0)


def sees(watcher: Agent, watched: Agent, view: str | None = None) -> torch.Tensor:
    """(frames) whether the middle of a car lies in the picture of a view, or of any view, of another car."""
    middle = watched.poses @ torch.tensor([*CAR.centre, 1.0], dtype=torch.float64)
    local = (inverse(watcher.extrinsics()) @ middle[:, None, :, None])[..., :3, :]
    pixels = (watcher.intrinsics() @ local).squeeze(-1)
    u, v = pixels[..., 0] / pixels[..., 2], pixels[..., 1] / pixels[..., 2]
    visible = (pixels[..., 2] > 0) & (u >= 0) & (u <= watcher.rig.width) & (v >= 0) & (v <= watcher.rig.height)
    return visible.any(1) if view is None else visible[:, watcher.rig.view_names.index(view)]


@pytest.mark.parametrize("preset", PRESETS)
@settings(deadline=None, max_examples=20)
@given(values=parameters)
def test_cars_never_touch(preset, values):
    assert body_separations(whole_encounter(preset, values))[0, 1].min() > 0.0


@pytest.mark.parametrize("preset", PRESETS)
@settings(deadline=None, max_examples=15)
@given(values=parameters)
def test_paths_are_smooth(preset, values):
    """Speed within the few percent that the shifts cost, and no turn sharper than the radius allows."""
    poses = whole_encounter(preset, values).poses()
    step = values["speed"] / 8.0
    moved = torch.linalg.vector_norm(torch.diff(poses[..., :3, 3], dim=1), dim=-1)
    slack = 1.5 * math.sqrt(2.0) * JITTER / values["distance"]
    chord = 2.0 * values["turn_radius"] * math.sin(min(step / values["turn_radius"], math.pi) / 2.0)
    assert moved.max() <= step * (1.0 + slack) + 1e-9
    assert moved.min() >= chord - step * slack - 1e-9
    turned = torch.diff(heading(poses), dim=1)
    turned = ((turned + 180.0) % 360.0 - 180.0).abs()
    assert turned.max() <= math.degrees(step / values["turn_radius"] + 2.0 * slack) + 1e-9


@pytest.mark.parametrize("preset", PRESETS)
@settings(deadline=None, max_examples=15)
@given(values=parameters)
def test_cars_look_where_they_drive_and_stay_on_the_ground(preset, values):
    poses = whole_encounter(preset, values).poses()
    assert (poses[..., 1, 3] == 0.0).all()
    moved = torch.diff(poses[..., :3, 3], dim=1)
    forward = poses[:, 1:, :3, 2] + poses[:, :-1, :3, 2]
    cosine = torch.nn.functional.cosine_similarity(moved, forward, dim=-1)
    # Where a bend begins between two frames the car drives a little to the side of the mean of its headings.
    assert cosine.min() > (1.0 - 1e-5 if preset in ("head_on", "crossing") else 0.995)


SIGHTS = {
    "head_on": ("front", "front"),
    "left_turn_meeting": ("front", "front"),
    "right_turn_meeting": ("front", "left"),
    "crossing": ("right", "front"),
    "t_junction_merge": ("right", "front"),
    "following_then_parting": ("rear", "front"),
}
"""The view in which the first car sees the second, and the other way round."""


@pytest.mark.parametrize("preset", PRESETS)
@settings(deadline=None, max_examples=10)
@given(values=parameters)
def test_the_cars_see_each_other(preset, values):
    first, second = whole_encounter(preset, values).members
    of_first, of_second = SIGHTS[preset]
    assert sees(first, second, of_first).any()
    assert sees(second, first, of_second).any()


@pytest.mark.parametrize("preset", PRESETS)
def test_four_views_see_the_other_car_in_every_frame_of_the_default_encounter(preset):
    first, second = encounter(preset).members
    assert sees(first, second).all()
    assert sees(second, first).all()


@pytest.mark.parametrize("preset", PRESETS)
def test_the_default_encounter_is_near_enough_to_matter_and_needs_no_warning(preset, caplog):
    agents = encounter(preset)
    assert agents.names == ("agent 1", "agent 2")
    assert agents.frame_count == 49
    assert agents.members[0].body == agents.members[1].body == CAR
    assert body_separations(agents)[0, 1].min() < 6.0
    assert not caplog.records


@pytest.mark.parametrize("preset", PRESETS)
def test_agent_1_starts_at_the_distance_and_keeps_to_the_right(preset):
    agents = encounter(preset, distance=40.0, lane_offset=2.0, jitter=0.0, speed=8.0)
    x, _, z = agents.members[0].poses[0, :3, 3].tolist()
    assert x == pytest.approx(2.0)
    if preset in ("head_on", "following_then_parting"):
        assert z == pytest.approx(-40.0)
    travelled = torch.linalg.vector_norm(torch.diff(agents.members[0].poses[:, :3, 3], dim=0), dim=-1).sum()
    assert travelled.item() == pytest.approx(48.0, rel=0.01)


def test_without_jitter_head_on_is_symmetric():
    first, second = encounter("head_on", jitter=0.0).poses()
    half_turn = torch.diag(torch.tensor([-1.0, 1.0, -1.0, 1.0], dtype=torch.float64))
    np.testing.assert_allclose(second, half_turn @ first, atol=1e-9)


@pytest.mark.parametrize(
    ("preset", "agent", "angle"),
    [
        ("left_turn_meeting", 0, -90.0),
        ("right_turn_meeting", 0, 90.0),
        ("t_junction_merge", 1, 90.0),
        ("following_then_parting", 1, 90.0),
        ("head_on", 0, 0.0),
        ("crossing", 1, 0.0),
    ],
)
def test_cars_turn_into_the_named_direction_and_end_on_the_right(preset, agent, angle):
    """On the right of its road: the middle of the road is two metres to the car's left."""
    path = encounter(preset, lane_offset=2.0, jitter=0.0, frames=97).members[agent].poses
    turned = (heading(path[-1]) - heading(path[0])).item()
    assert (turned + 180.0) % 360.0 - 180.0 == pytest.approx(angle, abs=1e-6)
    for pose in (path[0], path[-1]):
        assert (pose[:3, 0] @ pose[:3, 3]).item() == pytest.approx(2.0, abs=1e-6)


def test_a_seed_gives_its_shifts_again_and_another_seed_gives_others():
    assert encounter("head_on", seed=3) == encounter("head_on", seed=3)
    assert encounter("head_on", seed=3) != encounter("head_on", seed=4)


@pytest.mark.parametrize("seed", range(20))
def test_shifts_of_start_and_end_stay_within_the_jitter(seed):
    shifted = encounter("head_on", jitter=0.4, seed=seed).poses()[..., :3, 3]
    exact = encounter("head_on", jitter=0.0).poses()[..., :3, 3]
    assert 0.0 < (shifted - exact).abs().max() <= 0.4


@pytest.mark.parametrize("preset", PRESETS)
def test_frames_only_sample_an_encounter(preset):
    """Twice the frame rate and a longer or shorter clip show the same paths."""
    poses = encounter(preset, frames=49, frame_rate=8.0).poses()
    np.testing.assert_allclose(encounter(preset, frames=97, frame_rate=16.0).poses()[:, ::2], poses, atol=1e-9)
    np.testing.assert_allclose(encounter(preset, frames=81, frame_rate=8.0).poses()[:, :49], poses, atol=1e-9)
    np.testing.assert_allclose(encounter(preset, frames=17, frame_rate=8.0).poses(), poses[:, :17], atol=1e-9)


def test_the_rig_and_the_sampling_are_taken_over():
    rig = front_rig(64, 48)
    agents = encounter("crossing", frames=33, frame_rate=20.0, rig=rig)
    assert all(agent.rig == rig for agent in agents.members)
    assert (agents.frame_count, agents.frame_rate) == (33, 20.0)


def test_cars_that_touch_are_reported_with_the_frame(caplog):
    encounter("head_on", lane_offset=0.5)
    assert "the cars touch at frame 24" in caplog.text


def test_cars_that_do_not_meet_are_reported_with_the_missing_frames(caplog):
    encounter("head_on", distance=18.0, speed=6.0, frames=13, frame_rate=8.0)
    assert "agent 2 is 9 m short of it; 12 more frames" in caplog.text
    caplog.clear()
    encounter("head_on", distance=18.0, speed=6.0, frames=25, frame_rate=8.0)
    assert not caplog.records


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"preset": "roundabout"}, "Unknown encounter 'roundabout'; choose one of head_on, left_turn_meeting"),
        ({"distance": 0.0}, "distance of an encounter must be positive, given 0"),
        ({"speed": -1.0}, "speed of an encounter must be positive, given -1"),
        ({"turn_radius": float("nan")}, "turn radius of an encounter must be positive, given nan"),
        ({"lane_offset": -1.75}, "lane offset of an encounter must not be negative, given -1.75"),
        ({"jitter": float("inf")}, "jitter of an encounter must not be negative, given inf"),
        ({"frames": 0}, "at least one frame, given 0"),
        ({"frame_rate": 0.0}, "positive frames per second, given 0"),
    ],
)
def test_unusable_parameters_are_refused_with_their_value(arguments, message):
    with pytest.raises(ValueError, match=message):
        encounter(**{"preset": "head_on", **arguments})
