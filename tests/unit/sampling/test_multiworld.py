"""What MultiWorld is told of a clip, with tiny networks: pictures, actions and cameras must reach it unchanged."""

import numpy as np
import pytest
import torch
from PIL import Image

from shared_world.development.example_models import example_models
from shared_world.models.batch import AGENTS
from shared_world.models.multiworld.conditioning import (
    CAMERA,
    CONTINUOUS_ACTIONS,
    DISCRETE_ACTIONS,
    GLOBAL_STATE,
    ROBOT_ACTIONS,
    ROBOT_COUNTS,
)
from shared_world.models.vae_loading import load_vae
from shared_world.models.vggt.comfyui import load_global_state_encoder
from shared_world.sampling.multiworld import multiworld_conditioning
from shared_world.world.actions import Actions, parse_action_script
from shared_world.world.actions.it_takes_two import LAYOUT as IT_TAKES_TWO
from shared_world.world.actions.panda import LAYOUT as PANDA

FRAMES, WIDTH, HEIGHT = 9, 96, 64


@pytest.fixture(scope="module")
def vae():
    return load_vae(str(example_models() / "vae" / "wan2.2_vae.safetensors"))


@pytest.fixture(scope="module")
def encoder():
    return load_global_state_encoder(str(example_models() / "geometry_estimation" / "vggt_1b.safetensors"))


def pictures(views=2, width=WIDTH, height=HEIGHT):
    levels = torch.randint(0, 256, (views, height, width, 3), generator=torch.Generator().manual_seed(0))
    return levels.float() / 255


def keys(frames=FRAMES):
    return parse_action_script("left: 0-3: W+D, look 0.5 -0.25\nright: 2: jump", IT_TAKES_TWO, frame_count=frames)


def robots(count=2, cameras=1, frames=FRAMES):
    generator = torch.Generator().manual_seed(1)
    actions = Actions(
        PANDA,
        tuple(f"robot {number}" for number in range(count)),
        20.0,
        torch.zeros(count, frames, 0),
        torch.rand(count, frames, 8, generator=generator),
    )
    return actions.with_extra("camera", torch.rand(cameras, 16, generator=generator) + 1) if cameras else actions


def conditioned(encoder, vae, given=None, actions=None, frames=FRAMES, width=WIDTH, height=HEIGHT, **changes):
    given = pictures() if given is None else given
    return multiworld_conditioning(encoder, vae, given, actions or keys(), frames, width, height, **changes)


