"""MultiWorld on the real server: the released program's numbers through nodes, and what a user relies on."""

import comfy.latent_formats
import pytest
import torch

from shared_world.development.comfyui_server import GraphFailed
from shared_world.models.multiworld.conditioning import CAMERA
from shared_world.tests.comfyui.graphs import latents, sampled, stock_sampled
from shared_world.tests.comfyui.multiworld_graphs import (
    FRAMES,
    IT_TAKES_TWO_MODEL,
    ROBOTS_MODEL,
    conditioned_views,
    keys_script,
    multiworld_loaders,
    pictures,
    reference_graph,
    robots_reference_graph,
    robots_script,
    write_reference_inputs,
    write_reference_robots,
)
from shared_world.tests.parity.multiworld_models import (
    conditioning,
    first_frame_latent,
    native_model,
    reference,
    sample,
)

AS_RELEASED = {"scheduler": "multiworld", "steps": 2, "seed": 0}
THROUGH_NODES = 5e-5
ROUNDING = {"atol": 2e-5, "rtol": 1e-4}


def players(**changes):
    """It Takes Two with two views up to `conditioning`."""
    graph = keys_script(multiworld_loaders())
    return conditioned_views(graph, pictures(graph), **changes)


def robots(model=ROBOTS_MODEL, **changes):
    graph = robots_script(multiworld_loaders(model))
    return conditioned_views(graph, pictures(graph), **changes)


def network_scale(samples):
    return comfy.latent_formats.Wan22().process_in(samples)


@pytest.mark.parametrize("variant", ["itt_toy", "itt_full"])
class TestReleasedProgram:
    def test_joint_sampler(self, server, variant):
        graph = sampled(reference_graph(write_reference_inputs(server, variant)), **AS_RELEASED, own_seeds="0, 0")
        given = network_scale(latents(server, graph.change("sampler", latent=["masked", 0])))
        wanted = reference(variant)["sample32_t16.final"]
        assert (given - wanted).abs().max() < THROUGH_NODES

    def test_ksampler_and_stock_loader(self, server, variant):
        graph = stock_sampled(reference_graph(write_reference_inputs(server, variant)), **AS_RELEASED)
        graph.change("sampler", latent_image=["masked", 0])
        graph["model"] = {
            "class_type": "UNETLoader",
            "inputs": {"unet_name": f"{variant}.safetensors", "weight_dtype": "default"},
        }
        given = network_scale(latents(server, graph))[:1]
        assert (given - reference(variant)["sample32_t16.final"]).abs().max() < THROUGH_NODES


@pytest.mark.oldest
def test_robots_get_through_nodes_what_the_network_gets_from_the_reference(server, tmp_path):
    name, camera = write_reference_robots(server)
    graph = sampled(robots_reference_graph(name), **AS_RELEASED, own_seeds="0, 0, 0")
    given = network_scale(latents(server, graph.change("sampler", latent=["masked", 0])))
    model = native_model(tmp_path, "robots")
    wanted = sample(model, conditioning("robots", **{CAMERA: camera}), first_frame_latent(model, "robots"))
    assert given.shape[0] == 3
    assert (given - wanted).abs().max() < THROUGH_NODES
    assert (wanted - reference("robots")["sample32_t16.final"]).abs().max() > 0.01  # which has another camera


@pytest.mark.parametrize("graph", [players, robots])
def test_views_in_one_batch_and_one_by_one_are_equal_and_differ_from_each_other(server, graph):
    together = latents(server, sampled(graph(), **AS_RELEASED))
    alone = latents(server, sampled(graph(), **AS_RELEASED, agents_at_a_time=1))
    assert together.shape == (2, 48, FRAMES // 4 + 1, 4, 6)
    torch.testing.assert_close(alone, together, **ROUNDING)
    assert not torch.allclose(together[0], together[1], atol=0.01)


@pytest.mark.parametrize("graph", [players, robots])
def test_ksampler_on_the_same_conditioning_gives_what_the_joint_sampler_gives(server, graph):
    joint = latents(server, sampled(graph(), **AS_RELEASED))
    torch.testing.assert_close(latents(server, stock_sampled(graph(), **AS_RELEASED)), joint, **ROUNDING)


def test_first_frames_stay_as_they_were_given(server):
    two = latents(server, sampled(players(), **AS_RELEASED))
    five = latents(server, sampled(players(), **(AS_RELEASED | {"steps": 5, "seed": 9})))
    torch.testing.assert_close(two[:, :, 0], five[:, :, 0], **ROUNDING)
    assert not torch.allclose(two[:, :, 1:], five[:, :, 1:], atol=0.1)


def test_every_first_frame_reaches_all_views_through_the_state_of_the_world(server):
    before = latents(server, sampled(players(), **AS_RELEASED))
    changed = latents(server, sampled(players().change("picture_1", color=0xFFFFFF), **AS_RELEASED))
    assert not torch.equal(changed[0], before[0])


def test_actions_of_either_player_reach_both_views(server):
    before = latents(server, sampled(players(), **AS_RELEASED))
    for script in ("left: 0-end: S", "right: 0-end: W+D"):
        changed = latents(server, sampled(players().change("actions", script=script), **AS_RELEASED))
        assert all(not torch.equal(after, view) for after, view in zip(changed, before, strict=True))


def test_guidance_is_off_by_default_and_has_an_effect_where_it_is_chosen(server):
    plain = latents(server, sampled(players(), **AS_RELEASED))
    assert torch.equal(latents(server, sampled(players(), **AS_RELEASED, cfg=4.0)), plain)
    guided = players(guidance_against="null actions")
    assert torch.equal(latents(server, sampled(guided, **AS_RELEASED)), plain)
    assert not torch.allclose(latents(server, sampled(guided, **AS_RELEASED, cfg=4.0)), plain, atol=1e-3)


@pytest.mark.parametrize(
    ("graph", "text"),
    [
        (
            lambda: robots(IT_TAKES_TWO_MODEL),
            "The model is MultiWorld for ItTakesTwo, the conditioning holds actions for robots",
        ),
        (lambda: players(frames=13), "13 frames of action, given 9: 4 frames are missing"),
        (lambda: players(frames=8), "4k \\+ 1 frames, given 8; the nearest is 9"),
        (lambda: players().change("picture_1", width=32), "'view1' have 32x64 pixels, those at 'view0' 96x64"),
        (lambda: robots().change("actions", cameras=""), "hold no camera"),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence(server, graph, text):
    with pytest.raises(GraphFailed, match=text) as raised:
        server.run(sampled(graph(), **AS_RELEASED))
    assert raised.value.message.count("\n") == 0


def test_missing_view_is_named(server):
    graph = keys_script(multiworld_loaders())
    links = pictures(graph, (0x112233, 0x445566, 0x778899))
    del links["first_frames.view1"]
    with pytest.raises(GraphFailed, match="The first frame of view 2 is missing"):
        server.run(sampled(conditioned_views(graph, links), **AS_RELEASED))
