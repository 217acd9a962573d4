"""What glTF files are made of: the JSON, its buffers, and the arrays of numbers in them.

A file is JSON with buffers beside it or inside it as base64, or a GLB, which holds the JSON and one buffer. Sizes that
the file states are compared with the bytes that are there before anything is made of them; buffers are read from the
file's own folder only, and never from the network.
"""

import base64
import binascii
import struct
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from .files import MAXIMUM_BYTES, read_file
from .json_values import JsonValue, parse_json

GLB_MAGIC = b"glTF"
GLB_VERSION = 2
JSON_CHUNK, BINARY_CHUNK = 0x4E4F534A, 0x004E4942

COMPONENTS: dict[int, np.dtype] = {
    5120: np.dtype("<i1"),
    5121: np.dtype("<u1"),
    5122: np.dtype("<i2"),
    5123: np.dtype("<u2"),
    5126: np.dtype("<f4"),
}
"""NumPy types of the component types that animations have."""

COMPONENT_COUNTS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}

Array = NDArray[np.float64]


def split_glb(data: bytes) -> tuple[bytes, bytes | None]:
    """JSON and buffer of a GLB. Raises ValueError if the header or a chunk does not fit the bytes."""
    if len(data) < 20:
        raise ValueError(f"the GLB has {len(data)} bytes, fewer than its header; the file may be cut off.")
    version, length = struct.unpack_from("<II", data, 4)
    if version != GLB_VERSION:
        raise ValueError(f"the GLB is of version {version}, version 2 is read; convert it to glTF 2.0.")
    if length > len(data):
        raise ValueError(f"the GLB should have {length} bytes, it has {len(data)}; the file may be cut off.")
    chunks: list[tuple[int, bytes]] = []
    start = 12
    while start + 8 <= length:
        size, kind = struct.unpack_from("<II", data, start)
        if start + 8 + size > length:
            raise ValueError(f"chunk {len(chunks)} of the GLB should have {size} bytes, {length - start - 8} are left.")
        chunks.append((kind, data[start + 8 : start + 8 + size]))
        start += 8 + size
    if not chunks or chunks[0][0] != JSON_CHUNK:
        raise ValueError("the first chunk of the GLB is not JSON.")
    binary = chunks[1][1] if len(chunks) > 1 and chunks[1][0] == BINARY_CHUNK else None
    return chunks[0][1], binary


def join_glb(document: bytes, binary: bytes) -> bytes:
    """A GLB of JSON and buffer, each filled up to a multiple of four bytes."""
    document += b" " * (-len(document) % 4)
    binary += b"\0" * (-len(binary) % 4)
    chunks = struct.pack("<II", len(document), JSON_CHUNK) + document
    chunks += struct.pack("<II", len(binary), BINARY_CHUNK) + binary
    return GLB_MAGIC + struct.pack("<II", GLB_VERSION, 12 + len(chunks)) + chunks


