"""Nodes between agents and other nodes' cameras, against ComfyUI's own nodes."""

import json
import math
import re

import comfy_extras.nodes_camera_trajectory as core_wan
import numpy as np
import pytest
import torch
from comfy_api.latest import Types
from comfy_extras.nodes_gaussian_splat import CreateCameraInfo
from comfy_extras.nodes_wan import parse_json_tracks
from comfy_extras.nodes_wanmove import WanMoveTracksFromCoords

from shared_world.nodes.agent_checks import CheckAgents
from shared_world.nodes.camera_sources import AgentsFromCameras, source_options
from shared_world.nodes.camera_targets import AgentsToCameras, AgentsToTracks, AgentsToWanCamera
from shared_world.nodes.pocket_town_views import RenderInPocketTown
from shared_world.nodes.sockets import PosedDepth
from shared_world.nodes.splats import RenderSplatForAgents
from shared_world.world.agents import Agent, Agents
from shared_world.world.dialects.cameractrl import cameractrl_rows
from shared_world.world.dialects.cameras import CameraPath, camera_of
from shared_world.world.dialects.wan_camera import wan_camera_embedding
from shared_world.world.encounters import encounter
from shared_world.world.poses import inverse, pitch_rotation, rigid, yaw_rotation
from shared_world.world.rigs import front_rig, pinhole_intrinsics

TWO_CARS = encounter("crossing", frames=9, seed=3)
TO_CAMERAS = {"names": "", "view": "", "direction": "world-to-camera", "frame": 0, "frames_per_pose": 1}
SIZE = {"width": 720, "height": 480}


def from_cameras(kind, frames=0, **values):
    place = {key: values.pop(key) for key in ("right", "up", "forward", "turn", "metres_per_unit") if key in values}
    source = {"source": kind, **values}
    return AgentsFromCameras.execute("camera", frames, 8.0, source, **place).args[0]


def to_cameras(**changes):
    return AgentsToCameras.execute(TWO_CARS, **(TO_CAMERAS | changes)).args


def core_camera(name, frames, width, height, speed=1.0):
    """The camera that ComfyUI's node makes an embedding of, as a camera of ours."""
    preset = core_wan.CAMERA_DICT[name]
    poses = torch.eye(4, dtype=torch.float64).repeat(frames, 1, 1)
    motion = core_wan.get_camera_motion(np.array(preset["angle"]), np.array(preset["T"]), speed, frames)
    poses[:, :3] = torch.from_numpy(motion)
    # Its focal lengths are half of a 16:9 picture's sides, which is scaled to cover the video.
    covered = (height * 16 / 9, height) if width / height < 16 / 9 else (width, width * 9 / 16)
    lens = torch.tensor(
        [[covered[0] / 2, 0, width / 2], [0, covered[1] / 2, height / 2], [0, 0, 1]], dtype=torch.float64
    )
    return CameraPath(name, poses, lens.repeat(frames, 1, 1), width, height)


@pytest.mark.parametrize("size", [(96, 64), (64, 96), (128, 64)])
@pytest.mark.parametrize("name", ["Pan Right", "Pan Up", "Zoom In", "Anti Clockwise (ACW)"])
def test_embedding_is_the_one_of_comfyuis_own_node(name, size):
    wanted = core_wan.WanCameraEmbedding.execute(name, *size, 9, speed=1.3).args[0]
    given = wan_camera_embedding(core_camera(name, 9, *size, speed=1.3))
    assert given.dtype == torch.float32
    torch.testing.assert_close(given, wanted, rtol=0, atol=2e-6)


def test_embedding_of_turning_cars_is_the_one_that_comfyui_makes_of_their_rows():
    camera = camera_of(TWO_CARS.members[1]).resized(96, 64)
    rows = np.array([[*row, 0, 0, 0, 1] for row in cameractrl_rows(camera, "camera-to-world")])
    plucker = core_wan.process_pose_params(rows, width=96, height=64)
    given = wan_camera_embedding(camera)
    # Frame 5 is the first of the third group of four.
    torch.testing.assert_close(given[0, ::4, 2], plucker[5].permute(2, 0, 1), rtol=0, atol=2e-5)


def test_embedding_node_gives_one_per_agent_with_its_sizes():
    embeddings, width, height, length, labels = AgentsToWanCamera.execute(TWO_CARS, "", "", 96, 64, 0.5).args
    assert [tuple(one.shape) for one in embeddings] == [(1, 24, 3, 64, 96)] * 2
    assert (width, height, length) == (96, 64, 9)
    assert labels == ["agent 1 front", "agent 2 front"]
    double = AgentsToWanCamera.execute(TWO_CARS, "agent 1", "", 96, 64, 1.0).args[0][0]
    torch.testing.assert_close(double[:, :12], 2 * embeddings[0][:, :12])
    torch.testing.assert_close(double[:, 12:], embeddings[0][:, 12:])


