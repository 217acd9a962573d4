import pytest

from shared_world.world.actions import read_actions


@pytest.mark.parametrize("name", ["actions.txt", "actions", "actions.mp4"])
def test_other_endings_are_refused_with_the_known_ones(name, tmp_path):
    with pytest.raises(ValueError, match=rf"{name}: files of actions end in \.json .*\.csv .*\.npz .*\.npy"):
        read_actions(tmp_path / name)


@pytest.mark.parametrize("ending", ["json", "csv", "npz", "npy"])
def test_files_that_do_not_exist_say_so(ending, tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        read_actions(tmp_path / f"actions.{ending}")


@pytest.mark.parametrize("ending", ["json", "csv"])
def test_text_in_another_encoding_is_refused_with_its_line(ending, tmp_path):
    path = tmp_path / f"actions.{ending}"
    path.write_bytes("{\n\xe9".encode("latin-1"))
    with pytest.raises(ValueError, match="line 2: byte 0xe9 is not UTF-8 text"):
        read_actions(path)
