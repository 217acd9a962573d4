import json

import pytest

from shared_world.development.locations import ROOT
from shared_world.world.agents import Body
from shared_world.world.drawing import Drawing, DrawnAgent, Limits, drawing_text, read_drawing
from shared_world.world.paths import Waypoint
from shared_world.world.rigs import rig_from_yaws

CASES = json.loads((ROOT / "tests" / "fixtures" / "drawings.json").read_text(encoding="utf-8"))["cases"]

RICH = Drawing(
    (
        DrawnAgent(
            "red",
            (Waypoint(0.5, (1, 0, 2)), Waypoint(3, (4, -0.25, 8), yaw=-90, speed=3.5)),
            Body((1, 2, 3), (0, -1, 0.5)),
            rig_from_yaws({"ahead": 10, "back": 170}, 320, 200, 70, (0, -1, 0.3)),
            "ease_in",
        ),
        DrawnAgent("blue", (Waypoint(0, (0, 0, 0)),)),
    ),
    Limits(1, 10, 0.5, 7),
)


def changed(**keys):
    document = json.loads(drawing_text(RICH))
    return json.dumps({**document, **keys})


def with_agent(**keys):
    document = json.loads(drawing_text(RICH))
    return changed(agents=[{**document["agents"][0], **keys}])


def test_drawing_comes_back_as_it_was_written():
    assert read_drawing(drawing_text(RICH)) == RICH


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_drawings_of_version_1_open(case):
    """The fixtures hold texts as graphs were saved with; a later version must go on reading them."""
    assert case["drawing"]["version"] == 1
    drawing = read_drawing(json.dumps(case["drawing"]))
    assert [agent.name for agent in drawing.agents] == [agent["name"] for agent in case["drawing"]["agents"]]


def test_only_names_and_waypoints_are_needed():
    agents = '[{"name": "a", "waypoints": [{"time": 0, "position": [1, 0, 2]}]}]'
    text = f'{{"format": "shared_world_drawing", "version": 1, "agents": {agents}}}'
    assert read_drawing(text) == Drawing((DrawnAgent("a", (Waypoint(0, (1, 0, 2)),)),))


def test_empty_text_is_an_empty_drawing():
    assert read_drawing(" \n") == Drawing()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a drawing: line 1"),
        ("[1]", "not a drawing: top level: expected an object"),
        ('{"format": "shared_world_agents", "version": 1}', "format: expected 'shared_world_drawing'"),
        (changed(version=2), "version 2, this pack reads up to 1; update the pack"),
        (changed(limits={"step": -1}), "limit 'step' must be a finite number from 0, given -1"),
        (with_agent(easing="fast"), "agent 'red': Unknown easing 'fast'"),
        (with_agent(waypoints=[{"time": -1, "position": [0, 0, 0]}]), "agent 'red': waypoint 1 is at -1 s"),
        (with_agent(waypoints=[{"time": 0, "position": [0, 0]}]), "'red', waypoint 1, position: expected a list of 3"),
        (with_agent(waypoints=[{"time": 0, "position": [0, 0, 0], "speed": -2}]), "waypoint 1: The speed .* given -2"),
        (with_agent(body={"size": [0, 1, 1], "centre": [0, 0, 0]}), "agent 'red': A body needs three positive sizes"),
    ],
)  # fmt: skip
def test_text_that_is_no_drawing_is_refused_with_its_place(text, message):
    with pytest.raises(ValueError, match=message):
        read_drawing(text)


def test_unknown_keys_are_logged(caplog):
    read_drawing(with_agent(colour="red"))
    assert "'colour' (drawn agent)" in caplog.text