def test_embedding_of_a_stretched_picture_and_of_other_frame_counts_is_told(caplog):
    AgentsToWanCamera.execute(TWO_CARS, "agent 1", "", 64, 64, 1.0)
    assert "stretched to 64x64" in caplog.text
    with pytest.raises(ValueError, match=re.escape("has 8 frames, Wan needs 4k+1; resample the paths to 5 or 9")):
        AgentsToWanCamera.execute(TWO_CARS.select_frames(range(8)), "", "", 96, 64, 1.0)
    with pytest.raises(ValueError, match="units_per_metre must be positive, given 0"):
        AgentsToWanCamera.execute(TWO_CARS, "", "", 96, 64, 0.0)


def test_cameras_that_go_out_and_come_back_are_the_same():
    rows, infos, poses, labels = to_cameras()
    assert labels == ["agent 1 front", "agent 2 front"]
    for index, agent in enumerate(TWO_CARS.members):
        camera = camera_of(agent)
        back = from_cameras("CameraCtrl poses", poses=rows[index], direction="world-to-camera", **SIZE)
        torch.testing.assert_close(back.members[0].poses, camera.poses, rtol=0, atol=1e-9)
        torch.testing.assert_close(back.members[0].intrinsics()[0, 0], camera.intrinsics[0])
        back = from_cameras("ReCamMaster poses", camera_poses=poses[index], horizontal_fov=90.0, **SIZE)
        torch.testing.assert_close(back.members[0].poses, camera.poses, rtol=0, atol=1e-9)
        back = from_cameras("3D viewer camera", frames=5, camera_info=infos[index], **SIZE)
        torch.testing.assert_close(back.members[0].poses, camera.poses[:1].repeat(5, 1, 1), rtol=0, atol=1e-9)


def test_frame_of_the_viewers_camera_may_be_counted_from_the_end():
    last = to_cameras(frame=-1, names="agent 2", view="left")[1][0]
    back = from_cameras("3D viewer camera", camera_info=last, **SIZE).members[0]
    torch.testing.assert_close(back.poses[0], TWO_CARS.members[1].extrinsics()[-1, 2], rtol=0, atol=1e-9)


@pytest.mark.parametrize("yaw", [0.0, 35.0, -120.0])
def test_orbit_of_comfyuis_camera_node_looks_at_its_target_from_that_side(yaw):
    mode = {"mode": "orbit", "yaw": yaw, "pitch": 30.0, "distance": 4.0}
    info = CreateCameraInfo.execute(mode, 1.0, 2.0, 3.0, 0.0, 35.0).args[0]
    pose = from_cameras("3D viewer camera", camera_info=info, **SIZE).members[0].poses[0]
    target = torch.tensor([1.0, -2.0, -3.0], dtype=torch.float64)
    torch.testing.assert_close(pose[:3, 3] + 4.0 * pose[:3, 2], target, rtol=0, atol=1e-5)
    assert -pose[1, 3].item() == pytest.approx(2.0 + 4.0 * math.sin(math.radians(30)), abs=1e-5)
    assert pose[1, 1] > 0.8  # upright
    # Yaw 90 is on the viewer's x, yaw 0 on its z, which is our -z.
    side = (pose[:3, 3] - target)[[0, 2]] / (4.0 * math.cos(math.radians(30)))
    expected = [math.sin(math.radians(yaw)), -math.cos(math.radians(yaw))]
    assert side.tolist() == pytest.approx(expected, abs=1e-5)


def test_frames_spread_a_path_and_places_move_it():
    rows = to_cameras()[0][0]
    agents = from_cameras("CameraCtrl poses", 17, poses=rows, direction="world-to-camera", up=2.0, turn=90.0, **SIZE)
    assert agents.frame_count == 17
    assert agents.frame_rate == 8.0
    first, own = agents.members[0].poses[0], camera_of(TWO_CARS.members[0]).poses[0]
    assert first[1, 3] == own[1, 3] - 2.0
    assert first[0, 3].item() == pytest.approx(own[2, 3].item())
    scaled = from_cameras("CameraCtrl poses", poses=rows, direction="world-to-camera", metres_per_unit=0.1, **SIZE)
    torch.testing.assert_close(scaled.members[0].poses[:, :3, 3], 0.1 * camera_of(TWO_CARS.members[0]).poses[:, :3, 3])


