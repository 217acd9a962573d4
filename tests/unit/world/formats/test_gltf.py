import base64
import json
import logging
import math
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from pytransform3d.rotations import active_matrix_from_angle
from pytransform3d.transformations import concat, transform_from
from scipy.interpolate import CubicHermiteSpline
from scipy.spatial.transform import Rotation, Slerp

from shared_world.tests.unit.world.formats.random_worlds import random_poses, worlds
from shared_world.world.agents import Agent, Agents
from shared_world.world.formats import ReadOptions, read_agents, recognise, write_agents
from shared_world.world.poses import heading
from shared_world.world.rigs import four_view_rig, front_rig

DATA = Path(__file__).parent / "data"
CRANE, DOLLY = DATA / "gltf" / "crane.gltf", DATA / "dolly.glb"
OPTIONS = ReadOptions(frame_rate=4.0, width=720, height=480)
TO_OURS = np.diag([1.0, -1.0, -1.0, 1.0])


def animated(
    times, values, path="translation", interpolation="LINEAR", kind=None, component=5126, node=None, **accessor
):
    """A document with one camera whose node has one animated property; values are packed as float32."""
    kind = kind or {"rotation": "VEC4"}.get(path, "VEC3")
    data = struct.pack(f"<{len(times)}f", *times)
    start = len(data)
    data += values if isinstance(values, bytes) else np.asarray(values, "<f4").tobytes()
    count = len(times) * (3 if interpolation == "CUBICSPLINE" else 1)
    return {
        "asset": {"version": "2.0"},
        "nodes": [{"name": "cam", "camera": 0, **(node or {})}],
        "cameras": [{"type": "perspective", "perspective": {"yfov": 1.0, "znear": 0.1}}],
        "animations": [
            {
                "channels": [{"sampler": 0, "target": {"node": 0, "path": path}}],
                "samplers": [{"input": 0, "output": 1, "interpolation": interpolation}],
            }
        ],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": len(times), "type": "SCALAR"},
            {"bufferView": 1, "componentType": component, "count": count, "type": kind, **accessor},
        ],
        "bufferViews": [
            {"buffer": 0, "byteLength": start},
            {"buffer": 0, "byteOffset": start, "byteLength": len(data) - start},
        ],
        "buffers": [
            {
                "byteLength": len(data),
                "uri": "data:application/octet-stream;base64," + base64.b64encode(data).decode(),
            }
        ],
    }


def written(document, tmp_path, name="broken.gltf"):
    path = tmp_path / name
    path.write_text(json.dumps(document))
    return path


def read_poses(document, tmp_path, frame_rate=4.0):
    return (
        read_agents(written(document, tmp_path), ReadOptions(frame_rate=frame_rate, width=64, height=48))
        .members[0]
        .poses.numpy()
    )


def test_golden_file():
    agents = read_agents(CRANE, OPTIONS)
    assert (agents.names, agents.frame_count, agents.frame_rate) == (("Camera", "still"), 5, 4.0)
    crane, still = agents.members
    assert crane.rig.view_names == ("front",)
    # The base goes to x = 2 and doubles what is on it, the arm rises from 1.5 to 2.5 and turns right at half a second.
    turns = [0.0, 0.0, -math.pi / 2, -math.pi / 2, -math.pi / 2]
    for frame, turn in enumerate(turns):
        s = frame / 4
        # Tangents of 2 at both ends, where the straight line has 1.
        height = 1.5 + 2 * (s**3 - 2 * s**2 + s) + 2 * (s**3 - s**2) + 3 * s**2 - 2 * s**3
        base = transform_from(np.eye(3), [2 * s, 0, 0])
        arm = transform_from(active_matrix_from_angle(1, turn), [0, 2 * height, 0])
        camera = concat(concat(transform_from(np.eye(3), [0, 0, -1.0]), arm), base)
        np.testing.assert_allclose(crane.poses[frame], TO_OURS @ camera @ TO_OURS, atol=1e-6)
    np.testing.assert_allclose(heading(crane.poses), [0, 0, 90, 90, 90], atol=1e-5)
    np.testing.assert_allclose(crane.poses[0, :3, 3], [0, -3, 1], atol=1e-6)
    np.testing.assert_allclose(crane.poses[2, :3, 3], [2, -4, 0], atol=1e-6)
    np.testing.assert_allclose(still.poses[:, :3, 3], [[5, -1, 0]] * 5)
    np.testing.assert_allclose(heading(still.poses), [90] * 5)
    # 60 and 90 degrees over the height.
    np.testing.assert_allclose(crane.rig.intrinsics[0, 1, 1], 240 * math.sqrt(3))
    np.testing.assert_allclose(crane.rig.intrinsics[0, 0, 0], 240 * math.sqrt(3))
    np.testing.assert_allclose(still.rig.intrinsics[0], [[240, 0, 360], [0, 240, 240], [0, 0, 1]])


