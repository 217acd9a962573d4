"""Videos as a user gets them: files that other programs read, with the right number, size and rate of frames."""

import io
from fractions import Fraction

import av
import numpy
import pytest

from shared_world.development.tiny_checkpoints import FRAMES, HEIGHT, WIDTH
from shared_world.tests.comfyui.graphs import split, two_agents


def read_video(server, entry):
    """Frame rate and frames (frames, height, width, 3) of a file as /view gives it."""
    with av.open(io.BytesIO(server.view(entry))) as container:
        (stream,) = container.streams.video
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        return stream.average_rate, numpy.stack(frames)


def with_videos(graph):
    """Node `each` that saves a video per agent and view."""
    return graph.add(
        "each", "SaveVideo", video=["views", 1], filename_prefix="videos/each", format="auto", codec="auto"
    )


@pytest.mark.oldest
def test_every_agent_and_view_becomes_a_video_at_the_rate_of_the_agents(server):
    graph = with_videos(split(two_agents())).change("agents", frame_rate=12.5).change("views", frame_rate=30.0)
    entries = server.run(graph)["each"]["images"]
    assert len(entries) == 2 * 4
    for entry in entries:
        rate, frames = read_video(server, entry)
        assert rate == Fraction(25, 2)
        assert frames.shape == (FRAMES, HEIGHT // 2, WIDTH // 2, 3)


def test_without_agents_the_rate_of_the_node_is_taken(server):
    graph = with_videos(split(two_agents())).change("views", agents=None, frame_rate=29.97)
    rate, frames = read_video(server, server.run(graph)["each"]["images"][0])
    assert float(rate) == pytest.approx(29.97, abs=1e-3)
    assert len(frames) == FRAMES


def test_grid_holds_a_row_of_views_per_agent(server):
    graph = split(two_agents()).change("grid", labels=None)
    graph.add("stack", "SharedWorldAgentsGrid", images=["views", 0], columns=1)
    for source in ("grid", "stack"):
        graph.add(f"{source}_video", "CreateVideo", images=[source, 0], fps=8.0)
        settings = {"filename_prefix": f"videos/{source}", "format": "auto", "codec": "auto"}
        graph.add(f"{source}_file", "SaveVideo", video=[f"{source}_video", 0], **settings)
    outputs = server.run(graph)
    shapes = []
    for source in ("grid", "stack"):
        (entry,) = outputs[f"{source}_file"]["images"]
        rate, frames = read_video(server, entry)
        assert rate == 8
        shapes.append(frames.shape)
    (_, height, width, _), (_, stack_height, stack_width, _) = shapes
    assert [frames for frames, *_ in shapes] == [FRAMES, FRAMES]
    assert (width, stack_height) == (4 * stack_width, 4 * height)
    assert stack_width >= WIDTH // 2
    assert height >= 2 * HEIGHT // 2
