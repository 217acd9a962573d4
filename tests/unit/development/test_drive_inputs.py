"""What the unrolling example loads: video, depth, masks and the camera's way in the graph belong together."""

import json

import pytest
import torch

from shared_world.development.example_inputs import EXAMPLE_INPUTS
from shared_world.development.locations import ROOT
from shared_world.development.make_drive_inputs import (
    CAMERA_HEIGHT,
    FARTHEST,
    FOV,
    FRAME_RATE,
    FRAMES,
    HEIGHT,
    NEAREST,
    START,
    WIDTH,
    depth_greys,
    drive,
)
from shared_world.pocket.clip_files import decode_video
from shared_world.pocket.placement import obstruction
from shared_world.world.encounters import CAR
from shared_world.world.paths import path_from_waypoints
from shared_world.world.scene import gaussian_of_body
from shared_world.world.unrolling import UnrollOptions, unroll_video
from shared_world.world.waypoint_text import parse_waypoints

pytest.importorskip("av")
TWIN = json.loads((ROOT / "workflows" / "api" / "metaworld_unroll_video.json").read_text(encoding="utf-8"))


def inputs(class_type):
    (found,) = [entry["inputs"] for entry in TWIN.values() if entry["class_type"] == class_type]
    return found


@pytest.fixture(scope="module")
def videos():
    names = ("drive.mp4", "drive_depth.mp4", "drive_car.mp4")
    return [decode_video(EXAMPLE_INPUTS / name).float() / 255.0 for name in names]


def test_graph_says_how_the_video_was_filmed():
    values = {entry["_meta"]["title"]: entry["inputs"].get("value") for entry in TWIN.values() if "_meta" in entry}
    assert [values[name] for name in ("Width", "Height", "Frames", "Frame rate")] == [WIDTH, HEIGHT, FRAMES, FRAME_RATE]
    rig, path, scene = (inputs(f"SharedWorld{name}") for name in ("CameraRig", "PathFromWaypoints", "SceneFromVideo"))
    assert (rig["horizontal_fov"], rig["mount_up"]) == (FOV, CAMERA_HEIGHT)
    assert (scene["depth_values.white_is"], scene["depth_values.black_is"]) == (NEAREST, FARTHEST)
    way = path_from_waypoints(
        parse_waypoints(path["waypoints"]), FRAMES, FRAME_RATE, path["easing"], stretch=path["fit_frames"]
    )
    way[:, :3, 3] += torch.tensor(START, dtype=torch.float64)
    torch.testing.assert_close(way, drive().members[0].poses)


def test_cars_drive_where_nothing_stands():
    from shared_world.development.make_scene_inputs import town

    assert obstruction(town(), drive()) == ""


def test_unrolling_finds_the_car_within_what_the_note_says(videos):
    rgb, depth, car = videos
    assert rgb.shape == depth.shape == car.shape == (FRAMES, HEIGHT, WIDTH, 3)
    metres = 1.0 / (1.0 / FARTHEST + depth[..., 0] * (1.0 / NEAREST - 1.0 / FARTHEST))
    torch.testing.assert_close(depth_greys(metres).float(), depth[..., 0], atol=1e-4, rtol=0)
    filming, filmed = drive().members
    lens = filming.intrinsics()[:, 0]
    world = unroll_video(
        rgb,
        metres,
        filming.extrinsics()[:, 0],
        lens,
        car[None, ..., 0],
        FRAME_RATE,
        ["red car"],
        bodies={"red car": CAR},
        options=UnrollOptions(dilation=3.0, voxel=0.1, farthest=80.0),
    )
    found = gaussian_of_body(world.agents.members[1].poses, world.agents.members[1].body)[0]
    error = (found - gaussian_of_body(filmed.poses, CAR)[0]).norm(dim=-1)
    assert error.max() < 0.4
    assert error.mean() < 0.25
    red, _, blue = world.identities[0].crop(rgb)[world.identities[0].crop(car)[..., 0] > 0.5].mean(0)
    assert red > 1.5 * blue
