"""The numbers of an element of a PLY file, column by column, out of text or binary."""

import io
import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ply_header import Element, Header

Numbers = NDArray[Any]


def read_columns(header: Header, wanted: Element, names: Sequence[str], data: bytes, file: str) -> dict[str, Numbers]:
    """Columns (records,) of an element.

    Args:
        header: of the file.
        wanted: the element of the header.
        names: of its properties that are single numbers; of several with one name the first counts.
        data: the file's bytes.
        file: its name, for messages.

    Raises:
        ValueError: if the file ends too soon, holds something else than numbers, or the columns stand behind lists of
            different lengths.
    """
    singles = {entry.name: index for index, entry in reversed(list(enumerate(wanted.properties))) if not entry.length}
    places = {name: singles[name] for name in names}
    before = header.elements[: header.elements.index(wanted)]
    if header.byte_order is None:
        return _from_text(header, wanted, before, places, data, file)
    position = header.size
    for element in before:
        position += _records(element, header.byte_order, data, position, file).nbytes
    records = _records(wanted, header.byte_order, data, position, file)
    return {name: records[str(index)] for name, index in places.items()}


def _from_text(
    header: Header, wanted: Element, before: Sequence[Element], places: dict[str, int], data: bytes, file: str
) -> dict[str, Numbers]:
    if any(entry.length for entry in wanted.properties[: max(places.values())]):
        raise ValueError(_lists(file, wanted))
    skipped = sum(element.count for element in before)
    # Lines take a byte, numbers with what follows them two: no header may ask for more memory than the file is worth.
    if skipped + 2 * wanted.count * len(wanted.properties) > len(data) - header.size + 1:
        raise ValueError(_too_short(file, wanted))
    text = io.BytesIO(data)
    text.seek(header.size)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about empty lines
            rows = np.loadtxt(
                io.TextIOWrapper(text, encoding="latin-1"),
                comments=None,
                usecols=list(places.values()),
                skiprows=skipped,
                max_rows=wanted.count,
                ndmin=2,
            )
    except ValueError as error:
        raise ValueError(
            f"{file}: element {wanted.name!a} is not {wanted.count} rows of numbers ({str(error)[:120]!a}); save the "
            "file again."
        ) from None
    if len(rows) < wanted.count:
        raise ValueError(_too_short(file, wanted, len(rows)))
    return dict(zip(places, rows.T, strict=True))


def _records(element: Element, byte_order: str, data: bytes, position: int, file: str) -> Numbers:
    """An element's records as they lie in a binary file, by the number of the property."""
    if not element.count or not element.properties:
        return np.empty(0)
    left = len(data) - position
    record = _record(element, byte_order, data, position, file)
    if record.itemsize * element.count > left:
        raise ValueError(_too_short(file, element, left // record.itemsize))
    records = np.frombuffer(data, record, element.count, position)
    if any((records[name] != records[name][0]).any() for name in record.names or () if name.startswith("length")):
        raise ValueError(_lists(file, element))
    return records


def _record(element: Element, byte_order: str, data: bytes, position: int, file: str) -> np.dtype[Any]:
    """The type of a record, whose lists are as long as those of the first one."""
    fields: list[tuple[Any, ...]] = []
    size = 0
    for index, entry in enumerate(element.properties):
        number = np.dtype(byte_order + entry.number)
        shape: tuple[int, ...] = ()
        if entry.length is not None:
            length = np.dtype(byte_order + entry.length)
            if position + size + length.itemsize > len(data):
                raise ValueError(_too_short(file, element, 0))
            shape = (int(np.frombuffer(data, length, 1, position + size)[0]),)
            if shape[0] < 0:
                raise ValueError(f"{file}: a list in element {element.name!a} has {shape[0]} numbers; save it again.")
            fields.append((f"length {index}", length))
            size += length.itemsize
        size += number.itemsize * math.prod(shape)
        if size > len(data):
            raise ValueError(_too_short(file, element, 0))
        fields.append((str(index), number, shape))
    return np.dtype(fields)


def _too_short(file: str, element: Element, there: int | None = None) -> str:
    held = "" if there is None else f", after {there} of them"
    return (
        f"{file} ends before the {element.count} records of element {element.name!a} that its header announces{held}; "
        "the file is damaged, copy or save it again."
    )


def _lists(file: str, element: Element) -> str:
    return (
        f"{file}: the lists of element {element.name!a} have no fixed length, so that the numbers behind them cannot "
        "be found; save the points alone."
    )
