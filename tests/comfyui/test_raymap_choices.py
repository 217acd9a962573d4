"""The raymap builder's choices, from socket to latents."""

import pytest
import torch

from shared_world.tests.comfyui.graphs import latents, two_agents

AS_TRAINED = {"rays": "front", "packing": "consecutive", "channels": "frame_major", "layout": "2x2"}
"""What the tiny checkpoint records, which is the paper's literal reading."""


@pytest.mark.oldest
def test_as_trained_is_what_the_checkpoint_records(server):
    expected = latents(server, two_agents())
    assert torch.equal(latents(server, two_agents().change("raymaps", **AS_TRAINED)), expected)
    assert torch.equal(latents(server, two_agents().change("raymaps", model=None)), expected)


def test_every_other_choice_reaches_the_network(server):
    expected = latents(server, two_agents())
    for choice in (
        {"rays": "per_tile"},
        {"packing": "aether_padding"},
        {"packing": "aether_released"},
        {"channels": "channel_major"},
    ):
        assert not torch.equal(latents(server, two_agents().change("raymaps", **choice)), expected), choice


def test_layout_matters_to_rays_per_tile_only(server):
    def run(**choices):
        return latents(server, two_agents().change("raymaps", **choices))

    assert torch.equal(run(layout="1x4"), run(layout="2x2"))
    assert not torch.equal(run(rays="per_tile", layout="1x4"), run(rays="per_tile", layout="2x2"))


def test_cameras_of_the_rig_reach_the_network(server):
    def run(**cameras):
        settings = {"width": 720, "height": 480, "horizontal_fov": 90.0, "mount_up": 1.6, "mount_forward": 0.0}
        graph = two_agents().change("raymaps", agents=["rig", 0])
        graph.add("rig", "SharedWorldCameraRig", agents=["agents", 0], **({"rig": "four views"} | settings | cameras))
        return latents(server, graph)

    expected = latents(server, two_agents())
    assert torch.equal(run(), expected)
    assert torch.equal(run(rig="front only"), expected)  # rays of the front camera are all that is asked for
    assert not torch.equal(run(horizontal_fov=60.0), expected)
    custom = run(rig="custom", **{"rig.views": "left -90\nfront 0\nrear 180\nright 90"})
    assert torch.equal(custom, expected)
    assert not torch.equal(run(rig="custom", **{"rig.views": "front 30\nrear 180\nleft -90\nright 90"}), expected)


def test_moving_the_whole_world_changes_nothing(server):
    """The common centroid is removed: cameras higher above the ground see the same rays."""

    def run(mount_up):
        graph = two_agents().change("raymaps", agents=["rig", 0])
        cameras = {"width": 720, "height": 480, "horizontal_fov": 90.0, "mount_up": mount_up, "mount_forward": 0.0}
        graph.add("rig", "SharedWorldCameraRig", agents=["agents", 0], rig="four views", **cameras)
        return latents(server, graph)

    torch.testing.assert_close(run(50.0), run(1.6), atol=1e-3, rtol=1e-3)
