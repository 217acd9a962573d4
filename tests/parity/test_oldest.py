"""The same on the oldest supported ComfyUI, whose modules need a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

from shared_world.development.locations import OLDEST, comfyui_folder

HERE = Path(__file__).parent
TESTS = [
    *(f"test_metaworld_{part}.py" for part in ("network", "sampling", "loading")),
    *(f"test_multiworld_{part}.py" for part in ("stages", "sampling", "loading")),
    "test_wan_vae.py",
]


def test_networks_on_comfyuis_wan_sampling_loading_and_vae():
    environment = {**os.environ, "COMFYUI_PATH": str(comfyui_folder(OLDEST))}
    # Samplers and torch.compile hardly change with the version, and take most of the time.
    options = ["-q", "-p", "no:cacheprovider", "-k", "not every_sampler and not compiled"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *(str(HERE / test) for test in TESTS)],
        env=environment,
        cwd=HERE.parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-5000:]