@dataclass
class GltfFile:
    """An open file.

    Attributes:
        document: the JSON.
        path: of the file; buffers may lie in its folder.
        binary: the buffer inside a GLB.
    """

    document: JsonValue
    path: Path
    binary: bytes | None = None
    _buffers: dict[int, bytes] = field(default_factory=dict)
    _entries: dict[str, list[JsonValue]] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path) -> "GltfFile":
        """Raises OSError and ValueError as `read_file`, and ValueError if the file is no glTF 2.0."""
        data, binary = read_file(path), None
        if data.startswith(GLB_MAGIC):
            data, binary = split_glb(data)
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValueError(f"byte {error.start} of the JSON is not UTF-8 text.") from error
        document = parse_json(text)
        version = document.key("asset").key("version").text()
        if version.split(".")[0] != "2":
            raise ValueError(f"asset.version: expected glTF 2.0, given '{version[:20]}'; convert the file.")
        return cls(document, path, binary)

    def entries(self, kind: str) -> list[JsonValue]:
        """The items of a list at the top level, none if the file lacks it."""
        if kind not in self._entries:
            found = self.document.get(kind)
            self._entries[kind] = [] if found is None else found.items()
        return self._entries[kind]

    def entry(self, kind: str, index: JsonValue) -> JsonValue:
        """The item of a list at the top level to which an index points."""
        return self.entries(kind)[self.position(kind, index)]

    def position(self, kind: str, index: JsonValue) -> int:
        """An index into a list at the top level, checked."""
        count, value = len(self.entries(kind)), index.value
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < count:
            raise index.wrong(f"the index of one of {count} {kind}")
        return value

    def _buffer(self, index: JsonValue) -> bytes:
        position = self.position("buffers", index)
        if position not in self._buffers:
            item = self.entry("buffers", index)
            stated = item.key("byteLength").size()
            data = self._buffer_bytes(item, position)
            if stated > len(data):
                raise item.key("byteLength").wrong(f"at most {len(data)}, the bytes that the buffer has")
            self._buffers[position] = data[:stated]
        return self._buffers[position]

    def _buffer_bytes(self, item: JsonValue, position: int) -> bytes:
        uri = item.get("uri")
        if uri is None:
            if position != 0 or self.binary is None:
                raise ValueError(f"{item.field}: 'uri' is missing.")
            return self.binary
        text = uri.text()
        if text.startswith("data:"):
            head, _, content = text.partition(",")
            if not head.endswith(";base64"):
                raise uri.wrong("data as base64")
            try:
                return base64.b64decode(content, validate=True)
            except binascii.Error as error:
                raise ValueError(f"{uri.field}: the base64 text is damaged ({error}).") from error
        return self._neighbour(uri, unquote(text))

    def _neighbour(self, uri: JsonValue, name: str) -> bytes:
        """The bytes of a file in the folder."""
        folder = self.path.absolute().parent
        outside = uri.wrong("a file in the folder of the glTF file")
        if any(character in name for character in ":\\\0"):
            raise outside
        try:
            target = (folder / name).resolve()
            if not target.is_relative_to(folder.resolve()):
                raise outside
            read = sum(map(len, self._buffers.values()))
            if target.is_file() and read + target.stat().st_size > MAXIMUM_BYTES:
                raise ValueError(f"{uri.field}: the buffers have more than {MAXIMUM_BYTES / 2**20:.0f} MiB in all.")
            return read_file(target)
        except FileNotFoundError as error:
            raise ValueError(f"{uri.field}: there is no file '{name[:80]}' beside the glTF file.") from error
        # Names that no file can have: too long, links in a circle.
        except (OSError, RuntimeError) as error:
            raise ValueError(f"{uri.field}: '{name[:80]}' cannot be read.") from error

    def numbers(self, index: JsonValue, kind: str) -> Array:
        """The (count, components) numbers of an accessor; normalised integers become -1..1 or 0..1.

        Args:
            index: of the accessor.
            kind: its type, one of `COMPONENT_COUNTS`.

        Raises:
            ValueError: naming the accessor or buffer view, if it is of another type, sparse, not finite, or does not
                fit its buffer.
        """
        item = self.entry("accessors", index)
        if item.key("type").value != kind:
            raise item.key("type").wrong(f"'{kind}'")
        component = item.key("componentType")
        if not isinstance(component.value, int) or component.value not in COMPONENTS:
            raise component.wrong(f"one of {', '.join(map(str, COMPONENTS))}")
        if item.get("sparse") is not None:
            raise ValueError(f"{item.field}: sparse accessors are not read; export the animation without them.")
        values = self._rows(item, COMPONENTS[component.value], COMPONENT_COUNTS[kind])
        if values.dtype.kind != "f":
            normalized = item.get("normalized")
            if normalized is None or normalized.value is not True:
                raise ValueError(f"{item.field}: integers in an animation must be normalized.")
            scaled = values.astype(np.float64) / np.iinfo(values.dtype).max
            return np.maximum(scaled, -1.0)
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            raise ValueError(f"{item.field}, element {row}: expected finite numbers, given {values[row, column]}.")
        return values.astype(np.float64)

    def _rows(self, item: JsonValue, dtype: np.dtype, columns: int) -> np.ndarray:
        view = self.entry("bufferViews", item.key("bufferView"))
        data = self._buffer(view.key("buffer"))
        start, length = _offset(view), view.key("byteLength").size()
        if start + length > len(data):
            raise view.key("byteLength").wrong(f"at most {max(len(data) - start, 0)}, where the buffer ends")
        row = columns * dtype.itemsize
        given = view.get("byteStride")
        stride = row if given is None else given.size()
        if given is not None and not row <= stride <= 252:
            raise given.wrong(f"{row} to 252 bytes")
        offset, count = _offset(item), item.key("count").size()
        if offset + stride * (count - 1) + row > length:
            room = max((length - offset - row) // stride + 1, 0)
            raise item.key("count").wrong(f"at most {room}, as many as {view.field} holds")
        return np.ndarray((count, columns), dtype, data, start + offset, (stride, dtype.itemsize))


def _offset(item: JsonValue) -> int:
    offset = item.get("byteOffset")
    if offset is None or (offset.value == 0 and not isinstance(offset.value, bool)):
        return 0
    return offset.size()
