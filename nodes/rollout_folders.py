"""Folders of rollouts below ComfyUI's output folder."""

from pathlib import Path

import folder_paths

from ..sampling.rollout_files import RolloutFolder
from .agents_files import new_output


def contained_output(name: str) -> Path:
    """A path below ComfyUI's output folder, absolute. Raises ValueError for one that is not."""
    output = Path(folder_paths.get_output_directory()).resolve()
    path = (output / str(name).strip()).resolve()  # a graph may hold a number there
    if not path.is_relative_to(output) or path == output:
        raise ValueError(f"'{name}' lies outside ComfyUI's output folder; give a name below it.")
    return path


def named_folder(path: Path) -> RolloutFolder:
    """The folder at an absolute path, named as users write it."""
    return RolloutFolder(path, path.relative_to(Path(folder_paths.get_output_directory()).resolve()).as_posix())


def new_folder(prefix: str) -> RolloutFolder:
    """A new, empty folder whose name ends in the next number. Raises ValueError if it would not be in the output folder."""
    path = contained_output(str(new_output(prefix, "")).removesuffix("_"))
    path.mkdir(parents=True)
    return named_folder(path)


def existing_folder(name: str) -> RolloutFolder:
    """The folder of an earlier rollout. Raises ValueError if it is not there or has no finished chunk."""
    folder = named_folder(contained_output(name))
    if not folder.path.is_dir():
        raise ValueError(
            f"There is no folder '{folder.name}' below ComfyUI's output folder; give the one that World Rollout showed, "
            "or leave continue_from empty to begin a new rollout."
        )
    if not folder.latent_file(0).is_file():
        raise ValueError(
            f"The folder '{folder.name}' holds no {folder.latent_file(0).name}; give the folder of a rollout, or leave "
            "continue_from empty to begin a new one."
        )
    return folder
