import torch

from shared_world.nodes.growing_inputs import in_order


def picture(value):
    return torch.full((1, 4, 8, 3), float(value))


def test_inputs_follow_the_numbers_of_their_sockets_and_gaps_stay_gaps():
    given = in_order({"agent10": picture(0.5), "agent2": picture(0.1), "agent0": None}, "agent")
    assert [None if one is None else round(one.mean().item(), 1) for one in given] == [
        *[None] * 2,
        0.1,
        *[None] * 7,
        0.5,
    ]
    assert in_order({}, "agent") == in_order({"agent0": None}, "agent") == []
