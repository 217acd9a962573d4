"""What MetaWorld is told of a clip, with a tiny VAE: every branch must get its own videos and the others' pictures."""

import logging

import pytest
import torch

from shared_world.development.example_models import example_models
from shared_world.models.batch import AGENTS
from shared_world.models.metaworld.conditioning import CONDITION_DEPTH, CONDITION_RGB, IDENTITIES, NULL_IDENTITIES
from shared_world.models.vae_loading import load_vae
from shared_world.sampling.identity_pictures import on_white_canvas
from shared_world.sampling.metaworld import identities_seen, metaworld_conditioning

FRAMES, WIDTH, HEIGHT = 9, 96, 64
NAMES = ("ann", "ben", "cleo")


def load(name):
    return load_vae(str(example_models() / "vae" / name))


@pytest.fixture(scope="module")
def vae():
    return load("pocket_vae_tiny.safetensors")


def videos(agents=2, frames=FRAMES, width=WIDTH, height=HEIGHT, seed=0):
    return torch.rand(agents, frames, height, width, 3, generator=torch.Generator().manual_seed(seed))


def pictures(count=1, seed=5):
    return videos(1, count, 40, 50, seed)[0]


def conditioned(vae, agents=2, identities=(), depth=True, frames=FRAMES, **changes):
    rgb = videos(agents, frames)
    depths = videos(agents, frames, seed=1) if depth else None
    return metaworld_conditioning(vae, rgb, depths, NAMES[:agents], identities, **changes)


def encoded(vae, picture):
    return vae.encode(on_white_canvas(picture, WIDTH, HEIGHT)[None])[0]


def test_every_agent_gets_its_own_videos_and_one_branch(vae):
    [[text, told]], _, latent = conditioned(vae)
    assert text is None
    assert told[AGENTS] == 2
    assert latent["samples"].shape == (2, 16, 3, 8, 12)
    assert not latent["samples"].any()
    for key, given in ((CONDITION_RGB, videos()), (CONDITION_DEPTH, videos(seed=1))):
        assert all(torch.equal(told[key][agent], vae.encode(given[agent])[0]) for agent in range(2))


def test_each_agent_is_shown_the_others_in_their_order_and_never_itself(vae):
    faces = [pictures(seed=seed) for seed in (1, 2, 3)]
    [[_, told]], _, _ = conditioned(vae, 3, faces)
    ann, ben, cleo = (encoded(vae, face[0]) for face in faces)
    expected = [torch.cat(others, dim=1) for others in ([ben, cleo], [ann, cleo], [ann, ben])]
    assert all(torch.equal(told[IDENTITIES][agent], latents) for agent, latents in enumerate(expected))
    assert not told[NULL_IDENTITIES].any()


def test_subjects_without_a_video_come_last_and_are_seen_by_all(vae):
    faces, subjects = [pictures(seed=1), pictures(seed=2)], pictures(2, seed=3)
    [[_, told]], _, _ = conditioned(vae, 2, faces, subjects=subjects)
    others = [encoded(vae, subject) for subject in subjects]
    assert torch.equal(told[IDENTITIES][0], torch.cat([encoded(vae, faces[1][0]), *others], dim=1))
    assert torch.equal(told[IDENTITIES][1], torch.cat([encoded(vae, faces[0][0]), *others], dim=1))


def test_an_agent_without_picture_is_absent_in_the_others_branches(vae):
    [[_, told]], _, _ = conditioned(vae, 3, [pictures(2), None, pictures(seed=7)])
    assert told[NULL_IDENTITIES].tolist() == [[False, True, True], [False, False, False], [False, False, True]]
    assert torch.equal(told[IDENTITIES][0, :, :1], encoded(vae, pictures(seed=7)[0]))
    assert not told[IDENTITIES][0, :, 1:].any()


def test_guidance_of_the_release_takes_all_identities_away_and_nothing_else(vae):
    [[_, told]], [[_, against]], _ = conditioned(vae, 2, [pictures(), None])
    assert told[NULL_IDENTITIES].tolist() == [[True], [False]]
    assert against[NULL_IDENTITIES].all()
    assert {key: against[key] is told[key] for key in told} == dict.fromkeys(told, True) | {NULL_IDENTITIES: False}


@pytest.mark.parametrize("changes", [{"guidance_against": "nothing", "identities": [pictures()]}, {}])
def test_without_guidance_or_identities_both_conditionings_are_one(vae, changes):
    positive, negative, _ = conditioned(vae, **changes)
    assert positive is negative


def test_free_roam_holds_no_identities(vae):
    [[_, told]], _, _ = conditioned(vae, 2, [None, None])
    assert set(told) == {AGENTS, CONDITION_RGB, CONDITION_DEPTH}


def test_depth_may_be_left_out(vae):
    [[_, told]], _, _ = conditioned(vae, depth=False)
    assert CONDITION_DEPTH not in told


def test_text_and_what_comes_with_it_reach_both_conditionings(vae):
    text = torch.ones(1, 3, 8)
    for [[given, told]] in conditioned(vae, 2, [pictures()], prompt=[[text, {"pooled_output": 4}]])[:2]:
        assert given is text
        assert told["pooled_output"] == 4


def test_the_only_agents_own_picture_is_not_used_and_the_log_says_where_to_connect_it(vae, caplog):
    with caplog.at_level(logging.WARNING):
        [[_, told]], _, _ = conditioned(vae, 1, [pictures()])
    assert IDENTITIES not in told
    assert "connect it as a subject" in caplog.text
    [[_, told]], _, _ = conditioned(vae, 1, subjects=pictures())
    assert torch.equal(told[IDENTITIES][0], encoded(vae, pictures()[0]))


def test_frames_that_make_no_latent_frame_are_left_out_with_a_warning(vae, caplog):
    with caplog.at_level(logging.WARNING):
        [[_, told]], _, latent = conditioned(vae, frames=11)
    assert "of 11 frames the first 9 are used" in caplog.text
    assert latent["samples"].shape[2] == 3
    assert torch.equal(told[CONDITION_RGB][0], vae.encode(videos(frames=11)[0, :9])[0])


def test_nobody_is_shown_anything_where_there_are_no_pictures():
    assert identities_seen([None, None], None) is None


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"identities": [pictures()] * 3}, r"given for 3 agents, the condition videos hold 2 \(ann, ben\)"),
        (
            {"rgb": videos(width=88)},
            "width is a multiple of 16 pixels, given condition videos of 88; render them with 96",
        ),
        (
            {"rgb": videos(height=8)},
            "height is a multiple of 16 pixels, given condition videos of 8; render them with 16",
        ),
    ],
)
def test_what_does_not_fit_is_said(vae, changes, text):
    given = {"rgb": videos(), "depth": None, "names": NAMES[:2]} | changes
    with pytest.raises(ValueError, match=text):
        metaworld_conditioning(vae, **given)


def test_another_models_vae_is_refused():
    with pytest.raises(
        ValueError, match=r"Wan 2.1's VAE of 16 latent channels and 1/8 of the size, given one of 48 .* 1/16"
    ):
        conditioned(load("wan2.2_vae.safetensors"))


def test_wan_21s_vae_is_taken():
    [[_, told]], _, latent = conditioned(load("wan_vae_tiny.safetensors"), 2, [pictures()], frames=5)
    assert latent["samples"].shape == told[CONDITION_RGB].shape == (2, 16, 2, 8, 12)
    assert told[IDENTITIES].shape == (2, 16, 1, 8, 12)
