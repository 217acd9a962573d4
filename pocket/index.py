"""The index of a data set: one line of JSON per complete clip, in shards.

    dataset.json               split and options, the same for all clips
    index/00000.jsonl          lines of the clips 0..999, the next shard those of 1000..1999, …
    clips/00000/00000042/      clip 42, see `clip_files`

A line is only written once its clip is complete. Lines that are broken, because the disk was full or the machine went
down, are skipped with a warning.
"""

import json
import logging
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..world.formats.files import read_text, write_file

logger = logging.getLogger(__name__)

SHARD = 1000
"""Clips per shard."""

LEFT_OVER = 3600.0
"""Seconds after which a temporary folder is taken to belong to a run that was killed."""

INDEX_FOLDER, CLIPS_FOLDER, DATASET_FILE = "index", "clips", "dataset.json"


@dataclass(frozen=True)
class Entry:
    """One line of an index.

    Attributes:
        number: of the clip.
        folder: of the clip, relative to the data set, with forward slashes.
        values: the whole line: number, folder and what is worth selecting by (town, weather, preset, fog).
    """

    number: int
    folder: str
    values: dict[str, Any]


def open_data_set(folder: Path, options: Mapping[str, Any]) -> None:
    """Write down the options of a new data set; refuse to go on with others.

    Raises:
        ValueError: if there is a data set with other options, or the file that says so is broken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / DATASET_FILE
    if not path.exists():
        write_file(path, (json.dumps(options, indent=1) + "\n").encode())
        return
    try:
        found = json.loads(read_text(path))
    except ValueError as error:
        raise ValueError(f"{path}: the file is broken ({error}); choose another folder.") from error
    differing = [name for name in {**found, **options} if found.get(name) != options.get(name)]
    if differing:
        differences = ", ".join(f"{name} {found.get(name)!r} there, {options.get(name)!r} now" for name in differing)
        raise ValueError(f"{folder}: this data set has other options: {differences}; choose another folder.")


def remove_left_overs(folder: Path) -> None:
    """Remove temporary folders of runs that were killed."""
    for temporary in (folder / CLIPS_FOLDER).glob("*/.*.tmp"):
        if time.time() - temporary.stat().st_mtime > LEFT_OVER:
            shutil.rmtree(temporary, ignore_errors=True)


def clip_folder(number: int) -> str:
    """Where a clip lies in its data set."""
    return f"{CLIPS_FOLDER}/{number // SHARD:05d}/{number:08d}"


def shard_path(data_set: Path, number: int) -> Path:
    """The part of the index that lists a clip."""
    return data_set / INDEX_FOLDER / f"{number // SHARD:05d}.jsonl"


def _entry(line: str) -> Entry | None:
    """The entry of a line, None if it is broken."""
    try:
        values = json.loads(line)
        number, folder = values["number"], values["folder"]
    except (ValueError, KeyError, TypeError):
        return None
    if type(number) is not int or number < 0 or folder != clip_folder(number):
        return None
    return Entry(number, folder, values)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), 1):
        if line.strip():
            yield number, line


def read_shard(path: Path) -> tuple[list[Entry], int]:
    """Entries of one shard, and how many lines are broken; each of these is logged."""
    entries: dict[int, Entry] = {}
    broken = 0
    for number, line in _lines(path):
        entry = _entry(line)
        if entry is None:
            logger.warning("%s, line %d is broken and skipped.", path, number)
            broken += 1
        else:
            entries[entry.number] = entry
    return list(entries.values()), broken


def read_index(data_set: Path) -> list[Entry]:
    """All clips that a data set lists, in the order of their numbers.

    Raises:
        ValueError: if there is no index, or it lists nothing.
    """
    shards = sorted((data_set / INDEX_FOLDER).glob("*.jsonl"))
    entries = {entry.number: entry for shard in shards for entry in read_shard(shard)[0]}
    if not entries:
        raise ValueError(f"{data_set}: there is no index that lists a clip; make the data set first.")
    return [entries[number] for number in sorted(entries)]


def repair_index(data_set: Path) -> list[Entry]:
    """The clips that are listed and there, after lines that are broken or whose clip is gone were taken out.

    Every shard is replaced as a whole or left as it is.
    """
    kept = []
    for path in sorted((data_set / INDEX_FOLDER).glob("*.jsonl")):
        entries, broken = read_shard(path)
        present = [entry for entry in entries if (data_set / entry.folder).is_dir()]
        ended = path.stat().st_size == 0 or path.read_bytes().endswith(b"\n")
        if broken or len(present) < len(entries) or not ended:
            write_file(path, "".join(json.dumps(entry.values) + "\n" for entry in present).encode())
        kept += present
    return kept


def append_entry(data_set: Path, values: dict[str, Any]) -> None:
    """List a complete clip."""
    path = shard_path(data_set, values["number"])
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as stream:
        stream.write((json.dumps(values) + "\n").encode())
        stream.flush()
        os.fsync(stream.fileno())
