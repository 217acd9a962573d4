"""ComfyUI's modules for training networks that extend its own."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import torch

PACK = Path(__file__).resolve().parent.parent


def use_comfyui() -> None:
    """Make `comfy` importable; call it before the first import of it.

    It is looked for where Python looks, in the folder that COMFYUI_PATH names, above a `custom_nodes` folder that holds
    the pack, and in the checkout's own `.comfyui`.

    Raises:
        ImportError: if it is nowhere.
    """
    if find_spec("comfy") is None:
        # At the end: ComfyUI has top-level modules with common names, such as `utils` and `tests`.
        sys.path.append(str(_comfyui_folder()))
    from comfy.cli_args import args

    args.cpu = args.cpu or not torch.cuda.is_available()


@contextmanager
def gradients_through_comfyui() -> Iterator[None]:
    """Let ComfyUI's networks use operations that have gradients, unlike its fused kernels."""
    import comfy.model_management

    before = comfy.model_management.in_training
    comfy.model_management.in_training = True
    try:
        yield
    finally:
        comfy.model_management.in_training = before


def _comfyui_folder() -> Path:
    given = os.environ.get("COMFYUI_PATH")
    candidates = (
        [Path(given).expanduser()] if given else [PACK.parent.parent, *sorted((PACK / ".comfyui").glob("*"))[::-1]]
    )
    for folder in candidates:
        if (folder / "comfy" / "model_management.py").is_file():
            return folder
    raise ImportError(
        "MetaWorld's network is built on ComfyUI's; run the command inside a ComfyUI installation, or set COMFYUI_PATH "
        "to its folder."
    )
