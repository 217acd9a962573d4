"""Where the checkout keeps its environment, and which ComfyUI stands where."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
PACKAGES = ENVIRONMENT / "packages"
"""Folder through which Python finds the checkout as `shared_world`."""
COMFYUI = ROOT / ".comfyui"
PACK_NAME = "shared-world"
EXTRA_MODEL_PATHS = COMFYUI / "extra_model_paths.yaml"
"""For ComfyUI's --extra-model-paths-config: adds the custom_nodes folder that links to the checkout."""

NEWEST = "0.30.0"
OLDEST = "0.27.0"


def comfyui_folder(version: str = NEWEST) -> Path:
    """Return the ComfyUI tree of a version; COMFYUI_PATH stands in for the newest."""
    given = os.environ.get("COMFYUI_PATH")
    return Path(given).expanduser().resolve() if version == NEWEST and given else COMFYUI / version


def comfyui_python() -> Path:
    """Return the Python that runs ComfyUI: COMFYUI_PYTHON, else the one in `.venv`."""
    return Path(os.environ.get("COMFYUI_PYTHON") or PYTHON).expanduser()


def has_nvidia_gpu() -> bool:
    """Whether the NVIDIA driver lists a GPU."""
    if shutil.which("nvidia-smi") is None:
        return False
    listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)
    return listing.returncode == 0 and "GPU" in listing.stdout
