"""The command `unroll` on a running ComfyUI: videos of Pocket Town with known geometry, one of them broken."""

import os
import signal
import threading
import time
from contextlib import contextmanager

import pytest
import torch

from shared_world.__main__ import main
from shared_world.data_engine.clip_files import read_unrolled_clip
from shared_world.data_engine.graph import DEFAULT_GRAPH, read_template
from shared_world.data_engine.server import GraphRefused, Server, VideoFailed
from shared_world.development.tiny_checkpoints import FRAMES as PATH_FRAMES
from shared_world.pocket.index import read_index
from shared_world.tests.comfyui.failures import failure
from shared_world.tests.comfyui.graphs import Graph, path
from shared_world.tests.comfyui.posed_videos import SETTINGS, levels, write_posed_video
from shared_world.tests.unit.world.unrolling.town_video import OPTIONS, town_video
from shared_world.training.clips import list_clips, read_windows
from shared_world.training.settings import DataSettings
from shared_world.world.scene import RenderOptions, gaussian_of_body, render_for_agent

FRAMES = 9
POSED = DEFAULT_GRAPH.with_name("unroll_posed_video.json")
PRESETS = {"a_following.mkv": "following_then_parting", "c_meeting.mkv": "head_on"}


@pytest.fixture(scope="module")
def rides(tmp_path_factory):
    """Three videos with what lies beside them; the second is cut off before its first picture."""
    folder = tmp_path_factory.mktemp("rides")
    for name, preset in PRESETS.items():
        write_posed_video(folder, name.removesuffix(".mkv"), town_video(preset, FRAMES))
    write_posed_video(folder, "b_broken", town_video(PRESETS["c_meeting.mkv"], FRAMES))
    broken = folder / "b_broken.mkv"
    broken.write_bytes(broken.read_bytes()[:2000])
    return folder


def arguments(server, rides, out):
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    return ["unroll", str(rides), "--out", str(out), "--server", server.url, "--graph", str(POSED), *settings]


def folders(out):
    return {entry.values["video"]: out / entry.folder for entry in read_index(out)}


