"""What MetaWorld costs: World-State Alignment, its condition, memory of several agents, rendering of condition videos.

    python -m shared_world.benchmarks.metaworld [--dim 512 --layers 4 --frames 5 --height 16 --width 24]

Runs the pack's network and ComfyUI's sampler on random weights, and counts the arithmetic of the same sizes and of the
paper's. "Independent" are the same agents in the same batch without alignment. Every configuration runs in a process
of its own. The rendering is that of `benchmarks.scene_rendering`.
"""

import argparse
import json
import os
import subprocess
import sys
from typing import Any

from .multiworld import RETURNS_MEMORY, Result, prepare_process

TOPOLOGIES = ["ring", "all"]


def measure(what: str, sizes: dict[str, int] | None, **settings: Any) -> Result:
    """One measurement, in this process; without `sizes` of the paper's ones."""
    import torch

    from . import metaworld_runs
    from .metaworld_network import PAPER, Sizes

    with torch.inference_mode():
        return getattr(metaworld_runs, what)(Sizes(**sizes) if sizes else PAPER, **settings)


def measured_apart(what: str, threads: int, cpu_time: bool, **settings: Any) -> Result:
    """`measure` in a fresh process."""
    process = ["--threads", str(threads), *(["--cpu-time"] if cpu_time else [])]
    wanted = json.dumps({"what": what, **settings})
    command = [sys.executable, "-m", "shared_world.benchmarks.metaworld", *process, "--measure", wanted]
    environment = os.environ | (RETURNS_MEMORY if what.endswith("_memory") else {})
    finished = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if finished.returncode:
        raise SystemExit(finished.stderr)
    return json.loads(finished.stdout.splitlines()[-1])


def alignment_rows(agents: int, taken: Result, counted: Result, paper: Result) -> list[str]:
    """Lines of the first table. With two agents `ring` and `all` are the same."""
    return [
        f"| {agents} | {topology} | {taken['none']:.3f} s | {taken[topology]:.3f} s "
        f"| {taken[topology] / taken['none']:.2f} | {counted[topology] / counted['none']:.2f} "
        f"| {paper[topology] / paper['none']:.2f} |"
        for topology in (TOPOLOGIES if agents > 2 else TOPOLOGIES[:1])
    ]


def condition_line(steps: int, taken: Result, counted: Result, paper: Result) -> str:
    """What encoding the condition once saves."""

    def share(costs: Result) -> float:
        return costs["condition"] / costs["evaluation"]

    return (
        f"Condition encoded once: {taken['kept']:.3f} s per step; at every step: {taken['recomputed']:.3f} s, "
        f"{taken['recomputed'] / taken['kept']:.3f} times; arithmetic 1 + {share(counted):.4f}, "
        f"at the paper's size 1 + {share(paper):.4f}, over {steps} steps."
    )


def memory_row(agents: int, whole: Result, one_by_one: Result) -> str:
    """Line of the table of memory."""
    together, apart = whole["mebibytes"], one_by_one["mebibytes"]
    return (
        f"| {agents} | {together:.0f} MiB | {together / agents:.0f} MiB | {apart:.0f} MiB | {apart / agents:.0f} MiB |"
    )


def print_tables(arguments: argparse.Namespace) -> None:
    """Measure and print, a line as soon as it is known."""
    sizes = {name: getattr(arguments, name) for name in ("dim", "layers", "frames", "height", "width")}
    common = {"sizes": sizes, "threads": arguments.threads, "cpu_time": arguments.cpu_time}
    paper = {**common, "sizes": None}
    print("| agents | topology | independent | aligned | time ratio | FLOP ratio | FLOP ratio at the paper's size |")
    print("|---|---|---|---|---|---|---|")
    for agents in (number for number in arguments.agents if number > 1):
        chosen = {"agents": agents, "topologies": TOPOLOGIES}
        taken = measured_apart("measure_alignment", repeats=arguments.repeats, **common, **chosen)
        counted = measured_apart("count_alignment", **common, **chosen)
        in_paper = measured_apart("count_alignment", **paper, **chosen)
        print("\n".join(alignment_rows(agents, taken, counted, in_paper)), flush=True)

    several = {"agents": max(arguments.agents)}
    taken = measured_apart("measure_condition", steps=arguments.steps, repeats=arguments.repeats, **common, **several)
    counted = [measured_apart("count_condition", **kind, **several) for kind in (common, paper)]
    print("\n" + condition_line(arguments.steps, taken, *counted), flush=True)

    print("\n| agents | sampled together | per agent | agents_at_a_time 1 | per agent |")
    print("|---|---|---|---|---|")
    for agents in arguments.agents:
        memory = [measured_apart("sampling_memory", agents=agents, at_a_time=few, **common) for few in (0, 1)]
        print(memory_row(agents, *memory), flush=True)


def main(given: list[str] | None = None) -> None:
    """Print the tables, and the speed of rendering."""
    parser = argparse.ArgumentParser(description="Time and memory of MetaWorld.")
    parser.add_argument("--dim", type=int, default=512, help="width, a multiple of 128")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--frames", type=int, default=5, help="latent frames")
    parser.add_argument("--height", type=int, default=16, help="latent rows, even")
    parser.add_argument("--width", type=int, default=24, help="latent columns, even")
    parser.add_argument("--steps", type=int, default=4, help="of the runs that are measured by turns")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--agents", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--points", type=int, default=1_000_000, help="of the scene to render; 0 to leave it out")
    parser.add_argument("--threads", type=int, default=0, help="of torch on a CPU; 0 leaves them to torch")
    parser.add_argument(
        "--cpu-time", action="store_true", help="count the CPU's seconds; with --threads 1, where the machine is busy"
    )
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args(given)
    if arguments.measure:
        prepare_process(arguments.threads, arguments.cpu_time)
        print(json.dumps(measure(**json.loads(arguments.measure))))
        return
    print_tables(arguments)
    if arguments.points:
        print("\nRendering:", flush=True)
        rendering = [sys.executable, "-m", "shared_world.benchmarks.scene_rendering", "--points", str(arguments.points)]
        subprocess.run(rendering, check=True)


if __name__ == "__main__":
    main()
