"""MetaWorld on the real server: who sees whom, what identities and guidance do, how a graph that cannot run fails."""

import pytest
import torch
from PIL import Image

from shared_world.pocket.recipe import ClipOptions, draw_wanted_recipe, render_clip
from shared_world.pocket.splits import town_seed
from shared_world.tests.comfyui.failures import failure
from shared_world.tests.comfyui.graphs import latents, pocket_town, sampled, saved_latents, split, two_agents
from shared_world.tests.comfyui.metaworld_graphs import (
    ADDED,
    AS_RELEASED,
    METAWORLD,
    PHANTOM,
    identity,
    metaworld_loaders,
    people,
    rendered,
    told,
    write_photograph,
)

ROUNDING = {"atol": 2e-3, "rtol": 1e-3}
SHAPE = (16, 5, 8, 12)


@pytest.fixture(autouse=True)
def _photograph(server):
    write_photograph(server)


def changed(before, after):
    """Which agents' videos are not the same to the last bit."""
    return [not torch.equal(one, other) for one, other in zip(before, after, strict=True)]


class TestWhoSeesWhom:
    @pytest.mark.oldest
    def test_two_agents_in_a_ring_are_two_agents_that_all_see(self, server):
        ring = latents(server, people([0, 1], [0, 1]))
        assert ring.shape == (2, *SHAPE)
        assert ring.isfinite().all()
        assert torch.equal(latents(server, people([0, 1], [0, 1], topology="all")), ring)
        assert not torch.allclose(latents(server, people([0, 1], [0, 1], topology="none")), ring, atol=0.1)

    def test_in_a_ring_an_agent_is_seen_by_the_next_one_block_by_block(self, server):
        """Two blocks and one step: the news of another first noise comes as far as the second next agent."""
        for topology, expected in (
            ("ring", [True, True, True, False]),
            ("all", [True] * 4),
            ("none", [True] + [False] * 3),
        ):
            settings = {"steps": 1, "topology": topology}
            before = latents(server, people([0, 1, 2, 3], [], own_seeds="1, 2, 3, 4", **settings))
            after = latents(server, people([0, 1, 2, 3], [], own_seeds="9, 2, 3, 4", **settings))
            assert changed(before, after) == expected, topology

    def test_topology_none_samples_every_agent_as_if_it_were_alone(self, server):
        """An identity is then worth the same as that of a subject without a video."""
        together = latents(server, people([0, 1], [0, 1], show_agents=False, topology="none"))
        for agent, other in ((0, 1), (1, 0)):
            graph = people([agent], [], show_agents=False, seed=7 + agent)
            graph.change("conditioning", subjects=identity(graph, other))
            torch.testing.assert_close(together[agent : agent + 1], latents(server, graph), **ROUNDING)

    def test_fewer_agents_at_a_time_give_the_same_result(self, server):
        at_once = latents(server, people([0, 1, 2], [0, 1, 2]))
        torch.testing.assert_close(
            latents(server, people([0, 1, 2], [0, 1, 2], agents_at_a_time=1)), at_once, **ROUNDING
        )


def test_an_identity_changes_what_the_others_are_shown_and_not_the_agents_own_video(server):
    before, after = (
        latents(server, people([0, 1, 2], identities, topology="none")) for identities in ([0, 1, 2], [3, 1, 2])
    )
    assert changed(before, after) == [False, True, True]


def test_an_identity_can_take_its_brightness_from_the_videos(server):
    graph = people([0, 1], [0, 1], topology="none")
    plain = latents(server, graph)
    assert changed(plain, latents(server, graph.change("identity_0", brightness_of=["videos", 0]))) == [False, True]
    assert changed(plain, latents(server, graph.change("identity_0", brightness_of=["photograph", 0]))) == [False, True]


def test_an_identity_reaches_its_own_agent_through_the_ring_alone(server):
    before, after = (latents(server, people([0, 1], identities)) for identities in ([0, 1], [3, 1]))
    assert changed(before, after) == [True, True]


