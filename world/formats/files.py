"""Bytes and text in and out of files, with a size limit and without half-written results."""

import os
import uuid
from pathlib import Path

MAXIMUM_BYTES = 64 * 2**20
"""Largest file that is read: some 400,000 rows or 200,000 poses, which take about half a gigabyte while parsed."""


def read_file(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        FileNotFoundError: if `path` is no file.
        ValueError: if it is empty or larger than `MAXIMUM_BYTES`.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file.")
    size = path.stat().st_size
    if size > MAXIMUM_BYTES:
        raise ValueError(
            f"the file has {size / 2**20:.0f} MiB, at most {MAXIMUM_BYTES / 2**20:.0f} MiB are read; "
            "split it or write fewer frames."
        )
    if size == 0:
        raise ValueError("the file is empty.")
    return path.read_bytes()


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, without byte order mark; line ends are left as they are.

    Raises:
        FileNotFoundError, ValueError: as `read_file`, and ValueError if the bytes are not UTF-8.
    """
    data = read_file(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"line {line}: byte 0x{data[error.start]:02x} is not UTF-8 text; save the file as UTF-8."
        ) from error


def write_file(path: Path, data: bytes) -> None:
    """Write a file under a temporary name beside `path`, then rename: `path` is complete or as it was before.

    Raises:
        FileNotFoundError: if the folder does not exist.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: the folder {path.parent} does not exist; make it first.")
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
