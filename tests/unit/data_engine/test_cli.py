import pytest

import shared_world.__main__ as program
from shared_world.data_engine.ray_workers import ray_workers


def test_missing_videos_and_graphs_are_said_in_a_sentence(tmp_path, capsys):
    assert program.main(["unroll", str(tmp_path / "none.mp4"), "--out", str(tmp_path / "set")]) == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'none.mp4'}: there is no such file or folder.\n"
    (tmp_path / "ride.mp4").write_bytes(b"")
    arguments = ["unroll", str(tmp_path / "ride.mp4"), "--out", str(tmp_path / "set"), "--graph", str(tmp_path / "no")]
    assert program.main(arguments) == 1
    assert "there is no such file" in capsys.readouterr().err
    assert not (tmp_path / "set").exists()


def test_without_a_server_nothing_is_made_and_the_address_is_named(tmp_path, capsys):
    (tmp_path / "ride.mp4").write_bytes(b"none")
    arguments = ["unroll", str(tmp_path / "ride.mp4"), "--out", str(tmp_path / "set"), "--server", "http://127.0.0.1:9"]
    assert program.main(arguments) == 1
    assert "1 not tried.\n  http://127.0.0.1:9 does not answer" in capsys.readouterr().out


def test_ray_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(ImportError, match=r"^Spreading over machines needs Ray: pip install ray\.$"):
        ray_workers([], None)


def test_unrolling_names_packages_that_are_missing(monkeypatch, capsys):
    monkeypatch.setattr(program, "find_spec", lambda module: None)
    assert program.main(["unroll", "ride.mp4", "--out", "set"]) == 1
    assert capsys.readouterr().err == "Unrolling needs av: pip install av\n"
