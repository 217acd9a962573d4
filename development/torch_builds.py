"""torch, torchvision and torchaudio, in builds for CPU where there is no GPU."""

from __future__ import annotations

import subprocess
import urllib.error
import urllib.request

from .locations import PYTHON
from .packages import pip, pip_finds, remove_half_installed, run_python, site_packages

PINNED_TORCH = {"torch": "2.13.0", "torchvision": "0.28.0", "torchaudio": "2.11.0"}
CPU_INDEX = "https://download.pytorch.org/whl/cpu"

FREEZE = """
import sys
from importlib.metadata import version
print("\\n".join(f"{name}=={version(name)}" for name in sys.argv[1:]))
"""

VISION_OPERATORS = """
# The compiled extension, built for CUDA, does not load beside a torch for CPU; the import needs these two declarations.
if not _has_ops():
    _declared = torch.library.Library("torchvision", "FRAGMENT")
    _declared.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _declared.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
"""


def install_torch(gpu: bool) -> None:
    """Install the three packages at their pinned versions."""
    remove_half_installed()
    for name, version in PINNED_TORCH.items():
        # What torchvision and torchaudio require besides comes with ComfyUI's list; here it could replace torch.
        options = ["numpy"] if name == "torch" else ["--no-deps"]
        install_build(f"{name}=={version}", options, gpu)


def install_build(requirement: str, options: list[str], gpu: bool) -> None:
    """Install a CPU build from pip's own index, else from PyTorch's CPU index, else whatever build there is."""
    if not gpu:
        cpu_build = requirement + "+cpu"
        if pip_finds("install", cpu_build, *options):
            return
        if cpu_index_answers() and pip_finds("install", cpu_build, *options, "--extra-index-url", CPU_INDEX):
            return
    pip("install", requirement, *options)


def cpu_index_answers() -> bool:
    """Whether PyTorch's index can be reached, asked with less patience than pip has."""
    try:
        with urllib.request.urlopen(f"{CPU_INDEX}/", timeout=10):
            return True
    except (urllib.error.URLError, OSError):
        return False


def installed_torch() -> str:
    """Return pip constraints that keep the three packages as they are."""
    return run_python(FREEZE, *PINNED_TORCH)


def mend_cpu_builds() -> None:
    """Make torchvision and torchaudio importable where only their CUDA builds could be had.

    torchvision's import needs two operator declarations from its compiled extension; torchaudio does without its
    extension once it cannot be found.
    """
    if not imports("torchvision"):
        extension = site_packages() / "torchvision" / "extension.py"
        extension.write_text(extension.read_text().replace(VISION_OPERATORS, "") + VISION_OPERATORS)
    if not imports("torchaudio"):
        for library in (site_packages() / "torchaudio" / "lib").glob("*.so"):
            library.replace(library.with_suffix(".so.disabled"))
    for module in ("torchvision", "torchaudio"):
        run_python(f"import {module}")


def imports(module: str) -> bool:
    """Whether a module can be imported in `.venv`."""
    return subprocess.run([PYTHON, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0
