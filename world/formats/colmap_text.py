"""COLMAP models as text: `cameras.txt`, `images.txt`, and since COLMAP 3.12 `rigs.txt` and `frames.txt`."""

import math
from collections.abc import Iterator
from pathlib import Path

from .colmap_model import MODEL_BYTES, PARAMETER_NAMES, ColmapCamera, ColmapFrame, ColmapImage, ColmapModel
from .files import read_text
from .number_rows import finite_number, text_lines

IMAGE_COLUMNS = ("IMAGE_ID", "QW", "QX", "QY", "QZ", "TX", "TY", "TZ", "CAMERA_ID", "NAME")
LARGEST_ID = 2**53


def _whole(text: str, place: str) -> int:
    number = finite_number(text, place)
    if number != int(number) or not 0 <= number < LARGEST_ID:
        raise ValueError(f"{place}: expected a whole number from 0 up, given '{text[:40]}'.")
    return int(number)


class _Cells:
    """The cells of a line, taken one after the other."""

    def __init__(self, line: str, place: str) -> None:
        self.cells, self.place, self.position = line.split(), place, 0

    def text(self, name: str) -> str:
        if self.position >= len(self.cells):
            raise ValueError(f"{self.place}: {name} is missing; the line may be cut off.")
        self.position += 1
        return self.cells[self.position - 1]

    def whole(self, name: str) -> int:
        return _whole(self.text(name), f"{self.place}, {name}")

    def number(self, name: str) -> float:
        return finite_number(self.text(name), f"{self.place}, {name}")


def _read_cameras(path: Path) -> dict[int, ColmapCamera]:
    cameras: dict[int, ColmapCamera] = {}
    for line, content in text_lines(read_text(path, MODEL_BYTES)):
        cells = _Cells(content, f"{path.name}, line {line}")
        number, model = cells.whole("CAMERA_ID"), cells.text("MODEL")
        if model not in PARAMETER_NAMES:
            raise ValueError(
                f"{cells.place}: the camera model '{model[:40]}' is no pinhole; undistort the images in COLMAP first."
            )
        if number in cameras:
            raise ValueError(f"{cells.place}: camera {number} appears twice.")
        width, height = cells.whole("WIDTH"), cells.whole("HEIGHT")
        parameters = tuple(cells.number(name) for name in PARAMETER_NAMES[model])
        if cells.position < len(cells.cells):
            raise ValueError(f"{cells.place}: {model} has {len(parameters)} parameters, more are given.")
        try:
            cameras[number] = ColmapCamera(model, width, height, parameters)
        except ValueError as error:
            raise ValueError(f"{cells.place}: {error}") from error
    return cameras


def _is_points(line: str) -> bool:
    """Whether a line can be the points of an image: nothing, or triples of which the first is of numbers."""
    cells = line.split()
    try:
        return len(cells) % 3 == 0 and all(math.isfinite(float(cell)) for cell in cells[:3])
    except ValueError:
        return False


def _image_lines(text: str) -> Iterator[tuple[int, str]]:
    """(line, text) of the first of the two lines that every image has.

    The second, with its points, is empty where it has none, and some programs leave it out.
    """
    after_image = False
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if line.lstrip().startswith("#"):
            continue
        if after_image and _is_points(line):
            after_image = False
        elif line.strip():
            after_image = True
            yield number, line


def _read_images(path: Path) -> dict[int, ColmapImage]:
    images: dict[int, ColmapImage] = {}
    for line, content in _image_lines(read_text(path, MODEL_BYTES)):
        place = f"{path.name}, line {line}"
        cells = content.split(maxsplit=len(IMAGE_COLUMNS) - 1)
        if len(cells) != len(IMAGE_COLUMNS):
            raise ValueError(f"{place}: expected {' '.join(IMAGE_COLUMNS)}, given {len(cells)} columns.")
        number, camera = _whole(cells[0], f"{place}, IMAGE_ID"), _whole(cells[8], f"{place}, CAMERA_ID")
        if number in images:
            raise ValueError(f"{place}: image {number} appears twice.")
        names = IMAGE_COLUMNS[1:8]
        qw, qx, qy, qz, tx, ty, tz = (
            finite_number(cell, f"{place}, {name}") for cell, name in zip(cells[1:8], names, strict=True)
        )
        images[number] = ColmapImage(cells[9].strip(), camera, (qw, qx, qy, qz), (tx, ty, tz), place)
    return images


def _read_rigs(path: Path) -> dict[int, list[int]]:
    rigs: dict[int, list[int]] = {}
    for line, content in text_lines(read_text(path, MODEL_BYTES)):
        cells = _Cells(content, f"{path.name}, line {line}")
        number, count = cells.whole("RIG_ID"), cells.whole("NUM_SENSORS")
        sensors = []
        for index in range(count):
            kind, sensor = cells.text("SENSOR_TYPE"), cells.whole("SENSOR_ID")
            if kind == "CAMERA":
                sensors.append(sensor)
            if index > 0 and cells.whole("HAS_POSE"):
                for name in IMAGE_COLUMNS[1:8]:
                    cells.number(name)
        rigs[number] = sensors
    return rigs


def _read_frames(path: Path) -> list[ColmapFrame]:
    frames = []
    for line, content in text_lines(read_text(path, MODEL_BYTES)):
        cells = _Cells(content, f"{path.name}, line {line}")
        cells.whole("FRAME_ID")
        rig = cells.whole("RIG_ID")
        for name in IMAGE_COLUMNS[1:8]:
            cells.number(name)
        images = {}
        for _ in range(cells.whole("NUM_DATA_IDS")):
            kind, sensor, data = cells.text("SENSOR_TYPE"), cells.whole("SENSOR_ID"), cells.whole("DATA_ID")
            if kind == "CAMERA":
                images[sensor] = data
        frames.append(ColmapFrame(rig, images))
    return frames


def read_text_model(folder: Path) -> ColmapModel:
    """The model of a folder.

    Raises:
        FileNotFoundError: if `cameras.txt` or `images.txt` is missing.
        ValueError: naming file, line and column of what is wrong.
    """
    rigs, frames = folder / "rigs.txt", folder / "frames.txt"
    has_rigs = rigs.is_file() and frames.is_file()
    return ColmapModel(
        cameras=_read_cameras(folder / "cameras.txt"),
        images=_read_images(folder / "images.txt"),
        rigs=_read_rigs(rigs) if has_rigs else {},
        frames=_read_frames(frames) if has_rigs else [],
    )
