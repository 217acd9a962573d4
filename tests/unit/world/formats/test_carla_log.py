import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_world.tests.unit.world.formats.random_worlds import worlds
from shared_world.world.agents import Agent, Agents, Body
from shared_world.world.formats import ReadOptions, read_agents, write_agents
from shared_world.world.formats.carla_axes import OPENCV_FROM_CARLA
from shared_world.world.formats.carla_records import CarlaReadOptions
from shared_world.world.poses import heading
from shared_world.world.rigs import Rig, four_view_rig

DATA = Path(__file__).parent / "data"
JSON_LOG = DATA / "carla_right_turn.json"
CSV_LOG = DATA / "carla_two_cars.csv"


def assert_same_world(actual: Agents, expected: Agents, bodies: bool) -> None:
    assert actual.names == expected.names
    assert actual.frame_rate == pytest.approx(expected.frame_rate, rel=1e-8)
    for agent, wanted in zip(actual.members, expected.members, strict=True):
        assert agent.rig.view_names == wanted.rig.view_names
        assert (agent.rig.width, agent.rig.height) == (wanted.rig.width, wanted.rig.height)
        np.testing.assert_allclose(agent.poses, wanted.poses, atol=1e-6)
        np.testing.assert_allclose(agent.rig.view_to_agent, wanted.rig.view_to_agent, atol=1e-5)
        np.testing.assert_allclose(agent.intrinsics(), wanted.intrinsics(), rtol=1e-9)
        assert (agent.body is None) == (wanted.body is None or not bodies)
        if agent.body is not None:
            assert agent.body.size == pytest.approx(wanted.body.size)
            assert agent.body.centre == pytest.approx(wanted.body.centre)


@pytest.mark.parametrize("suffix", [".json", ".csv"])
def test_round_trip(suffix, tmp_path_factory):
    folder = tmp_path_factory.mktemp("carla")

    @settings(deadline=None)
    @given(world=worlds(names=st.text(min_size=1).filter(lambda name: name.strip() and "\0" not in name)))
    def check(world):
        path = folder / f"log{suffix}"
        write_agents(world, path, "carla_log")
        options = ReadOptions(frame_rate=world.frame_rate)
        assert_same_world(read_agents(path, options, format_id="carla_log"), world, bodies=suffix == ".json")

    check()


def test_golden_json():
    agents = read_agents(JSON_LOG)
    (ego,) = agents.members
    assert agents.frame_rate == 20.0
    assert ego.name == "ego"
    np.testing.assert_allclose(ego.poses[:, :3, 3], [[0, 0, 10], [3, -1, 12]])
    np.testing.assert_allclose(heading(ego.poses), [0, 90], atol=1e-12)
    assert ego.rig.view_names == ("front", "right")
    np.testing.assert_allclose(ego.rig.view_to_agent[:, :3, 3], [[0, -2.4, 1.5], [0.5, -2.4, 0]])
    np.testing.assert_allclose(heading(ego.rig.view_to_agent), [0, 90], atol=1e-12)
    np.testing.assert_allclose(ego.extrinsics()[1, 0, :3, 3], [4.5, -3.4, 12])
    np.testing.assert_allclose(ego.rig.intrinsics[0], [[360, 0, 360], [0, 360, 240], [0, 0, 1]])
    assert ego.body.size == pytest.approx((2.2, 1.6, 4.8))
    assert ego.body.centre == pytest.approx((0, -0.8, 0.1))


def test_golden_csv():
    agents = read_agents(CSV_LOG)
    red, blue = agents.members
    assert agents.frame_rate == 20.0
    assert agents.names == ("red", "blue")
    np.testing.assert_allclose(red.poses[:, :3, 3], [[0, 0, 4], [2, 0, 4]], atol=1e-12)
    np.testing.assert_allclose(blue.poses[:, :3, 3], [[0, 0, 22], [0, 0, 20]], atol=1e-12)
    np.testing.assert_allclose(heading(red.poses), [90, 90], atol=1e-12)
    np.testing.assert_allclose(blue.poses[:, :3, 2], [[0, 0, -1], [0, 0, -1]], atol=1e-12)
    for agent in agents.members:
        np.testing.assert_allclose(agent.rig.view_to_agent[0, :3, 3], [0, -2, 1], atol=1e-12)
        assert agent.rig.view_names == ("front",)
        assert agent.rig.intrinsics[0, 0, 0].item() == pytest.approx(360.0)


