import pytest
import torch

from shared_world.tests.unit.world.actions.random_actions import PANDA
from shared_world.world.actions.extra_text import parse_extra

(CAMERA,) = PANDA.extras
ROW = [600.0, 610.5, 320.0, 240.0, *range(11), -1e-3]


def written(row, separator=" "):
    return separator.join(str(number) for number in row)


@pytest.mark.parametrize("separator", [" ", "  \t", ", "])
def test_every_line_is_a_view_in_the_order_of_the_text(separator):
    second = [number + 1 for number in ROW]
    text = f"# fx fy cx cy\n\n{written(ROW, separator)}  # wrist\n{written(second, separator)}\n   \n"
    values = parse_extra(text, CAMERA)
    assert values.dtype == torch.float64
    assert values.tolist() == [ROW, second]


@pytest.mark.parametrize("text", ["", " \n\t\n", "# none yet"])
def test_text_without_numbers_is_none(text):
    assert parse_extra(text, CAMERA) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (written(ROW[:-1]), r"line 1: expected the 16 numbers fx fy cx cy .* of one view, .*given 15\."),
        (f"\n{written(ROW)}\n{written([*ROW, 1.0])}", r"line 3: expected the 16 numbers .*given 17\."),
        (written(ROW, ","), r"line 1: .*given 1\."),
        (written(ROW).replace("610.5", "610,5"), r"line 1, fy: expected a finite number .*point, given '610,5'\."),
        (written([*ROW[:-1], "nan"]), r"line 1, extrinsic_12: expected a finite number .*given 'nan'\."),
        (written(["inf", *ROW[1:]]), r"line 1, fx: expected a finite number .*given 'inf'\."),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text, message):
    with pytest.raises(ValueError, match=message):
        parse_extra(text, CAMERA)
