import pytest
import torch

from shared_world.development.comfyui_in_process import use_comfyui
from shared_world.models.cogvideox.noise_schedule import TIMESTEPS
from shared_world.training.objective import noise_schedule
from shared_world.training.sampling import sample, trailing_timesteps

use_comfyui()

SHIFTS = [1.0, 3.0, 0.5]


def comfyui_schedule(shift):
    from shared_world.models.shareverse.comfyui import NoiseSchedule

    return NoiseSchedule(shift)


@pytest.mark.parametrize("shift", SHIFTS)
def test_comfyui_samples_with_the_trained_schedule(shift):
    sigmas = comfyui_schedule(shift).sigmas.double()
    schedule = noise_schedule(shift)
    torch.testing.assert_close(
        schedule.signal.double(), (1 + sigmas**2).rsqrt(), rtol=1e-4, atol=1e-4
    )  # ComfyUI keeps 5e-8 of signal at the end
    torch.testing.assert_close(schedule.noise.double(), sigmas * (1 + sigmas**2).rsqrt(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("shift", SHIFTS)
def test_diffusers_has_the_same_schedule(shift):
    diffusers = pytest.importorskip("diffusers")
    scheduler = diffusers.CogVideoXDDIMScheduler(
        snr_shift_scale=shift, rescale_betas_zero_snr=True, prediction_type="v_prediction"
    )
    schedule = noise_schedule(shift)
    torch.testing.assert_close(schedule.signal**2, scheduler.alphas_cumprod.float(), rtol=1e-4, atol=1e-6)
    clean, noise = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    timesteps = torch.tensor([20, 870])
    torch.testing.assert_close(
        schedule.velocity(clean, noise, timesteps),
        scheduler.get_velocity(clean, noise, timesteps).float(),
        rtol=1e-4,
        atol=1e-5,
    )


def test_last_timestep_is_pure_noise_and_all_keep_unit_variance():
    schedule = noise_schedule(1.0)
    assert schedule.signal[-1] == 0.0
    assert schedule.noise[-1] == 1.0
    torch.testing.assert_close(schedule.signal**2 + schedule.noise**2, torch.ones(TIMESTEPS))
    assert (schedule.signal.diff() < 0).all()


@pytest.mark.parametrize("shift", SHIFTS)
def test_comfyui_reads_a_velocity_as_the_clean_latents_that_were_trained(shift):
    """What ComfyUI feeds the network is the trained noisy latent, and what it makes of the answer is the clean one."""
    comfy, schedule = comfyui_schedule(shift), noise_schedule(shift)
    clean, noise = torch.randn(4, 2, 3), torch.randn(4, 2, 3)
    timesteps = torch.tensor([3, 250, 700, 998])
    sigmas = comfy.sigmas[timesteps].view(-1, 1, 1)
    noisy = schedule.noisy(clean, noise, timesteps)
    given = comfy.noise_scaling(sigmas, noise, clean)
    torch.testing.assert_close(comfy.calculate_input(sigmas, given), noisy, rtol=1e-4, atol=1e-4)
    velocity = schedule.velocity(clean, noise, timesteps)
    torch.testing.assert_close(comfy.calculate_denoised(sigmas, velocity, given), clean, rtol=1e-3, atol=2e-3)
    assert comfy.timestep(sigmas.flatten()).tolist() == timesteps.tolist()
    torch.testing.assert_close(schedule.clean(noisy, velocity, timesteps), clean, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(schedule.added_noise(noisy, velocity, timesteps), noise, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("steps", [1, 7, 20, 999])
def test_timesteps_are_those_of_comfyui_s_simple_scheduler(steps):
    from comfy.samplers import calculate_sigmas

    comfy = comfyui_schedule(3.0)
    sigmas = calculate_sigmas(comfy, "simple", steps)
    assert comfy.timestep(sigmas[:-1]).long().tolist() == trailing_timesteps(steps)


@pytest.mark.parametrize("steps", [0, 1001])
def test_impossible_step_counts_are_refused(steps):
    with pytest.raises(ValueError, match=f"given {steps}"):
        trailing_timesteps(steps)


@pytest.mark.parametrize("steps", [1, 4, 25])
def test_sampling_with_the_true_velocity_gives_the_data(steps):
    schedule = noise_schedule(3.0)
    data = torch.randn(2, 3, 2, 4, 4)

    def velocity_of(noisy, timesteps):
        """The least-squares velocity where all data are `data`."""
        signal, deviation = schedule.at(timesteps, noisy)
        noise = (noisy - signal * data) / deviation
        return schedule.velocity(data, noise, timesteps)

    torch.testing.assert_close(sample(velocity_of, torch.randn_like(data), schedule, steps), data, rtol=1e-3, atol=1e-3)


def test_sampling_gaussian_data_keeps_their_spread():
    """For normal data of deviation d the best velocity is known; DDIM must map unit noise to deviation d."""
    schedule = noise_schedule(1.0)
    deviation = 0.3

    def velocity_of(noisy, timesteps):
        signal, noise = schedule.at(timesteps, noisy)
        variance = (signal * deviation) ** 2 + noise**2
        clean = signal * deviation**2 / variance * noisy
        added = noise / variance * noisy
        return signal * added - noise * clean

    samples = sample(velocity_of, torch.randn(20000, generator=torch.Generator().manual_seed(0)), schedule, 1000)
    assert samples.std().item() == pytest.approx(deviation, rel=0.03)
