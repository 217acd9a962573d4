"""World Rollout on the real server: long videos, interrupts, and rollouts that go on."""

import io
import shutil

import av
import numpy
import pytest
import safetensors.torch
import torch
from PIL import Image

from shared_world.development.comfyui_server import GraphInterrupted
from shared_world.tests.comfyui.failures import failure, refusal
from shared_world.tests.comfyui.graphs import latents
from shared_world.tests.comfyui.multiworld_graphs import (
    FRAMES,
    HEIGHT,
    ROBOTS_MODEL,
    WIDTH,
    keys_script,
    multiworld_loaders,
    pictures,
    robots_script,
)

STEPS, CHUNKS = 3, 3
ALL_FRAMES = (FRAMES - 1) * CHUNKS + 1


def rolled_out(graph, **changes):
    """Node `rollout`, which ends the graph."""
    inputs = {
        "split_screen": False,
        "width": WIDTH,
        "height": HEIGHT,
        "chunks": 0,
        "chunk_frames": FRAMES,
        "seed": 7,
        "steps": STEPS,
        "cfg": 1.0,
        "sampler_name": "euler",
        "scheduler": "multiworld",
        "guidance_against": "nothing",
        "agents_at_a_time": 0,
        "filename_prefix": "rollout/rollout",
        "continue_from": "",
    }
    links = {
        "model": ["model", 0],
        "vae": ["vae", 0],
        "global_state_encoder": ["encoder", 0],
        "actions": ["actions", 0],
    }
    return graph.add("rollout", "SharedWorldWorldRollout", **(links | pictures(graph) | inputs | changes))


def players(**changes):
    script = "left: 0-end: W\nright: 2-20: jump, look 0.3 0"
    return rolled_out(keys_script(multiworld_loaders(), ALL_FRAMES, script), **changes)


def with_videos(graph):
    """Node `each` that saves a video per view."""
    return graph.add(
        "each", "SaveVideo", video=["rollout", 1], filename_prefix="videos/view", format="auto", codec="auto"
    )


def with_pictures(graph):
    """Node `each` that saves the frames of all views as PNG files: an encoder of video may differ from run to run."""
    return graph.add("each", "SaveImage", images=["rollout", 0], filename_prefix="frames/view")


def folder_of(server, outputs):
    (name,) = outputs["rollout"]["text"]
    return server.output / name


def chunk_latents(folder):
    return [safetensors.torch.load_file(file)["latent_tensor"] for file in sorted(folder.glob("*.latent"))]


def frames_of(content):
    with av.open(io.BytesIO(content)) as container:
        (stream,) = container.streams.video
        return numpy.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(stream)])


def pictures_of(server, outputs):
    files = outputs["each"]["images"]
    return numpy.stack([numpy.asarray(Image.open(io.BytesIO(server.view(file)))) for file in files])


