"""The form of action scripts: text into entries that know where they stand. `script` says what they mean."""

import json
import re
from dataclasses import dataclass

LAST_FRAME = 10**6
"""Largest frame number that a script may name; at 60 frames per second that is more than four hours."""

_HEADER = re.compile(r'(?P<quoted>"(?:[^"\\]|\\.)*")\s*:|(?P<plain>[^\W\d][^:;#"+,]*):')
_FRAMES = re.compile(r"(?P<first>\d+)\s*(?:-\s*(?P<last>\d+|end\b)\s*)?", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d]\w*")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])")
_SPACE = re.compile(r"\s*")
_PLAIN_NAME = re.compile(r"[^\W\d]\w*(?: \w+)*")


@dataclass(frozen=True)
class Place:
    """Line and column of a text, both from 1."""

    line: int
    column: int

    def error(self, message: str) -> ValueError:
        return ValueError(f"line {self.line}, column {self.column}: {message}")


@dataclass(frozen=True)
class Header:
    """The name of an agent, "agent 2" or "all" before a colon."""

    place: Place
    name: str
    quoted: bool


@dataclass(frozen=True)
class Item:
    """A word with the numbers behind it."""

    place: Place
    word: str
    numbers: tuple[float, ...] = ()


@dataclass(frozen=True)
class Entry:
    """What happens in some frames.

    Attributes:
        place: where its frames stand.
        header: whose entry it is; None where the script has named nobody yet.
        first: first frame.
        last: last frame, which belongs to it; None for "end".
        items: what is done.
    """

    place: Place
    header: Header | None
    first: int
    last: int | None
    items: tuple[Item, ...]


class _Line:
    """A line of a script that is read from left to right."""

    def __init__(self, number: int, text: str) -> None:
        self.number, self.text, self.position = number, text, 0

    @property
    def place(self) -> Place:
        return Place(self.number, self.position + 1)

    @property
    def rest(self) -> str:
        """What is left, for messages."""
        return self.text[self.position : self.position + 20].strip()

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The match at the reading position, with the spaces behind it skipped; None if there is none."""
        match = pattern.match(self.text, self.position)
        if match:
            self._go_to(match.end())
        return match

    def take_mark(self, marks: str) -> str:
        """One of some characters, or an empty text."""
        mark = self.text[self.position : self.position + 1]
        if not mark or mark not in marks:
            return ""
        self._go_to(self.position + 1)
        return mark

    def _go_to(self, position: int) -> None:
        space = _SPACE.match(self.text, position)
        self.position = space.end() if space else position

    def skip_space(self) -> None:
        self._go_to(self.position)

    @property
    def ended(self) -> bool:
        return self.position >= len(self.text) or self.text[self.position] == "#"


def written_name(name: str) -> str:
    """The name of an agent as a header takes it: in quotes where it needs them."""
    return name if _PLAIN_NAME.fullmatch(name) else json.dumps(name)


def parse_entries(text: str) -> tuple[list[Header], list[Entry]]:
    """The headers and the entries of a script, in the order of the text.

    Raises:
        ValueError: with line and column, and what belongs there.
    """
    headers: list[Header] = []
    entries: list[Entry] = []
    for number, content in enumerate(text.splitlines(), start=1):
        line = _Line(number, content)
        line.skip_space()
        while not line.ended:
            if line.take_mark(";"):
                continue
            header = _header(line)
            if header:
                headers.append(header)
            elif line.text[line.position].isdecimal():
                entries.append(_entry(line, headers[-1] if headers else None))
            else:
                raise line.place.error(
                    f"expected frames and a colon such as '0-40:', or an agent and a colon, given '{line.rest}'."
                )
    return headers, entries


def _header(line: _Line) -> Header | None:
    place, match = line.place, line.take(_HEADER)
    if not match:
        return None
    if match["plain"]:
        return Header(place, match["plain"].strip(), quoted=False)
    try:
        return Header(place, json.loads(match["quoted"]), quoted=True)
    except ValueError:
        raise place.error(f'{match["quoted"][:40]} is not a quoted name; write \\" and \\\\ for " and \\.') from None


def _entry(line: _Line, header: Header | None) -> Entry:
    place, match = line.place, line.take(_FRAMES)
    assert match is not None
    first = _frame(match["first"], place)
    last: int | None = first
    if match["last"]:
        end = Place(line.number, match.start("last") + 1)
        last = None if match["last"].lower() == "end" else _frame(match["last"], end)
    if last is not None and last < first:
        raise place.error(f"the frames {first}-{last} run backwards; write {last}-{first}.")
    if not line.take_mark(":"):
        raise line.place.error(f"expected a colon behind the frames, given '{line.rest}'.")
    items = [_item(line)]
    while line.take_mark("+,"):
        items.append(_item(line))
    if not line.ended and not line.take_mark(";"):
        raise line.place.error(
            f"expected '+' or ',' before another key or axis, or ';' before other frames, given '{line.rest}'."
        )
    return Entry(place, header, first, last, tuple(items))


def _frame(digits: str, place: Place) -> int:
    if len(digits) > len(str(LAST_FRAME)) or int(digits) > LAST_FRAME:
        raise place.error(f"frame {digits[:20]} is beyond {LAST_FRAME}, the last one that a script may name.")
    return int(digits)


def _item(line: _Line) -> Item:
    place, match = line.place, line.take(_WORD)
    if not match:
        given = "nothing" if line.ended or line.text[line.position] == ";" else f"'{line.rest}'"
        fix = "; write decimals with a point" if line.take(_NUMBER) else ""
        raise place.error(f"expected a key, an axis or 'idle', given {given}{fix}.")
    numbers = []
    while (number := line.take(_NUMBER)) is not None:
        numbers.append(float(number.group()))
        if numbers[-1] in (float("inf"), float("-inf")):
            raise Place(line.number, number.start() + 1).error(f"{number.group()[:20]} is too large a number.")
    return Item(place, match.group().lower(), tuple(numbers))