def test_a_file_without_animation_is_one_frame(tmp_path):
    (camera,) = read_agents(DOLLY, OPTIONS).members
    np.testing.assert_allclose(camera.poses[:, :3, 3], [[0, -1.7, -3]])
    # Half a turn about y: back to where glTF's camera came from.
    np.testing.assert_allclose(camera.poses[0, :3, :3], np.diag([-1.0, 1.0, -1.0]), atol=1e-12)
    assert camera.name == "dolly"


def test_rotations_turn_evenly_and_the_short_way(tmp_path):
    # The second quaternion with the other sign is the same rotation.
    keys = np.array([[0, 0, 0, 1], [0, -math.sin(0.6), 0, -math.cos(0.6)], [math.sin(0.4), 0, 0, math.cos(0.4)]])
    poses = read_poses(animated([0, 1, 3], keys, "rotation"), tmp_path, frame_rate=8.0)
    seconds = np.arange(25) / 8
    expected = Slerp([0, 1, 3], Rotation.from_quat(keys))(seconds).as_matrix()
    np.testing.assert_allclose(poses[:, :3, :3], TO_OURS[:3, :3] @ expected @ TO_OURS[:3, :3], atol=1e-6)
    assert Rotation.from_matrix(poses[4, :3, :3]).magnitude() == pytest.approx(0.6, abs=1e-6)


def test_cubic_splines_against_scipy_and_with_two_tangents(tmp_path):
    times = np.array([0.0, 0.5, 2.0])
    generator = np.random.default_rng(3)
    points, leaving = generator.normal(size=(2, 3, 3))
    one = np.stack([leaving, points, leaving], axis=1)
    poses = read_poses(animated(times, one.reshape(-1, 3), interpolation="CUBICSPLINE"), tmp_path, frame_rate=16.0)
    seconds = np.arange(33) / 16
    expected = CubicHermiteSpline(times, points, leaving)(seconds)
    np.testing.assert_allclose(poses[:, :3, 3], expected * [1, -1, -1], atol=1e-5)

    # Each stretch between two keys is a spline of its own where tangents differ.
    entering = generator.normal(size=(3, 3))
    two = np.stack([entering, points, leaving], axis=1)
    poses = read_poses(animated(times, two.reshape(-1, 3), interpolation="CUBICSPLINE"), tmp_path, frame_rate=16.0)
    for key, (start, end) in enumerate([(0, 8), (8, 32)]):
        tangents = [leaving[key], entering[key + 1]]
        piece = CubicHermiteSpline(times[key : key + 2], points[key : key + 2], tangents)(seconds[start : end + 1])
        np.testing.assert_allclose(poses[start : end + 1, :3, 3], piece * [1, -1, -1], atol=1e-5)


def test_cubic_rotations_are_of_unit_length(tmp_path):
    keys = np.array([[0, 0, 0, 1], [0, 1, 0, 0]], float)
    zero = np.zeros((2, 4))
    values = np.stack([zero, keys, zero], axis=1).reshape(-1, 4)
    poses = read_poses(animated([0, 1], values, "rotation", "CUBICSPLINE"), tmp_path)
    # Hermite's weights of both keys, as the halves of w and y, without tangents.
    weights = [3 * s**2 - 2 * s**3 for s in (0, 0.25, 0.5, 0.75, 1)]
    expected = [math.degrees(2 * math.atan2(weight, 1 - weight)) for weight in weights]
    np.testing.assert_allclose(abs(heading(torch.from_numpy(poses))), expected, atol=1e-4)