def test_condition_videos_reach_the_agents_that_see_them(server):
    """The second agent walks towards the first and is in its picture; nobody sees the colour of their own body."""
    graph = people([0, 1], [], topology="none")
    before = latents(server, graph)
    after = latents(server, graph.change("videos", marker_colours="blue, red"))
    assert changed(before, after) == [True, False]


def test_guidance_is_against_missing_identities_and_has_no_effect_without_any(server):
    plain = latents(server, people([0, 1], [0, 1]))
    guided = latents(server, people([0, 1], [0, 1], cfg=5.0))
    assert not torch.allclose(guided, plain, atol=0.01)
    against_nothing = people([0, 1], [0, 1], cfg=5.0).change("conditioning", guidance_against="nothing")
    assert torch.equal(latents(server, against_nothing), plain)
    free = latents(server, people([0, 1], []))
    assert torch.equal(latents(server, people([0, 1], [], cfg=5.0)), free)
    assert not torch.allclose(free, plain, atol=0.01)


def test_guidance_leaves_an_agent_alone_that_is_shown_nobody(server):
    """Only the first agent has a picture, which the second is shown: without coupling the first has no guidance."""
    plain, guided = (latents(server, people([0, 1], [0, None], topology="none", cfg=cfg)) for cfg in (1.0, 5.0))
    torch.testing.assert_close(guided[0], plain[0], **ROUNDING)
    assert not torch.allclose(guided[1], plain[1], atol=0.01)


@pytest.mark.oldest
def test_extension_with_its_base_and_stock_loader_are_the_whole_file(server):
    whole = latents(server, people([0, 1], [0, 1]))
    parts = people([0, 1], [0, 1]).change("model", model_name=ADDED, base_model=PHANTOM)
    assert torch.equal(latents(server, parts), whole)
    stock = people([0, 1], [0, 1]).add("model", "UNETLoader", unet_name=METAWORLD, weight_dtype="default")
    assert torch.equal(latents(server, stock), whole)


class TestUntrainedExtension:
    def extended(self, graph, **choices):
        inputs = {
            "base_model": PHANTOM,
            "save_as": "metaworld/new",
            "cross_agent": "attention",
            "text_in_cross_agent": False,
            "agent_positions": "consecutive",
            "weight_dtype": "default",
            "system": "metaworld",
        }
        return graph.add("model", "SharedWorldExtendBaseModel", **(inputs | choices))

    def test_behaves_as_the_base_model(self, server):
        """Zero layers: neither scene nor other agents have an effect; identities have the base model's own."""
        expected = latents(server, self.extended(people([0, 1], [0, 1], topology="none")))
        graph = self.extended(people([0, 1], [0, 1]))
        assert torch.equal(latents(server, graph), expected)
        assert torch.equal(latents(server, graph.change("videos", show_agents=False)), expected)
        assert not torch.equal(latents(server, graph.change("face_0", color=0)), expected)
        assert not torch.allclose(latents(server, people([0, 1], [0, 1])), expected, atol=0.1)

    @pytest.mark.parametrize(
        "choices",
        [
            {"condition": "latents"},
            {"depth": "without"},
            {"depth": "either", "alignment": "before_self_attention"},
            {"alignment": "after_block"},
        ],
    )
    def test_choices_are_recorded_and_load(self, server, choices):
        graph = self.extended(people([0, 1], [0, 1]), **choices)
        assert latents(server, graph).isfinite().all()

    def test_without_alignment_agents_stay_alone(self, server):
        graph = self.extended(people([0, 1], [0, 1]), alignment="none", save_as="metaworld/first_stage")
        assert "it lacks blocks.0.wsa.q.weight" in failure(server, graph, "sampler")
        assert latents(server, graph.change("sampler", topology="none")).isfinite().all()

    def test_a_base_of_the_other_system_is_refused(self, server):
        message = failure(server, self.extended(people([0], []), base_model="cogvideox_i2v_tiny.safetensors"), "model")
        assert "MetaWorld extends Phantom-Wan or Wan 2.1 T2V" in message
        message = failure(server, self.extended(people([0], []), system="shareverse"), "model")
        assert "ShareVerse extends CogVideoX-I2V" in message


