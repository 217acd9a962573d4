import pytest

from shared_world.development.locations import ROOT


def test_registry_and_requirements_file_install_the_same_packages():
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has no tomllib")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["dependencies"] == (ROOT / "requirements.txt").read_text(encoding="utf-8").split()
