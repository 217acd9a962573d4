"""Folders of rollouts below ComfyUI's output folder."""

from pathlib import Path

from ..sampling.rollout_files import RolloutFolder
from .output_files import contained, new_name, output_folder


def named_folder(path: Path) -> RolloutFolder:
    """The folder at an absolute path, named as users write it."""
    return RolloutFolder(path, path.relative_to(output_folder()).as_posix())


def new_folder(prefix: str) -> RolloutFolder:
    """A new, empty folder whose name ends in the next number. Raises ValueError if it would not be in the output folder."""
    name = new_name(prefix, output_folder())
    path = name.folder / name.stem
    path.mkdir()
    return named_folder(path)


def existing_folder(name: str) -> RolloutFolder:
    """The folder of an earlier rollout. Raises ValueError if it is not there or has no finished chunk."""
    folder = named_folder(contained(str(name).strip(), output_folder()))
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
