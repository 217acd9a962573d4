"""Measurements in processes of their own, so that peak memory is theirs.

    python -m shared_world.benchmarks.processes SYSTEM '{"what": ..., "sizes": ..., ...}'

does one and prints it as JSON; the benchmarks of the systems call it.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from importlib import import_module
from typing import Any

import torch

RETURNS_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**16)}
"""Lets the C library give freed memory back at once, so that a process holds what it needs; it costs time."""

Result = dict[str, float]


def measure(system: str, what: str, sizes: dict[str, int] | None, **settings: Any) -> Result:
    """One measurement, in this process. ComfyUI must be importable.

    Args:
        system: "multiworld" or "metaworld", whose network and runs are taken.
        what: function of `multiworld_runs` or `metaworld_runs`.
        sizes: of the network and its clip; None for the system's own ones.
        settings: further arguments of the function.
    """
    runs, network = (import_module(f".{system}_{part}", __package__) for part in ("runs", "network"))
    with torch.inference_mode():
        return getattr(runs, what)(network.Sizes(**sizes) if sizes else network.FULL_SIZES, **settings)


def measured_apart(system: str, what: str, threads: int, cpu_time: bool, **settings: Any) -> Result:
    """`measure` in a fresh process.

    Args:
        system, what, settings: as in `measure`.
        threads: of torch on a CPU; 0 leaves them to torch.
        cpu_time: whether to count the CPU's seconds.
    """
    command = [
        sys.executable,
        "-m",
        "shared_world.benchmarks.processes",
        system,
        json.dumps({"what": what, **settings}),
    ]
    command += ["--threads", str(threads), *(["--cpu-time"] if cpu_time else [])]
    environment = os.environ | (RETURNS_MEMORY if what.endswith("_memory") else {})
    finished = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if finished.returncode:
        raise SystemExit(finished.stderr)
    return json.loads(finished.stdout.splitlines()[-1])


def add_process_options(parser: argparse.ArgumentParser) -> None:
    """`--threads` and `--cpu-time`, which `measured_apart` takes."""
    parser.add_argument("--threads", type=int, default=0, help="of torch on a CPU; 0 leaves them to torch")
    parser.add_argument(
        "--cpu-time", action="store_true", help="count the CPU's seconds; with --threads 1, where the machine is busy"
    )


def peak_mebibytes(device: torch.device) -> float:
    """Most memory held so far: the process's on a CPU, torch's on a GPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def _prepare(threads: int, cpu_time: bool) -> None:
    """Import ComfyUI with the attention that it takes on a GPU; on a CPU it takes a slower one unless told."""
    from ..development.comfyui_in_process import use_comfyui

    use_comfyui(cpu=not torch.cuda.is_available())
    from comfy.cli_args import args

    args.use_pytorch_cross_attention = True
    import comfy.utils

    from . import timing

    comfy.utils.set_progress_bar_enabled(False)
    if cpu_time:
        timing.clock = time.process_time
    torch.set_num_threads(threads or torch.get_num_threads())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="One measurement of a benchmark.")
    parser.add_argument("system", choices=("multiworld", "metaworld"))
    parser.add_argument("settings", help="JSON: what, sizes and further arguments")
    add_process_options(parser)
    arguments = parser.parse_args()
    _prepare(arguments.threads, arguments.cpu_time)
    print(json.dumps(measure(arguments.system, **json.loads(arguments.settings))))


if __name__ == "__main__":
    main()
