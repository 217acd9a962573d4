from pathlib import Path

import folder_paths
import pytest

from shared_world.nodes.loaders import FOLDER, new_model_path
from shared_world.nodes.model_folders import folder_for


@pytest.fixture
def model_folders(monkeypatch):
    """Sets ComfyUI's folders for diffusion models."""

    def use(*folders):
        known = (list(map(str, folders)), folder_paths.folder_names_and_paths[FOLDER][1])
        monkeypatch.setitem(folder_paths.folder_names_and_paths, FOLDER, known)

    return use


def test_new_models_go_where_the_tooltip_says():
    assert folder_for(FOLDER) == Path(folder_paths.models_dir, "diffusion_models").resolve()


def test_new_models_go_to_the_users_own_default_folder(model_folders, tmp_path):
    model_folders(tmp_path / "mine", tmp_path / "unet", tmp_path / "diffusion_models")
    assert folder_for(FOLDER) == tmp_path / "mine"


def test_older_folder_is_taken_where_there_is_no_other(model_folders, tmp_path):
    model_folders(tmp_path / "unet")
    assert folder_for(FOLDER) == tmp_path / "unet"


def test_numbers_are_counted_up_to_the_first_free_name(tmp_path):
    for name in ("a.safetensors", "a_2.safetensors", "a_4.safetensors"):
        (tmp_path / name).touch()
    assert new_model_path(tmp_path, "a") == tmp_path / "a_3.safetensors"
    assert new_model_path(tmp_path, "a.safetensors") == tmp_path / "a_3.safetensors"
    assert new_model_path(tmp_path, "a.b/c.d") == tmp_path / "a.b" / "c.d.safetensors"
