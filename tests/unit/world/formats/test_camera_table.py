"""The tables of docs/cameras.md against what the formats and dialects say of themselves."""

import re

import pytest

from shared_world.development.locations import ROOT
from shared_world.tests.unit.world.formats.samples import SAMPLES
from shared_world.world.formats import all_formats

PAGE = ROOT / "docs" / "cameras.md"
NO_DIALECT = {"__init__", "cameras"}


def rows(first_header: str) -> list[list[str]]:
    """Cells of the rows of the table whose first column has this header."""
    text = PAGE.read_text(encoding="utf-8")
    table = re.search(rf"^\| {first_header} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert table, f"cameras.md has no table that begins with {first_header}"
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[1].splitlines()]


@pytest.mark.parametrize("format_id", all_formats())
def test_every_format_is_in_the_tables_as_it_declares_itself(format_id):
    found = all_formats()[format_id]
    files = {row[0]: row[1:] for row in rows("Format")}
    endings = "a folder" if found.writes_folder else " ".join(found.suffixes)
    assert files[f"`{format_id}`"] == [
        found.title,
        endings,
        found.direction,
        found.camera_axes,
        found.world_axes,
        found.units,
    ]
    losses = {row[0]: row[1:] for row in rows("File format")}
    assert losses[f"`{format_id}`"] == [found.intrinsics, found.lost_on_export, found.needed_on_import]


def test_the_tables_name_no_format_that_is_gone():
    for header in ("Format", "File format", "Example of"):
        assert [row[0].strip("`") for row in rows(header)] == list(all_formats())


def linked(cell: str) -> set[str]:
    """Targets of the links in a cell, which all must exist."""
    targets = re.findall(r"\]\(\.\./([^)]+)\)", cell)
    assert targets, f"no link in {cell}"
    for target in targets:
        assert (ROOT / target).is_file(), target
    return set(targets)


@pytest.mark.parametrize("format_id", all_formats())
def test_every_format_has_an_example_that_is_tested(format_id):
    cells = {row[0]: row[1:] for row in rows("Example of")}[f"`{format_id}`"]
    samples = {f"tests/unit/world/formats/data/{file}" for file, owner in SAMPLES.items() if owner == format_id}
    assert linked(cells[0]) == samples
    for test in linked(cells[1]):
        assert re.search(rf"\b{format_id}\b", (ROOT / test).read_text(encoding="utf-8"))


def test_every_dialect_of_sockets_is_in_the_table():
    modules = {path.stem for path in (ROOT / "world" / "dialects").glob("*.py")} - NO_DIALECT
    named = {target for row in rows("Socket") for target in linked(row[-1])}
    assert {f"world/dialects/{module}.py" for module in modules} <= named
    for row in rows("Socket"):
        assert len(row) == 7
        assert all(row)
