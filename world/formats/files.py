"""Bytes and text in and out of files, with a size limit and without half-written results."""

import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

MAXIMUM_BYTES = 64 * 2**20
"""Largest file that is read: some 400,000 rows or 200,000 poses, which take about half a gigabyte while parsed."""


def check_size(path: Path, maximum: int = MAXIMUM_BYTES) -> None:
    """Refuse what is no file, empty or too large to read.

    Raises:
        FileNotFoundError: if `path` is no file.
        ValueError: if it is empty or larger than `maximum` bytes.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file.")
    size = path.stat().st_size
    if size > maximum:
        raise ValueError(
            f"the file has {size / 2**20:.0f} MiB, at most {maximum / 2**20:.0f} MiB are read; "
            "split it or write fewer frames."
        )
    if size == 0:
        raise ValueError("the file is empty.")


def read_file(path: Path, maximum: int = MAXIMUM_BYTES) -> bytes:
    """The bytes of a file.

    Raises:
        FileNotFoundError, ValueError: as `check_size`.
    """
    check_size(path, maximum)
    return path.read_bytes()


def read_text(path: Path, maximum: int = MAXIMUM_BYTES) -> str:
    """The text of a UTF-8 file, without byte order mark; line ends are left as they are.

    Raises:
        FileNotFoundError, ValueError: as `read_file`, and ValueError if the bytes are not UTF-8.
    """
    data = read_file(path, maximum)
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


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a new folder under a temporary name beside `path`, then rename: `path` is complete or not there.

    Args:
        path: the folder, absent or empty.
        files: bytes of each file by name.

    Raises:
        FileNotFoundError: if the folder around it does not exist.
        ValueError: if there is a file at `path`, or a folder that holds something.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: the folder {path.parent} does not exist; make it first.")
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ValueError("there is something at this place already; give the name of a new folder.")
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
    temporary.mkdir()
    try:
        for name, data in files.items():
            write_file(temporary / name, data)
        if path.exists():
            path.rmdir()
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