@pytest.mark.parametrize("log", [JSON_LOG, CSV_LOG])
def test_byte_order_mark_windows_line_ends_and_blank_lines_do_not_matter(log, tmp_path):
    path = tmp_path / log.name
    path.write_bytes(b"\xef\xbb\xbf\n" + log.read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert read_agents(path) == read_agents(log)


def test_both_layouts_hold_the_same_world(tmp_path):
    json_world = read_agents(JSON_LOG)
    write_agents(json_world, tmp_path / "log.csv", "carla_log")
    csv_world = read_agents(tmp_path / "log.csv")
    assert_same_world(csv_world, json_world, bodies=False)


def test_sensors_of_a_csv_log_stand_where_carla_says(tmp_path):
    carla = pytest.importorskip("carla")
    vehicle = carla.Transform(carla.Location(10.0, -4.0, 0.5), carla.Rotation(pitch=5.0, yaw=130.0, roll=-3.0))
    mount = carla.Transform(carla.Location(0.3, -0.4, 2.0), carla.Rotation(pitch=-10.0, yaw=-90.0))
    world = np.array(vehicle.get_matrix()) @ np.array(mount.get_matrix())
    change = OPENCV_FROM_CARLA.numpy()

    transforms = [
        {
            "location": [each.location.x, each.location.y, each.location.z],
            "rotation": [each.rotation.pitch, each.rotation.yaw, each.rotation.roll],
        }
        for each in (vehicle, mount)
    ]
    sensor = {"name": "left", "image_size_x": 64, "image_size_y": 48, "fov": 90, **transforms[1]}
    log = {"frame_rate": 8, "vehicles": [{"name": "ego", "frames": [transforms[0]], "sensors": [sensor]}]}
    (tmp_path / "log.json").write_text(json.dumps(log))
    agents = read_agents(tmp_path / "log.json")
    np.testing.assert_allclose(agents.extrinsics()[0, 0, 0, :3, 3], change @ world[:3, 3], atol=1e-5)
    # Forward, right and up of CARLA's sensor are z, x and -y of ours.
    np.testing.assert_allclose(agents.extrinsics()[0, 0, 0, :3, 2], change @ world[:3, 0], atol=1e-5)
    np.testing.assert_allclose(agents.extrinsics()[0, 0, 0, :3, 0], change @ world[:3, 1], atol=1e-5)
    np.testing.assert_allclose(agents.extrinsics()[0, 0, 0, :3, 1], -(change @ world[:3, 2]), atol=1e-5)

    write_agents(agents, tmp_path / "log.csv", "carla_log")
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    logged = carla.Transform(
        carla.Location(*(float(rows[1][key]) for key in "xyz")),
        carla.Rotation(*(float(rows[1][key]) for key in ("pitch", "yaw", "roll"))),
    )
    assert rows[1]["parent"] == "ego"
    np.testing.assert_allclose(logged.get_matrix(), world, atol=1e-5)


def test_four_views_are_written_with_carla_yaws(tmp_path):
    world = Agents((Agent("ego", torch.eye(4)[None], four_view_rig(360, 240), Body((1.8, 1.5, 4.5))),), 8.0)
    write_agents(world, tmp_path / "log.json", "carla_log")
    (vehicle,) = json.loads((tmp_path / "log.json").read_text())["vehicles"]
    assert [sensor["name"] for sensor in vehicle["sensors"]] == ["front", "rear", "left", "right"]
    yaws = [
        abs(sensor["rotation"][1]) if view == 1 else sensor["rotation"][1]
        for view, sensor in enumerate(vehicle["sensors"])
    ]
    np.testing.assert_allclose(yaws, [0, 180, -90, 90], atol=1e-12)
    np.testing.assert_allclose([sensor["fov"] for sensor in vehicle["sensors"]], 90.0)
    np.testing.assert_allclose(vehicle["extent"], [2.25, 0.9, 0.75])


def test_a_vehicle_without_camera_takes_the_rig_of_the_options_or_carlas_default(tmp_path, caplog):
    log = json.loads(JSON_LOG.read_text())
    del log["vehicles"][0]["sensors"]
    path = tmp_path / "log.json"
    path.write_text(json.dumps(log))
    rig = four_view_rig(360, 240)
    assert read_agents(path, ReadOptions(rig=rig)).members[0].rig == rig
    assert not caplog.records
    (ego,) = read_agents(path).members
    assert (ego.rig.view_names, ego.rig.width, ego.rig.height) == (("front",), 800, 600)
    assert ego.rig.intrinsics[0, 0, 0].item() == pytest.approx(400.0)
    assert "vehicle 'ego' has no RGB camera" in caplog.text


def test_a_log_without_frame_rate_takes_the_option_or_warns(tmp_path, caplog):
    path = tmp_path / "log.json"
    path.write_text(JSON_LOG.read_text().replace('"frame_rate": 20,', ""))
    assert read_agents(path, ReadOptions(frame_rate=10.0)).frame_rate == 10.0
    assert not caplog.records
    assert read_agents(path).frame_rate == 24.0
    assert "log.json names no frame rate: 24 frames per second are assumed" in caplog.text


def test_only_the_vehicles_asked_for_are_read(tmp_path):
    lines = CSV_LOG.read_text().splitlines()
    path = tmp_path / "log.csv"
    path.write_text(
        "\n".join(line for line in lines if not line.startswith("501, 12.05, front, sensor.camera.rgb, blue"))
    )
    assert read_agents(path, CarlaReadOptions(vehicles=("red",))).names == ("red",)
    with pytest.raises(ValueError, match="there is no vehicle 'green'; the log holds red, blue"):
        read_agents(path, CarlaReadOptions(vehicles=("green",)))
    with pytest.raises(ValueError, match="sensor 'front' of 'blue' has no row for frame 501, which actor 'red' has"):
        read_agents(path)
    with pytest.raises(ValueError, match="there is no vehicle 'red'; the log holds ego"):
        read_agents(JSON_LOG, CarlaReadOptions(vehicles=("red",)))


def test_a_camera_without_vehicle_is_an_agent(tmp_path):
    lines = [line.replace(", red,", ", ,") for line in CSV_LOG.read_text().splitlines() if "tesla" not in line]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(lines))
    agents = read_agents(path)
    assert agents.names == ("front", "blue")
    assert torch.equal(agents.members[0].rig.view_to_agent[0], torch.eye(4).double())
    np.testing.assert_allclose(agents.members[0].poses[0, :3, 3], [1, -2, 4], atol=1e-12)


