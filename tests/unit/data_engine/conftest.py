import pytest
import torch

from shared_world.data_engine.clip_files import UnrolledClip, file_names, write_unrolled_clip
from shared_world.data_engine.graph import DEFAULT_GRAPH, read_template
from shared_world.tests.unit.world.unrolling.flat_video import flat_video
from shared_world.world.unrolling import unroll_video

pytest.importorskip("av")


@pytest.fixture(scope="session")
def clip():
    """A standing camera and a board that moves; the video has twice the size of the depth."""
    given = flat_video()
    world = unroll_video(**given, names=["board"])
    video = (given["images"] * 255.0).round().to(torch.uint8)
    picture = world.identities[0].crop(video)
    alpha = world.identities[0].crop(given["masks"][0]).to(torch.uint8)[..., None] * 255
    return UnrolledClip(
        world, video.repeat_interleave(2, 1).repeat_interleave(2, 2), (torch.cat([picture, alpha], -1),)
    )


@pytest.fixture(scope="session")
def clip_contents(clip, tmp_path_factory):
    """Contents of the clip's files by name, as a server gives them."""
    folder = tmp_path_factory.mktemp("clip") / "clip"
    document = write_unrolled_clip(clip, folder)
    return {name: (folder / name).read_bytes() for name in file_names(document)}


@pytest.fixture
def template():
    return read_template(DEFAULT_GRAPH)
