from dataclasses import replace

import pytest
import torch
from torch.nn.functional import interpolate

from shared_world.development.comfyui_in_process import use_comfyui

use_comfyui()

from shared_world.data_engine.clip_files import UnrolledClip, write_unrolled_clip  # noqa: E402
from shared_world.pocket.index import append_entry, clip_folder, open_data_set  # noqa: E402
from shared_world.tests.unit.training.metaworld_settings import CONDITIONS, tiny_metaworld  # noqa: E402
from shared_world.tests.unit.world.unrolling.flat_video import flat_video  # noqa: E402
from shared_world.training.clips import ClipError, list_clips  # noqa: E402
from shared_world.training.conditions import condition_videos, identities_shown  # noqa: E402
from shared_world.training.metaworld_run import train_metaworld  # noqa: E402
from shared_world.training.settings import DataSettings  # noqa: E402
from shared_world.training.told_clips import read_told_windows  # noqa: E402
from shared_world.world.unrolling import unroll_video  # noqa: E402

DATA = DataSettings(train="", cache="", frames=5, stride=5)


@pytest.fixture(scope="module")
def data_set(tmp_path_factory):
    """Two equal clips of a standing camera and a board that moves."""
    folder = tmp_path_factory.mktemp("unrolled") / "train"
    given = flat_video()
    world = unroll_video(**given, names=["board"])
    video = (given["images"] * 255.0).round().to(torch.uint8)
    identity = world.identities[0]
    alpha = identity.crop(given["masks"][0]).to(torch.uint8)[..., None] * 255
    # The autoencoder needs sides that are multiples of 16.
    filmed = interpolate(video.movedim(-1, 1).float(), (64, 96), mode="nearest").movedim(1, -1).to(torch.uint8)
    clip = UnrolledClip(world, filmed, (torch.cat([identity.crop(video), alpha], -1),))
    open_data_set(folder, {})
    for number in range(2):
        write_unrolled_clip(clip, folder / clip_folder(number))
        append_entry(folder, {"number": number, "folder": clip_folder(number), "frames": len(video)})
    return folder


@pytest.fixture
def window(data_set):
    return read_told_windows(list_clips(data_set)[0], DATA)[0]


def test_one_agent_filmed_and_is_shown_the_subject(window):
    assert len(window.agents) == len(window.frames) == 1
    assert window.frames.shape[1] == 5
    frames, known = identities_shown(window, 2)
    assert known.tolist() == [[True, False]]
    assert not (frames[0, 0] == 255).all()


def test_condition_videos_show_the_subject_as_a_marker(window):
    rgb, depth = condition_videos(window, "holistic", CONDITIONS)
    assert rgb.shape == depth.shape == window.frames.shape
    red, green, blue = rgb.float().unbind(-1)
    assert ((blue > 200) & (red < 60) & (green < 60)).any()


def test_the_anchor_is_what_the_first_frame_shows(window):
    scenes = {name: window.scene(name, CONDITIONS) for name in ("anchor", "holistic")}
    assert len(scenes["anchor"].background) <= window.frames[0, 0, ..., 0].numel()
    assert scenes["anchor"].agents == scenes["holistic"].agents
    alone = replace(window, agents=window.agents.select_frames([0]), frames=window.frames[:, :1])
    first = [
        condition_videos(replace(alone, whole=scene.with_agents([])), "holistic", replace(CONDITIONS, point_radius=0))[
            0
        ]
        for scene in scenes.values()
    ]
    assert (first[0].float() - first[1].float()).abs().mean() < 1.0


def test_a_broken_clip_is_named(data_set, tmp_path):
    clip = list_clips(data_set)[0]
    folder = tmp_path / "clip"
    folder.mkdir()
    for file in clip.folder.iterdir():
        if not file.name.startswith("scene"):
            (folder / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ClipError, match=str(folder)):
        read_told_windows(replace(clip, folder=folder), DATA)


def test_stage_one_trains_on_unrolled_videos(data_set, tmp_path, vae_file):
    settings = tiny_metaworld(tmp_path, data_set.parent, vae_file)
    settings = replace(settings, data=replace(settings.data, validation=None, frames=5, stride=5))
    assert train_metaworld(settings).step == settings.loop.steps
