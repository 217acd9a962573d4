"""NumPy's files, read without trusting them: no pickled objects, no more memory than the file's own size."""

import io
import math
import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from ..formats.files import MAXIMUM_BYTES, read_file


def read_npy(path: Path) -> np.ndarray:
    """The array of numbers in an npy file.

    Raises OSError and ValueError as `read_file`, and ValueError if the file holds no plain array of numbers.
    """
    return _array(read_file(path))


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays of numbers in an npz file, by name.

    Raises OSError and ValueError as `read_file`, and ValueError if a member is no plain array of numbers.
    """
    data = read_file(path)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if size > MAXIMUM_BYTES:
                raise ValueError(
                    f"the file unpacks to {size / 2**20:.0f} MiB, at most {MAXIMUM_BYTES / 2**20:.0f} MiB are read."
                )
            contents = {member.filename: archive.read(member) for member in members}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"not an npz file, or a damaged one ({error}).") from error
    return {name.removesuffix(".npy"): _array(content, f"array '{name[:40]}': ") for name, content in contents.items()}


def _array(data: bytes, place: str = "") -> np.ndarray:
    stream = io.BytesIO(data)
    try:
        version = npy.read_magic(stream)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"version {version[0]}.{version[1]} of the npy format holds no plain numbers.")
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read_header(stream)
    except (ValueError, SyntaxError, TypeError, tokenize.TokenError) as error:
        raise ValueError(f"{place}not an npy file, or a damaged one ({error}).") from error
    if dtype.hasobject:
        raise ValueError(f"{place}the array holds pickled Python objects, which are never loaded; save plain numbers.")
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise ValueError(f"{place}expected an array of numbers, given {dtype}.")
    given = len(data) - stream.tell()
    if any(size < 0 for size in shape) or math.prod(shape) * dtype.itemsize != given:
        raise ValueError(
            f"{place}an array of shape {shape} and type {dtype} does not fit the {given} bytes of the file."
        )
    stream.seek(0)
    return np.load(stream, allow_pickle=False)
