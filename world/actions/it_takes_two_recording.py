"""Recordings of It Takes Two: one row per video frame with the keyboard, the mouse and the gamepad as they were.

A CSV file has one column per channel, named in its first line. An npz file has one array (frames,) per channel, or two
arrays `discrete` (frames, 18) and `continuous` (frames, 6) with the columns in the order of `RAW_BUTTONS` and
`RAW_AXES`. Other columns are left out with a warning.
"""

import csv
import io
import logging
import math
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from ..formats.files import read_text
from .actions import Actions, warn_of_unusual_values
from .it_takes_two import LAYOUT, RAW_AXES, RAW_BUTTONS, unify_recording
from .numpy_files import read_npz

logger = logging.getLogger(__name__)

COLUMNS = (*RAW_BUTTONS, *RAW_AXES)
TRUTH = {"true": 1.0, "false": 0.0}


def read_recording(path: Path, frame_rate: float | None = None) -> Actions:
    """Actions of both players from a recording.

    Args:
        path: a CSV or npz file.
        frame_rate: frames per second of the recording; 60, as in the published data, if None.

    Raises:
        OSError: if the file cannot be opened.
        ValueError: with line or frame, column, what is expected and what is given.
    """
    columns = _npz_columns(path) if path.suffix.lower() == ".npz" else _csv_columns(read_text(path))
    _check_names(list(columns), path)
    table = _stack({name: columns[name] for name in COLUMNS})
    buttons, axes = np.split(table, [len(RAW_BUTTONS)], axis=1)
    discrete, continuous = unify_recording(torch.from_numpy(buttons), torch.from_numpy(axes))
    assert LAYOUT.agent_names is not None
    rate = LAYOUT.frame_rate if frame_rate is None else frame_rate
    actions = Actions(LAYOUT, LAYOUT.agent_names, rate, discrete, continuous)
    warn_of_unusual_values(actions, path)
    return actions


def _check_names(names: list[str], path: Path) -> None:
    missing = [name for name in COLUMNS if name not in names]
    unknown = [f"'{name[:40]}'" if name else "one without a name" for name in names if name not in COLUMNS]
    if missing:
        also = f", and has the unknown columns {', '.join(unknown[:30])}" if unknown else ""
        raise ValueError(
            f"the recording lacks the column{'' if len(missing) == 1 else 's'} {', '.join(missing)}{also}; "
            f"expected are {', '.join(COLUMNS)}."
        )
    if unknown:
        logger.warning("%s: unknown columns are left out: %s.", path, ", ".join(unknown))


def _npz_columns(path: Path) -> dict[str, np.ndarray]:
    """Every array of an npz file by its name, `discrete` and `continuous` taken apart into their columns."""
    arrays = read_npz(path)
    if not arrays.keys() >= {"discrete", "continuous"}:
        return arrays
    columns = {name: array for name, array in arrays.items() if name not in ("discrete", "continuous")}
    for kind, names in (("discrete", RAW_BUTTONS), ("continuous", RAW_AXES)):
        array = arrays[kind]
        if array.ndim != 2 or array.shape[1] != len(names):
            raise ValueError(f"array '{kind}': expected shape (frames, {len(names)}), given {array.shape}.")
        columns.update(zip(names, array.T, strict=True))
    return columns


def _stack(columns: dict[str, np.ndarray]) -> np.ndarray:
    """(frames, columns) float64 of columns that all have the same frames and allowed values."""
    first = next(iter(columns))
    for name, column in columns.items():
        if column.ndim != 1 or len(column) == 0:
            raise ValueError(f"column {name}: expected one number per frame, given an array of shape {column.shape}.")
        if len(column) != len(columns[first]):
            raise ValueError(
                f"column {name} has {len(column)} frames, column {first} has {len(columns[first])}; "
                "give all columns the same frames."
            )
    table = np.stack([column.astype(np.float64) for column in columns.values()], axis=1)
    for index, name in enumerate(columns):
        wrong = ~np.isfinite(table[:, index])
        if name in RAW_BUTTONS:
            wrong |= (table[:, index] != 0.0) & (table[:, index] != 1.0)
        if wrong.any():
            frame = int(wrong.argmax())
            raise ValueError(
                f"frame {frame}, column {name}: expected {_expected(name)}, given {table[frame, index]:g}."
            )
    return table


def _expected(column: str) -> str:
    return "0 or 1" if column in RAW_BUTTONS else "a finite number"


def _csv_columns(text: str) -> dict[str, np.ndarray]:
    """Every column of a CSV text by its name in lower case; columns of other names are not converted but empty."""
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    header: list[str] = []
    rows: list[list[float]] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = _header(cells, reader.line_num)
                continue
            rows.append(_row(cells, header, reader.line_num))
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: not CSV ({error}).") from error
    if not header:
        raise ValueError("the file has no line with column names.")
    if not rows:
        raise ValueError(f"line {reader.line_num}: there is no row of actions below the column names.")
    table = np.array(rows, dtype=np.float64)
    return {name: table[:, index] for index, name in enumerate(header)}


def _header(cells: list[str], line: int) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    while names and not names[-1]:
        names.pop()
    name, count = Counter(name for name in names if name).most_common(1)[0]
    if count > 1:
        raise ValueError(f"line {line}: the column '{name[:40]}' comes {count} times; keep one of them.")
    return names


def _row(cells: list[str], header: list[str], line: int) -> list[float]:
    """The numbers of a line; 0 in columns that nobody reads."""
    while len(cells) > len(header) and not cells[-1].strip():
        cells.pop()
    if len(cells) != len(header):
        raise ValueError(
            f"line {line}: expected {len(header)} cells as in the header, given {len(cells)}; the line may be cut off."
        )
    return [_number(cell, name, line) if name in COLUMNS else 0.0 for cell, name in zip(cells, header, strict=True)]


def _number(cell: str, column: str, line: int) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = TRUTH.get(cell.strip().lower(), math.nan) if column in RAW_BUTTONS else math.nan
    if not math.isfinite(value) or (column in RAW_BUTTONS and value not in (0.0, 1.0)):
        shown = f"'{cell[:40]}'" if cell.strip() else "an empty cell"
        raise ValueError(f"line {line}, column {column}: expected {_expected(column)}, given {shown}.")
    return value
