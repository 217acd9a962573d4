"""What a file format declares about itself, and the options that all formats share."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..agents import Agents
from ..rigs import Rig

logger = logging.getLogger(__name__)

ASSUMED_FRAME_RATE = 24.0
"""Frames per second where neither the file nor the options say; a warning goes with it."""


@dataclass(frozen=True)
class ReadOptions:
    """What to take where a file is silent; a value in the file always wins. Formats extend this class.

    Attributes:
        frame_rate: frames per second.
        width, height: picture size in pixels.
        rig: cameras of agents for which the file has none.
    """

    frame_rate: float | None = None
    width: int | None = None
    height: int | None = None
    rig: Rig | None = None

    def frame_rate_or_assumed(self, source: object) -> float:
        """The option, or `ASSUMED_FRAME_RATE` with a warning that names `source`."""
        if self.frame_rate is not None:
            return self.frame_rate
        logger.warning(
            "%s names no frame rate: %g frames per second are assumed; set the frame rate if that is wrong.",
            source,
            ASSUMED_FRAME_RATE,
        )
        return ASSUMED_FRAME_RATE


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
        write: (agents, path, options); `options` is an instance of `write_options`.
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
    write: Callable[[Agents, Path, Any], None]
    read_options: type[ReadOptions] = ReadOptions
    write_options: type[WriteOptions] = WriteOptions
