"""The same on the oldest supported ComfyUI, whose modules need a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

from shared_world.development.locations import OLDEST, comfyui_folder

HERE = Path(__file__).parent


def test_network_sampling_and_loading():
    tests = [HERE / f"test_metaworld_{part}.py" for part in ("network", "sampling", "loading")]
    environment = {**os.environ, "COMFYUI_PATH": str(comfyui_folder(OLDEST))}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, tests)],
        env=environment,
        cwd=HERE.parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-5000:]
