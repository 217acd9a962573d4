"""The pictures and the CARLA log that the example graphs read from ComfyUI's input folder."""

import shutil
from pathlib import Path

from .locations import ROOT

EXAMPLE_INPUTS = ROOT / "workflows" / "inputs"


def copy_example_inputs(folder: Path) -> None:
    """Copy them into a server's input folder, over older copies of the same names."""
    shutil.copytree(EXAMPLE_INPUTS, folder, dirs_exist_ok=True)
