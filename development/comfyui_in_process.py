"""ComfyUI's modules in this Python process, for parity tests and benchmarks."""

import sys

from .locations import comfyui_folder


def use_comfyui(cpu: bool = True) -> None:
    """Make `comfy` and its neighbours importable; call it before the first import of any of them.

    Args:
        cpu: Compute on the CPU even where there is a GPU. A torch for CPU can do nothing else.
    """
    folder = str(comfyui_folder())
    if folder not in sys.path:
        # At the end: ComfyUI has top-level modules with common names, such as `utils` and `tests`.
        sys.path.append(folder)
    from comfy.cli_args import args

    args.cpu = cpu