def geometry(frames=3):
    """As Depth Anything 3 gives it: world-to-camera (1, frames, 3, 4), lenses in pixels of a smaller picture."""
    turns = yaw_rotation(torch.tensor([0.0, 20.0, 40.0])) @ pitch_rotation(-10.0)
    poses = rigid(turns, torch.tensor([[0.0, 0, 0], [1, 0, 2], [3, 0, 4]], dtype=torch.float64))
    lens = pinhole_intrinsics(56, 42, 80.0).repeat(frames, 1, 1)
    held = {"depth": torch.ones(frames, 84, 112), "mode": "multiview", "image": torch.zeros(frames, 84, 112, 3)}
    return poses, held | {"extrinsics": inverse(poses)[None, :, :3].float(), "intrinsics": lens[None].float()}


def test_cameras_of_depth_anything_are_frames_or_agents():
    poses, held = geometry()
    agents = from_cameras("depth geometry", geometry=held, pictures_are="frames of one agent")
    torch.testing.assert_close(agents.members[0].poses, poses, rtol=0, atol=1e-6)
    lens = agents.members[0].intrinsics()[0, 0]
    torch.testing.assert_close(lens, pinhole_intrinsics(112, 84, 80.0), rtol=1e-5, atol=1e-3)
    standing = from_cameras("depth geometry", 4, geometry=held, pictures_are="agents")
    assert standing.names == ("camera 1", "camera 2", "camera 3")
    assert standing.frame_count == 4
    torch.testing.assert_close(standing.members[2].poses[3], poses[2], rtol=0, atol=1e-6)


def test_moge_gives_a_lens_at_the_origin():
    share = torch.tensor([[[0.6, 0.0, 0.5], [0.0, 0.9, 0.5], [0.0, 0.0, 1.0]]])
    held = {"depth": torch.ones(1, 64, 96), "intrinsics": share, "points": torch.ones(1, 64, 96, 3)}
    (agent,) = from_cameras("depth geometry", geometry=held, pictures_are="agents", up=1.5).members
    assert agent.poses[0, :3, 3].tolist() == [0.0, -1.5, 0.0]
    torch.testing.assert_close(agent.intrinsics()[0, 0].diagonal(), torch.tensor([57.6, 57.6, 1.0]).double())
    with pytest.raises(ValueError, match="The geometry has no lens"):
        from_cameras("depth geometry", geometry={"depth": torch.ones(1, 8, 8), "mode": "mono"}, pictures_are="agents")


def test_cameras_of_a_scene_are_those_of_its_posed_depth():
    poses, _ = geometry()
    posed = PosedDepth(torch.ones(3, 48, 64), poses, pinhole_intrinsics(64, 48, 90.0).repeat(3, 1, 1))
    (agent,) = from_cameras("posed depth", posed_depth=posed, pictures_are="frames of one agent").members
    torch.testing.assert_close(agent.poses, poses)
    assert (agent.rig.width, agent.rig.height) == (64, 48)


def test_unknown_choices_are_told():
    with pytest.raises(ValueError, match="The source is none of those that there are; choose CameraCtrl poses, 3D"):
        AgentsFromCameras.execute("camera", 0, 8.0)
    with pytest.raises(ValueError, match="The known length is none of those that there are; choose nothing, height"):
        CheckAgents.execute(TWO_CARS, 0, 256)
    assert len({option.key for option in source_options()}) == 5


def test_tracks_are_what_comfyuis_nodes_read_from_the_string():
    tracks, text, labels = AgentsToTracks.execute(TWO_CARS, "agent 2", "front", 832, 480, "corners").args
    assert labels.splitlines() == ["agent 1"] * 8
    seen = tracks["track_visibility"].any(0)
    assert seen.any()
    assert len(parse_json_tracks(text)) == len(json.loads(text)) == int(seen.sum())
    read, length = WanMoveTracksFromCoords.execute(text).args
    assert length == 9
    torch.testing.assert_close(read["track_path"], tracks["track_path"][:, seen], rtol=0, atol=0.006)


def one_gaussian(x, y, z, unit=1.0):
    """A red Gaussian of 5 cm in the splat's own frame."""
    red = (torch.tensor([1.0, 0.0, 0.0]) - 0.5) / 0.28209479177387814
    return Types.SPLAT(
        torch.tensor([[[x, y, z]]]),
        torch.full((1, 1, 3), 0.05 / unit),
        torch.tensor([[[1.0, 0.0, 0.0, 0.0]]]),
        torch.full((1, 1, 1), 0.99),
        red[None, None, None],
    )


def drawn(splat, agents, axes="opencv", unit=1.0, width=0, height=0):
    return RenderSplatForAgents.execute(splat, agents, "", "", width, height, axes, unit, 1.0, 1.0, "#000000").args


def standing(size=(96, 64), yaw=20.0):
    pose = rigid(yaw_rotation(yaw) @ pitch_rotation(5.0), torch.tensor([1.0, -1.6, 2.0], dtype=torch.float64))
    return Agents((Agent("viewer", pose[None], front_rig(*size, 70.0)),), 8.0)