def test_what_carla_cannot_hold_is_said(tmp_path, caplog):
    intrinsics = torch.tensor([[[180.0, 0, 170], [0, 200, 120], [0, 0, 1]]])
    world = Agents((Agent("red", torch.eye(4)[None], Rig(["front"], torch.eye(4)[None], intrinsics, 360, 240)),), 8.0)
    write_agents(world, tmp_path / "log.json", "carla_log")
    assert "agent 'red' has a lens with an off-centre principal point" in caplog.text


def test_uneven_time_steps_are_said(tmp_path, caplog):
    later = [
        f"502{line[3:].replace('12.05', '12.20')}" for line in CSV_LOG.read_text().splitlines() if line[:3] == "501"
    ]
    path = tmp_path / "log.csv"
    path.write_text(CSV_LOG.read_text() + "\n".join(later))
    assert read_agents(path).frame_rate == pytest.approx(10.0)
    assert "time steps vary between 0.05 and 0.15 seconds" in caplog.text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[10, 0, 0]", "[10, 0]", "vehicle 'ego', frame 0, location: expected a list of 3 numbers, given .* 2 items"),
        ('"pitch": 0, ', "", "vehicle 'ego', frame 1, rotation: 'pitch' is missing"),
        ('"x": 12', '"x": NaN', "vehicle 'ego', frame 1, location.x: expected a finite number, given nan"),
        ('"fov": "90.0"', '"fov": "wide"', "vehicle 'ego', sensor 'front', fov: .* given 'wide'"),
        ('"fov": 90,', '"fov": 180,', "vehicle 'ego', sensor 'right', frame 0: fov must lie between .* given 180"),
        ('"fov": 90,', '"fov": [90],', "vehicle 'ego', sensor 'right', fov: expected a list of 2 numbers"),
        ('480, "fov": 90,', '240, "fov": 90,', "sensor 'right': the picture has 720x240 .* 'front' has 720x480"),
        ('"image_size_x": "720", ', "", "vehicle 'ego', sensor 'front': 'image_size_x' is missing"),
        ('"name": "right"', '"name": "front"', "agent 'ego': View names must differ"),
        ('"name": "ego"', '"id": 3', r"vehicles\[0\]: 'name' is missing"),
        ('"frames"', '"poses"', "vehicle 'ego': 'frames' is missing"),
        ('"frame_rate": 20', '"frame_rate": -1', "The frame rate must be positive"),
        ("[2.4, 1.1, 0.8]", "[2.4, 0, 0.8]", "vehicle 'ego', extent: A body needs three positive sizes"),
    ],
)
def test_a_mistake_in_json_is_named_with_its_place(old, new, message, tmp_path):
    text = JSON_LOG.read_text()
    assert old in text
    path = tmp_path / "log.json"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=rf"log\.json: .*{message}"):
        read_agents(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("red, 4, 3, 2,", "red, 4, nan, 2,", "line 4, actor 'front', frame 501, column y: expected .* given 'nan'"),
        ("red, 4, 3, 2,", "red, 4, , 2,", "line 4, actor 'front', frame 501, column y: expected .* given ''"),
        ("red, 4, 3, 2,", "red, 4, 3.5, 2,", "vehicle 'red', frame 1: view 'front' has moved 0.5 m and 0 degrees"),
        ("501, 12.05, red", "501.5, 12.05, red", "line 3, .*column frame: expected a whole number, given '501.5'"),
        ("501, 12.05, red", "500, 12.05, red", "line 9, actor 'red', frame 500: the frame is already given in line 3"),
        ("501, 12.05, red", "501, 11.95, red", "line 3, .* column timestamp: time does not increase"),
        ("sensor.camera.rgb, red", "sensor.camera.rgb, rad", "line 4, actor 'front', .* the parent 'rad' is neither"),
        ("0, 90, 720, 480\n501", "0, 90, 720\n501", "line 4: expected 14 cells .* given 13; the line may be cut off"),
        ("0, 90, 720, 480\n501", "0, 90, 720, 0\n501", "line 4, .*: the picture size must be positive, given 720x0"),
        ("0, 90, 720, 480\n501", "0, 90, 640, 480\n501", "line 10, .* has 720x480 pixels, line 4, .* has 640x480"),
        ("0, 90, 720, 480\n501", "0, 190, 720, 480\n501", "sensor 'front' of 'red', frame 1: fov must lie between"),
        ("501, 12.05, red, vehicle", "501, 12.05, , vehicle", "line 3, column actor: the name is missing"),
        ("pitch, yaw", "pitch, azimuth", "line 2: the header lacks the column 'yaw'"),
    ],
)
def test_a_mistake_in_csv_is_named_with_its_line(old, new, message, tmp_path):
    text = CSV_LOG.read_text()
    assert old in text
    path = tmp_path / "log.csv"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=rf"log\.csv: .*{message}"):
        read_agents(path, format_id="carla_log")