class TestLatent:
    def test_every_view_has_its_own_clean_first_frame_and_all_have_one_noise(self, encoder, vae):
        _, _, latent = conditioned(encoder, vae)
        samples, mask = latent["samples"], latent["noise_mask"]
        assert samples.shape == (2, 48, 3, HEIGHT // 16, WIDTH // 16)
        for view, picture in zip(samples, pictures(), strict=True):
            assert torch.equal(view[:, :1], vae.encode(picture[None])[0])
        assert not torch.equal(samples[0, :, 0], samples[1, :, 0])
        assert not samples[:, :, 1:].any()
        assert mask.shape == (2, 1, 3, HEIGHT // 16, WIDTH // 16)
        assert not mask[:, :, 0].any()
        assert mask[:, :, 1:].all()
        assert latent["batch_index"] == [0, 0]

    def test_pictures_of_another_size_are_scaled_as_pillow_scales_them(self, encoder, vae):
        given = pictures(1, width=130, height=70)
        _, _, latent = conditioned(encoder, vae, given, robots())
        image = Image.fromarray((given[0] * 255).round().numpy().astype(np.uint8))
        scaled = torch.from_numpy(np.array(image.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))) / 255
        assert torch.equal(latent["samples"][:, :, :1], vae.encode(scaled[None]))


class TestActions:
    def test_keys_of_both_players_and_the_state_of_the_world(self, encoder, vae):
        positive, negative, _ = conditioned(encoder, vae)
        ((text, told),) = positive
        assert text is None
        assert told[AGENTS] == 2
        assert told[DISCRETE_ACTIONS].shape == (1, FRAMES, 2, 10)
        assert told[DISCRETE_ACTIONS][0, 0].tolist() == [[1, 0, 0, 1, *[0] * 6], [0] * 10]
        assert told[DISCRETE_ACTIONS][0, 2, 1].tolist() == [0, 0, 0, 0, 1, *[0] * 5]
        assert told[CONTINUOUS_ACTIONS][0, 3].tolist() == [[0.5, -0.25], [0.0, 0.0]]
        assert torch.equal(told[GLOBAL_STATE], encoder.encode(pictures())[None])
        assert negative is positive

    def test_joints_are_normalised_and_taken_at_every_fourth_frame(self, encoder, vae):
        actions = robots(count=3, cameras=2)
        ((_, told),), _, _ = conditioned(encoder, vae, actions=actions)
        low = [-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973, -1.0]
        high = [2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973, 1.0]
        assert told[ROBOT_ACTIONS].shape == (1, 4, 3, 8)
        for robot, token, joint in ((0, 0, 0), (2, 1, 5), (1, 2, 7)):
            value = actions.continuous[robot, 4 * token, joint].item()
            wanted = 2 * (value - low[joint]) / (high[joint] - low[joint]) - 1
            assert told[ROBOT_ACTIONS][0, robot, token, joint].item() == pytest.approx(wanted, abs=1e-6)
        assert not told[ROBOT_ACTIONS][0, 3].any()
        assert told[ROBOT_COUNTS].tolist() == [3]
        assert told[CAMERA].shape == (2, 1, 16)

    def test_longer_actions_are_cut_with_a_warning(self, encoder, vae, caplog):
        ((_, told),), _, _ = conditioned(encoder, vae, actions=keys(frames=20))
        assert told[DISCRETE_ACTIONS].shape[1] == FRAMES
        assert "The actions last 20 frames, the clip 9" in caplog.text

    def test_one_view_of_the_game_runs_with_a_warning(self, encoder, vae, caplog):
        _, _, latent = conditioned(encoder, vae, pictures(1))
        assert len(latent["samples"]) == 1
        assert "trained on 2 views, one of each player; given 1" in caplog.text

    def test_null_actions_are_all_ones_as_in_training(self, encoder, vae):
        positive, negative, _ = conditioned(encoder, vae, guidance_against="null actions")
        without = negative[0][1]
        assert without[DISCRETE_ACTIONS].eq(1).all()
        assert without[CONTINUOUS_ACTIONS].eq(1).all()
        assert without[DISCRETE_ACTIONS].dtype == positive[0][1][DISCRETE_ACTIONS].dtype
        assert without[GLOBAL_STATE] is positive[0][1][GLOBAL_STATE]
        assert not positive[0][1][DISCRETE_ACTIONS].eq(1).all()


class TestRefusals:
    @pytest.mark.parametrize(("frames", "nearest"), [(80, 81), (10, 9), (0, 1), (2, 1)])
    def test_frames(self, encoder, vae, frames, nearest):
        with pytest.raises(ValueError, match=rf"4k \+ 1 frames, given {frames}; the nearest is {nearest}\."):
            conditioned(encoder, vae, frames=frames)

    @pytest.mark.parametrize(
        ("size", "text"), [((90, 64), "width .* given 90; the nearest is 96"), ((96, 1), "nearest is 32")]
    )
    def test_sides(self, encoder, vae, size, text):
        with pytest.raises(ValueError, match=text):
            conditioned(encoder, vae, width=size[0], height=size[1])

    def test_actions_that_end_too_early(self, encoder, vae):
        with pytest.raises(ValueError, match="9 frames of action, given 7: 2 frames are missing"):
            conditioned(encoder, vae, actions=keys(frames=7))

    def test_robots_without_a_camera(self, encoder, vae):
        with pytest.raises(ValueError, match="hold no camera"):
            conditioned(encoder, vae, actions=robots(cameras=0))

    def test_cameras_of_other_views(self, encoder, vae):
        with pytest.raises(ValueError, match="hold 3 cameras, given first frames of 2 views"):
            conditioned(encoder, vae, actions=robots(cameras=3))

    def test_guidance_that_robots_were_not_trained_for(self, encoder, vae):
        with pytest.raises(ValueError, match="robots network was not trained with null actions"):
            conditioned(encoder, vae, actions=robots(), guidance_against="null actions")

    def test_vae_of_another_model(self, encoder):
        other = load_vae(str(example_models() / "vae" / "wan_vae_tiny.safetensors"))
        with pytest.raises(ValueError, match=r"Wan 2\.2's VAE of 48 latent channels, given one of 16"):
            conditioned(encoder, other)