def coarse(frames):
    """Means of 16x16 pixels, which compression changes little."""
    count, height, width, channels = frames.shape
    return frames.reshape(count, height // 16, 16, width // 16, 16, channels).mean((2, 4))


@pytest.mark.oldest
def test_players_get_one_long_video_each_and_every_chunk_is_in_a_folder(server):
    outputs = server.run(with_videos(players()))
    folder = folder_of(server, outputs)
    views = [frames_of(server.view(entry)) for entry in outputs["each"]["images"]]
    assert [view.shape for view in views] == [(ALL_FRAMES, HEIGHT, WIDTH, 3)] * 2
    chunks = [frames_of(file.read_bytes()) for file in sorted(folder.glob("*.mp4"))]
    assert [chunk.shape for chunk in chunks] == [(FRAMES - bool(number), HEIGHT, 2 * WIDTH, 3) for number in range(3)]
    together = coarse(numpy.concatenate(chunks))
    apart = [numpy.abs(together - coarse(numpy.concatenate(order, axis=2))).mean() for order in (views, views[::-1])]
    assert apart[0] < apart[1] / 2
    assert [latent.shape for latent in chunk_latents(folder)] == [(2, 48, 3, HEIGHT // 16, WIDTH // 16)] * CHUNKS


def test_robots_roll_out_too(server):
    graph = robots_script(multiworld_loaders(ROBOTS_MODEL), ALL_FRAMES)
    outputs = server.run(with_videos(rolled_out(graph, chunks=2)))
    assert [len(frames_of(server.view(entry))) for entry in outputs["each"]["images"]] == [2 * FRAMES - 1] * 2


def test_interrupted_rollout_goes_on_as_if_nothing_had_happened(server):
    steps, asked = 60, []

    def watch(progress):
        if progress.node == "rollout" and progress.value > steps and not asked:
            asked.append(progress.value)
            server.interrupt()

    settings = {"steps": steps, "seed": 11, "filename_prefix": "rollout/interrupted"}
    with pytest.raises(GraphInterrupted, match=r"node rollout \(SharedWorldWorldRollout\)"):
        server.run(players(**settings), watch)
    folder = max((server.output / "rollout").glob("interrupted_*"))
    kept = {file: file.read_bytes() for file in folder.iterdir()}
    assert 0 < len(kept) < 2 * CHUNKS

    begun = []
    graph = with_pictures(players(**settings, continue_from=f"rollout/{folder.name}"))
    outputs = server.run(graph, lambda progress: begun.append(progress.value) if progress.node == "rollout" else None)
    assert folder_of(server, outputs) == folder
    assert {file: file.read_bytes() for file in kept} == kept
    assert min(value for value in begun if value > 0) > steps * len(kept) // 2  # Steps of kept chunks count as done.

    uninterrupted = server.run(with_pictures(players(**(settings | {"filename_prefix": "rollout/whole"}))))
    for given, expected in zip(chunk_latents(folder), chunk_latents(folder_of(server, uninterrupted)), strict=True):
        assert torch.equal(given, expected)
    pictures = [pictures_of(server, frames) for frames in (outputs, uninterrupted)]
    assert len(pictures[0]) == 2 * ALL_FRAMES
    assert numpy.array_equal(*pictures)


def test_one_bar_and_a_preview_of_all_views_at_every_step(server):
    seen, shown = [], []
    server.run(
        players(seed=12),
        on_progress=lambda progress: seen.append(progress) if progress.node == "rollout" else None,
        on_preview=shown.append,
    )
    steps = [(progress.value, progress.maximum) for progress in seen if progress.maximum > 1]
    assert steps == [(value, STEPS * CHUNKS) for value in range(1, STEPS * CHUNKS + 1)]
    assert len(shown) == STEPS * CHUNKS
    width, height = Image.open(io.BytesIO(shown[-1])).size
    assert width / height == pytest.approx(2 * WIDTH / HEIGHT, rel=0.02)


def test_latents_of_a_chunk_are_decoded_by_other_nodes(server):
    folder = folder_of(server, server.run(players(seed=13)))
    shutil.copy(folder / "chunk_00002.latent", server.input / "second.latent")
    graph = multiworld_loaders()
    graph.add("loaded", "LoadLatent", latent="second.latent")
    graph.add("sampler", "SharedWorldSplitAgents", samples=["loaded", 0], vae=["vae", 0], layout="1x1", frame_rate=60.0)
    graph.add("each", "SaveVideo", video=["sampler", 1], filename_prefix="videos/one", format="auto", codec="auto")
    graph.add("latent", "SaveLatent", samples=["loaded", 0], filename_prefix="again")
    assert torch.equal(latents(server, graph), chunk_latents(folder)[1])


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [
        ("../input", "'../input' lies outside ComfyUI's output folder"),
        ("rollout/none", "There is no folder 'rollout/none'"),
    ],
)
def test_wrong_folders_are_refused_before_the_run(server, folder, sentence):
    assert sentence in refusal(server, players(continue_from=folder), "rollout")


def test_inputs_that_a_widget_does_not_allow_are_refused_before_the_run(server):
    assert "chunk_frames" in refusal(server, players(chunk_frames=1), "rollout")
    assert "scheduler" in refusal(server, players(scheduler="none"), "rollout")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"width": 100}, "width is a multiple of 32 pixels, given 100; the nearest is 96"),
        ({"chunk_frames": 10}, "clips of 4k + 1 frames, given 10; the nearest is 9"),
        ({"filename_prefix": "/rollout"}, "'/rollout' lies outside ComfyUI's output folder"),
        ({"chunks": 5}, "5 chunks of 9 frames that share 1 need 41 frames of action, given 25: 16 frames are missing"),
    ],
)
def test_bad_inputs_fail_in_a_sentence(server, changes, sentence):
    assert sentence in failure(server, players(**changes), "rollout")


def test_other_inputs_than_the_folders_are_named(server):
    folder = folder_of(server, server.run(players(seed=14)))
    graph = players(seed=15, steps=STEPS + 1, continue_from=f"rollout/{folder.name}")
    assert "made with other inputs, seed 14 (given 15), steps 3 (given 4); give" in failure(server, graph, "rollout")


def test_another_model_fails_in_a_sentence(server):
    graph = players().change("model", model_name="shareverse_tiny.safetensors")
    assert "A rollout takes a MultiWorld model, given ShareVerseModel" in failure(server, graph, "rollout")
