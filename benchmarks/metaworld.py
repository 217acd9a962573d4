"""What MetaWorld costs: World-State Alignment, its condition, memory of several agents, rendering of condition videos.

    python -m shared_world.benchmarks.metaworld [--dim 512 --layers 4 --frames 5 --height 16 --width 24]

Runs the pack's network and ComfyUI's sampler on random weights, and counts the arithmetic of the same sizes and of the
paper's. "Independent" are the same agents in the same batch without alignment. Every configuration runs in a process
of its own. The rendering is that of `benchmarks.scene_rendering`.
"""

import argparse
import subprocess
import sys
from functools import partial

from .processes import Result, add_process_options, measured_apart

TOPOLOGIES = ["ring", "all"]


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
    measured = partial(measured_apart, "metaworld", threads=arguments.threads, cpu_time=arguments.cpu_time)
    common = {"sizes": sizes}
    paper = {"sizes": None}
    print("| agents | topology | independent | aligned | time ratio | FLOP ratio | FLOP ratio at the paper's size |")
    print("|---|---|---|---|---|---|---|")
    for agents in (number for number in arguments.agents if number > 1):
        chosen = {"agents": agents, "topologies": TOPOLOGIES}
        taken = measured("measure_alignment", repeats=arguments.repeats, **common, **chosen)
        counted = measured("count_alignment", **common, **chosen)
        in_paper = measured("count_alignment", **paper, **chosen)
        print("\n".join(alignment_rows(agents, taken, counted, in_paper)), flush=True)

    several = {"agents": max(arguments.agents)}
    taken = measured("measure_condition", steps=arguments.steps, repeats=arguments.repeats, **common, **several)
    counted = [measured("count_condition", **kind, **several) for kind in (common, paper)]
    print("\n" + condition_line(arguments.steps, taken, *counted), flush=True)

    print("\n| agents | sampled together | per agent | agents_at_a_time 1 | per agent |")
    print("|---|---|---|---|---|")
    for agents in arguments.agents:
        memory = [measured("sampling_memory", agents=agents, at_a_time=few, **common) for few in (0, 1)]
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
    add_process_options(parser)
    arguments = parser.parse_args(given)
    print_tables(arguments)
    if arguments.points:
        print("\nRendering:", flush=True)
        rendering = [sys.executable, "-m", "shared_world.benchmarks.scene_rendering", "--points", str(arguments.points)]
        subprocess.run(rendering, check=True)


if __name__ == "__main__":
    main()
