import pytest
import torch

from shared_world.world.formats.number_rows import looks_like_rows, read_number_rows


def test_comments_blank_lines_and_all_line_ends_are_skipped():
    rows = read_number_rows("# x y\r\n1 2\r\n\r\n\t3\t-4e0 \r# end\n5  6", ["x", "y"])
    assert torch.equal(rows.values, torch.tensor([[1, 2], [3, -4], [5, 6]]).double())
    assert rows.lines == [2, 4, 6]
    assert rows.places[1] == "line 4"


def test_optional_columns_are_in_all_rows_or_none():
    assert read_number_rows("1 2 3\n4 5 6", ["x", "y"], ["z"]).values.shape == (2, 3)
    assert read_number_rows("1 2\n4 5", ["x", "y"], ["z"]).values.shape == (2, 2)
    with pytest.raises(ValueError, match=r"line 2: expected 3 numbers \(x y z\), given 2; the line may be cut off"):
        read_number_rows("1 2 3\n4 5", ["x", "y"], ["z"])
    with pytest.raises(ValueError, match=r"line 1: expected 2 or 3 numbers \(x y z\), given 1"):
        read_number_rows("1\n4 5", ["x", "y"], ["z"])


@pytest.mark.parametrize("cell", ["nan", "-inf", "1e999", "1_0", "0x10", "one", "1,5"])
def test_a_cell_that_is_no_number_is_named(cell):
    with pytest.raises(ValueError, match=f"line 1, y: expected a finite number, given '{cell}'"):
        read_number_rows(f"1 {cell}", ["x", "y"])


def test_long_cells_are_cut():
    with pytest.raises(ValueError, match=r"given 'x{40}'"):
        read_number_rows("x" * 5000, ["x"])


def test_a_head_is_recognised_by_its_first_two_rows():
    assert looks_like_rows("# c\n1 2 3\n4 5 6\nx", {3})
    assert not looks_like_rows("1 2 3\n4 5", {2, 3})
    assert not looks_like_rows("1 2 x", {3})
    assert not looks_like_rows("1 2 nan", {3})
    assert not looks_like_rows("", {3})
