"""Places below ComfyUI's output and temporary folders: none leads out of them, none is there already."""

from dataclasses import dataclass
from pathlib import Path

import folder_paths


def output_folder() -> Path:
    """ComfyUI's output folder, absolute and without links."""
    return Path(folder_paths.get_output_directory()).resolve()


def temp_folder() -> Path:
    """ComfyUI's temporary folder, absolute and without links."""
    return Path(folder_paths.get_temp_directory()).resolve()


def contained(name: str, root: Path) -> Path:
    """A path below `output_folder()` or `temp_folder()`, absolute. Raises ValueError for a name that leads elsewhere."""
    path = (root / str(name)).resolve()  # a graph may hold a number there
    if not path.is_relative_to(root) or path == root:
        kind = "temp" if root == temp_folder() else "output"
        raise ValueError(f"'{name}' lies outside ComfyUI's {kind} folder; give a name below it.")
    return path


@dataclass(frozen=True)
class NewName:
    """A name with a number that no file has yet.

    Attributes:
        folder: where the files belong, absolute; it is there.
        subfolder: the same relative to the folder that was given, as ComfyUI's page asks for files.
        stem: name and number, which further parts and an ending may follow, such as 'agents_00001'.
    """

    folder: Path
    subfolder: str
    stem: str


def new_name(prefix: str, root: Path) -> NewName:
    """The next number for a prefix below `output_folder()` or `temp_folder()`; dates in it are filled in as by ComfyUI.

    Raises:
        ValueError: if it leads elsewhere.
    """
    contained(prefix, root)
    folder, name, counter, subfolder, _ = folder_paths.get_save_image_path(str(prefix), str(root))
    return NewName(Path(folder), subfolder, f"{name}_{counter:05}")
