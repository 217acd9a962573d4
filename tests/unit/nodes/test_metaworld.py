import torch

from shared_world.nodes.metaworld import AgentIdentity, MetaWorldConditioning, identities_in_order


def picture(value):
    return torch.full((1, 4, 8, 3), float(value))


def test_identities_follow_the_numbers_of_their_sockets_and_gaps_stay_gaps():
    given = identities_in_order({"agent10": picture(0.5), "agent2": picture(0.1), "agent0": None})
    assert [None if one is None else round(one.mean().item(), 1) for one in given] == [
        *[None] * 2,
        0.1,
        *[None] * 7,
        0.5,
    ]
    assert identities_in_order({}) == identities_in_order({"agent0": None}) == []


def test_the_published_size_is_the_default():
    defaults = {
        widget.id: widget.default for widget in AgentIdentity.define_schema().inputs if widget.id in ("width", "height")
    }
    assert defaults == {"width": 832, "height": 480}


def test_every_identity_may_be_left_open():
    identities = next(each for each in MetaWorldConditioning.define_schema().inputs if each.id == "identities")
    assert all(each.optional for each in identities.template.get_all())
