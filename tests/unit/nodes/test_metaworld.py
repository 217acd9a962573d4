from shared_world.nodes.metaworld import AgentIdentity, MetaWorldConditioning


def test_the_published_size_is_the_default():
    defaults = {
        widget.id: widget.default for widget in AgentIdentity.define_schema().inputs if widget.id in ("width", "height")
    }
    assert defaults == {"width": 832, "height": 480}


def test_every_identity_may_be_left_open():
    identities = next(each for each in MetaWorldConditioning.define_schema().inputs if each.id == "identities")
    assert all(each.optional for each in identities.template.get_all())
