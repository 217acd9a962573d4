"""ComfyUI's own samplers on the same MODEL, conditioning and LATENT."""

import pytest
import torch

from shared_world.tests.comfyui.graphs import crossing_agents, latents, stock_sampled, two_agents


def without_sampler(graph):
    del graph["sampler"], graph["latent"]
    return graph


@pytest.mark.oldest
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


@pytest.mark.oldest
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


@pytest.mark.parametrize("choice", ["sampler_name", "scheduler"])
def test_every_sampler_and_scheduler_of_comfyui_runs(server, choice):
    options = server.object_info()["SharedWorldJointSampler"]["input"]["required"][choice][1]["options"]
    assert len(options) > 5
    for name in options:
        result = latents(server, two_agents(steps=3, **{choice: name}))
        assert result.shape == (2, 16, 5, 8, 12)
        assert result.isfinite().all(), name


@pytest.mark.oldest
def test_stock_node_for_zero_terminal_snr_gives_the_schedule_that_the_model_has(server):
    """A node that patches the MODEL in between; its v-prediction with zero terminal SNR is CogVideoX's."""
    graph = two_agents(steps=3).change("sampler", model=["patched", 0])
    graph.add("patched", "ModelSamplingDiscrete", model=["model", 0], sampling="v_prediction", zsnr=True)
    torch.testing.assert_close(latents(server, graph), latents(server, two_agents(steps=3)), atol=1e-3, rtol=1e-3)
    other = latents(server, graph.change("patched", zsnr=False))
    assert not torch.allclose(other, latents(server, two_agents(steps=3)), atol=0.1)


@pytest.mark.parametrize("weight_dtype", ["fp8_e4m3fn", "fp8_e5m2", "fp8_e4m3fn_fast"])
def test_weights_in_eight_bits_give_nearly_the_same(server, weight_dtype):
    exact = latents(server, two_agents())
    coarse = latents(server, two_agents().change("model", weight_dtype=weight_dtype))
    assert not torch.equal(coarse, exact)
    assert torch.corrcoef(torch.stack([coarse.flatten(), exact.flatten()]))[0, 1] > 0.9
