"""Configuration files: YAML whose entries are those of `settings`, one file may extend another."""

import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

EXTENDS = "extends"

WINDOWS = "windows"
"""Entry beside the settings of a run: how many windows it was trained on."""

FREE_ENTRIES = (
    WINDOWS,
    "output",
    "name",
    "licence",
    "data.cache",
    "data.on_device",
    "loop.log_every",
    "loop.validate_every",
    "loop.checkpoint_every",
    "loop.keep_checkpoints",
)
"""Entries that do not change what is learned, so that a run may go on with other ones."""

Settings = TypeVar("Settings")


def read_settings(kind: type[Settings], path: Path, changes: Sequence[str] = ()) -> Settings:
    """Settings from a file.

    Args:
        kind: a dataclass of `settings`.
        path: YAML; its entry `extends` names a file beside it whose entries it changes.
        changes: "loop.steps=200" and the like; values are YAML.

    Raises:
        OSError: if a file cannot be opened.
        ValueError: naming file and entry, for an unknown or missing entry or a value of the wrong kind.
    """
    values = _read(path, ())
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals:
            raise ValueError(f"A change is written entry=value, given '{change}'.")
        values = _merged(values, _nested(name.strip().split("."), _parse(text, change)))
    return parse_settings(kind, values, str(path))


def _read(path: Path, inner: tuple[Path, ...]) -> dict[str, Any]:
    if path in inner:
        raise ValueError(f"{path}: the file extends itself; remove one '{EXTENDS}'.")
    values = _parse(path.read_text(encoding="utf-8"), str(path)) or {}
    if not isinstance(values, dict):
        raise ValueError(f"{path}: expected entries like 'name: value'.")
    extended = values.pop(EXTENDS, None)
    if extended is None:
        return values
    return _merged(_read(path.parent / str(extended), (*inner, path)), values)


def _parse(text: str, where: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{where}: not YAML ({' '.join(str(error).split())}).") from error


def _nested(names: list[str], value: Any) -> dict[str, Any]:
    for name in reversed(names):
        value = {name: value}
    return value


def _merged(values: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(values)
    for name, value in changes.items():
        inner = result.get(name)
        result[name] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return result


def parse_settings(kind: type[Settings], values: Mapping[str, Any], where: str) -> Settings:
    """Settings from plain values. Raises ValueError as `read_settings`; `where` begins the message."""
    return _parse_dataclass(kind, values, where, "")


def _parse_dataclass(kind: Any, values: Any, where: str, prefix: str) -> Any:
    if not isinstance(values, Mapping):
        raise ValueError(f"{where}: '{prefix}' must hold entries, given {values!r}.")
    hints = get_type_hints(kind)
    unknown = [name for name in values if name not in hints]
    if unknown:
        raise ValueError(f"{where}: unknown entry '{_name(prefix, unknown[0])}'; known are {', '.join(hints)}.")
    for entry in fields(kind):
        if entry.name not in values and entry.default is MISSING and entry.default_factory is MISSING:
            raise ValueError(f"{where}: the entry '{_name(prefix, entry.name)}' is missing.")
    return kind(
        **{name: _parse_value(hints[name], value, where, _name(prefix, name)) for name, value in values.items()}
    )


def _name(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else str(name)


def _parse_value(kind: Any, value: Any, where: str, name: str) -> Any:
    if is_dataclass(kind):
        return _parse_dataclass(kind, value, where, name)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _parse_value(next(part for part in inner if part is not type(None)), value, where, name)
    if origin is Literal:
        if value not in inner:
            raise ValueError(f"{where}: '{name}' must be one of {', '.join(map(str, inner))}, given {value!r}.")
        return value
    if origin is tuple and inner[-1] is ...:
        if not isinstance(value, list) or not value:
            raise ValueError(f"{where}: '{name}' must be a list of one or more, given {value!r}.")
        return tuple(_parse_value(inner[0], item, where, name) for item in value)
    if origin is tuple:
        if not isinstance(value, list) or len(value) != len(inner):
            raise ValueError(f"{where}: '{name}' must be a list of {len(inner)}, given {value!r}.")
        return tuple(_parse_value(part, item, where, name) for part, item in zip(inner, value, strict=True))
    return _parse_plain(origin or kind, value, where, name)


def _parse_plain(kind: type, value: Any, where: str, name: str) -> Any:
    if kind is float and isinstance(value, int | str) and not isinstance(value, bool):
        try:
            return float(value)  # YAML 1.1 takes 1e-4 for text
        except ValueError:
            pass
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{where}: '{name}' must be of type {kind.__name__}, given {value!r}.")
    return value


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested entries as "loop.steps": value; tuples as lists."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            result |= flat(value, _name(prefix, name))
        else:
            result[_name(prefix, name)] = list(value) if isinstance(value, tuple) else value
    return result


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What would make a run that goes on learn something else, as "loop.learning_rate: 0.001 before, 0.002 now"."""
    old, new = flat(before), flat(now)
    # Without a decay the rate does not know where the run ends.
    free = (*FREE_ENTRIES, "loop.steps") if old.get("loop.decay") == new.get("loop.decay") == "none" else FREE_ENTRIES
    names = [name for name in dict.fromkeys([*old, *new]) if name not in free]
    return [
        f"{name}: {old.get(name)!r} before, {new.get(name)!r} now" for name in names if old.get(name) != new.get(name)
    ]
