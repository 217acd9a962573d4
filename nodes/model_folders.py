"""Where ComfyUI keeps models: its folders, and those that come with the pack."""

from pathlib import Path

import folder_paths

SHIPPED_MODELS = Path(__file__).parent.parent / "pocket" / "checkpoints"
"""Holds `diffusion_models` and `vae`."""

OLDER_FOLDER = "unet"
"""Name that the folder for diffusion models once had."""


def list_shipped_models(folder: Path = SHIPPED_MODELS) -> None:
    """Let ComfyUI's loaders find models in the pack's folders.

    They are searched last: a user's file of the same name goes first, and what ComfyUI saves or downloads goes elsewhere.
    """
    for kind in ("diffusion_models", "vae"):
        folder_paths.add_model_folder_path(kind, str(folder / kind))


def folder_for(kind: str) -> Path:
    """The first of the user's folders of a kind, where ComfyUI itself saves and downloads."""
    folders = [Path(folder) for folder in folder_paths.get_folder_paths(kind)]
    folders = [folder for folder in folders if not folder.is_relative_to(SHIPPED_MODELS)]
    return next((folder for folder in folders if folder.name != OLDER_FOLDER), folders[0]).resolve()