def test_steps_hold_until_the_key_at_any_frame_rate(tmp_path):
    times = np.arange(48) / 24
    values = np.stack([np.arange(48.0), np.zeros(48), np.zeros(48)], axis=1)
    poses = read_poses(animated(times, values, interpolation="STEP"), tmp_path, frame_rate=24.0)
    np.testing.assert_array_equal(poses[:, 0, 3], np.arange(48))
    poses = read_poses(animated(times, values, interpolation="STEP"), tmp_path, frame_rate=48.0)
    np.testing.assert_array_equal(poses[:, 0, 3], np.arange(95) // 2)


def test_the_path_begins_at_the_first_key(tmp_path):
    poses = read_poses(animated([10.0, 11.0], [[1, 0, 0], [2, 0, 0]]), tmp_path)
    np.testing.assert_allclose(poses[:, 0, 3], [1, 1.25, 1.5, 1.75, 2])
    poses = read_poses(animated([10.0], [[7, 0, 0]]), tmp_path)
    np.testing.assert_allclose(poses[:, 0, 3], [7])


@pytest.mark.parametrize(("component", "code", "largest"), [(5120, "b", 127), (5122, "h", 32767)])
def test_rotations_may_be_normalised_integers(component, code, largest, tmp_path):
    half = round(largest * math.sqrt(0.5))
    values = struct.pack(f"<8{code}", 0, 0, 0, largest, 0, -half, 0, half)
    document = animated([0, 1], values, "rotation", component=component, normalized=True)
    np.testing.assert_allclose(heading(torch.from_numpy(read_poses(document, tmp_path)))[[0, -1]], [0, 90], atol=1e-3)
    document["accessors"][1]["normalized"] = False
    with pytest.raises(ValueError, match=r"accessors\[1\]: integers in an animation must be normalized"):
        read_poses(document, tmp_path)


def test_interleaved_values_are_read_with_their_stride(tmp_path):
    values = np.array([[1, 2, 3, 99], [4, 5, 6, 99]], "<f4").tobytes()
    document = animated([0, 1], values)
    document["bufferViews"][1]["byteStride"] = 16
    np.testing.assert_allclose(read_poses(document, tmp_path)[[0, -1], :3, 3], [[1, -2, -3], [4, -5, -6]])


def test_a_written_file_comes_back(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gltf")

    @settings(deadline=None, max_examples=15)
    @given(world=worlds())
    def check(world):
        for name in ("world.glb", "world.gltf"):
            path = folder / name
            write_agents(world, path, "gltf")
            assert recognise(path).id == "gltf"
            again = read_agents(path)
            assert (again.names, again.frame_rate) == (world.names, world.frame_rate)
            for agent, wanted in zip(again.members, world.members, strict=True):
                assert agent.rig.view_names == wanted.rig.view_names
                assert (agent.rig.width, agent.rig.height) == (wanted.rig.width, wanted.rig.height)
                # Times are stored in single precision, and these agents jump some hundred metres between frames.
                np.testing.assert_allclose(agent.poses, wanted.poses, rtol=1e-6, atol=2e-4)
                np.testing.assert_allclose(agent.rig.view_to_agent, wanted.rig.view_to_agent, atol=2e-5)
                np.testing.assert_allclose(agent.rig.intrinsics, wanted.intrinsics()[0], rtol=1e-9)

    check()


def test_written_file_keeps_to_the_specification(tmp_path, caplog):
    rig = front_rig(64, 48)
    rig.intrinsics[0, 0] *= 1.25
    world = Agents((Agent("red", random_poses(4, seed=1), rig), Agent("b", random_poses(4, seed=2), rig)), 24.0)
    with caplog.at_level(logging.WARNING):
        write_agents(world, tmp_path / "a.glb", "gltf")
    assert "agent 'red' has a lens with zoom, an off-centre principal point" in caplog.text
    data = (tmp_path / "a.glb").read_bytes()
    magic, version, length, json_length, kind = struct.unpack_from("<4sIIII", data)
    assert (magic, version, length, kind) == (b"glTF", 2, len(data), 0x4E4F534A)
    assert length % 4 == 0
    assert json_length % 4 == 0
    document = json.loads(data[20 : 20 + json_length])
    size, kind = struct.unpack_from("<II", data, 20 + json_length)
    assert kind == 0x004E4942
    assert document["buffers"] == [{"byteLength": size}]
    assert "uri" not in document["buffers"][0]
    lens = document["cameras"][0]["perspective"]
    assert lens["znear"] > 0
    assert lens["aspectRatio"] == pytest.approx(64 / 48 / 1.25)
    times = document["accessors"][0]
    assert (times["min"], times["max"]) == ([0.0], [pytest.approx(3 / 24)])
    for view in document["bufferViews"]:
        assert view["byteOffset"] % 4 == 0
        assert view["byteOffset"] + view["byteLength"] <= size
    assert document["scenes"][0]["nodes"] == [0, 2]
    assert [node["name"] for node in document["nodes"]] == ["red", "red front", "b", "b front"]


def test_extras_that_another_program_dropped_leave_agents_with_a_view_each(tmp_path):
    world = Agents((Agent("red", random_poses(3, seed=1), four_view_rig(64, 48)),), 24.0)
    write_agents(world, tmp_path / "a.gltf", "gltf")
    document = json.loads((tmp_path / "a.gltf").read_text())
    for item in [document["asset"], *document["nodes"], *document["cameras"]]:
        item.pop("extras", None)
    options = ReadOptions(frame_rate=24.0, width=64, height=48)
    path = written(document, tmp_path)
    apart = read_agents(path, options)
    assert apart.names == ("red front", "red rear", "red left", "red right")
    np.testing.assert_allclose(apart.extrinsics()[:, :, 0], world.extrinsics()[0].transpose(0, 1), atol=2e-5)
    together = read_agents(path, ReadOptions(frame_rate=24.0, width=64, height=48, cameras="rig"))
    np.testing.assert_allclose(together.extrinsics(), world.extrinsics(), atol=2e-5)


def test_aspect_ratio_completes_the_picture_size(tmp_path, caplog):
    for options, size in (
        (ReadOptions(frame_rate=4.0, width=900), (900, 600)),
        (ReadOptions(frame_rate=4.0, height=300), (450, 300)),
        (ReadOptions(frame_rate=4.0), (720, 480)),
    ):
        rig = read_agents(DOLLY, options).members[0].rig
        assert (rig.width, rig.height) == size
        np.testing.assert_allclose(rig.intrinsics[0, 1, 1], size[1] / 2 / math.tan(0.5))
        np.testing.assert_allclose(rig.intrinsics[0, 0, 0], rig.intrinsics[0, 1, 1])
    assert "aspect" not in caplog.text
    rig = read_agents(DOLLY, ReadOptions(frame_rate=4.0, width=480, height=480)).members[0].rig
    np.testing.assert_allclose(rig.intrinsics[0, 0, 0], rig.intrinsics[0, 1, 1])
    assert "cameras[0] has an aspect ratio of 1.5, the picture of 480x480 pixels has 1" in caplog.text


def test_a_property_that_two_animations_move_follows_the_first(tmp_path, caplog):
    document = animated([0, 1], [[0, 0, 0], [1, 0, 0]])
    document["animations"].append(document["animations"][0])
    np.testing.assert_allclose(read_poses(document, tmp_path)[-1, 0, 3], 1)
    assert "animations[1].channels[0] move what another channel moves already" in caplog.text


def test_mirrored_and_sheared_cameras_are_refused(tmp_path):
    mirrored = animated([0, 1], [[0, 0, 0], [1, 0, 0]], node={"scale": [-1, 1, 1]})
    with pytest.raises(ValueError, match=r"nodes\[0\], frame 0: the rotation is left-handed"):
        read_poses(mirrored, tmp_path)
    sheared = animated([0, 1], [[0, 0, 0], [1, 0, 0]])
    sheared["nodes"] += [{"scale": [1, 4, 1], "children": [0]}]
    sheared["nodes"][0]["rotation"] = [0.3826834, 0, 0, 0.9238795]
    with pytest.raises(ValueError, match=r"nodes\[0\], frame 0: the rotation is not orthonormal"):
        read_poses(sheared, tmp_path)
    flat = animated([0, 1], [[0, 0, 0], [1, 0, 0]], node={"scale": [1, 0, 1]})
    with pytest.raises(ValueError, match=r"nodes\[0\], frame 0: a scale is 0"):
        read_poses(flat, tmp_path)


def test_orthographic_cameras_are_left_out_and_said(tmp_path, caplog):
    document = json.loads(CRANE.read_text())
    document["cameras"][1] = {"type": "orthographic", "orthographic": {"xmag": 1, "ymag": 1, "znear": 0, "zfar": 1}}
    (tmp_path / "crane data.bin").write_bytes((CRANE.parent / "crane data.bin").read_bytes())
    assert read_agents(written(document, tmp_path), OPTIONS).names == ("Camera",)
    assert "broken.gltf: orthographic cameras are left out, 1 of them" in caplog.text
