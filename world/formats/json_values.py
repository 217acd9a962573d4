"""JSON values that know where in their file they stand, so that every complaint names the place."""

import json
import math
import reprlib
from collections import Counter
from typing import Any

import torch
from torch import Tensor

LARGEST_INTEGER = 2**31 - 1


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        ((twice, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {reprlib.repr(twice)} appears twice in one object; remove one of them.")
    return result


def parse_json(text: str) -> "JsonValue":
    """The top-level value of a JSON text. Raises ValueError with the line where the text is not JSON."""
    try:
        return JsonValue(json.loads(text, object_pairs_hook=_unique_keys))
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            raise ValueError(f"line {error.lineno}: the JSON ends too early; the file may be cut off.") from error
        raise ValueError(f"line {error.lineno}, column {error.colno}: not JSON ({error.msg}).") from error
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply.") from error


class JsonValue:
    """A value of a JSON file with its place.

    Attributes:
        value: the parsed value.
        owner: what it belongs to, for messages ("agent 'red', frame 3").
        field: path of keys and indices from the owner ("poses[3]").
    """

    def __init__(self, value: Any, owner: str = "", field: str = "") -> None:
        self.value, self.owner, self.field = value, owner, field

    def owned_by(self, owner: str) -> "JsonValue":
        """The same value with a place that starts at `owner`."""
        return JsonValue(self.value, owner)

    def wrong(self, expected: str, indices: tuple[int, ...] = ()) -> ValueError:
        """The error for a value, or the item of it at `indices`, that is not what is `expected`."""
        value = self.value
        for index in indices:
            value = value[index]
        field = self.field + "".join(f"[{index}]" for index in indices)
        place = ", ".join(part for part in (self.owner, field) if part) or "top level"
        shown = reprlib.repr(value)
        if isinstance(value, list | dict):
            items = "items" if isinstance(value, list) else "keys"
            shown = f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)} {items}"
        return ValueError(f"{place}: expected {expected}, given {shown}.")

    def field_names(self) -> list[str]:
        """The keys of an object."""
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return list(self.value)

    def get(self, key: str) -> "JsonValue | None":
        """The value of a key, or None where the key is absent or null."""
        self.field_names()
        value = self.value.get(key)
        return None if value is None else JsonValue(value, self.owner, f"{self.field}.{key}" if self.field else key)

    def key(self, key: str) -> "JsonValue":
        """The value of a key that must be there."""
        found = self.get(key)
        if found is None:
            raise ValueError(
                f"{', '.join(part for part in (self.owner, self.field) if part) or 'top level'}: '{key}' is missing."
            )
        return found

    def items(self) -> list["JsonValue"]:
        """The items of a list."""
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return [JsonValue(value, self.owner, f"{self.field}[{index}]") for index, value in enumerate(self.value)]

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.wrong("a text")
        return self.value

    def name(self) -> str:
        """A text that is not blank, or a whole number, as programs use for ids."""
        if isinstance(self.value, int) and not isinstance(self.value, bool) and abs(self.value) <= LARGEST_INTEGER:
            return str(self.value)
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.wrong("a name")
        return self.value

    def number(self, text_allowed: bool = False) -> float:
        """A finite number; with `text_allowed` also one written as text ("90.0")."""
        if text_allowed and isinstance(self.value, str):
            try:
                return JsonValue(float(self.value), self.owner, self.field).number()
            except ValueError as error:
                raise self.wrong("a finite number") from error
        flat: list[float] = []
        self._collect(self.value, (), (), flat)
        return flat[0]

    def size(self, text_allowed: bool = False) -> int:
        """A whole number from 1 up, such as a picture's width."""
        number = self.number(text_allowed)
        if number != int(number) or not 1 <= number <= LARGEST_INTEGER:
            raise self.wrong("a whole number from 1 up")
        return int(number)

    def numbers(self, *shape: int) -> Tensor:
        """Float64 tensor of nested lists of finite numbers with exactly this shape."""
        flat: list[float] = []
        self._collect(self.value, shape, (), flat)
        return torch.tensor(flat, dtype=torch.float64).reshape(shape)

    def _collect(self, value: Any, shape: tuple[int, ...], indices: tuple[int, ...], flat: list[float]) -> None:
        if shape:
            if not isinstance(value, list) or len(value) != shape[0]:
                items = "numbers" if len(shape) == 1 else f"lists of {'x'.join(map(str, shape[1:]))} numbers"
                raise self.wrong(f"a list of {shape[0]} {items}", indices)
            for index, item in enumerate(value):
                self._collect(item, shape[1:], (*indices, index), flat)
            return
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong("a finite number", indices)
        try:
            number = float(value)
        except OverflowError as error:
            raise self.wrong("a finite number", indices) from error
        if not math.isfinite(number):
            raise self.wrong("a finite number", indices)
        flat.append(number)


def _depth(value: Any) -> int:
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


def format_json(value: Any, indent: int = 0) -> str:
    """JSON text with one matrix or row of numbers per line; numbers are written so that they read back unchanged."""
    lines = []
    if isinstance(value, dict) and value:
        lines = [f"{json.dumps(key)}: {format_json(item, indent + 1)}" for key, item in value.items()]
        brackets = "{}"
    elif isinstance(value, list) and (any(isinstance(item, dict) for item in value) or _depth(value) > 2):
        lines = [format_json(item, indent + 1) for item in value]
        brackets = "[]"
    if not lines:
        return json.dumps(value, allow_nan=False)
    inner = ",\n".join(" " * (indent + 1) + line for line in lines)
    return f"{brackets[0]}\n{inner}\n{' ' * indent}{brackets[1]}"