class TestRefusals:
    def test_a_ring_on_shareverse(self, server):
        message = failure(server, two_agents(topology="ring"), "sampler")
        assert "to all agents at once or to none, given topology 'ring'; choose 'all' or 'none'" in message

    @pytest.mark.parametrize(
        ("height", "width", "value", "text"),
        [
            (50, 40, 0.0, "The mask of picture 1 is empty"),
            (64, 64, 1.0, "The mask has 64x64 pixels, the picture 40x50"),
        ],
    )
    def test_masks_without_a_subject(self, server, height, width, value, text):
        graph = people([0, 1], [0]).add("mask", "SolidMask", value=value, width=width, height=height)
        assert text in failure(server, graph.change("identity_0", mask=["mask", 0]), "identity_0")

    def test_more_identities_than_agents(self, server):
        assert "given for 3 agents, the condition videos hold 2" in failure(
            server, people([0, 1], [0, 1, 2]), "conditioning"
        )

    def test_the_vae_of_another_model(self, server):
        graph = people([0, 1], []).change("vae", vae_name="wan2.2_vae.safetensors")
        assert "MetaWorld takes Wan 2.1's VAE" in failure(server, graph, "conditioning")

    def test_a_checkpoint_that_needs_depth(self, server):
        graph = people([0, 1], []).change("conditioning", with_depth=False)
        assert "needs an RGB and a depth condition video" in failure(server, graph, "sampler")


def write_town_depth(server, town):
    """What the node Pocket Town's first car sees in front of it, as a usual depth picture: inverse, near is white."""
    given = town["agents"]["inputs"]
    options = ClipOptions(
        layout=given["layout"],
        frames=given["frames"],
        frame_rate=given["frame_rate"],
        height=given["view_height"],
        width=given["view_width"],
        samples=given["samples"],
        presets=(given["preset"],),
        weathers=(given["weather"],),
        fog=(given["fog_distance"],),
        travel=(given["travel"],),
        colours=(given["first_car"], given["second_car"]),
    )
    clip = render_clip(draw_wanted_recipe(options, town_seed(given["split"], given["town"]), given["seed"]))
    levels = (255 / clip.depth[0, 0, 0].clamp(min=1.0)).round().to(torch.uint8).numpy()
    Image.fromarray(levels).save(server.input / "town_depth.png")


@pytest.mark.oldest
def test_from_a_picture_of_the_town_to_the_videos_of_two_cars(server):
    town = pocket_town(metaworld_loaders())
    write_town_depth(server, town)
    graph = town.add("front", "SharedWorldFourViewSplitter", tile=["agents", 1], layout="2x2")
    graph.add("depth", "LoadImage", image="town_depth.png")
    graph.add("first", "ImageFromBatch", image=["front", 0], batch_index=0, length=1)
    graph.add(
        "scene",
        "SharedWorldSceneFromImage",
        image=["first", 0],
        depth=["depth", 0],
        depth_values="grey is inverse distance",
        **{"depth_values.white_is": 1.0, "depth_values.black_is": 1000.0},
        horizontal_fov=0.0,
        metric_scale="as given",
        camera_height=1.6,
        camera_pitch=0.0,
        farthest=100.0,
        camera=["agents", 0],
    )
    told(rendered(graph, ["agents", 0]), [0, 1])
    split(sampled(graph, **AS_RELEASED, cfg=5.0)).add("saved", "PreviewImage", images=["grid", 0])
    graph["views"]["inputs"]["layout"] = "1x1"
    outputs = server.run(graph)
    assert len(outputs["saved"]["images"]) == 17
    assert saved_latents(server, outputs).isfinite().all()
