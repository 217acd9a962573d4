"""The benchmark at its smallest size: every row is there and says what was measured."""

import re

import pytest

from shared_world.benchmarks import metaworld
from shared_world.benchmarks.processes import measure
from shared_world.development.comfyui_in_process import use_comfyui

use_comfyui()

SIZES = "--dim 128 --layers 1 --frames 2 --height 4 --width 4 --threads 1"
SMALLEST = f"{SIZES} --steps 2 --repeats 1 --agents 1 2 3 --points 0"


@pytest.fixture(scope="module")
def printed():
    """What the command prints, and its measurements by name, made in this process, which saves starting others."""
    measured, lines = {}, []

    def recorded(system, what, threads, cpu_time, **settings):
        result = measure(system, what, **settings)
        measured.setdefault(what, []).append(result)
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metaworld, "measured_apart", recorded)
        patch.setattr("builtins.print", lambda *texts, **_: lines.extend("".join(texts).splitlines()))
        metaworld.main(SMALLEST.split())
    return lines, measured


def rows_of(lines, heading):
    start = next(index for index, line in enumerate(lines) if line.startswith(heading))
    rows = [line for line in lines[start + 2 :] if line.startswith("|") or not line]
    rows = rows[: rows.index("")] if "" in rows else rows
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_alignment_has_a_row_per_number_of_agents_and_topology(printed):
    lines, measured = printed
    rows = rows_of(lines, "| agents | topology |")
    assert [row[:2] for row in rows] == [["2", "ring"], ["3", "ring"], ["3", "all"]]
    for row, index in zip(rows, (0, 1, 1), strict=True):
        taken = measured["measure_alignment"][index]
        assert row[2:4] == [f"{taken['none']:.3f} s", f"{taken[row[1]]:.3f} s"]
        assert float(row[4]) == pytest.approx(taken[row[1]] / taken["none"], abs=0.01)


def test_arithmetic_at_the_papers_size_is_the_papers(printed):
    """Alignment's own formula is tested with the network."""
    rows = rows_of(printed[0], "| agents | topology |")
    assert [row[6] for row in rows[:2]] == ["1.18", "1.18"]
    assert float(rows[2][6]) > 1.18


def test_encoding_the_condition_once_is_compared_with_every_step(printed):
    lines, measured = printed
    (line,) = [line for line in lines if line.startswith("Condition encoded once")]
    (taken,) = measured["measure_condition"]
    assert f"{taken['recomputed'] / taken['kept']:.3f} times" in line
    small, paper = measured["count_condition"]
    shares = [float(share) for share in re.findall(r"1 \+ ([\d.]+)", line)]
    expected = [costs["condition"] / costs["evaluation"] for costs in (small, paper)]
    assert shares == pytest.approx(expected, abs=1e-4)
    # Three products of width with width and a patch embedding of 32 channels, per video token and agent.
    tokens, dim = 21 * 30 * 52, 5120
    assert paper["condition"] == pytest.approx(3 * tokens * (2 * 3 * dim**2 + 2 * 32 * 4 * dim), rel=1e-6)


def test_memory_is_told_together_and_one_by_one(printed):
    lines, measured = printed
    rows = rows_of(lines, "| agents | sampled together |")
    assert [row[0] for row in rows] == ["1", "2", "3"]
    told = [cell for row in rows for cell in (row[1], row[3])]
    assert told == [f"{taken['mebibytes']:.0f} MiB" for taken in measured["sampling_memory"]]
