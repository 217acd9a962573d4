"""Files of ComfyUI's input folder: which there are, where one is, and whether it has changed."""

from collections.abc import Collection, Iterable
from pathlib import Path

import folder_paths

from .listed_names import split_names

Fingerprint = tuple[tuple[int, int], ...] | float


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


def refusal(files: Iterable[str], others: str | None) -> bool | str:
    """What `validate_inputs` answers: True, or why a file of the input folder cannot be read.

    Args:
        files: names.
        others: names of further files, separated by commas; None where another node gives them, so that they are not
            known before the run.
    """
    try:
        for name in [*files, *split_names(others or "")]:
            contained_input(name)
    except ValueError as error:
        return str(error)
    return True


def fingerprint(file: str | None, others: str | None) -> Fingerprint:
    """What changes when one of these files of the input folder does.

    It is not even equal to itself where a name is not known yet: the file may have changed.

    Args:
        file, others: as in `refusal`; None where another node gives them.

    Raises:
        ValueError: as `contained_input`.
    """
    if file is None or others is None:
        return float("nan")
    states = [contained_input(name).stat() for name in [file, *split_names(others)]]
    return tuple((state.st_mtime_ns, state.st_size) for state in states)
