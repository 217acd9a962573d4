import pytest
import torch

from shared_world.nodes.conditioning import first_pictures
from shared_world.nodes.sockets import Raymaps
from shared_world.world.raymaps import RaymapOptions


def raymaps(*names):
    return Raymaps(torch.zeros(len(names), 24, 2, 8, 12), names, RaymapOptions())


def picture(value, channels=3):
    return torch.full((1, 64, 96, channels), value)


def test_pictures_are_taken_in_the_order_of_the_sockets():
    given = {"agent0": torch.cat([picture(0.1), picture(0.2)]), "agent1": None, "agent2": picture(0.3)}
    pictures = first_pictures(given, raymaps("a", "b", "c"), 64, 96)
    assert [float(each.mean()) for each in pictures] == pytest.approx([0.1, 0.2, 0.3])
    assert {tuple(each.shape) for each in pictures} == {(64, 96, 3)}


def test_transparency_of_a_picture_is_left_out():
    (only,) = first_pictures({"agent0": picture(0.5, channels=4)}, raymaps("a"), 64, 96)
    assert only.shape == (64, 96, 3)


def test_all_missing_agents_are_named():
    with pytest.raises(ValueError, match="agent 'b', 'c' is missing"):
        first_pictures({"agent0": picture(0.0)}, raymaps("a", "b", "c"), 64, 96)


@pytest.mark.parametrize(
    ("sockets", "missing"), [((0, 2), "'b'"), ((1, 2), "'a'"), ((0, 3), "'b', 'c'"), ((2,), "'a', 'b'")]
)
def test_the_agent_of_an_open_socket_is_named_and_not_the_last_one(sockets, missing):
    given = {f"agent{socket}": picture(0.0) for socket in sockets}
    with pytest.raises(ValueError, match=f"first frame of agent {missing} is missing"):
        first_pictures(given, raymaps("a", "b", "c"), 64, 96)
