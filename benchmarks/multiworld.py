"""What MultiWorld costs: time per step, shares of the parts, a whole run against its evaluations, peak memory.

    python -m shared_world.benchmarks.multiworld [--dim 384 --layers 6 --frames 3 --side 28 --steps 50]

Runs the pack's network, VGGT's aggregator and ComfyUI's sampler on random weights. Token counts, VGGT and VAE follow
the width, so that the parts have about the proportions of the published sizes, whose arithmetic is printed beside them.
"As released" is one step of every view as the released program does it: each view is a run of its own that asks VGGT
and encodes the actions at every step. Every configuration runs in a process of its own.
"""

import argparse
from functools import partial

from .processes import Result, add_process_options, measured_apart

PARTS = {
    "VGGT, once": "vggt",
    "action encoder, once": "action encoder",
    "connector, once": "connector",
    "keys and values, once": "keys and values",
    "self-attention": "self_attn",
    "cross-attention": "cross_attn",
    "feed-forward": "ffn",
    "rest of the network": "rest",
    "decoding": "decoding",
}
ONCE = {"vggt", "action encoder", "connector", "keys and values"}
SHARED_VIEWS = 2
"""Views of the run whose parts are told."""


def step_row(views: int, run: str, taken: Result, sampling: Result, decoding: Result) -> str:
    """Line of the first table."""
    kept, recomputed, released = taken["kept"], taken["recomputed"], taken["released"]
    return (
        f"| {views} | {run} | {kept:.3f} s | {recomputed:.3f} s, {recomputed / kept:.2f} "
        f"| {released:.3f} s, {released / kept:.2f} "
        f"| {sampling['mebibytes']:.0f} MiB | {decoding['mebibytes']:.0f} MiB |"
    )


def part_rows(steps: int, taken: Result, counted: Result, published: Result) -> list[str]:
    """Lines of the second table: what a part takes each time, and its share of a run of two views."""

    def shares(costs: Result) -> Result:
        times = {part: 1 if part in ONCE else SHARED_VIEWS if part == "decoding" else steps for part in costs}
        whole = sum(costs[part] * times[part] for part in costs)
        return {part: costs[part] * times[part] / whole for part in costs}

    columns = [shares(costs) for costs in (taken, counted, published)]
    rows = []
    for name, part in PARTS.items():
        percent = " | ".join(f"{100 * share[part]:.2f} %" for share in columns)
        rows.append(f"| {name} | {1000 * taken[part]:.1f} ms | {percent} |")
    return rows


def run_lines(steps: int, run: Result) -> list[str]:
    """What a whole run costs beside the network's own evaluations and one pass of VGGT."""
    lines = [
        f"Run of {steps} steps, {SHARED_VIEWS} views: {run['run']:.2f} s (VGGT with preparation "
        f"{run['encoding']:.2f} s, sampling {run['sampling']:.2f} s); one bare pass of VGGT {run['vggt']:.3f} s"
    ]
    for name, words in (("batched", "of both views in a batch"), ("apart", "of one view after the other")):
        lines.append(
            f"- {steps} x {SHARED_VIEWS} bare evaluations {words}: {run[name]:.2f} s; "
            f"run / (evaluations + VGGT) = {run['run'] / (run[name] + run['vggt']):.3f}; "
            f"median step / median evaluation = {run['step'] / run['step_' + name]:.3f}"
        )
    return lines


def print_tables(arguments: argparse.Namespace) -> None:
    """Measure and print, a line as soon as it is known."""
    sizes = {name: getattr(arguments, name) for name in ("dim", "layers", "frames", "side")}
    measured = partial(measured_apart, "multiworld", threads=arguments.threads, cpu_time=arguments.cpu_time)
    common = {"sizes": sizes}
    print("| views | run | keys and values kept | recomputed | as released | sampling | decoding |")
    print("|---|---|---|---|---|---|---|")
    for views in arguments.views:
        decoding = measured("decoding_memory", views=views, **common)
        for at_a_time, name in ((0, "batched"), (1, "one by one"))[:views]:
            several = {**common, "views": views, "at_a_time": at_a_time}
            sampling = measured("sampling_memory", **several)
            taken = measured("measure_steps", steps=arguments.short_steps, repeats=arguments.repeats, **several)
            print(step_row(views, name, taken, sampling, decoding), flush=True)

    both = {**common, "views": SHARED_VIEWS}
    taken = measured("measure_parts", repeats=arguments.repeats, **both)
    counted = measured("count_arithmetic", **both)
    published = measured("count_arithmetic", **{**both, "sizes": None})
    print(f"\n| part | each time | share of {arguments.steps} steps | of their arithmetic | at the published sizes |")
    print("|---|---|---|---|---|")
    print("\n".join(part_rows(arguments.steps, taken, counted, published)), flush=True)

    run = measured("measure_run", steps=arguments.steps, **both)
    print("\n" + "\n".join(run_lines(arguments.steps, run)))


def main(given: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Time and memory of MultiWorld.")
    parser.add_argument("--dim", type=int, default=384, help="width, a multiple of 128")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--frames", type=int, default=3, help="latent frames")
    parser.add_argument("--side", type=int, default=28, help="latent rows and columns, even")
    parser.add_argument("--steps", type=int, default=50, help="of the whole run")
    parser.add_argument("--short-steps", type=int, default=4, help="of the runs that are measured by turns")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--views", type=int, nargs="+", default=[1, 2, 4])
    add_process_options(parser)
    print_tables(parser.parse_args(given))


if __name__ == "__main__":
    main()
