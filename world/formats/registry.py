"""Finds file formats by id or from a file's beginning, and reads and writes agents through them."""

import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from ..agents import Agents, combine_agents
from ..mounts import arrange_cameras
from .cameras import agent_name
from .description import FileFormat, Head, ReadOptions, WriteOptions

HEAD_BYTES = 2**16
"""How much of a file `recognise` looks at."""

LONGEST_MESSAGE = 400

Options = TypeVar("Options", ReadOptions, WriteOptions)


@cache
def all_formats() -> Mapping[str, FileFormat]:
    """All formats by id, in alphabetical order: every module of this package that defines `FORMAT`."""
    folder = str(Path(__file__).parent)
    modules = (import_module(f".{found.name}", __package__) for found in pkgutil.iter_modules([folder]))
    formats = [module.FORMAT for module in modules if hasattr(module, "FORMAT")]
    return MappingProxyType({found.id: found for found in sorted(formats, key=lambda found: found.id)})


def _known() -> str:
    return ", ".join(f"{found.id} ({' '.join(found.suffixes)})" for found in all_formats().values())


def find_format(format_id: str) -> FileFormat:
    """The format with this id. Raises ValueError that lists the known ones."""
    if format_id not in all_formats():
        raise ValueError(f"There is no file format '{format_id}'; known formats are {_known()}.")
    return all_formats()[format_id]


def recognise(path: str | Path) -> FileFormat:
    """The format of a file, from its name and its first `HEAD_BYTES` bytes.

    Raises:
        FileNotFoundError: if there is nothing at `path`.
        ValueError: if no format or more than one claims the file.
    """
    path = Path(path)
    data = b""
    if path.is_file():
        with path.open("rb") as stream:
            data = stream.read(HEAD_BYTES)
    elif not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file.")
    head = Head(path, data)
    claims = [found for found in all_formats().values() if found.recognise(head)]
    if len(claims) == 1:
        return claims[0]
    if claims:
        raise ValueError(f"{path}: could be {' or '.join(found.id for found in claims)}; name the format.")
    state = "is empty" if path.is_file() and not data else "is of no known format"
    raise ValueError(f"{path}: the file {state}; known formats are {_known()}.")


def _options_for(expected: type[Options], given: Options | None) -> Options:
    """`given` as an instance of `expected`, with the fields that both have."""
    if given is None:
        return expected()
    if isinstance(given, expected):
        return given
    names = {field.name for field in fields(expected)} & {field.name for field in fields(given)}
    return expected(**{name: getattr(given, name) for name in names})


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Put the file's name before the message of any complaint about values, and keep that to one short sentence."""
    try:
        yield
    except (ValueError, ArithmeticError) as error:
        text = str(error) if isinstance(error, ValueError) else f"a number is too large or too small ({error})"
        # Names and values of a broken file end up in messages: no line breaks, no lone surrogates, no megabytes.
        text = " ".join(text.encode("utf-8", "replace").decode("utf-8").split()).rstrip(".")
        if len(text) > LONGEST_MESSAGE:
            text = f"{text[:LONGEST_MESSAGE]} …"
        raise ValueError(f"{path}: {text}.") from error


def read_agents(path: str | Path, options: ReadOptions | None = None, format_id: str | None = None) -> Agents:
    """Agents from one file.

    Args:
        path: the file, or the folder of a format whose files have fixed names.
        options: what to take where the file is silent; options of another format are used as far as they fit.
        format_id: the format, or None to recognise it.

    Raises:
        OSError: if the file cannot be opened.
        ValueError: one sentence that names the file, the line or field, agent, frame and value.
    """
    path = Path(path)
    found = recognise(path) if format_id is None else find_format(format_id)
    with _naming(path):
        given = _options_for(found.read_options, options)
        return arrange_cameras(found.read(path, given), given.cameras, agent_name(path))


def read_agents_from_files(
    paths: Sequence[str | Path], options: ReadOptions | None = None, format_id: str | None = None
) -> Agents:
    """Agents from several files of one world frame, in the order of the files; equal names get a number appended.

    Where the options ask for a rig, the cameras of all files go on one.

    Raises OSError and ValueError as `read_agents`, and ValueError if frame counts or frame rates differ.
    """
    if not paths:
        raise ValueError("No files to read agents from: name at least one.")
    options = options or ReadOptions()
    each = replace(options, cameras="as in the file") if options.cameras == "rig" else options
    worlds = [read_agents(path, each, format_id) for path in paths]
    for path, world in zip(paths, worlds, strict=True):
        if world.frame_count != worlds[0].frame_count:
            raise ValueError(
                f"{path}: the file has {world.frame_count} frames, {paths[0]} has {worlds[0].frame_count}; "
                "resample the paths to one frame count first."
            )
        if world.frame_rate != worlds[0].frame_rate:
            raise ValueError(
                f"{path}: the file runs at {world.frame_rate:.9g} frames per second, {paths[0]} at "
                f"{worlds[0].frame_rate:.9g}; resample the paths to one frame rate first."
            )
    return arrange_cameras(combine_agents(worlds), options.cameras, agent_name(Path(paths[0])))


def write_agents(
    agents: Agents, path: str | Path, format_id: str, options: WriteOptions | None = None
) -> tuple[Path, ...]:
    """Write agents to a file, which is replaced only once the new one is complete.

    Formats that hold one camera per file write several beside each other, see `cameras.camera_files`; some write a
    folder (`FileFormat.writes_folder`).

    Returns:
        The files or folders written.

    Raises:
        OSError: if the file cannot be written.
        ValueError: if the format is unknown, the file's ending is not one of the format's, or the format cannot hold
            the agents.
    """
    path, found = Path(path), find_format(format_id)
    if not found.writes_folder and path.suffix.lower() not in found.suffixes:
        raise ValueError(f"{path}: a file of format {found.id} must end in {' or '.join(found.suffixes)}.")
    with _naming(path):
        written = found.write(agents, path, _options_for(found.write_options, options))
    return (path,) if written is None else tuple(written)
