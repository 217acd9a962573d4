"""The header of a PLY file: which elements follow, with which properties, and as text or in which order of bytes.

G. Turk, The PLY Polygon File Format (Stanford University, 1994), and the names of sized types that came later.
"""

import re
from dataclasses import dataclass

_NUMBERS = {
    "char": "i1",
    "uchar": "u1",
    "short": "i2",
    "ushort": "u2",
    "int": "i4",
    "uint": "u4",
    "float": "f4",
    "double": "f8",
    "int8": "i1",
    "uint8": "u1",
    "int16": "i2",
    "uint16": "u2",
    "int32": "i4",
    "uint32": "u4",
    "float32": "f4",
    "float64": "f8",
}
_BYTE_ORDERS = {"ascii": None, "binary_little_endian": "<", "binary_big_endian": ">"}
_LONGEST_LINE = 1 << 16
_LONGEST_NAME = 64


@dataclass(frozen=True)
class Property:
    """A number of an element, or a list of them.

    Attributes:
        name: in lower case.
        number: NumPy's code of the number without its order of bytes, such as f4.
        length: the same for the length that precedes a list; None for a single number.
    """

    name: str
    number: str
    length: str | None = None


@dataclass(frozen=True)
class Element:
    """So many records of the same properties, such as the vertices or the faces."""

    name: str
    count: int
    properties: tuple[Property, ...] = ()


@dataclass(frozen=True)
class Header:
    """What a file says of itself.

    Attributes:
        byte_order: `<` or `>`; None for a file of text.
        elements: in the order in which they follow.
        size: bytes of the header.
        lines: of the header.
    """

    byte_order: str | None
    elements: tuple[Element, ...]
    size: int
    lines: int


def read_header(data: bytes, file: str) -> Header:
    """The header of a PLY file, with lines that end as on any system.

    Raises:
        ValueError: if it is no PLY file, or naming the line of the header that cannot be understood.
    """
    first = re.match(rb"(?:\xef\xbb\xbf)?ply[ \t]*(\r\n|\r|\n)", data)
    if first is None:
        raise ValueError(f"{file} is no PLY file, which begins with a line 'ply'; save the points as PLY.")
    line_end = b"\r" if first[1] == b"\r" else b"\n"
    position, number = first.end(), 1
    formats: list[str | None] = []
    elements: list[Element] = []
    while True:
        stop = data.find(line_end, position, position + _LONGEST_LINE)
        if stop < 0:
            raise ValueError(f"{file}: the header has no line 'end_header'; the file is damaged, copy it again.")
        line = data[position:stop].decode("ascii", "replace").split()
        position, number = stop + 1, number + 1
        try:
            match line:
                case [] | ["comment" | "obj_info", *_]:
                    pass
                case ["end_header"]:
                    break
                case ["format", name, _]:
                    formats.append(_BYTE_ORDERS[name])
                case ["element", name, count] if len(name) <= _LONGEST_NAME:
                    elements.append(Element(name.lower(), _count(count)))
                case ["property", *words]:
                    last = elements.pop()
                    elements.append(Element(last.name, last.count, (*last.properties, _property(words))))
                case _:
                    raise ValueError
        except (ValueError, LookupError):
            raise ValueError(
                f"{file}, line {number}: {' '.join(line)[:60]!a} is no line of a PLY header; save the file again."
            ) from None
    if len(formats) != 1:
        raise ValueError(f"{file}: the header has {len(formats)} lines 'format', expected one; save the file again.")
    return Header(formats[0], tuple(elements), position, number)


def _count(word: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", word):
        raise ValueError
    return int(word)


def _property(words: list[str]) -> Property:
    match words:
        case ["list", length, number, name] if not length.startswith(("float", "double")):
            return Property(name.lower(), _NUMBERS[number], _NUMBERS[length])
        case [number, name]:
            return Property(name.lower(), _NUMBERS[number])
    raise ValueError
