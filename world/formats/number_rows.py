"""Text files with one row of numbers per line, separated by blanks or tabs."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor

MESSAGE_CHARACTERS = 40


@dataclass(frozen=True)
class NumberRows:
    """The rows of a text file.

    Attributes:
        values: (rows, columns) float64, finite.
        lines: line of each row, counted from 1.
    """

    values: Tensor
    lines: list[int]

    @property
    def places(self) -> list[str]:
        """Where each row is, for messages."""
        return [f"line {line}" for line in self.lines]


def text_lines(text: str) -> Iterator[tuple[int, str]]:
    """(line number from 1, stripped line) of every line that is neither blank nor a comment with #."""
    # Not splitlines: form feeds and Unicode separators do not end a line in an editor.
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        stripped = line.strip().lstrip("\ufeff")
        if stripped and not stripped.startswith("#"):
            yield number, stripped


def finite_number(text: str, place: str) -> float:
    """A finite number. Raises ValueError that begins with `place`."""
    try:
        # Python also reads 1_000, which no other program does.
        value = math.nan if "_" in text else float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{place}: expected a finite number, given '{text[:MESSAGE_CHARACTERS]}'.")
    return value


def read_number_rows(text: str, columns: Sequence[str], optional: Sequence[str] = ()) -> NumberRows:
    """The numbers of a text; comments with # and blank lines are skipped.

    Args:
        text: of the file.
        columns: names of the columns, for messages.
        optional: names of columns that may follow, in all rows or in none.

    Raises:
        ValueError: naming line and column, if a cell is no finite number or a row has too few or too many, or if there
            are no rows.
    """
    names = [*columns, *optional]
    allowed = {len(columns), len(names)}
    rows, lines = [], []
    for line, content in text_lines(text):
        cells = content.split()
        if len(cells) not in allowed:
            counts = " or ".join(str(count) for count in sorted(allowed))
            given = f"line {line}: expected {counts} numbers ({' '.join(names)}), given {len(cells)}"
            raise ValueError(f"{given}; the line may be cut off.")
        allowed = {len(cells)}
        rows.append([finite_number(cell, f"line {line}, {name}") for cell, name in zip(cells, names, strict=False)])
        lines.append(line)
    if not rows:
        raise ValueError("the file holds no numbers, only comments or blank lines.")
    return NumberRows(torch.tensor(rows, dtype=torch.float64), lines)


def looks_like_rows(text: str, counts: Collection[int]) -> bool:
    """Whether the first two rows of a text have as many numbers as one of `counts`, and both as many."""
    rows = [line.split() for _, line in islice(text_lines(text), 2)]
    if not rows or len(rows[0]) not in counts:
        return False
    if len(rows) > 1 and len(rows[1]) != len(rows[0]):
        return False
    try:
        return all(math.isfinite(float(cell)) for row in rows for cell in row)
    except ValueError:
        return False
