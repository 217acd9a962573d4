"""What a file format declares about itself, and the options that all formats share."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from ..agents import Agents
from ..mounts import CameraArrangement
from ..rigs import Rig, pinhole_intrinsics

logger = logging.getLogger(__name__)

ASSUMED_FRAME_RATE = 24.0
"""Frames per second where neither the file nor the options say; a warning goes with it."""

ASSUMED_SIZE = (720, 480)
"""Width and height in pixels where neither the file nor the options say; a warning goes with it."""

ASSUMED_FIELD_OF_VIEW = 90.0
"""Degrees over the width where neither the file nor the options say; a warning goes with it."""


@dataclass(frozen=True)
class ReadOptions:
    """What to take where a file is silent; a value in the file always wins. Formats extend this class.

    Attributes:
        frame_rate: frames per second.
        width, height: picture size in pixels.
        rig: cameras of agents for which the file has none.
        horizontal_fov: degrees over the width of the picture, for cameras without a lens.
        cameras: whether the file's cameras are arranged as it says, become an agent each, or one agent's rig.
    """

    frame_rate: float | None = None
    width: int | None = None
    height: int | None = None
    rig: Rig | None = None
    horizontal_fov: float | None = None
    cameras: CameraArrangement = "as in the file"

    def frame_rate_or_assumed(
        self, source: object, assumed: float = ASSUMED_FRAME_RATE, stated: float | None = None
    ) -> float:
        """What the file has `stated`, else the option, else what is `assumed`, with a warning that names `source`."""
        if stated is not None:
            return stated
        if self.frame_rate is not None:
            return self.frame_rate
        logger.warning(
            "%s names no frame rate: %g frames per second are assumed; set the frame rate if that is wrong.",
            source,
            assumed,
        )
        return assumed

    def size_or_assumed(self, source: object, assumed: tuple[int, int] = ASSUMED_SIZE) -> tuple[int, int]:
        """Width and height in pixels: the options', or what is `assumed`, with a warning that names `source`."""
        width, height = self.width or assumed[0], self.height or assumed[1]
        if self.width is None or self.height is None:
            logger.warning(
                "%s names no picture size: %dx%d pixels are taken; set width and height if that is wrong.",
                source,
                width,
                height,
            )
        return width, height

    def lens_or_assumed(
        self,
        source: object,
        assumed_size: tuple[int, int] = ASSUMED_SIZE,
        assumed_field_of_view: float = ASSUMED_FIELD_OF_VIEW,
    ) -> tuple[Tensor, tuple[int, int]]:
        """(3, 3) pinhole matrix in pixels and picture size, for a file that has neither.

        Square pixels, principal point in the middle. What the options do not say is assumed, with a warning that names
        `source`. Raises ValueError for a field of view that is none.
        """
        width, height = self.size_or_assumed(source, assumed_size)
        if self.horizontal_fov is None:
            logger.warning(
                "%s holds no lens: a horizontal field of view of %g degrees is assumed; set it if that is wrong.",
                source,
                assumed_field_of_view,
            )
        field_of_view = assumed_field_of_view if self.horizontal_fov is None else self.horizontal_fov
        return pinhole_intrinsics(width, height, field_of_view), (width, height)


@dataclass(frozen=True)
class WriteOptions:
    """Choices of a writer. Formats extend this class."""


@dataclass(frozen=True)
class Head:
    """The beginning of a file, from which formats tell whether it is theirs.

    Attributes:
        path: the file, or a folder (then `data` is empty).
        data: its first bytes, at most `HEAD_BYTES` of the registry.
    """

    path: Path
    data: bytes

    @property
    def text(self) -> str:
        """The bytes as text without byte order mark; undecodable bytes become U+FFFD."""
        return self.data.decode("utf-8-sig", errors="replace")


@dataclass(frozen=True)
class FileFormat:
    """A file format and its two functions.

    Readers raise ValueError with field or line, agent and frame in the message; the registry puts the file's name in
    front. Writers go through `files.write_file`.

    Attributes:
        id: name in code and graphs.
        title: name for people.
        suffixes: lower-case file name endings, with the dot; the first is the usual one.
        direction: what a pose in the file maps from and to.
        camera_axes, world_axes: the file's axes, with handedness.
        units: of lengths and angles in the file.
        intrinsics: how the file states the lens.
        lost_on_export: what `Agents` hold and the file cannot.
        needed_on_import: what `Agents` need and the file may not hold, and the option that supplies it.
        recognise: whether a file that begins like this is of this format.
        read: (path, options) -> Agents; `options` is an instance of `read_options`.
        write: (agents, path, options) -> the files written where that is not just `path`; `options` is an instance of
            `write_options`.
        writes_folder: whether `write` makes a folder at `path`, because the files in it have fixed names.
    """

    id: str
    title: str
    suffixes: tuple[str, ...]
    direction: Literal["camera-to-world", "world-to-camera"]
    camera_axes: str
    world_axes: str
    units: str
    intrinsics: str
    lost_on_export: str
    needed_on_import: str
    recognise: Callable[[Head], bool]
    read: Callable[[Path, Any], Agents]
    write: Callable[[Agents, Path, Any], Sequence[Path] | None]
    read_options: type[ReadOptions] = ReadOptions
    write_options: type[WriteOptions] = WriteOptions
    writes_folder: bool = False

    @property
    def written_suffix(self) -> str:
        """Ending of what `write` makes: of the file, or none for a folder."""
        return "" if self.writes_folder else self.suffixes[0]
