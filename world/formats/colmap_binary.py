"""COLMAP's binary models: `cameras.bin`, `images.bin`, and since COLMAP 3.12 `rigs.bin` and `frames.bin`.

Little-endian, as COLMAP's documentation of its output format describes them. Every count is held against what is left
of the file before it is believed.
"""

import math
import struct
from pathlib import Path

from .colmap_model import MODEL_BYTES, PARAMETER_NAMES, ColmapCamera, ColmapFrame, ColmapImage, ColmapModel
from .files import read_file

MODEL_NUMBERS = {0: "SIMPLE_PINHOLE", 1: "PINHOLE", 2: "SIMPLE_RADIAL", 3: "RADIAL", 4: "OPENCV", 6: "FULL_OPENCV"}
CAMERA_SENSOR = 0
POINT_BYTES = 24
"""Two doubles and a 64-bit id per point of an image."""


class _Bytes:
    """The bytes of a file, taken one after the other."""

    def __init__(self, path: Path) -> None:
        self.data, self.name, self.position = read_file(path, MODEL_BYTES), path.name, 0

    @property
    def place(self) -> str:
        return f"{self.name}, byte {self.position}"

    def skip(self, size: int) -> None:
        if size > len(self.data) - self.position:
            raise ValueError(f"{self.place}: the file ends too early; it may be cut off.")
        self.position += size

    def unpack(self, layout: str) -> list[int]:
        """Whole numbers of a `struct` layout."""
        start = self.position
        self.skip(struct.calcsize("<" + layout))
        return list(struct.unpack_from("<" + layout, self.data, start))

    def numbers(self, count: int) -> list[float]:
        """Finite doubles."""
        place, start = self.place, self.position
        self.skip(8 * count)
        values = list(struct.unpack_from(f"<{count}d", self.data, start))
        if not all(map(math.isfinite, values)):
            raise ValueError(f"{place}: expected finite numbers, given {values}.")
        return values

    def count(self, layout: str = "Q") -> int:
        """How many entries follow; each has at least one byte."""
        place = self.place
        (count,) = self.unpack(layout)
        if count > len(self.data) - self.position:
            raise ValueError(f"{place}: {count} entries are announced, more than the file has room for.")
        return count

    def text(self) -> str:
        """A text up to the next zero byte."""
        place, start = self.place, self.position
        end = self.data.find(b"\0", start)
        if end < 0:
            raise ValueError(f"{place}: a name does not end; the file may be cut off.")
        self.position = end + 1
        return self.data[start:end].decode("utf-8", "replace")


def _read_cameras(path: Path) -> dict[int, ColmapCamera]:
    data = _Bytes(path)
    cameras: dict[int, ColmapCamera] = {}
    for _ in range(data.count()):
        place = data.place
        number, model, width, height = data.unpack("IiQQ")
        if model not in MODEL_NUMBERS:
            raise ValueError(
                f"{place}: camera model number {model} is no pinhole; undistort the images in COLMAP first."
            )
        name = MODEL_NUMBERS[model]
        parameters = tuple(data.numbers(len(PARAMETER_NAMES[name])))
        try:
            cameras[number] = ColmapCamera(name, width, height, parameters)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from error
    return cameras


def _read_images(path: Path) -> dict[int, ColmapImage]:
    data = _Bytes(path)
    images = {}
    for _ in range(data.count()):
        place = data.place
        (number,) = data.unpack("I")
        qw, qx, qy, qz, tx, ty, tz = data.numbers(7)
        (camera,) = data.unpack("I")
        name = data.text()
        data.skip(POINT_BYTES * data.count())
        images[number] = ColmapImage(name, camera, (qw, qx, qy, qz), (tx, ty, tz), place)
    return images


def _read_rigs(path: Path) -> dict[int, list[int]]:
    data = _Bytes(path)
    rigs = {}
    for _ in range(data.count()):
        (number,) = data.unpack("I")
        sensors = []
        for index in range(data.count("I")):
            kind, sensor = data.unpack("iI")
            if kind == CAMERA_SENSOR:
                sensors.append(sensor)
            if index > 0 and data.unpack("B")[0]:
                data.numbers(7)
        rigs[number] = sensors
    return rigs


def _read_frames(path: Path) -> list[ColmapFrame]:
    data = _Bytes(path)
    frames = []
    for _ in range(data.count()):
        _, rig = data.unpack("II")
        data.numbers(7)
        entries = [data.unpack("iIQ") for _ in range(data.count("I"))]
        frames.append(ColmapFrame(rig, {sensor: image for kind, sensor, image in entries if kind == CAMERA_SENSOR}))
    return frames


def read_binary_model(folder: Path) -> ColmapModel:
    """The model of a folder.

    Raises:
        FileNotFoundError: if `cameras.bin` or `images.bin` is missing.
        ValueError: naming file and byte of what is wrong.
    """
    rigs, frames = folder / "rigs.bin", folder / "frames.bin"
    has_rigs = rigs.is_file() and frames.is_file()
    return ColmapModel(
        cameras=_read_cameras(folder / "cameras.bin"),
        images=_read_images(folder / "images.bin"),
        rigs=_read_rigs(rigs) if has_rigs else {},
        frames=_read_frames(frames) if has_rigs else [],
    )