def wait_until(condition, seconds=600.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def interrupted_after_the_first_clip(out):
    """Meanwhile this process gets SIGTERM, as `kill` sends it, once a clip is listed."""
    ended = threading.Event()

    def interrupt():
        wait_until(lambda: ended.is_set() or list((out / "index").glob("*")))
        os.kill(os.getpid(), signal.SIGTERM)

    previous = signal.signal(signal.SIGTERM, signal.SIG_IGN)  # if the command has ended by then
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        signal.signal(signal.SIGTERM, previous)


def test_videos_become_clips_for_training_through_interruption_and_a_broken_video(server, rides, tmp_path, capsys):
    out = tmp_path / "set"
    with interrupted_after_the_first_clip(out):
        assert main(arguments(server, rides, out)) == 130
    assert capsys.readouterr().err.endswith("stopped; run the same command again to go on\n")
    assert list(folders(out)) == ["a_following.mkv"]
    assert [path.name for path in (out / "clips" / "00000").iterdir()] == ["00000000"]
    wait_until(lambda: not server.get("/queue")["queue_running"])

    assert main(arguments(server, rides, out)) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith(f"{out}: 1 new, 1 there already, 1 failed.\n  b_broken.mkv: node 9 ")
    assert "c_meeting.mkv: frames 9, subjects 1, warnings" in shown.err
    assert main([*arguments(server, rides, out), "--max-failed", "0"]) == 1
    assert sorted(folders(out)) == list(PRESETS)
    check_clips(out)


def check_clips(out):
    """What was stored is what unrolling in this process gives, and the trainers read the videos."""
    settings = DataSettings(train="", cache="", frames=FRAMES, interval=0, stride=FRAMES)
    windows = {clip.listed["video"]: read_windows(clip, settings) for clip in list_clips(out)}
    for name, preset in PRESETS.items():
        video = town_video(preset, FRAMES)
        clip = read_unrolled_clip(folders(out)[name])
        here = video.unrolled(options=OPTIONS.__class__(dilation=2.0, voxel=0.1))
        (window,) = windows[name]
        # ComfyUI reads videos as floating-point numbers, which may round to the next level.
        assert (window.tiles[0].int() - levels(video).int()).abs().max() <= 1
        assert window.agents.names == ("camera",)
        torch.testing.assert_close(window.agents.extrinsics(), video.filming.extrinsics()[None], atol=1e-6, rtol=0)
        torch.testing.assert_close(middle_of_the_car(clip.world), middle_of_the_car(here), atol=0.02, rtol=0)
        assert clip.world.identities == here.identities
        picture = clip.identities[0].float()
        red, _, blue = picture[picture[..., 3] > 128][:, :3].mean(0)
        assert red > 1.3 * blue
        check_background(clip.world, video)


def middle_of_the_car(world):
    car = world.agents.members[1]
    return gaussian_of_body(car.poses, car.body)[0]


def check_background(world, video):
    """The stored background, seen from where the camera was, is the town as the camera saw it."""
    height, width = video.rgb.shape[2:4]
    seen = render_for_agent(world.scene.with_agents([]), world.agents, "camera", height, width, 0, RenderOptions(0.02))
    covered = (seen.rgb.sum(-1) > 0.0) & ~video.cars[1]
    error = (seen.rgb - video.rgb[1])[covered].square().mean()
    assert covered.double().mean() > 0.5
    assert -10.0 * error.log10() > 18.0


def test_default_graph_lacks_nothing_but_the_models(server):
    template = read_template(DEFAULT_GRAPH)
    client = Server(server.url)
    client.upload("shared_world_unroll/test/video.mkv", b"none")
    with pytest.raises(GraphRefused) as refused:
        client.run(template.filled("shared_world_unroll/test/video.mkv", {}, "test"), time.sleep)
    reasons = str(refused.value).split("; ")
    missing = {"depth_anything_3_base.safetensors", "sam3.1_multiplex_fp16.safetensors"}
    assert len(reasons) == 2
    assert all("Value not in list" in reason for reason in reasons)
    assert {name for name in missing for reason in reasons if f"'{name}' not in" in reason} == missing


def test_a_video_that_takes_too_long_is_given_up_and_leaves_the_server_free(server):
    slow = Graph().add("blur_0", "EmptyImage", width=512, height=512, batch_size=1, color=0)
    for step in range(1, 30):
        slow.add(f"blur_{step}", "ImageBlur", image=[f"blur_{step - 1}", 0], blur_radius=31, sigma=9.0)
    slow.add("shown", "PreviewImage", images=["blur_29", 0])
    with pytest.raises(VideoFailed, match=r"it took longer than 0\.2 s"):
        Server(server.url).run(slow, time.sleep, timeout=0.2)
    wait_until(lambda: not server.get("/queue")["queue_running"])


def test_unroll_video_says_what_to_connect(server):
    graph = path(Graph(), "way", "0 0 0\n2 0 4")
    lens = {"rig": "front only", "width": 48, "height": 32, "horizontal_fov": 90.0, "mount_up": 1.6}
    graph.add("filming", "SharedWorldCameraRig", agents=["way", 0], mount_forward=0.0, **lens)
    graph.add("film", "EmptyImage", width=48, height=32, batch_size=PATH_FRAMES, color=0xFFFFFF)
    distance = {"depth_values": "grey is distance", "depth_values.white_is": 8.0, "depth_values.black_is": 0.0}
    place = {"horizontal_fov": 0.0, "metric_scale": "as given", "camera_height": 1.6, "camera_pitch": 0.0}
    fusion = {"farthest": 0.0, "voxel": 0.5, "neighbours": 0, "deviations": 2.0}
    sources = {"images": ["film", 0], "depth": ["film", 0], "camera": ["filming", 0]}
    graph.add("scene", "SharedWorldSceneFromVideo", **sources, **distance, **place, **fusion)
    unrolling = {"posed_depth": ["scene", 1], "frame_rate": 8.0, "smoothing": 0.5, "mask_growth": 2, "voxel": 0.5}
    graph.add("unrolled", "SharedWorldUnrollVideo", images=["film", 0], **unrolling)
    graph.add("saved", "SharedWorldSaveUnrolledVideo", unrolled=["unrolled", 4], filename_prefix="x", folder="output")
    assert failure(server, graph, "unrolled").endswith("connect the masks of what moves, or tracks.")


def test_a_ray_cluster_makes_the_same_clips(server, rides, tmp_path):
    ray = pytest.importorskip("ray")
    out = tmp_path / "set"
    try:
        assert main([*arguments(server, rides, out), "--ray"]) == 0
    finally:
        ray.shutdown()
    assert sorted(folders(out)) == list(PRESETS)
