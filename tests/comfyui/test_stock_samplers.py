"""ComfyUI's own samplers on the same MODEL, conditioning and LATENT."""

import pytest
import torch

from shared_world.tests.comfyui.graphs import crossing_agents, latents, stock_sampled, two_agents


def without_sampler(graph):
    del graph["sampler"], graph["latent"]
    return graph


@pytest.mark.parametrize("sampler_name", ["euler", "dpmpp_2m", "uni_pc", "ddim"])
def test_ksampler_gives_one_agent_the_same_as_the_joint_sampler(server, sampler_name):
    ours = latents(server, crossing_agents([0], sampler_name=sampler_name, steps=3))
    stock = stock_sampled(without_sampler(crossing_agents([0])), sampler_name=sampler_name, steps=3)
    assert torch.equal(latents(server, stock), ours)


@pytest.mark.oldest
def test_ksampler_gives_two_agents_with_equal_noise_the_same_as_the_joint_sampler(server):
    ours = latents(server, two_agents(own_seeds="7, 7", steps=3))
    stock = stock_sampled(without_sampler(two_agents()), latent_image=["same_noise", 0], steps=3)
    stock.add("same_noise", "LatentBatchSeedBehavior", samples=["conditioning", 2], seed_behavior="fixed")
    assert torch.equal(latents(server, stock), ours)


def test_custom_sampling_nodes_give_the_same_as_the_joint_sampler(server):
    ours = latents(server, crossing_agents([0], steps=3))
    graph = without_sampler(crossing_agents([0]))
    graph.add("noise", "RandomNoise", noise_seed=7)
    graph.add("guider", "BasicGuider", model=["model", 0], conditioning=["conditioning", 0])
    graph.add("euler", "KSamplerSelect", sampler_name="euler")
    graph.add("sigmas", "BasicScheduler", model=["model", 0], scheduler="simple", steps=3, denoise=1.0)
    graph.add(
        "sampler",
        "SamplerCustomAdvanced",
        noise=["noise", 0],
        guider=["guider", 0],
        sampler=["euler", 0],
        sigmas=["sigmas", 0],
        latent_image=["conditioning", 2],
    )
    graph.add("latent", "SaveLatent", samples=["sampler", 0], filename_prefix="latent")
    assert torch.equal(latents(server, graph), ours)


def test_every_scheduler_that_is_offered_runs_those_of_the_pack_too(server):
    options = server.object_info()["SharedWorldJointSampler"]["input"]["required"]["scheduler"][1]["options"]
    assert {"simple", "multiworld", "metaworld"} <= set(options)
    for name in options:
        result = latents(server, two_agents(scheduler=name))
        assert result.shape == (2, 16, 5, 8, 12)
        assert result.isfinite().all(), name


@pytest.mark.oldest
def test_stock_node_for_zero_terminal_snr_gives_the_schedule_that_the_model_has(server):
    """A node that patches the MODEL in between; its v-prediction with zero terminal SNR is CogVideoX's."""
    graph = two_agents(steps=3).change("sampler", model=["patched", 0])
    graph.add("patched", "ModelSamplingDiscrete", model=["model", 0], sampling="v_prediction", zsnr=True)
    expected = latents(server, two_agents(steps=3))
    torch.testing.assert_close(latents(server, graph), expected, atol=3e-3, rtol=1e-3)
    assert not torch.allclose(latents(server, graph.change("patched", zsnr=False)), expected, atol=0.1)


def test_weights_in_eight_bits_give_nearly_the_same(server):
    exact = latents(server, two_agents())
    for weight_dtype in ("fp8_e4m3fn", "fp8_e5m2", "fp8_e4m3fn_fast"):
        coarse = latents(server, two_agents().change("model", weight_dtype=weight_dtype))
        assert not torch.equal(coarse, exact), weight_dtype
        assert torch.corrcoef(torch.stack([coarse.flatten(), exact.flatten()]))[0, 1] > 0.9, weight_dtype
