import json
import re

import numpy as np
import pytest
import torch

from shared_world.world.agents import Agent, Agents, Body
from shared_world.world.dialects.tracks import project_agents
from shared_world.world.poses import rigid, yaw_rotation
from shared_world.world.rigs import four_view_rig, front_rig


def world(places, rig=None, body=None, yaw=0.0):
    """'viewer' at the origin, and 'other' at places (x, y, z) in metres, one per frame."""
    rig = rig or front_rig(640, 480, 90.0)
    still = torch.eye(4, dtype=torch.float64).repeat(len(places), 1, 1)
    other = rigid(yaw_rotation(yaw).expand(len(places), 3, 3), torch.tensor(places, dtype=torch.float64))
    return Agents((Agent("viewer", still, rig), Agent("other", other, rig, body)), 8.0)


def test_places_are_right_down_and_perspective():
    # 90 degrees over 640 pixels: the focal length is 320.
    tracks = project_agents(world([(0, 0, 10), (5, 0, 10), (0, -2, 10), (5, 0, 20)]))
    assert tracks.places[:, 0].tolist() == [[320, 240], [480, 240], [320, 176], [400, 240]]
    assert tracks.visible.all()


def test_places_are_those_of_the_asked_size():
    tracks = project_agents(world([(5, -2, 10)]), size=(1280, 480))
    assert tracks.places[0, 0].tolist() == [960, 176]


def test_what_is_behind_stands_outside_on_its_side_and_is_not_visible():
    tracks = project_agents(world([(3, 0, -5), (-3, 0, -5), (0, 0, -5), (100, 0, 1)]))
    assert not tracks.visible.any()
    assert tracks.places.isfinite().all()
    assert tracks.places[0, 0, 0] > 640
    assert tracks.places[1, 0, 0] < 0
    assert not ((tracks.places >= 0).all(-1) & (tracks.places < torch.tensor([640, 480])).all(-1)).any()


def test_another_view_sees_what_is_behind():
    agents = world([(0, 0, -10)], four_view_rig(640, 480))
    assert not project_agents(agents).visible.any()
    assert project_agents(agents, view="rear").places[0, 0].tolist() == pytest.approx([320, 240], abs=1e-3)


def test_the_other_agent_sees_the_viewer():
    tracks = project_agents(world([(0, 0, 10)], yaw=180.0), viewer="other")
    assert tracks.labels == ("viewer",)
    assert tracks.places[0, 0].tolist() == pytest.approx([320, 240], abs=1e-3)


def test_corners_are_those_of_the_body():
    agents = world([(0, 0, 10)], body=Body((2.0, 1.0, 4.0), (0.0, -0.5, 0.0)))
    tracks = project_agents(agents, points="corners")
    assert tracks.labels == ("other",) * 8
    expected = [[320 + 320 * x / z, 240 + 320 * y / z] for x in (-1, 1) for y in (-1, 0) for z in (8, 12)]
    np.testing.assert_allclose(sorted(tracks.places[0].tolist()), sorted(expected), atol=1e-3)
    centre = project_agents(agents).places[0, 0].tolist()
    assert centre == [320, 224]


def test_json_is_one_list_of_points_per_track_that_is_ever_visible():
    rig = front_rig(640, 480, 90.0)
    still = torch.eye(4, dtype=torch.float64).repeat(2, 1, 1)

    def at(*places):
        return rigid(still[:, :3, :3], torch.tensor(places, dtype=torch.float64))

    agents = Agents(
        (
            Agent("viewer", still, rig),
            Agent("behind", at((0, 0, -5), (0, 0, -5)), rig),
            Agent("ahead", at((0, 0, 5), (1, 0, 5)), rig),
        ),
        8.0,
    )
    tracks = project_agents(agents)
    assert json.loads(tracks.as_json()) == [[{"x": 320, "y": 240}, {"x": 384, "y": 240}]]
    assert tracks.as_tracks()["track_path"].shape == (2, 2, 2)
    assert tracks.as_tracks()["track_visibility"].tolist() == [[False, True], [False, True]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"viewer": "nobody"}, "There is no agent 'nobody'; the agents are viewer, other."),
        ({"view": "up"}, "agent 'viewer' has no view 'up'; its views are front."),
        ({"points": "hull"}, "must be one of centre, corners, given 'hull'"),
    ],
)
def test_what_there_is_not_is_told(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        project_agents(world([(0, 0, 10)]), **changes)


def test_nobody_else_is_told():
    agents = world([(0, 0, 10)])
    with pytest.raises(ValueError, match="nobody but 'viewer'"):
        project_agents(Agents(agents.members[:1], 8.0))
