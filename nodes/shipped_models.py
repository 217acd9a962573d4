"""Models that come with the pack, among those that ComfyUI lists."""

from pathlib import Path

import folder_paths

SHIPPED_MODELS = Path(__file__).parent.parent / "pocket" / "checkpoints"
"""Holds `diffusion_models` and `vae`."""


def list_shipped_models(folder: Path = SHIPPED_MODELS) -> None:
    """Let ComfyUI's loaders find models in the pack's folders.

    They are searched last: a user's file of the same name goes first, and what ComfyUI saves or downloads goes elsewhere.
    """
    for kind in ("diffusion_models", "vae"):
        folder_paths.add_model_folder_path(kind, str(folder / kind))
