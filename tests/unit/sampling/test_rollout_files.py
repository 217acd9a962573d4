"""Chunks on disk: files that other programs read, and refusals of what does not belong to a rollout."""

import io
import json
from dataclasses import replace

import av
import pytest
import safetensors
import safetensors.torch
import torch

from shared_world.sampling import rollout_files
from shared_world.sampling.rollout import Chunk
from shared_world.sampling.rollout_files import RECORD, RolloutFolder, chunk_record
from shared_world.tests.tiny_rollouts import (
    FRAMES,
    HEIGHT,
    WIDTH,
    load_networks,
    make_rollout,
    random_actions,
    random_pictures,
)


@pytest.fixture(scope="module")
def rollout():
    return make_rollout(load_networks("it_takes_two"), random_actions("it_takes_two", 25))


@pytest.fixture
def folder(tmp_path):
    return RolloutFolder(tmp_path, "rollout/rollout_00001")


def chunk(number, views=2):
    """A finished chunk of colours that a video keeps."""
    frames = FRAMES if number == 0 else FRAMES - 1
    colours = torch.tensor([[200, 20, 20], [20, 20, 200]], dtype=torch.uint8)[:views]
    latents = torch.randn(views, 48, 3, HEIGHT // 16, WIDTH // 16, generator=torch.Generator().manual_seed(number))
    return Chunk(number, latents, colours[:, None, None, None].expand(views, frames, HEIGHT, WIDTH, 3))


def kept(folder, rollout, numbers):
    for number in numbers:
        folder.keep(chunk(number), rollout, {})
    return folder


def changed_file(file, **changes):
    """Write a chunk's file again with other values in its record."""
    with safetensors.safe_open(file, "pt") as content:
        metadata = content.metadata()
    metadata[RECORD] = json.dumps(json.loads(metadata[RECORD]) | changes)
    safetensors.torch.save_file(safetensors.torch.load_file(file), file, metadata)


def test_latents_are_written_as_comfyui_writes_them(folder, rollout):
    kept(folder, rollout, [0])
    content = safetensors.torch.load_file(folder.latent_file(0))
    assert torch.equal(content.pop("latent_tensor"), chunk(0).latents)
    assert {name: tensor.numel() for name, tensor in content.items()} == {"latent_format_version_0": 0}
    assert torch.equal(folder.read_latents(0), chunk(0).latents)


def test_half_precision_comes_back_as_it_was(folder, rollout):
    given = replace(chunk(0), latents=chunk(0).latents.bfloat16())
    folder.keep(given, rollout, {})
    assert torch.equal(folder.read_latents(0), given.latents)


@pytest.mark.parametrize("number", [0, 1])
def test_video_shows_all_views_from_left_to_right_at_the_rate_of_the_actions(folder, rollout, number):
    folder.keep(chunk(number), rollout, {"prompt": {"1": {}}})
    with av.open(io.BytesIO(folder.video_file(number).read_bytes())) as container:
        assert json.loads(container.metadata["prompt"]) == {"1": {}}
        (stream,) = container.streams.video
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        assert stream.average_rate == 60
    assert len(frames) == FRAMES - number
    assert frames[0].shape == (HEIGHT, 2 * WIDTH, 3)
    for frame in frames:
        assert abs(frame[:, : WIDTH - 8].mean((0, 1)) - [200, 20, 20]).max() < 12
        assert abs(frame[:, WIDTH + 8 :].mean((0, 1)) - [20, 20, 200]).max() < 12


def test_files_hold_the_workflow_as_comfyuis_do(folder, rollout):
    folder.keep(chunk(0), rollout, {"prompt": {"1": {"class_type": "X"}}, "workflow": {"nodes": []}})
    with safetensors.safe_open(folder.latent_file(0), "pt") as content:
        metadata = content.metadata()
    assert json.loads(metadata["prompt"]) == {"1": {"class_type": "X"}}
    assert json.loads(metadata["workflow"]) == {"nodes": []}
    assert json.loads(metadata[RECORD]) == chunk_record(rollout, 0)


def test_chunks_are_counted_in_a_row_and_only_as_many_as_are_asked_for(folder, rollout):
    assert folder.count_finished(rollout) == 0
    assert kept(folder, rollout, [0, 1]).count_finished(rollout) == 2
    fewer = replace(rollout, chunks=rollout.chunks[:1])
    assert folder.count_finished(fewer) == 1


def test_files_that_are_there_are_left_alone_and_a_missing_video_is_made(folder, rollout):
    kept(folder, rollout, [0])
    folder.video_file(0).unlink()
    before = folder.latent_file(0).read_bytes(), folder.latent_file(0).stat().st_mtime_ns
    folder.keep(replace(chunk(0), latents=chunk(0).latents + 1), rollout, {})
    assert (folder.latent_file(0).read_bytes(), folder.latent_file(0).stat().st_mtime_ns) == before
    assert folder.video_file(0).stat().st_size > 0


def test_a_video_that_cannot_be_written_costs_nothing_else(folder, rollout, monkeypatch):
    def fail(*_):
        raise OSError("no space left")

    with monkeypatch.context() as failing:
        failing.setattr(rollout_files, "side_by_side", fail)
        with pytest.raises(OSError, match="no space left"):
            kept(folder, rollout, [0])
    assert [file.name for file in folder.path.iterdir()] == ["chunk_00001.latent"]
    assert kept(folder, rollout, [0]).video_file(0).is_file()


def test_a_latent_that_is_not_written_to_its_end_is_not_there(folder, rollout, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(OSError, match="no space left"):
        kept(folder, rollout, [0])
    assert list(folder.path.iterdir()) == []


OTHERS = {
    "views": ({"first_frames": random_pictures(3)}, r"views 2 \(given 3\)"),
    "width": ({"width": 128}, r"width 96 \(given 128\)"),
    "height": ({"height": 96}, r"height 64 \(given 96\)"),
    "chunk_frames": (
        {"chunks": (random_actions("it_takes_two", 13),)},
        r"chunk_frames 9 \(given 13\), actions [0-9a-f]{12}\.\.\. \(given [0-9a-f]{12}\.\.\.\)",
    ),
    "seed": ({"seed": 2**64 - 1}, r"seed 5 \(given 18446744073709551615\)"),
    "first_frames": (
        {"first_frames": random_pictures(seed=1)},
        r"first_frames [0-9a-f]{12}\.\.\. \(given [0-9a-f]{12}\.\.\.\)",
    ),
    "guidance_against": ({"guidance_against": "null actions"}, r"guidance_against nothing \(given null actions\)"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_chunks_of_other_inputs_are_refused_with_what_differs(folder, rollout, name):
    kept(folder, rollout, [0])
    changes, difference = OTHERS[name]
    with pytest.raises(ValueError, match=rf"^'rollout/rollout_00001': chunk_00001.latent .*{difference}") as refused:
        folder.count_finished(replace(rollout, **changes))
    assert "give the same inputs" in str(refused.value)


@pytest.mark.parametrize(("name", "value"), [("steps", 3), ("cfg", 1.5), ("sampler", "heun"), ("scheduler", "simple")])
def test_chunks_of_another_sampler_are_refused(folder, rollout, name, value):
    kept(folder, rollout, [0])
    shown = {"sampler": "sampler_name"}.get(name, name)
    other = replace(rollout, settings=replace(rollout.settings, **{name: value}))
    with pytest.raises(ValueError, match=rf"{shown} {getattr(rollout.settings, name)} \(given {value}\); give"):
        folder.count_finished(other)


def test_actions_are_compared_chunk_by_chunk(folder, rollout):
    kept(folder, rollout, [0, 1])
    other = random_actions("it_takes_two", 25, seed=1)
    later = (*rollout.chunks[:2], other.select_frames(range(16, 25)))
    assert folder.count_finished(replace(rollout, chunks=later)) == 2
    second = (rollout.chunks[0], other.select_frames(range(8, 17)), rollout.chunks[2])
    with pytest.raises(ValueError, match=r"chunk_00002.latent was made with other inputs, actions [0-9a-f]{12}"):
        folder.count_finished(replace(rollout, chunks=second))


def test_one_value_of_one_frame_makes_other_actions(rollout):
    actions = rollout.chunks[0]
    looks = actions.continuous.clone()
    looks[1, 4, 0] += 1e-6
    buttons = actions.discrete.clone()
    buttons[0, 8, 9] = ~buttons[0, 8, 9]
    others = [actions, replace(actions, continuous=looks), replace(actions, discrete=buttons)]
    records = [chunk_record(replace(rollout, chunks=(other,)), 0) for other in others]
    assert len({record["actions"] for record in records}) == 3
    assert len({json.dumps(record | {"actions": ""}) for record in records}) == 1


def test_record_of_a_later_version_is_not_taken_for_this_ones(folder, rollout):
    kept(folder, rollout, [0])
    changed_file(folder.latent_file(0), version=2, shift=3.0)
    with pytest.raises(ValueError, match=r"version 2 \(given 1\), shift 3.0 \(given nothing\)"):
        folder.count_finished(rollout)


def test_a_chunk_that_is_missing_between_others_is_named(folder, rollout):
    kept(folder, rollout, [0, 1, 2]).latent_file(1).unlink()
    with pytest.raises(ValueError, match=r"holds chunk_00003.latent but not chunk_00002.latent; put that file back"):
        folder.count_finished(rollout)


@pytest.mark.parametrize("damage", ["cut", "empty", "foreign", "record"])
def test_files_that_cannot_be_read_are_named(folder, rollout, damage):
    file = kept(folder, rollout, [0]).latent_file(0)
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:5000])
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "foreign":
        safetensors.torch.save_file({"latent_tensor": torch.zeros(1)}, file)
    else:
        safetensors.torch.save_file({"latent_tensor": torch.zeros(1)}, file, {RECORD: "{"})
    with pytest.raises(
        ValueError, match=r"^'rollout/rollout_00001': chunk_00001.latent is not a chunk .* made again\.$"
    ):
        folder.count_finished(rollout)
