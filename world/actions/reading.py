"""Actions from files, whichever kind they are of."""

from collections.abc import Sequence
from pathlib import Path

from .actions import Actions
from .it_takes_two_recording import read_recording
from .panda_recording import read_cameras, read_panda_recording
from .shared_world_json import read_shared_world_json

SUFFIXES = {
    ".json": "Shared World actions",
    ".csv": "a recording of It Takes Two",
    ".npz": "a recording of It Takes Two",
    ".npy": "joint positions of Panda arms",
}
"""Endings of the files that are read, and what they hold."""

LONGEST_MESSAGE = 600


def read_actions(path: str | Path, frame_rate: float | None = None, camera_paths: Sequence[str | Path] = ()) -> Actions:
    """Actions from a file, recognised by its ending.

    Args:
        path: one of `SUFFIXES`.
        frame_rate: frames per second of a recording, which does not say so itself; the layout's if None. A JSON file
            says its own.
        camera_paths: for Panda arms, one npy file with 16 numbers per view.

    Raises:
        OSError: if a file cannot be opened.
        ValueError: one sentence that names the file, the line or frame, agent, channel and value.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        known = ", ".join(f"{ending} ({content})" for ending, content in SUFFIXES.items())
        raise ValueError(f"{path}: files of actions end in {known}.")
    if camera_paths and suffix != ".npy":
        raise ValueError(f"{path}: cameras go with joint positions in an .npy file only; leave them out.")
    cameras = read_cameras([Path(camera) for camera in camera_paths]) if camera_paths else None
    try:
        if suffix == ".json":
            return read_shared_world_json(path)
        if suffix == ".npy":
            return read_panda_recording(path, frame_rate, cameras)
        return read_recording(path, frame_rate)
    except ValueError as error:
        # Names and values of a broken file end up in messages: no line breaks, no lone surrogates, no megabytes.
        message = " ".join(str(error).encode("utf-8", "replace").decode("utf-8").split()).rstrip(".")
        raise ValueError(f"{path}: {message[:LONGEST_MESSAGE]}.") from error
