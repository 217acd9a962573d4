import json

import pytest
import safetensors.torch
import torch

from shared_world.tests.unit.world.scene.cameras import random_cloud
from shared_world.world.scene import AgentGaussian, Scene, read_scene, write_scene
from shared_world.world.scene.files import METADATA_KEY


@pytest.fixture
def scene():
    random = torch.Generator().manual_seed(1)
    means = torch.randn(4, 3, generator=random, dtype=torch.float64)
    agents = [AgentGaussian(name, means + n, (n + 0.1) * torch.eye(3).repeat(4, 1, 1)) for n, name in enumerate("ab")]
    return Scene(random_cloud(50), (*agents, AgentGaussian("ü 3", means, torch.eye(3).repeat(4, 1, 1), (0.1, 0.2, 1))))


def test_a_scene_survives_its_file_bit_by_bit(scene, tmp_path):
    for number, each in enumerate((scene, Scene(scene.background))):
        path = tmp_path / f"{number}.safetensors"
        write_scene(each, path)
        assert read_scene(path) == each
    assert sorted(file.name for file in tmp_path.iterdir()) == ["0.safetensors", "1.safetensors"]


def test_files_that_hold_no_scene_are_refused(scene, tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        read_scene(tmp_path / "missing.safetensors")
    text = tmp_path / "text.safetensors"
    text.write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match=r"text\.safetensors is no safetensors file"):
        read_scene(text)
    other = tmp_path / "other.safetensors"
    safetensors.torch.save_file({"points": torch.zeros(1, 3)}, other)
    with pytest.raises(ValueError, match="holds no scene"):
        read_scene(other)
    path = tmp_path / "scene.safetensors"
    write_scene(scene, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"scene\.safetensors is no safetensors file, or a damaged one"):
        read_scene(path)


@pytest.mark.parametrize(
    "record", ["{", "[]", "{}", '{"version": 1}', '{"version": 1, "agents": [{"name": "a", "colour": [0, 0, 1]}]}']
)
def test_damaged_records_are_refused_in_one_sentence(record, tmp_path):
    path = tmp_path / "scene.safetensors"
    cloud = {"points": torch.zeros(1, 3), "colours": torch.zeros(1, 3)}
    safetensors.torch.save_file(cloud, path, {METADATA_KEY: record})
    with pytest.raises(ValueError, match="holds a damaged scene"):
        read_scene(path)


def test_scenes_of_a_newer_version_are_refused(tmp_path):
    path = tmp_path / "scene.safetensors"
    safetensors.torch.save_file({"points": torch.zeros(1, 3)}, path, {METADATA_KEY: json.dumps({"version": 2})})
    with pytest.raises(ValueError, match="scene of version 2, expected 1"):
        read_scene(path)
