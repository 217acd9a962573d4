import folder_paths
import pytest
import safetensors.torch
import torch

from shared_world.development.tiny_checkpoints import random_weights
from shared_world.models.checkpoints import CheckpointError
from shared_world.models.vggt.comfyui import GlobalStateEncoder
from shared_world.models.vggt.config import AggregatorConfig
from shared_world.models.vggt.global_state import GlobalStateNetwork
from shared_world.nodes.global_state import FOLDER, LoadGlobalStateEncoder

TINY = AggregatorConfig(layers=1, patch_layers=1, dim=16, head_dim=8, hidden=16, learned_side=4)


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """ComfyUI's folder for networks that estimate geometry."""
    known = ([str(tmp_path)], folder_paths.folder_names_and_paths[FOLDER][1])
    monkeypatch.setitem(folder_paths.folder_names_and_paths, FOLDER, known)
    return tmp_path


@pytest.fixture
def vggt(folder):
    safetensors.torch.save_file(random_weights(GlobalStateNetwork(TINY), seed=0), folder / "vggt_1b.safetensors")
    return "vggt_1b.safetensors"


def test_folder_is_one_that_comfyui_users_have():
    assert FOLDER in folder_paths.folder_names_and_paths


def test_files_of_the_folder_are_offered(vggt):
    (listed,) = (entry for entry in LoadGlobalStateEncoder.define_schema().inputs if entry.id == "model_name")
    assert listed.options == [vggt]


@pytest.mark.parametrize(
    ("weight_dtype", "dtype"), [("default", torch.float32), ("fp32", torch.float32), ("bf16", torch.bfloat16)]
)
def test_encoder_is_loaded_in_the_precision_asked_for(vggt, weight_dtype, dtype):
    encoder = LoadGlobalStateEncoder.execute(model_name=vggt, weight_dtype=weight_dtype).args[0]
    assert isinstance(encoder, GlobalStateEncoder)
    assert encoder.dtype == dtype
    state = encoder.encode(torch.rand(2, 48, 64, 3))
    assert state.shape == (261, 32)
    assert state.dtype == torch.float32


def test_another_network_of_the_folder_is_refused(folder):
    safetensors.torch.save_file({"backbone.weight": torch.ones(1)}, folder / "moge.safetensors")
    with pytest.raises(CheckpointError, match=r"^moge.safetensors .* has no tensor 'aggregator\.\*'"):
        LoadGlobalStateEncoder.execute(model_name="moge.safetensors", weight_dtype="default")
