"""Places in ComfyUI's output folder: those that a user names, and new files and folders."""

from pathlib import Path

import folder_paths


def contained_output(name: str) -> Path:
    """A path below ComfyUI's output folder, absolute. Raises ValueError for one that is not."""
    output = Path(folder_paths.get_output_directory()).resolve()
    path = (output / str(name).strip()).resolve()  # a graph may hold a number there
    if not path.is_relative_to(output) or path == output:
        raise ValueError(f"'{name}' lies outside ComfyUI's output folder; give a name below it.")
    return path


def new_output(prefix: str, suffix: str) -> Path:
    """A file that does not exist yet, relative to ComfyUI's output folder. Raises ValueError as `contained_output`."""
    contained_output(prefix)
    output = Path(folder_paths.get_output_directory()).resolve()
    _, name, counter, subfolder, _ = folder_paths.get_save_image_path(prefix, str(output))
    return Path(subfolder) / f"{name}_{counter:05}_{suffix}"


def new_output_folder(prefix: str) -> Path:
    """A folder that does not exist yet, absolute, its name ending in a number. Raises ValueError as `new_output`."""
    return contained_output(str(new_output(prefix, "")).removesuffix("_"))
