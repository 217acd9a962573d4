import re

import comfy.sd
import folder_paths
import pytest
import safetensors.torch
import torch
from comfy.ldm.wan.vae import WanVAE

from shared_world.development.tiny_checkpoints import random_weights, write_tiny_pocket_vae
from shared_world.models.checkpoints import CheckpointError, write_checkpoint
from shared_world.models.native_vae import NativeVAE
from shared_world.models.pocket_vae import SYSTEM
from shared_world.nodes.loaders import LoadMultiAgentVAE
from shared_world.nodes.model_folders import SHIPPED_MODELS, folder_for, list_shipped_models

KINDS = ("diffusion_models", "vae")


@pytest.fixture(autouse=True)
def own_folders(monkeypatch, tmp_path):
    """ComfyUI's folders `unet`, `diffusion_models` and `vae`, which a test may change."""
    folders = {"diffusion_models": [tmp_path / "unet", tmp_path / "diffusion_models"], "vae": [tmp_path / "vae"]}
    for kind, listed in folders.items():
        for folder in listed:
            folder.mkdir()
        known = (list(map(str, listed)), folder_paths.folder_names_and_paths[kind][1])
        monkeypatch.setitem(folder_paths.folder_names_and_paths, kind, known)
    return tmp_path


def load(name):
    return LoadMultiAgentVAE.execute(vae_name=name).args[0]


def refused(name):
    with pytest.raises(CheckpointError) as error:
        load(name)
    message = str(error.value)
    assert message.startswith(name)
    assert re.fullmatch(r"[^\n]+\.", message), message
    assert not re.search(r"[.!?] +[A-Z]", message), message
    return message


def test_pocket_vae_is_loaded_by_the_pack(own_folders):
    write_tiny_pocket_vae(own_folders / "vae" / "pocket.safetensors")
    assert isinstance(load("pocket.safetensors"), NativeVAE)


@pytest.mark.parametrize("name", ["wan.safetensors", "wan.pt"])
def test_other_vaes_are_loaded_as_comfyui_does(own_folders, name):
    weights = random_weights(WanVAE(dim=8, z_dim=16, temperal_downsample=[False, True, True]), seed=0)
    path = own_folders / "vae" / name
    if path.suffix == ".pt":
        torch.save(weights, path)
    else:
        safetensors.torch.save_file(weights, path)
    vae = load(name)
    assert type(vae) is comfy.sd.VAE
    stock = comfy.sd.VAE(sd=weights)
    samples = torch.randn(1, 16, 2, 2, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(vae.decode(samples), stock.decode(samples))
    # Select VAE Device and dynamic VRAM read the file again through this.
    reload, arguments = vae.patcher.cached_patcher_init
    assert type(reload(*arguments, disable_dynamic=True).model) is WanVAE


def test_damaged_pocket_vae_is_refused(own_folders):
    folder = own_folders / "vae"
    write_tiny_pocket_vae(folder / "whole.safetensors")
    whole = (folder / "whole.safetensors").read_bytes()
    (folder / "cut.safetensors").write_bytes(whole[:-100])
    assert "is cut off" in refused("cut.safetensors")
    (folder / "empty.safetensors").touch()
    assert "is empty" in refused("empty.safetensors")
    tensors = {"encoder_linear.bias": torch.zeros(16)}
    write_checkpoint(folder / "part.safetensors", tensors, {"system": SYSTEM})
    assert "taken for a pocket VAE, but encoder_linear.weight is missing" in refused("part.safetensors")


def test_file_that_is_no_vae_is_refused(own_folders):
    safetensors.torch.save_file({"blocks.0.weight": torch.zeros(2)}, own_folders / "vae" / "model.safetensors")
    assert "holds no VAE that this ComfyUI knows" in refused("model.safetensors")


def test_models_of_the_pack_are_listed_after_the_users(own_folders):
    shipped = own_folders / "shipped"
    for kind in KINDS:
        (shipped / kind).mkdir(parents=True)
        (shipped / kind / "same.safetensors").touch()
    write_tiny_pocket_vae(shipped / "vae" / "pocket_town_vae.safetensors")
    (own_folders / "vae" / "same.safetensors").touch()
    before = {kind: folder_paths.get_folder_paths(kind) for kind in KINDS}
    list_shipped_models(shipped)
    for kind in KINDS:
        assert folder_paths.get_folder_paths(kind) == [*before[kind], str(shipped / kind)]
    assert folder_paths.get_filename_list("vae") == ["pocket_town_vae.safetensors", "same.safetensors"]
    assert folder_paths.get_full_path("vae", "same.safetensors") == str(own_folders / "vae" / "same.safetensors")
    (listed,) = (entry for entry in LoadMultiAgentVAE.define_schema().inputs if entry.id == "vae_name")
    assert "pocket_town_vae.safetensors" in listed.options
    assert isinstance(load("pocket_town_vae.safetensors"), NativeVAE)


def test_new_models_never_go_into_the_pack(own_folders, monkeypatch):
    list_shipped_models()
    assert folder_paths.get_folder_paths("diffusion_models")[-1] == str(SHIPPED_MODELS / "diffusion_models")
    assert folder_for("diffusion_models") == own_folders / "diffusion_models"
    known = ([str(own_folders / "unet")], folder_paths.folder_names_and_paths["diffusion_models"][1])
    monkeypatch.setitem(folder_paths.folder_names_and_paths, "diffusion_models", known)
    list_shipped_models()
    assert folder_for("diffusion_models") == own_folders / "unet"
