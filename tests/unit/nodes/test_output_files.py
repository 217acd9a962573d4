import folder_paths
import pytest

from shared_world.nodes.output_files import contained, new_name, output_folder, temp_folder


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    for kind in ("output", "temp"):
        (tmp_path / kind).mkdir()
        monkeypatch.setattr(folder_paths, f"{kind}_directory", str(tmp_path / kind))
    return tmp_path


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "sub/../../x", "/x"])
@pytest.mark.parametrize(("folder", "kind"), [(output_folder, "output"), (temp_folder, "temp")])
def test_names_that_lead_out_of_a_folder_are_refused_with_its_name(folders, name, folder, kind):
    for place in (contained, new_name):
        with pytest.raises(ValueError, match=f"'{name}' lies outside ComfyUI's {kind} folder; give a name below it"):
            place(name, folder())
    assert sorted(path.name for path in folders.rglob("*")) == ["output", "temp"]


@pytest.mark.parametrize("make", ["file", "folder"])
def test_numbers_go_on_after_those_that_are_there(folders, make):
    for number in (1, 2, 3):
        name = new_name("clips/ride", output_folder())
        assert (name.folder, name.subfolder, name.stem) == (output_folder() / "clips", "clips", f"ride_0000{number}")
        if make == "file":
            (name.folder / f"{name.stem}_.json").touch()
        else:
            (name.folder / name.stem).mkdir()
