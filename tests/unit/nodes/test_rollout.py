"""World Rollout with tiny networks: what is kept, what is continued, what is refused."""

import re

import comfy.utils
import folder_paths
import pytest
import torch
from comfy.model_management import InterruptProcessingException

from shared_world.models.multiworld.schedule import MULTIWORLD_SCHEDULER
from shared_world.nodes.rollout import WorldRollout, view_labels
from shared_world.tests.tiny_rollouts import (
    FRAMES,
    HEIGHT,
    STEPS,
    WIDTH,
    load_networks,
    random_actions,
    random_pictures,
)
from shared_world.world.actions import ActionLayout, Actions, Button

CHUNKS = 3


@pytest.fixture(scope="module")
def networks():
    return load_networks("it_takes_two")


@pytest.fixture(autouse=True)
def output(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_paths, "output_directory", str(tmp_path))
    return tmp_path


@pytest.fixture(autouse=True)
def as_in_comfyui():
    with torch.inference_mode():
        yield


def inputs(networks, **changes):
    given = {
        "model": networks.model,
        "vae": networks.vae,
        "global_state_encoder": networks.encoder,
        "actions": random_actions("it_takes_two", 8 * CHUNKS + 1),
        "first_frames": {"view0": random_pictures()},
        "split_screen": False,
        "width": WIDTH,
        "height": HEIGHT,
        "chunks": 0,
        "chunk_frames": FRAMES,
        "seed": 1,
        "steps": STEPS,
        "cfg": 1.0,
        "sampler_name": "euler",
        "scheduler": MULTIWORLD_SCHEDULER,
        "guidance_against": "nothing",
        "agents_at_a_time": 0,
        "filename_prefix": "rollout/rollout",
        "continue_from": "",
    }
    return given | changes


def run(networks, **changes):
    return WorldRollout.execute(**inputs(networks, **changes))


def interrupt_at(monkeypatch, networks, step, **changes):
    """Run and interrupt at a step, counted over all chunks, as ComfyUI's progress hook does."""

    def hook(value, *_, **__):
        if value == step:
            raise InterruptProcessingException

    with monkeypatch.context() as interrupting:
        interrupting.setattr(comfy.utils, "PROGRESS_BAR_HOOK", hook)
        interrupting.setattr(comfy.utils, "PROGRESS_THROTTLE_MIN_INTERVAL", 0.0)
        with pytest.raises(InterruptProcessingException):
            run(networks, **changes)


def files(folder):
    return sorted(file.name for file in folder.iterdir())


def test_one_video_and_label_per_view_and_a_folder_with_every_chunk(networks, output):
    result = run(networks)
    images, videos, labels = result.args
    assert [image.shape for image in images] == [(8 * CHUNKS + 1, HEIGHT, WIDTH, 3)] * 2
    assert not torch.equal(images[0], images[1])
    for image, video in zip(images, videos, strict=True):
        assert torch.equal(video.get_components().images, image)
        assert video.get_components().frame_rate == 60
    assert labels == ["left", "right"]
    assert result.ui.as_dict() == {"text": ("rollout/rollout_00001",)}
    assert files(output / "rollout/rollout_00001") == [
        f"chunk_{number:05}.{kind}" for number in range(1, CHUNKS + 1) for kind in ("latent", "mp4")
    ]


def test_every_new_rollout_gets_a_new_folder(networks, output):
    shown = [run(networks, chunks=1, seed=seed).ui.as_dict()["text"][0] for seed in (1, 2)]
    assert shown == ["rollout/rollout_00001", "rollout/rollout_00002"]


