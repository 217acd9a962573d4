"""Files of ComfyUI's input folder: which there are, where one is, and whether it has changed."""

from collections.abc import Collection, Iterable
from pathlib import Path

import folder_paths


def input_files(suffixes: Collection[str]) -> list[str]:
    """Files in ComfyUI's input folder, at any depth, with one of these endings (lower case, with the dot)."""
    folder = Path(folder_paths.get_input_directory())
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix.lower() in suffixes)


def contained_input(name: str) -> Path:
    """A file of ComfyUI's input folder. Raises ValueError for a name that leads out of it or to nothing."""
    folder = Path(folder_paths.get_input_directory()).resolve()
    path = (folder / str(name)).resolve()  # a graph may hold a number there
    if not path.is_relative_to(folder):
        raise ValueError(f"'{name}' lies outside ComfyUI's input folder; copy the file into it.")
    if not path.is_file():
        raise ValueError(f"'{name}' is not in ComfyUI's input folder; copy the file into it.")
    return path


def fingerprint(names: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """What changes when one of these files of the input folder does. Raises ValueError as `contained_input`."""
    states = [contained_input(name).stat() for name in names]
    return tuple((state.st_mtime_ns, state.st_size) for state in states)