def place_of(mask):
    rows, columns = torch.meshgrid(torch.arange(mask.shape[0]), torch.arange(mask.shape[1]), indexing="ij")
    weight = mask / mask.sum()
    return (columns * weight).sum().item(), (rows * weight).sum().item()


@pytest.mark.parametrize("size", [(96, 64), (64, 96)])
@pytest.mark.parametrize(
    ("axes", "unit", "in_splat"),
    [
        ("opencv", 1.0, lambda x, y, z: (x, y, z)),
        ("y up", 1.0, lambda x, y, z: (x, -y, -z)),
        ("z up", 1.0, lambda x, y, z: (x, z, -y)),
        ("opencv", 0.1, lambda x, y, z: (10 * x, 10 * y, 10 * z)),
    ],
)
def test_a_gaussian_is_drawn_where_the_agents_camera_has_it(size, axes, unit, in_splat):
    agents = standing(size)
    camera = camera_of(agents.members[0])
    local = torch.tensor([0.5, -0.4, 6.0], dtype=torch.float64)
    point = camera.poses[0, :3, :3] @ local + camera.poses[0, :3, 3]
    projected = camera.intrinsics[0] @ local
    images, masks, labels = drawn(one_gaussian(*in_splat(*point.tolist()), unit), agents, axes, unit)
    assert labels == ["viewer"]
    assert images[0].shape == (1, size[1], size[0], 3)
    expected = (projected[:2] / projected[2]).tolist()
    assert place_of(masks[0][0]) == pytest.approx(expected, abs=0.6)
    red, green, _ = images[0][0].flatten(0, 1).amax(0)
    assert red > 0.5 > green


def test_splats_of_a_batch_are_one_per_frame():
    agents = standing().select_frames([0, 0])
    splats = [one_gaussian(1.5, -1.5, 8.0), one_gaussian(4.5, -1.5, 8.0)]
    parts = zip(*[(s.positions, s.scales, s.rotations, s.opacities, s.sh) for s in splats], strict=True)
    _, masks, _ = drawn(Types.SPLAT(*(torch.cat(part) for part in parts)), agents, width=48, height=32)
    assert masks[0].shape == (2, 32, 48)
    assert place_of(masks[0][1])[0] > place_of(masks[0][0])[0] + 5
    with pytest.raises(ValueError, match="There are 2 splats and 1 frames"):
        drawn(
            Types.SPLAT(*(torch.cat([part, part]) for part in vars(splats[0]).values() if part is not None)), standing()
        )


def test_check_says_what_is_wrong_and_shows_it():
    report, picture, count = CheckAgents.execute(TWO_CARS, 0, 256, {"known_length": "nothing"}).args
    assert report.startswith("Nothing looks wrong.")
    assert count == 0
    assert picture.shape == (1, 256, 512, 3)
    poses = TWO_CARS.members[0].poses @ torch.diag(torch.tensor([1.0, -1.0, -1.0, 1.0], dtype=torch.float64))
    wrong = Agents((Agent("wrong", poses, front_rig(96, 64)),), 8.0)
    known = {"known_length": "path of an agent", "metres": 1.0, "agent": "wrong"}
    output = CheckAgents.execute(wrong, 99, 256, known)
    report, picture, count = output.args
    assert count == 2
    assert "camera_axes opengl" in report
    assert "metres_per_unit" in report
    assert picture.shape[1] > 256
    assert output.ui["text"] == (report,)
    assert len(output.ui["images"]) == 1


def test_pocket_town_shows_cars_to_cameras_that_have_no_car():
    car = Agents(TWO_CARS.members[:1], 8.0).select_frames([0]).members[0]
    behind = car.poses[0] @ rigid(torch.eye(3, dtype=torch.float64), torch.tensor([0.0, -1.6, -8.0]).double())
    follower = Agent("follower", behind[None], front_rig(64, 48, 70.0))
    agents = Agents((follower, car), 8.0)
    given = {"split": "test", "town": 7, "layout": "crossroads", "weather": "sunny", "width": 48, "samples": 1}
    images, labels = RenderInPocketTown.execute(agents, car_colours="red", **given).args
    assert labels == ["follower", *(f"agent 1 {view}" for view in ("front", "rear", "left", "right"))]
    assert [tuple(image.shape) for image in images] == [(1, 36, 48, 3)] + [(1, 32, 48, 3)] * 4
    blue = RenderInPocketTown.execute(agents, car_colours="blue", **given).args[0]
    assert (images[0] - blue[0]).abs().amax() > 0.2
    assert torch.equal(images[1], blue[1])  # nobody sees the own car
    with pytest.raises(ValueError, match="Cars need at least one colour"):
        RenderInPocketTown.execute(agents, car_colours="", **given)
