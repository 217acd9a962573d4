import dataclasses
import errno
import os

import pytest
import torch

from shared_world.tests.unit.world.formats.samples import DATA, NEEDS_NAME, OPTIONS, SAMPLES
from shared_world.world.agents import Agent, Agents
from shared_world.world.formats import (
    ReadOptions,
    all_formats,
    find_format,
    read_agents,
    read_agents_from_files,
    recognise,
    write_agents,
)
from shared_world.world.formats.files import MAXIMUM_BYTES
from shared_world.world.formats.nerfstudio_transforms import NerfstudioReadOptions
from shared_world.world.formats.shared_world_json import SCHEMA_PATH
from shared_world.world.rigs import front_rig


@pytest.fixture
def world() -> Agents:
    return Agents((Agent("red", torch.eye(4).repeat(3, 1, 1), front_rig(64, 48)),), 8.0)


def test_every_format_says_what_a_user_must_know():
    assert {"carla_log", "nerfstudio_transforms", "shared_world_json"} <= set(all_formats())
    for format_id, found in all_formats().items():
        assert found.id == format_id
        for field in dataclasses.fields(found):
            value = getattr(found, field.name)
            assert value or value is False, f"{format_id} leaves {field.name} empty"
        assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in found.suffixes)
        found.read_options()
        found.write_options()


@pytest.mark.parametrize(("file", "format_id"), SAMPLES.items())
def test_files_are_recognised(file, format_id):
    assert recognise(DATA / file).id == format_id
    assert read_agents(DATA / file, OPTIONS) == read_agents(DATA / file, OPTIONS, format_id)


@pytest.mark.parametrize("file", [file for file in SAMPLES if file not in NEEDS_NAME])
def test_files_are_recognised_by_content_whatever_their_name(file, tmp_path):
    data = (DATA / file).read_bytes()
    renamed = tmp_path / "data.bin"
    renamed.write_bytes(data if b"\0" in data else b"\xef\xbb\xbf" + data)
    assert recognise(renamed).id == SAMPLES[file]


def test_a_file_of_no_known_format_is_answered_with_the_known_ones(tmp_path):
    path = tmp_path / "notes.json"
    path.write_text('{"title": "holiday"}')
    with pytest.raises(ValueError, match=r"notes\.json: the file is of no known format; .*carla_log \(\.json \.csv\)"):
        recognise(path)
    with pytest.raises(ValueError, match=r"of no known format"):
        read_agents(tmp_path)
    path.write_text("")
    with pytest.raises(ValueError, match=r"notes\.json: the file is empty"):
        read_agents(path)
    with pytest.raises(FileNotFoundError, match=r"absent\.json: there is no such file"):
        read_agents(tmp_path / "absent.json")
    with pytest.raises(ValueError, match=r"no file format 'fbx'; known formats are .*shared_world_json"):
        find_format("fbx")


def test_the_schema_is_not_taken_for_a_file_of_agents():
    with pytest.raises(ValueError, match="of no known format"):
        recognise(SCHEMA_PATH)


def test_a_file_that_two_formats_claim_needs_a_format(tmp_path):
    path = tmp_path / "both.json"
    path.write_text('{"frames": [{"transform_matrix": []}], "vehicles": [{"location": [], "rotation": []}]}')
    with pytest.raises(ValueError, match="could be carla_log or nerfstudio_transforms; name the format"):
        read_agents(path)


def test_huge_files_are_refused_before_they_are_read(tmp_path):
    path = tmp_path / "huge.json"
    with path.open("wb") as stream:
        stream.write((DATA / "transforms.json").read_bytes())
        stream.truncate(MAXIMUM_BYTES + 1)
    with pytest.raises(ValueError, match=r"huge\.json: the file has 64 MiB, at most 64 MiB are read"):
        read_agents(path)


def test_utf16_text_is_named_with_its_line(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes((DATA / "carla_two_cars.csv").read_bytes() + "Straße".encode("utf-16"))
    with pytest.raises(ValueError, match=r"log\.csv: line 13: byte 0xff is not UTF-8 text; save the file as UTF-8"):
        read_agents(path)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(world, tmp_path, monkeypatch):
    path = tmp_path / "agents.json"
    path.write_text("precious")

    def disk_full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(OSError, match="No space left"):
        write_agents(world, path, "shared_world_json")
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_writing_replaces_a_file_and_leaves_no_temporary_one(world, tmp_path):
    path = tmp_path / "agents.json"
    path.write_text("old")
    write_agents(world, path, "shared_world_json")
    assert read_agents(path) == world
    assert list(tmp_path.iterdir()) == [path]


def test_writing_to_a_wrong_place_is_refused(world, tmp_path):
    with pytest.raises(ValueError, match=r"agents\.txt: a file of format carla_log must end in \.json or \.csv"):
        write_agents(world, tmp_path / "agents.txt", "carla_log")
    with pytest.raises(FileNotFoundError, match=r"the folder .*missing does not exist; make it first"):
        write_agents(world, tmp_path / "missing" / "agents.json", "shared_world_json")


def test_files_of_one_world_become_agents_in_the_order_of_the_files(tmp_path):
    paths = []
    for folder in ("left", "right"):
        (tmp_path / folder).mkdir()
        paths.append(tmp_path / folder / "transforms.json")
        paths[-1].write_bytes((DATA / "transforms.json").read_bytes())
    options = NerfstudioReadOptions(frame_rate=12.5, world_up="y")
    agents = read_agents_from_files([*paths, DATA / "two_agents.json", paths[0]], options)
    assert agents.names == ("left", "right", "red", "blue", "left 2")
    assert agents.frame_rate == 12.5
    with pytest.raises(ValueError, match="name at least one"):
        read_agents_from_files([])


def test_files_with_different_frame_counts_are_named(world, tmp_path):
    path = tmp_path / "three.json"
    write_agents(world, path, "shared_world_json")
    with pytest.raises(ValueError, match=r"two_agents\.json: the file has 2 frames, .*three\.json has 3; resample"):
        read_agents_from_files([path, DATA / "two_agents.json"])


def test_files_with_different_frame_rates_are_named(world, tmp_path):
    path = tmp_path / "faster.json"
    write_agents(Agents(world.members, 30000 / 1001), path, "shared_world_json")
    slower = tmp_path / "slower.json"
    write_agents(world, slower, "shared_world_json")
    with pytest.raises(ValueError, match=r"slower\.json: the file runs at 8 .*, .*faster\.json at 29\.97003; resample"):
        read_agents_from_files([path, slower])


def test_common_options_reach_every_format():
    agents = read_agents(DATA / "transforms.json", ReadOptions(frame_rate=30.0))
    assert agents.frame_rate == 30.0


def test_names_from_a_broken_file_do_not_break_the_sentence(tmp_path):
    path = tmp_path / "agents.json"
    name = "a\\nb\\ud800" + "x" * 5000
    path.write_text(
        (DATA / "two_agents.json").read_text().replace('"red"', f'"{name}"').replace("[0, 0, 1, 0.1]", "[]")
    )
    with pytest.raises(ValueError, match=r"agents\.json: agent 'a b\?x+ …\.$") as caught:
        read_agents(path)
    assert len(str(caught.value)) < 600