@pytest.mark.parametrize("step", [STEPS + 1, 2 * STEPS + 2])
def test_interrupted_and_continued_is_as_if_never_interrupted(networks, output, monkeypatch, step):
    whole = run(networks).args[0]
    interrupt_at(monkeypatch, networks, step)
    folder = output / "rollout/rollout_00002"
    assert len(files(folder)) == 2 * ((step - 1) // STEPS)
    before = {file: file.read_bytes() for file in folder.iterdir()}
    result = run(networks, continue_from="rollout/rollout_00002")
    assert {file: file.read_bytes() for file in before} == before
    assert files(folder) == files(output / "rollout/rollout_00001")
    assert result.ui.as_dict() == {"text": ("rollout/rollout_00002",)}
    for view, expected in zip(result.args[0], whole, strict=True):
        assert torch.equal(view, expected)


def test_a_rollout_can_be_made_longer(networks):
    run(networks, chunks=1)
    longer = run(networks, chunks=CHUNKS, continue_from="rollout/rollout_00001").args[0]
    for view, expected in zip(longer, run(networks, chunks=CHUNKS).args[0], strict=True):
        assert torch.equal(view, expected)


def test_interrupt_in_the_first_chunk_leaves_no_empty_folder(networks, output, monkeypatch):
    interrupt_at(monkeypatch, networks, 1)
    assert files(output / "rollout") == []


def test_split_screen_is_two_views(networks):
    screen = torch.cat(list(random_pictures()), dim=1)[None]
    cut = run(networks, chunks=1, first_frames={"view0": screen}, split_screen=True).args[0]
    for view, expected in zip(cut, run(networks, chunks=1).args[0], strict=True):
        assert torch.equal(view, expected)


def test_first_frames_of_another_size_become_videos_of_the_given_one(networks):
    (view,) = run(networks, chunks=2, first_frames={"view0": torch.rand(1, 70, 130, 3)}).args[0]
    assert view.shape == (17, HEIGHT, WIDTH, 3)


def test_guidance_against_null_actions_has_an_effect(networks):
    plain = run(networks, chunks=1).args[0][0]
    guided = run(networks, chunks=1, cfg=3.0, guidance_against="null actions").args[0][0]
    assert not torch.allclose(plain, guided, atol=0.05)


def test_views_are_named_after_players_only_where_each_has_one():
    players = random_actions("it_takes_two", FRAMES)
    assert view_labels(players, 2) == ["left", "right"]
    assert view_labels(players, 3) == ["view 1", "view 2", "view 3"]
    assert view_labels(random_actions("robots", FRAMES), 2) == ["view 1", "view 2"]


def test_actions_that_are_too_short_say_what_is_missing(networks, output):
    with pytest.raises(ValueError, match=r"^4 chunks of 9 frames that share 1 need 33 frames of action, given 25: 8 "):
        run(networks, chunks=4)
    with pytest.raises(ValueError, match=r"^1 chunk of 81 frames needs 81 frames of action, given 25: 56 frames are"):
        run(networks, chunk_frames=81)
    assert files(output) == []


def test_actions_of_another_kind_are_refused(networks, output):
    layout = ActionLayout("paddles", "Two paddles", (Button("up", "up"),))
    other = Actions(layout, ("a", "b"), 30.0, torch.zeros(2, FRAMES, 1), torch.zeros(2, FRAMES, 0))
    with pytest.raises(ValueError, match=r"layout 'it_takes_two' or 'panda', given 'paddles'"):
        run(networks, actions=other)
    with pytest.raises(ValueError, match=r"MultiWorld for ItTakesTwo, the conditioning holds actions for robots"):
        run(networks, actions=random_actions("robots", FRAMES))
    assert files(output / "rollout") == []


def test_other_inputs_than_those_of_the_folder_are_refused_before_anything_is_computed(networks, monkeypatch):
    run(networks, chunks=1)
    monkeypatch.setattr(networks.vae, "decode", None)
    with pytest.raises(ValueError, match=r"made with other inputs, seed 1 \(given 2\); give the same inputs"):
        run(networks, seed=2, continue_from="rollout/rollout_00001")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"chunk_frames": 7}, "clips of 4k + 1 frames, given 7; the nearest is 9"),
        ({"width": 500}, "width is a multiple of 32 pixels, given 500; the nearest is 512"),
        ({"height": 33}, "height is a multiple of 32 pixels, given 33; the nearest is 32"),
        ({"filename_prefix": "../outside"}, "'../outside' lies outside ComfyUI's output folder"),
        ({"filename_prefix": ""}, "'' lies outside ComfyUI's output folder"),
    ],
)
def test_bad_inputs_are_refused_before_a_folder_is_made(networks, output, changes, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        run(networks, **changes)
    assert files(output) == []


FOLDERS = [
    ("/etc", "'/etc' lies outside ComfyUI's output folder; give a name below it."),
    ("a/../..", "'a/../..' lies outside ComfyUI's output folder; give a name below it."),
    (".", "'.' lies outside ComfyUI's output folder; give a name below it."),
    ("rollout/rollout_00009", "There is no folder 'rollout/rollout_00009' below ComfyUI's output folder; give the one"),
    ("pictures", "The folder 'pictures' holds no chunk_00001.latent; give the folder of a rollout, or leave"),
]


@pytest.mark.parametrize(("continue_from", "sentence"), FOLDERS)
def test_a_folder_that_is_no_rollouts_is_refused_before_the_graph_runs(networks, output, continue_from, sentence):
    (output / "pictures").mkdir()
    message = WorldRollout.validate_inputs(continue_from=continue_from)
    assert message.startswith(sentence)
    with pytest.raises(ValueError, match=re.escape(sentence)):
        run(networks, continue_from=continue_from)
    assert files(output) == ["pictures"]


def test_folder_of_a_rollout_is_accepted_in_any_way_of_writing_it(networks, output):
    run(networks, chunks=1)
    for name in ("", None, "rollout/rollout_00001", " rollout/rollout_00001/ ", str(output / "rollout/rollout_00001")):
        assert WorldRollout.validate_inputs(continue_from=name) is True


def test_node_offers_multiworlds_schedule_first():
    (scheduler,) = (given for given in WorldRollout.define_schema().inputs if given.id == "scheduler")
    assert scheduler.default == MULTIWORLD_SCHEDULER
    assert MULTIWORLD_SCHEDULER in scheduler.options
    assert not any(given.id == "denoise" for given in WorldRollout.define_schema().inputs)
